// Optimiser steps that scale each element by its own history, over contiguous elements, in float or double.
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

/// A NaN in the gradient stays in the norm.
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
            // At least 0 but for rounding.
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

template <class T>
void rprop(const RpropStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *before = static_cast<T*>(arrays[2]), *sizes = static_cast<T*>(arrays[3]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T shrink = static_cast<T>(step.eta_minus), grow = static_cast<T>(step.eta_plus);
    const T smallest = static_cast<T>(step.smallest), largest = static_cast<T>(step.largest);
    const T sign = step.maximize ? -1 : 1;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        T d = sign * g[i];
        const T turn = d * before[i];
        T size = sizes[i] * (turn > 0 ? grow : turn < 0 ? shrink : static_cast<T>(1));
        size = size < smallest ? smallest : size > largest ? largest : size;
        d = turn < 0 ? static_cast<T>(0) : d;
        sizes[i] = size;
        before[i] = d;
        p[i] -= d > 0 ? size : d < 0 ? -size : static_cast<T>(0);
    }
}

template <class T>
void asgd(const ASGDStep& step, void** arrays, int64_t count) {
    T *p = static_cast<T*>(arrays[0]), *average = static_cast<T*>(arrays[2]);
    const T* g = static_cast<const T*>(arrays[1]);
    const T eta = static_cast<T>(step.eta), shrink = static_cast<T>(1 - step.lambda * step.eta);
    const T decay = static_cast<T>(step.decay), sign = step.maximize ? -1 : 1;
    // With mu at 1 the average is the parameter, to the last bit.
    const T keep = static_cast<T>(1 - step.mu), take = static_cast<T>(step.mu);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T d = sign * g[i] + decay * p[i];
        p[i] = shrink * p[i] - eta * d;
        average[i] = keep * average[i] + take * p[i];
    }
}

} // namespace tl::TL_ISA
