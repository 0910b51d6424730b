namespace tl::TL_ISA {

template <class T, bool with_momentum, bool centered>
void rmsprop_form(const RMSpropStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *v = static_cast<T*>(arrays[2]);
    T *b = static_cast<T*>(arrays[3]), *mean = static_cast<T*>(arrays[4]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T lr = static_cast<T>(step.lr), epsilon = static_cast<T>(step.epsilon);
    const T alpha = static_cast<T>(step.alpha), rest = static_cast<T>(1 - step.alpha);
    const T momentum = static_cast<T>(step.momentum);
    const T decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        T d = sign * g[i] + decay * p[i];
        v[i] = alpha * v[i] + rest * d * d;
        T variance = v[i];
        if constexpr (centered) {
            mean[i] = alpha * mean[i] + rest * d;
            // Non-negative except for rounding errors.
            variance -= mean[i] * mean[i];
            variance = variance < 0 ? 0 : variance;
        }
        d /= square_root(variance) + epsilon;
        if constexpr (with_momentum) {
            d += momentum * b[i];
            b[i] = d;
        }
        p[i] -= lr * d;
    }
}

template <class T>
void rmsprop(const RMSpropStep& step, void** arrays, int64_t count) {
    if (arrays[3] && arrays[4]) return rmsprop_form<T, true, true>(step, arrays, count);
    if (arrays[3]) return rmsprop_form<T, true, false>(step, arrays, count);
    if (arrays[4]) return rmsprop_form<T, false, true>(step, arrays, count);
    rmsprop_form<T, false, false>(step, arrays, count);
}

} // namespace tl::TL_ISA
