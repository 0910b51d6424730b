namespace tl::TL_ISA {

template <class T>
void adadelta(const AdadeltaStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *v = static_cast<T*>(arrays[2]), *a = static_cast<T*>(arrays[3]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T lr = static_cast<T>(step.lr), epsilon = static_cast<T>(step.epsilon);
    const T rho = static_cast<T>(step.rho), rest = static_cast<T>(1 - step.rho);
    const T decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        v[i] = rho * v[i] + rest * d * d;
        const T delta = square_root(a[i] + epsilon) / square_root(v[i] + epsilon) * d;
        a[i] = rho * a[i] + rest * delta * delta;
        p[i] -= lr * delta;
    }
}

} // namespace tl::TL_ISA
