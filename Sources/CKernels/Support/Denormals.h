#ifndef TL_SUPPORT_DENORMALS_H
#define TL_SUPPORT_DENORMALS_H

namespace tl {

/// Gives a worker of the thread pool the mode for denormal numbers that was set last.
void follow_denormal_mode();

} // namespace tl

#endif
