// Blocks of random numbers; counts are in elements.
namespace tl::TL_ISA {

/// min(low + u * range, limit), u of `bits` bits.
inline void uniform_f32(const uint32_t* words, float* out, int64_t count, int bits, float low, float range,
                        float limit) {
    TL_EXACT
    const int shift = 32 - bits;
    const float unit = 1.0f / static_cast<float>(1u << bits);
    for (int64_t i = 0; i < count; ++i) {
        const float value = low + static_cast<float>(static_cast<int32_t>(words[i] >> shift)) * unit * range;
        out[i] = value > limit ? limit : value;
    }
}

inline void uniform_f64(const uint32_t* words, double* out, int64_t count, double low, double range, double limit) {
    TL_EXACT
    for (int64_t i = 0; i < count; ++i) {
        const double value = low + tl_unit_f64(words[2 * i], words[2 * i + 1]) * range;
        out[i] = value > limit ? limit : value;
    }
}

inline void normal_f32(const uint32_t* words, float* out, int64_t pairs, float mean, float deviation) {
    TL_EXACT
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < pairs; ++i) {
        const tl_pair_f32 pair = tl_normal_pair_f32(words[2 * i], words[2 * i + 1]);
        out[2 * i] = mean + pair.first * deviation;
        out[2 * i + 1] = mean + pair.second * deviation;
    }
}

} // namespace tl::TL_ISA
