namespace tl::TL_ISA {

template <class T>
void sgd(const SgdStep& step, void* parameter, const void* gradient, void* momentum, int64_t count) {
    T* p = static_cast<T*>(parameter);
    const T* g = static_cast<const T*>(gradient);
    T* b = static_cast<T*>(momentum);
    const T lr = static_cast<T>(step.lr), decay = static_cast<T>(step.weight_decay), sign = step.maximize ? -1 : 1;
    if (!b) {
#pragma clang loop vectorize(assume_safety)
        for (int64_t i = 0; i < count; ++i) p[i] -= lr * (sign * g[i] + decay * p[i]);
        return;
    }
    // In the first step the buffer is the gradient.
    const T keep = static_cast<T>(step.first ? 0 : step.momentum);
    const T take = static_cast<T>(step.first ? 1 : 1 - step.dampening);
    // Nesterov: g + momentum * b; otherwise b.
    const T direct = step.nesterov ? 1 : 0, along = static_cast<T>(step.nesterov ? step.momentum : 1);
    if (step.first) {
#pragma clang loop vectorize(assume_safety)
        for (int64_t i = 0; i < count; ++i) b[i] = 0;
    }
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        const T buffer = keep * b[i] + take * d;
        b[i] = buffer;
        p[i] -= lr * (direct * d + along * buffer);
    }
}

} // namespace tl::TL_ISA
