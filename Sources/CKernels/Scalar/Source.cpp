// The sources and signatures of the scalar functions, for the generator of compiled kernels.
#include "Scalar/Operations.h"
#include "Support/InstructionSets.h"
#include "include/tl_elementwise.h"
#include "include/tl_fused.h"

// The sources are part of the library, so that kernels can be compiled without installed source files.
#pragma clang diagnostic ignored "-Wc23-extensions"

namespace {

struct Source {
    const char* name;
    const char* text;
};

#define TL_TEXT(name)                                                                                                  \
    constexpr char name[] = {
#define TL_END                                                                                                         \
    , 0                                                                                                                \
    }                                                                                                                  \
    ;
TL_TEXT(dialect)
#embed "Dialect.h"
TL_END
TL_TEXT(integer)
#embed "Integer.h"
TL_END
TL_TEXT(exponential)
#embed "Exponential.h"
TL_END
TL_TEXT(logarithm)
#embed "Logarithm.h"
TL_END
TL_TEXT(neighbours)
#embed "Neighbours.h"
TL_END
TL_TEXT(special)
#embed "Special.h"
TL_END
TL_TEXT(trigonometric)
#embed "Trigonometric.h"
TL_END
TL_TEXT(airy)
#embed "Airy.h"
TL_END
TL_TEXT(bessel)
#embed "Bessel.h"
TL_END
TL_TEXT(gamma_functions)
#embed "Gamma.h"
TL_END
TL_TEXT(normal)
#embed "Normal.h"
TL_END
TL_TEXT(orthogonal)
#embed "Orthogonal.h"
TL_END
TL_TEXT(polynomial)
#embed "Polynomial.h"
TL_END
TL_TEXT(arithmetic)
#embed "Arithmetic.inc"
TL_END
TL_TEXT(activations)
#embed "Activations.inc"
TL_END
TL_TEXT(half)
#embed "Half.inc"
TL_END
TL_TEXT(all)
#embed "Scalar.h"
TL_END

constexpr Source sources[] = {
    {"Scalar/Dialect.h", dialect},         {"Scalar/Integer.h", integer},
    {"Scalar/Exponential.h", exponential}, {"Scalar/Logarithm.h", logarithm},
    {"Scalar/Neighbours.h", neighbours},   {"Scalar/Special.h", special},
    {"Scalar/Trigonometric.h", trigonometric}, {"Scalar/Airy.h", airy},
    {"Scalar/Bessel.h", bessel},           {"Scalar/Gamma.h", gamma_functions},
    {"Scalar/Normal.h", normal},           {"Scalar/Orthogonal.h", orthogonal},
    {"Scalar/Polynomial.h", polynomial},   {"Scalar/Arithmetic.inc", arithmetic},
    {"Scalar/Activations.inc", activations}, {"Scalar/Half.inc", half},
    {"Scalar/Scalar.h", all},
};

bool has_fma() {
#if defined(__aarch64__)
    return true;
#else
    return tl::detect_instruction_set() != tl::InstructionSet::baseline;
#endif
}

tl_scalar_function unary_function(int32_t op) {
#define TL_HAS_FMA has_fma()
    switch (op) {
#define TL_CASE(ENUM, name)                                                                                            \
    case TL_UNARY_##ENUM: return {#name, 0, false, 0};
#define TL_PREDICATE(ENUM, name)                                                                                       \
    case TL_UNARY_##ENUM: return {#name, 0, true, 0};
#define TL_SMALL(ENUM, name, limit)                                                                                    \
    case TL_UNARY_##ENUM: return {#name, 0, false, limit};
#define TL_ONE(ENUM, name)                                                                                             \
    case TL_UNARY_##ENUM: return {#name, 1, false, 0};
#define TL_TWO(ENUM, name)                                                                                             \
    case TL_UNARY_##ENUM: return {#name, 2, false, 0};
        TL_UNARY_OPERATIONS(TL_CASE, TL_CASE, TL_CASE, TL_PREDICATE)
        TL_UNARY_OPERATIONS_SMALL(TL_SMALL)
        TL_UNARY_OPERATIONS_1(TL_ONE)
        TL_UNARY_OPERATIONS_2(TL_TWO)
#undef TL_CASE
#undef TL_PREDICATE
#undef TL_SMALL
#undef TL_ONE
#undef TL_TWO
    default: return {nullptr, 0, false, 0};
    }
#undef TL_HAS_FMA
}

tl_scalar_function binary_function(int32_t op) {
    switch (op) {
#define TL_CASE(ENUM, name)                                                                                            \
    case TL_BINARY_##ENUM: return {#name, 0, false, 0};
#define TL_PREDICATE(ENUM, name)                                                                                       \
    case TL_BINARY_##ENUM: return {#name, 0, true, 0};
        TL_BINARY_OPERATIONS(TL_CASE, TL_CASE, TL_CASE, TL_PREDICATE)
#undef TL_CASE
#undef TL_PREDICATE
    default: return {nullptr, 0, false, 0};
    }
}

tl_scalar_function ternary_function(int32_t op) {
    switch (op) {
    case TL_TERNARY_WHERE: return {"where", 0, false, 0};
    case TL_TERNARY_CLAMP: return {"clamp", 0, false, 0};
    case TL_TERNARY_ADDCMUL: return {"addcmul", 1, false, 0};
    case TL_TERNARY_ADDCDIV: return {"addcdiv", 1, false, 0};
    case TL_TERNARY_LERP: return {"lerp", 0, false, 0};
    default: return {nullptr, 0, false, 0};
    }
}

} // namespace

tl_scalar_function tl_scalar_function_of(int32_t kind, int32_t op) {
    switch (kind) {
    case TL_FUSED_UNARY: return unary_function(op);
    case TL_FUSED_BINARY: return binary_function(op);
    case TL_FUSED_TERNARY: return ternary_function(op);
    default: return {nullptr, 0, false, 0};
    }
}

const char* tl_scalar_source(int32_t index, const char** name) {
    if (index < 0 || index >= int32_t(sizeof sources / sizeof *sources)) return nullptr;
    *name = sources[index].name;
    return sources[index].text;
}
