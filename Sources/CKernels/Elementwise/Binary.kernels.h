// Loops over the binary scalar functions; see Unary.kernels.h.
namespace tl::TL_ISA {

#define TL_BINARY_LOOP(name, type, In, Out)                                                                            \
    void name##_##type(void* out, const void* const* in, int64_t count, const double*) {                               \
        const In *a = static_cast<const In*>(in[0]), *b = static_cast<const In*>(in[1]);                               \
        Out* y = static_cast<Out*>(out);                                                                               \
        _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < count; ++i) y[i] =                      \
            static_cast<Out>(tl_##name##_##type(a[i], b[i]));                                                          \
    }

namespace binary {
#define TL_FLOATING(ENUM, name) TL_BINARY_LOOP(name, f32, float, float) TL_BINARY_LOOP(name, f64, double, double)
#define TL_INTEGER(ENUM, name) TL_BINARY_LOOP(name, i64, tl_i64, tl_i64)
#define TL_NUMBER(ENUM, name) TL_FLOATING(ENUM, name) TL_INTEGER(ENUM, name)
#define TL_PREDICATE(ENUM, name)                                                                                       \
    TL_BINARY_LOOP(name, f32, float, uint8_t)                                                                          \
    TL_BINARY_LOOP(name, f64, double, uint8_t) TL_BINARY_LOOP(name, i64, tl_i64, uint8_t)
TL_BINARY_OPERATIONS(TL_NUMBER, TL_FLOATING, TL_INTEGER, TL_PREDICATE)
#undef TL_FLOATING
#undef TL_INTEGER
#undef TL_NUMBER
#undef TL_PREDICATE
} // namespace binary

constexpr bool is_expensive(int op) {
    return (op >= TL_BINARY_POW && op <= TL_BINARY_TRUNC_DIVIDE) ||
           (op >= TL_BINARY_ATAN2 && op <= TL_BINARY_LEGENDRE_P) || op >= TL_BINARY_GELU_GRAD;
}

struct BinaryTable {
    Kernel kernels[TL_BINARY_COUNT][3];
    constexpr BinaryTable() : kernels() {
#define TL_FLOATING(ENUM, name)                                                                                        \
    kernels[TL_BINARY_##ENUM][0] = {binary::name##_f32, false, is_expensive(TL_BINARY_##ENUM)};                        \
    kernels[TL_BINARY_##ENUM][1] = {binary::name##_f64, false, is_expensive(TL_BINARY_##ENUM)};
#define TL_INTEGER(ENUM, name)                                                                                         \
    kernels[TL_BINARY_##ENUM][2] = {binary::name##_i64, false, is_expensive(TL_BINARY_##ENUM)};
#define TL_NUMBER(ENUM, name) TL_FLOATING(ENUM, name) TL_INTEGER(ENUM, name)
#define TL_PREDICATE(ENUM, name)                                                                                       \
    kernels[TL_BINARY_##ENUM][0] = {binary::name##_f32, true, false};                                                  \
    kernels[TL_BINARY_##ENUM][1] = {binary::name##_f64, true, false};                                                  \
    kernels[TL_BINARY_##ENUM][2] = {binary::name##_i64, true, false};
        TL_BINARY_OPERATIONS(TL_NUMBER, TL_FLOATING, TL_INTEGER, TL_PREDICATE)
#undef TL_FLOATING
#undef TL_INTEGER
#undef TL_NUMBER
#undef TL_PREDICATE
    }
};
inline constexpr BinaryTable binary_table;

#undef TL_BINARY_LOOP

} // namespace tl::TL_ISA
