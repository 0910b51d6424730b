namespace tl::TL_ISA {

/// Keeps elements whose word is at least the threshold.
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
