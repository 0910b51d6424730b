#include "guarded_device.h"
#include "Translation.h"
#include "tl_device.h"
#include <cstring>

namespace guarded {
namespace {

constexpr tl_kernel_table kernels = {
#define TL_GUARDED(name) .name = [](auto... arguments) { return call<&tl_##name>(#name, arguments...); },
    TL_EACH_KERNEL(TL_GUARDED)
#undef TL_GUARDED
};

int32_t copy_from_host(void* to, const void* from, size_t size) {
    last_operation = "copy from host";
    std::memcpy(accessible(to), from, size);
    return TL_DEVICE_OK;
}

int32_t copy_to_host(void* to, const void* from, size_t size) {
    last_operation = "copy to host";
    std::memcpy(to, accessible(from), size);
    return TL_DEVICE_OK;
}

int32_t copy_within(void* to, const void* from, size_t size) {
    last_operation = "copy";
    std::memcpy(accessible(to), accessible(from), size);
    return TL_DEVICE_OK;
}

int32_t register_device() {
    if (const int32_t error = map_memory()) return error;
    const tl_device_interface interface = {"guarded",      &kernels,     allocate,   deallocate,
                                           copy_from_host, copy_to_host, copy_within};
    return tl_register_device(TL_DEVICE_EXTERNAL, &interface);
}

} // namespace
} // namespace guarded

int32_t tl_guarded_register(void) {
    static const int32_t result = guarded::register_device();
    return result;
}

int64_t tl_guarded_bytes_in_use(void) { return guarded::bytes_in_use(); }
