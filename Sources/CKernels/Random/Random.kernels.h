// Blocks of random numbers. `counter` is the index of the first group of four words; counts are in elements, and `out`
// has room for a whole number of groups.
namespace tl::TL_ISA {

inline void words(tl_philox key, uint64_t counter, uint32_t* out, int64_t groups) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < groups; ++i) {
        const tl_philox_block block = tl_philox_4x32(key.seed, key.call, counter + static_cast<uint64_t>(i));
        out[4 * i] = block.word[0];
        out[4 * i + 1] = block.word[1];
        out[4 * i + 2] = block.word[2];
        out[4 * i + 3] = block.word[3];
    }
}

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

/// Keeps where the word is at least the threshold.
inline void drop_f32(const uint32_t* words, uint32_t threshold, float scale, const float* x, float* out, uint8_t* mask,
                     int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const bool keep = words[i] >= threshold;
        mask[i] = keep;
        out[i] = keep ? x[i] * scale : 0.0f;
    }
}
inline void drop_f64(const uint32_t* words, uint32_t threshold, double scale, const double* x, double* out,
                     uint8_t* mask, int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const bool keep = words[i] >= threshold;
        mask[i] = keep;
        out[i] = keep ? x[i] * scale : 0.0;
    }
}
inline void mask_f32(const uint8_t* mask, float scale, const float* x, float* out, int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) out[i] = mask[i] ? x[i] * scale : 0.0f;
}
inline void mask_f64(const uint8_t* mask, double scale, const double* x, double* out, int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) out[i] = mask[i] ? x[i] * scale : 0.0;
}

} // namespace tl::TL_ISA
