namespace tl::TL_ISA {

/// Groups of four words, the first of which has the index `counter`.
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

} // namespace tl::TL_ISA
