#ifndef TL_SUPPORT_DENORMALS_H
#define TL_SUPPORT_DENORMALS_H

namespace tl {

/// Sets the mode of denormal numbers of a worker thread to the mode that was set last.
void follow_denormal_mode();

} // namespace tl

#endif
