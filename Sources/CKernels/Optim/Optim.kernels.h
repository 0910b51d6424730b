// Optimiser steps over contiguous elements of one parameter, in float or double.
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
    // On the first step the buffer is the gradient itself.
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

/// In double precision whatever the type, with 16 sums.
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

template <class T>
void scale(void* values, T factor, int64_t count) {
    T* x = static_cast<T*>(values);
    for (int64_t i = 0; i < count; ++i) x[i] *= factor;
}

/// NaN stays.
template <class T>
void clamp(void* values, T limit, int64_t count) {
    T* x = static_cast<T*>(values);
    for (int64_t i = 0; i < count; ++i) x[i] = x[i] > limit ? limit : x[i] < -limit ? -limit : x[i];
}

} // namespace tl::TL_ISA
