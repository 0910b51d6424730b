// Random bits and the normal distribution; see Dialect.h.
//
// Results must be equal bit for bit on every CPU, so that no product and sum may be fused: TL_EXACT forbids it where
// the compiler supports this in the source; CUDA code is compiled with -fmad=false.
#ifndef TL_SCALAR_PHILOX_H
#define TL_SCALAR_PHILOX_H
#include "Scalar/Dialect.h"

#if defined(__clang__)
#define TL_EXACT _Pragma("clang fp contract(off)")
#else
#define TL_EXACT
#endif

typedef struct {
    tl_u32 word[4];
} tl_philox_block;

/// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four words from
/// the key `seed` and the counter (index, call).
TL_FN tl_philox_block tl_philox_4x32(tl_u64 seed, tl_u64 call, tl_u64 index) {
    tl_u32 k0 = (tl_u32)seed, k1 = (tl_u32)(seed >> 32);
    tl_u32 c0 = (tl_u32)index, c1 = (tl_u32)(index >> 32), c2 = (tl_u32)call, c3 = (tl_u32)(call >> 32);
    for (int round = 0; round < 10; ++round) {
        const tl_u64 first = (tl_u64)0xd2511f53u * c0, second = (tl_u64)0xcd9e8d57u * c2;
        c0 = (tl_u32)(second >> 32) ^ c1 ^ k0;
        c1 = (tl_u32)second;
        c2 = (tl_u32)(first >> 32) ^ c3 ^ k1;
        c3 = (tl_u32)first;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    tl_philox_block block;
    block.word[0] = c0;
    block.word[1] = c1;
    block.word[2] = c2;
    block.word[3] = c3;
    return block;
}

/// Uniform in [0, 1), a multiple of 2^-24 or 2^-53.
TL_FN float tl_unit_f32(tl_u32 word) { return (float)(tl_i32)(word >> 8) * 0x1p-24f; }
TL_FN double tl_unit_f64(tl_u32 high, tl_u32 low) {
    return (double)(tl_i64)((((tl_u64)high << 32) | low) >> 11) * 0x1p-53;
}

/// log(x) for a normal number 0 < x <= 1, as tl_log_f32.
TL_FN float tl_exact_log_f32(float x) {
    TL_EXACT
    const tl_u32 shifted = TL_BITS_F32(x) - 0x3f3504f3u;
    const float e = (float)((tl_i32)shifted >> 23);
    const float f = TL_FROM_BITS_F32((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
    float q = 6.91695413e-2f;
    q = q * f - 1.17893763e-1f;
    q = q * f + 1.18719396e-1f;
    q = q * f - 1.23843598e-1f;
    q = q * f + 1.42188211e-1f;
    q = q * f - 1.66692556e-1f;
    q = q * f + 2.00022171e-1f;
    q = q * f - 2.49999864e-1f;
    q = q * f + 3.33333106e-1f;
    const float square = f * f;
    const float tail = f * square * q - e * 2.12194440e-4f;
    return e * 0.693359375f + (f - (0.5f * square - tail));
}

typedef struct {
    float first, second;
} tl_pair_f32;
typedef struct {
    double first, second;
} tl_pair_f64;

/// Two independent standard normal numbers (Box and Muller 1958): sqrt(-2 log u) (cos 2 pi v, sin 2 pi v). u has 31
/// bits and is above 0, so that values reach 6.6; the top bits of the second word are the quadrant, the others the
/// angle in it.
TL_FN tl_pair_f32 tl_normal_pair_f32(tl_u32 a, tl_u32 b) {
    TL_EXACT
    const float u = (float)(tl_i32)(a >> 1) * 0x1p-31f + 0x1p-32f;
    const float radius = tl_sqrt_f32(-2.0f * tl_exact_log_f32(u));
    const float r = (float)(tl_i32)(b << 2) * 0x1p-32f * 1.57079633f, z = r * r;
    float s = -1.95108342e-4f;
    s = s * z + 8.33213150e-3f;
    s = s * z - 1.66666542e-1f;
    s = r + r * z * s;
    float c = 2.44312283e-5f;
    c = c * z - 1.38873064e-3f;
    c = c * z + 4.16666457e-2f;
    c = 1.0f - (0.5f * z - z * z * c);
    // A quarter turn maps (c, s) to (-s, c), a half turn changes both signs.
    const float x = (b & 0x40000000u) ? -s : c, y = (b & 0x40000000u) ? c : s;
    const tl_u32 sign = b & 0x80000000u;
    tl_pair_f32 pair;
    pair.first = radius * TL_FROM_BITS_F32(TL_BITS_F32(x) ^ sign);
    pair.second = radius * TL_FROM_BITS_F32(TL_BITS_F32(y) ^ sign);
    return pair;
}
/// The same with 53 bits each. Its last bits depend on the mathematical library of the system.
TL_FN tl_pair_f64 tl_normal_pair_f64(double u, double v) {
    const double radius = TL_BUILTIN(sqrt)(-2.0 * TL_BUILTIN(log)(1.0 - u)), angle = 6.28318530717958647692 * v;
    tl_pair_f64 pair;
    pair.first = radius * TL_BUILTIN(cos)(angle);
    pair.second = radius * TL_BUILTIN(sin)(angle);
    return pair;
}

#endif
