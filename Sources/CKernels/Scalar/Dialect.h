// The language subset of the scalar functions: C that is also CUDA C, without branches so that loops over the functions
// are vectorised. No standard headers and no intrinsics; compiler-specific features are macros below.
//
// Every function is tl_<name>_<type> with type f32, f64 or i64. Files that end in .inc are included once for each
// floating-point type, with TL_REAL and TL_NAME(name) defined.
#ifndef TL_SCALAR_DIALECT_H
#define TL_SCALAR_DIALECT_H

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define TL_FN static __device__ __forceinline__
#define TL_BITS_F32(x) __float_as_uint(x)
#define TL_FROM_BITS_F32(x) __uint_as_float(x)
#define TL_BITS_F64(x) ((tl_u64)__double_as_longlong(x))
#define TL_FROM_BITS_F64(x) __longlong_as_double((tl_i64)(x))
#define TL_BUILTIN(name) name
#else
#define TL_FN static inline __attribute__((always_inline, unused))
#define TL_BITS_F32(x) tl_bits_f32(x)
#define TL_FROM_BITS_F32(x) tl_from_bits_f32(x)
#define TL_BITS_F64(x) tl_bits_f64(x)
#define TL_FROM_BITS_F64(x) tl_from_bits_f64(x)
#define TL_BUILTIN(name) __builtin_##name
#endif

typedef unsigned int tl_u32;
typedef int tl_i32;
typedef unsigned long long tl_u64;
typedef long long tl_i64;

#if !defined(__CUDACC__) && !defined(__CUDACC_RTC__)
TL_FN tl_u32 tl_bits_f32(float x) {
    tl_u32 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
TL_FN float tl_from_bits_f32(tl_u32 bits) {
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
TL_FN tl_u64 tl_bits_f64(double x) {
    tl_u64 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
TL_FN double tl_from_bits_f64(tl_u64 bits) {
    double x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
#endif

#define TL_INFINITY_F32 TL_FROM_BITS_F32(0x7f800000u)
#define TL_NAN_F32 TL_FROM_BITS_F32(0x7fc00000u)
#define TL_INFINITY_F64 TL_FROM_BITS_F64(0x7ff0000000000000ull)
#define TL_NAN_F64 TL_FROM_BITS_F64(0x7ff8000000000000ull)

/// Single CPU instructions where they exist.
TL_FN float tl_sqrt_f32(float x) { return TL_BUILTIN(sqrtf)(x); }
TL_FN double tl_sqrt_f64(double x) { return TL_BUILTIN(sqrt)(x); }
TL_FN float tl_abs_f32(float x) { return TL_BUILTIN(fabsf)(x); }
TL_FN double tl_abs_f64(double x) { return TL_BUILTIN(fabs)(x); }
TL_FN float tl_floor_f32(float x) { return TL_BUILTIN(floorf)(x); }
TL_FN double tl_floor_f64(double x) { return TL_BUILTIN(floor)(x); }
TL_FN float tl_ceil_f32(float x) { return TL_BUILTIN(ceilf)(x); }
TL_FN double tl_ceil_f64(double x) { return TL_BUILTIN(ceil)(x); }
TL_FN float tl_trunc_f32(float x) { return TL_BUILTIN(truncf)(x); }
TL_FN double tl_trunc_f64(double x) { return TL_BUILTIN(trunc)(x); }
/// Rounds half to even.
TL_FN float tl_round_f32(float x) { return TL_BUILTIN(rintf)(x); }
TL_FN double tl_round_f64(double x) { return TL_BUILTIN(rint)(x); }
TL_FN float tl_copysign_f32(float x, float y) { return TL_BUILTIN(copysignf)(x, y); }
TL_FN double tl_copysign_f64(double x, double y) { return TL_BUILTIN(copysign)(x, y); }
/// The exact remainder of truncating division. It contains a loop, so that it is not vectorised.
TL_FN float tl_fmod_f32(float x, float y) { return TL_BUILTIN(fmodf)(x, y); }
TL_FN double tl_fmod_f64(double x, double y) { return TL_BUILTIN(fmod)(x, y); }

#endif
