namespace tl::TL_ISA {

/// A NaN in the gradient is propagated to the norm.
template <class T>
void adamax(const AdamaxStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *m = static_cast<T*>(arrays[2]), *u = static_cast<T*>(arrays[3]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T beta1 = static_cast<T>(step.beta1), rest1 = static_cast<T>(1 - step.beta1);
    const T beta2 = static_cast<T>(step.beta2), size = static_cast<T>(step.step_size);
    const T epsilon = static_cast<T>(step.epsilon), decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        m[i] = beta1 * m[i] + rest1 * d;
        const T kept = beta2 * u[i], fresh = (d < 0 ? -d : d) + epsilon;
        const T norm = ((kept > fresh) | (kept != kept)) ? kept : fresh;
        u[i] = norm;
        p[i] -= size * m[i] / norm;
    }
}

} // namespace tl::TL_ISA
