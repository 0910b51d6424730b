// The arguments of a kernel as the CPU's kernel takes them: addresses that can be touched, and the CPU as device.
#ifndef GUARDED_TRANSLATION_H
#define GUARDED_TRANSLATION_H
#include "Memory.h"
#include "tl_kernel_table.h"
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace guarded {

template <class T>
T* open(T* address) {
    return static_cast<T*>(accessible(address));
}

inline int32_t cpu_instead_of(int32_t device) {
    if (device != TL_DEVICE_EXTERNAL) die("an operand is on another device");
    return TL_DEVICE_CPU;
}

/// A single number, repeated or not, may lie on the host, where kernels read it at the launch.
inline bool is_single_number(const tl_tensor& x) {
    for (int32_t i = 0; i < x.rank; ++i)
        if (x.strides[i] != 0 && x.shape[i] != 1) return false;
    return true;
}

inline tl_tensor translate(tl_tensor x) {
    if (x.device == TL_DEVICE_CPU && is_single_number(x)) return x;
    x.data = open(x.data);
    x.device = cpu_instead_of(x.device);
    return x;
}

inline tl_optim_entry translate(tl_optim_entry x) {
    x.parameter = open(x.parameter);
    x.gradient = open(x.gradient);
    for (void*& state : x.state) state = open(state);
    x.device = cpu_instead_of(x.device);
    return x;
}

inline tl_recurrence_params translate(tl_recurrence_params x) {
    x.device = cpu_instead_of(x.device);
    return x;
}

inline tl_recurrence_arrays translate(const tl_recurrence_arrays& x) {
    return {open(x.inputs), open(x.weight), open(x.bias), open(x.project), open(x.h0),    open(x.c0),
            open(x.y),      open(x.hn),     open(x.cn),   open(x.gates),   open(x.cells)};
}

inline tl_recurrence_gradients translate(const tl_recurrence_gradients& x) {
    return {open(x.grad_y),   open(x.grad_hn), open(x.grad_cn), open(x.inputs), open(x.hidden),
            open(x.previous), open(x.h0),      open(x.c0),      open(x.full),   open(x.projected)};
}

/// An argument for the length of a call. `count` is the argument that follows it: the length of an array. Numbers, and
/// structures of numbers and of host memory, go through as they are.
template <class T>
struct Argument {
    T value;
    Argument(T value, int64_t) : value(value) {}
    T get() const { return value; }
};

/// One structure; NULL stays.
template <class T>
struct One {
    const bool given;
    const T copy;
    One(const T* value, int64_t) : given(value), copy(value ? translate(*value) : T()) {}
    const T* get() const { return given ? &copy : nullptr; }
};
template <>
struct Argument<const tl_tensor*> : One<tl_tensor> {
    using One::One;
};
template <>
struct Argument<const tl_recurrence_params*> : One<tl_recurrence_params> {
    using One::One;
};
template <>
struct Argument<const tl_recurrence_arrays*> : One<tl_recurrence_arrays> {
    using One::One;
};
template <>
struct Argument<const tl_recurrence_gradients*> : One<tl_recurrence_gradients> {
    using One::One;
};

template <>
struct Argument<const tl_optim_entry*> {
    std::vector<tl_optim_entry> copies;
    Argument(const tl_optim_entry* entries, int64_t count) {
        for (int64_t i = 0; i < count; i++) copies.push_back(translate(entries[i]));
    }
    const tl_optim_entry* get() const { return copies.data(); }
};

template <>
struct Argument<const tl_tensor* const*> {
    std::vector<Argument<const tl_tensor*>> copies;
    std::vector<const tl_tensor*> addresses;
    Argument(const tl_tensor* const* tensors, int64_t count) {
        for (int64_t i = 0; i < count; i++) copies.emplace_back(tensors[i], 0);
        for (const auto& copy : copies) addresses.push_back(copy.get());
    }
    const tl_tensor* const* get() const { return addresses.data(); }
};

/// The argument behind number `i`, where that is a whole number; else 0.
template <size_t i, class... T>
int64_t count_after(const std::tuple<T...>& arguments) {
    if constexpr (i + 1 < sizeof...(T)) {
        if constexpr (std::is_integral_v<std::tuple_element_t<i + 1, std::tuple<T...>>>)
            return int64_t(std::get<i + 1>(arguments));
    }
    return 0;
}

/// Calls the CPU's kernel on the translated arguments.
template <auto kernel, class... T>
auto call(const char* name, T... arguments) {
    last_operation = name;
    const std::tuple<T...> all(arguments...);
    return [&]<size_t... i>(std::index_sequence<i...>) {
        return kernel(Argument<T>(arguments, count_after<i>(all)).get()...);
    }(std::index_sequence_for<T...>());
}

} // namespace guarded

#endif
