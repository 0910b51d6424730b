// Loops over the ternary scalar functions; see Unary.kernels.h.
namespace tl::TL_ISA {

#define TL_TERNARY_LOOP(name, type, First, T, ...)                                                                     \
    void name##_##type(void* out, const void* const* in, int64_t count, const double* parameters) {                    \
        const First* a = static_cast<const First*>(in[0]);                                                             \
        const T *b = static_cast<const T*>(in[1]), *c = static_cast<const T*>(in[2]);                                  \
        T* y = static_cast<T*>(out);                                                                                   \
        [[maybe_unused]] const T p = static_cast<T>(parameters[0]);                                                    \
        _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < count; ++i) y[i] =                      \
            tl_##name##_##type(a[i], b[i], c[i] __VA_OPT__(, ) __VA_ARGS__);                                           \
    }

namespace ternary {
TL_TERNARY_LOOP(where, f32, uint8_t, float)
TL_TERNARY_LOOP(where, f64, uint8_t, double)
TL_TERNARY_LOOP(where, i64, uint8_t, tl_i64)
TL_TERNARY_LOOP(clamp, f32, float, float)
TL_TERNARY_LOOP(clamp, f64, double, double)
TL_TERNARY_LOOP(clamp, i64, tl_i64, tl_i64)
TL_TERNARY_LOOP(addcmul, f32, float, float, p)
TL_TERNARY_LOOP(addcmul, f64, double, double, p)
TL_TERNARY_LOOP(addcmul, i64, tl_i64, tl_i64, p)
TL_TERNARY_LOOP(addcdiv, f32, float, float, p)
TL_TERNARY_LOOP(addcdiv, f64, double, double, p)
TL_TERNARY_LOOP(lerp, f32, float, float)
TL_TERNARY_LOOP(lerp, f64, double, double)
} // namespace ternary

inline constexpr Kernel ternary_table[TL_TERNARY_COUNT][3] = {
    {{ternary::where_f32}, {ternary::where_f64}, {ternary::where_i64}},
    {{ternary::clamp_f32}, {ternary::clamp_f64}, {ternary::clamp_i64}},
    {{ternary::addcmul_f32}, {ternary::addcmul_f64}, {ternary::addcmul_i64}},
    {{ternary::addcdiv_f32}, {ternary::addcdiv_f64}, {}},
    {{ternary::lerp_f32}, {ternary::lerp_f64}, {}},
};

#undef TL_TERNARY_LOOP

} // namespace tl::TL_ISA
