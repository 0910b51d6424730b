namespace tl::TL_ISA {

template <class T>
void asgd(const ASGDStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *average = static_cast<T*>(arrays[2]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T eta = static_cast<T>(step.eta), shrink = static_cast<T>(1 - step.lambda * step.eta);
    const T decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
    // If mu is 1, the average must equal the parameter in every bit.
    const T keep = static_cast<T>(1 - step.mu), take = static_cast<T>(step.mu);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        p[i] = shrink * p[i] - eta * d;
        average[i] = keep * average[i] + take * p[i];
    }
}

} // namespace tl::TL_ISA
