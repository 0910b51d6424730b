namespace tl::TL_ISA {

/// In double precision for every type, with 16 accumulators.
template <class T>
double sum_squares(const void* source, int64_t count) {
    const T* x = static_cast<const T*>(source);
    double sums[16] = {};
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int64_t j = 0; j < 16; ++j) sums[j] += static_cast<double>(x[i + j]) * static_cast<double>(x[i + j]);
    for (; i < count; ++i) sums[i % 16] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    for (int width = 8; width > 0; width /= 2)
        for (int j = 0; j < width; ++j) sums[j] += sums[j + width];
    return sums[0];
}

template <class T, class Factor>
void scale(void* values, Factor factor, int64_t count) {
    T* x = static_cast<T*>(values);
    for (int64_t i = 0; i < count; ++i) x[i] = static_cast<T>(x[i] * factor);
}

/// NaN is propagated.
template <class T>
void clamp(void* values, T limit, int64_t count) {
    T* x = static_cast<T*>(values);
    for (int64_t i = 0; i < count; ++i) x[i] = x[i] > limit ? limit : x[i] < -limit ? -limit : x[i];
}

} // namespace tl::TL_ISA
