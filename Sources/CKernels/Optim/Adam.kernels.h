namespace tl::TL_ISA {

template <class T>
void adam(const AdamStep& step, void* parameter, const void* gradient, void* first, void* second, void* highest,
          int64_t count) {
    T* p = static_cast<T*>(parameter);
    const T* g = static_cast<const T*>(gradient);
    T *m = static_cast<T*>(first), *v = static_cast<T*>(second), *top = static_cast<T*>(highest);
    const T beta1 = static_cast<T>(step.beta1), rest1 = static_cast<T>(1 - step.beta1);
    const T beta2 = static_cast<T>(step.beta2), rest2 = static_cast<T>(1 - step.beta2);
    const T size = static_cast<T>(step.step_size), root = static_cast<T>(step.root_scale);
    const T epsilon = static_cast<T>(step.epsilon);
    const T shrink = static_cast<T>(step.shrink), decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
    if (top) {
#pragma clang loop vectorize(assume_safety)
        for (int64_t i = 0; i < count; ++i) {
            const T d = sign * g[i] + decay * p[i];
            m[i] = beta1 * m[i] + rest1 * d;
            v[i] = beta2 * v[i] + rest2 * d * d;
            const T most = ((v[i] > top[i]) | (v[i] != v[i])) ? v[i] : top[i];
            top[i] = most;
            p[i] = shrink * p[i] - size * m[i] / (square_root(most) * root + epsilon);
        }
        return;
    }
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        m[i] = beta1 * m[i] + rest1 * d;
        v[i] = beta2 * v[i] + rest2 * d * d;
        p[i] = shrink * p[i] - size * m[i] / (square_root(v[i]) * root + epsilon);
    }
}

} // namespace tl::TL_ISA
