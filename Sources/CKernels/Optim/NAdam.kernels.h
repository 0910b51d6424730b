namespace tl::TL_ISA {

template <class T>
void nadam(const NAdamStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *m = static_cast<T*>(arrays[2]), *v = static_cast<T*>(arrays[3]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T beta1 = static_cast<T>(step.beta1), rest1 = static_cast<T>(1 - step.beta1);
    const T beta2 = static_cast<T>(step.beta2), rest2 = static_cast<T>(1 - step.beta2);
    const T now = static_cast<T>(step.gradient_size), past = static_cast<T>(step.momentum_size);
    const T root = static_cast<T>(step.root_scale), epsilon = static_cast<T>(step.epsilon);
    const T shrink = static_cast<T>(step.shrink), decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        m[i] = beta1 * m[i] + rest1 * d;
        v[i] = beta2 * v[i] + rest2 * d * d;
        p[i] = shrink * p[i] - (now * d + past * m[i]) / (square_root(v[i]) * root + epsilon);
    }
}

} // namespace tl::TL_ISA
