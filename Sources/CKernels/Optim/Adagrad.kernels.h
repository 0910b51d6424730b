namespace tl::TL_ISA {

template <class T>
void adagrad(const AdagradStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *s = static_cast<T*>(arrays[2]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T size = static_cast<T>(step.step_size), epsilon = static_cast<T>(step.epsilon);
    const T decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        s[i] += d * d;
        p[i] -= size * d / (square_root(s[i]) + epsilon);
    }
}

} // namespace tl::TL_ISA
