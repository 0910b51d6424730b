#include "tl_files.h"
#include "tl_support.h"
#include <algorithm>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// CRC-32 as zip and gzip have it, by carry-less multiplication (Gopal et al., "Fast CRC Computation for Generic
// Polynomials Using PCLMULQDQ Instruction", Intel 2009). The message is a polynomial over GF(2); 512 bits of it at a
// time are folded onto the next 512 by multiplying with x^n mod P, which does not change the remainder by P. The
// constants are those remainders with their bits in reverse, as the checksum takes each byte's lowest bit first.

#if defined(__x86_64__)
namespace {

#define TL_CARRYLESS __attribute__((target("pclmul,sse4.1")))

TL_CARRYLESS inline __m128i load(const uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// `state` shifted by the distance of `factors`, plus the bits at that position.
TL_CARRYLESS inline __m128i fold(__m128i state, __m128i factors, __m128i next) {
    const __m128i low = _mm_clmulepi64_si128(state, factors, 0x00);
    const __m128i high = _mm_clmulepi64_si128(state, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/// The state after `count` bytes, a multiple of 16 and at least 64; before and after without the final inversion.
TL_CARRYLESS uint32_t crc32(uint32_t state, const uint8_t* bytes, size_t count) {
    const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);  // x^(512-32), x^(512+32)
    const __m128i by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);  // x^(128-32), x^(128+32)
    const __m128i by_64 = _mm_set_epi64x(0, 0x163cd6124);             // x^64
    const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641); // floor(x^64 / P), P
    const __m128i low_words = _mm_setr_epi32(-1, 0, -1, 0);

    __m128i a = _mm_xor_si128(load(bytes), _mm_cvtsi32_si128(static_cast<int>(state)));
    __m128i b = load(bytes + 16);
    __m128i c = load(bytes + 32);
    __m128i d = load(bytes + 48);
    bytes += 64;
    count -= 64;
    for (; count >= 64; bytes += 64, count -= 64) {
        a = fold(a, by_512, load(bytes));
        b = fold(b, by_512, load(bytes + 16));
        c = fold(c, by_512, load(bytes + 32));
        d = fold(d, by_512, load(bytes + 48));
    }
    a = fold(a, by_128, b);
    a = fold(a, by_128, c);
    a = fold(a, by_128, d);
    for (; count >= 16; bytes += 16, count -= 16) a = fold(a, by_128, load(bytes));

    // 128 bits to 96, to 64, and by Barrett's division to the remainder.
    a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by_128, 0x10));
    a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low_words), by_64, 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(a, low_words), barrett, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), barrett, 0x00);
    return static_cast<uint32_t>(_mm_extract_epi32(_mm_xor_si128(a, quotient), 1));
}

}  // namespace
#endif

namespace {

constexpr uint32_t polynomial = 0xedb88320;

/// a * b mod P; the highest bit is x^0.
uint32_t product(uint32_t a, uint32_t b) {
    uint32_t result = 0;
    for (int i = 31; i >= 0; --i) {
        if (a >> i & 1) result ^= b;
        b = b >> 1 ^ (b & 1 ? polynomial : 0);
    }
    return result;
}

/// x^(8 * count) mod P: what `count` further bytes multiply a checksum by.
uint32_t shift(size_t count) {
    uint32_t result = 0x80000000, square = 0x00800000;
    for (; count; count >>= 1) {
        if (count & 1) result = product(result, square);
        square = product(square, square);
    }
    return result;
}

#if defined(__x86_64__)
uint32_t crc32_of(const uint8_t* bytes, size_t count) {
    uint32_t state = ~0u;
    const size_t folded = count & ~static_cast<size_t>(15);
    if (folded >= 64) {
        state = crc32(state, bytes, folded);
        bytes += folded;
        count -= folded;
    }
    for (; count > 0; --count) {
        state ^= *bytes++;
        for (int bit = 0; bit < 8; ++bit) state = state >> 1 ^ (state & 1 ? polynomial : 0);
    }
    return ~state;
}
#endif

}  // namespace

int32_t tl_crc32(uint32_t* crc, const void* bytes, size_t count) {
#if defined(__x86_64__)
    static const bool available = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    if (!available) return 0;
    // The checksum of a and b together is a's times x^(8 * length of b), plus b's: threads take a part each.
    constexpr size_t grain = 1 << 20;
    constexpr int64_t most = 64;
    const int64_t threads = std::min<int64_t>(most, tl_num_threads());
    const int64_t parts = std::clamp<int64_t>(static_cast<int64_t>(count / grain), 1, threads);
    uint32_t crcs[most];
    auto start = [=](int64_t part) { return count / parts * part + std::min<size_t>(count % parts, part); };
    auto check = [&](int64_t part) {
        crcs[part] = crc32_of(static_cast<const uint8_t*>(bytes) + start(part), start(part + 1) - start(part));
    };
    tl_parallel_for(
        parts,
        [](void* body, int64_t begin, int64_t end) {
            for (int64_t part = begin; part < end; ++part) (*static_cast<decltype(check)*>(body))(part);
        },
        &check);
    for (int64_t part = 0; part < parts; ++part)
        *crc = product(shift(start(part + 1) - start(part)), *crc) ^ crcs[part];
    return 1;
#else
    (void)crc, (void)bytes, (void)count, (void)shift, (void)product;
    return 0;
#endif
}
