// Forwarding of calls to other devices.
#ifndef TL_FORWARD_H
#define TL_FORWARD_H
#include "include/tl_device.h"
#include "include/tl_kernel_table.h"
#include <type_traits>

namespace tl {

/// The kernels of a device; a table of NULL if it is not registered.
const tl_kernel_table& kernels_of(int32_t device);

template <class Result>
[[gnu::cold, gnu::noinline]] Result missing_kernel(int32_t device, const char* kernel) {
    tl_note_missing_kernel(device, kernel);
    if constexpr (!std::is_void_v<Result>) {
        static_assert(std::is_same_v<Result, int32_t> || std::is_same_v<Result, int64_t>);
        return TL_NO_KERNEL;
    }
}

} // namespace tl

/// The first line of every kernel: if the device is not the CPU, the kernel of this name of the device is called
/// instead, and the function returns. `arguments` are the arguments of the function, in parentheses.
#define TL_FORWARD_TO(code, kernel, arguments)                                                                         \
    if (const int32_t tl_device = (code); tl_device != TL_DEVICE_CPU) [[unlikely]] {                                   \
        const auto tl_kernel = ::tl::kernels_of(tl_device).kernel;                                                     \
        if (tl_kernel) return tl_kernel arguments;                                                                     \
        return ::tl::missing_kernel<decltype(tl_kernel arguments)>(tl_device, #kernel);                                \
    }                                                                                                                  \
    static_assert(std::is_same_v<decltype(&tl_##kernel), decltype(tl_kernel_table::kernel)>)

/// For the device of a tensor, or of the parameters that name one.
#define TL_FORWARD(tensor, kernel, arguments) TL_FORWARD_TO((tensor)->device, kernel, arguments)

/// For the device of `count` optimiser `entries`.
#define TL_FORWARD_ENTRIES(kernel, arguments)                                                                          \
    TL_FORWARD_TO(count > 0 ? entries->device : int32_t(TL_DEVICE_CPU), kernel, arguments)

#endif
