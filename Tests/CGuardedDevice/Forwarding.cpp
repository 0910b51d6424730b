// Whether every kernel forwards: each is called on operands of a device that has no kernels.
#include "guarded_device.h"
#include "tl_device.h"
#include "tl_kernel_table.h"
#include <cstring>
#include <iterator>
#include <type_traits>

namespace {

/// No library can register it.
constexpr int32_t device_without_kernels = TL_DEVICE_META;

/// Operands without elements, so that a kernel that does not forward has nothing to do and returns.
constexpr int64_t sizes[] = {0, 0, 0}, strides[] = {1, 1, 1};
double number = 0;
const tl_tensor tensor = {&number, sizes, strides, 3, TL_FLOAT32, device_without_kernels};
const tl_tensor* const tensors[] = {&tensor};

/// Converts to every type of argument that kernels have.
struct Anything {
    template <class T>
        requires std::is_arithmetic_v<T>
    operator T() const {
        return T(1);
    }
    operator tl_philox() const { return {}; }
    operator const tl_tensor*() const { return &tensor; }
    operator const tl_tensor* const*() const { return tensors; }
    operator const double*() const { return &number; }
    operator int32_t*() const {
        static int32_t answer;
        return &answer;
    }
    operator const tl_optim_entry*() const {
        static const tl_optim_entry entry = {&number, &number, {}, 0, TL_FLOAT32, device_without_kernels, 1};
        return &entry;
    }
    operator const tl_recurrence_params*() const {
        static const tl_recurrence_params parameters = [] {
            tl_recurrence_params p = {};
            p.dtype = TL_FLOAT32;
            p.device = device_without_kernels;
            return p;
        }();
        return &parameters;
    }
    /// The structures that name no device.
    template <class T>
        requires std::is_class_v<T>
    operator const T*() const {
        static const T structure = {};
        return &structure;
    }
};

template <class Result, class... T>
bool forwards(const char* name, Result (*kernel)(T...)) {
    bool has_status = true;
    if constexpr (std::is_void_v<Result>) kernel(static_cast<T>(Anything())...);
    else has_status = kernel(static_cast<T>(Anything())...) == TL_NO_KERNEL;
    int32_t device = TL_DEVICE_CPU;
    const char* missing = tl_take_missing_kernel(&device);
    return has_status && missing && std::strcmp(missing, name) == 0 && device == device_without_kernels;
}

constexpr const char* names[] = {
#define TL_NAME(name) #name,
    TL_EACH_KERNEL(TL_NAME)
#undef TL_NAME
};

} // namespace

const char* tl_guarded_first_unforwarded(void) {
    tl_take_missing_kernel(nullptr);
#define TL_CHECK(name)                                                                                                 \
    if (!forwards(#name, &tl_##name)) return #name;
    TL_EACH_KERNEL(TL_CHECK)
#undef TL_CHECK
    return nullptr;
}

int32_t tl_guarded_kernel_count(void) { return int32_t(std::size(names)); }

const char* tl_guarded_kernel_name(int32_t index) { return names[index]; }
