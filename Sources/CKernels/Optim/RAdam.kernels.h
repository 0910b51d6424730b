namespace tl::TL_ISA {

template <class T>
void radam(const RAdamStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *m = static_cast<T*>(arrays[2]), *v = static_cast<T*>(arrays[3]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T beta1 = static_cast<T>(step.beta1), rest1 = static_cast<T>(1 - step.beta1);
    const T beta2 = static_cast<T>(step.beta2), rest2 = static_cast<T>(1 - step.beta2);
    const T size = static_cast<T>(step.step_size), epsilon = static_cast<T>(step.epsilon);
    const T shrink = static_cast<T>(step.shrink), decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
    if (step.rectified) {
#pragma clang loop vectorize(assume_safety)
        for (int64_t i = 0; i < count; ++i) {
            const T d = sign * g[i] + decay * p[i];
            m[i] = beta1 * m[i] + rest1 * d;
            v[i] = beta2 * v[i] + rest2 * d * d;
            p[i] = shrink * p[i] - size * m[i] / (square_root(v[i]) + epsilon);
        }
        return;
    }
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        m[i] = beta1 * m[i] + rest1 * d;
        v[i] = beta2 * v[i] + rest2 * d * d;
        p[i] = shrink * p[i] - size * m[i];
    }
}

} // namespace tl::TL_ISA
