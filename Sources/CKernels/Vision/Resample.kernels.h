// Rows are gathered; if further dimensions follow, whole runs of them are added with one weight.
namespace tl::TL_ISA {

/// For the last dimension; each result has `Taps` taps, or those given by `starts` for 0.
template <class T, int Taps>
static inline __attribute__((always_inline)) void resample_rows_by(const Resampling<T>& r, const T* x, T* out,
                                                                   int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; o++) {
        const T* __restrict row = x + o * r.from;
        T* __restrict to = out + o * r.to;
        for (int64_t i = 0; i < r.to; i++) {
            const int64_t first = Taps ? i * Taps : r.starts[i], last = Taps ? first + Taps : r.starts[i + 1];
            T sum = 0;
            for (int64_t t = first; t < last; t++) sum += r.weights[t] * row[r.indices[t]];
            to[i] = sum;
        }
    }
}

template <class T>
static void resample_rows(const Resampling<T>& r, int64_t taps, const T* x, T* out, int64_t begin, int64_t end) {
    switch (taps) {
    case 1: return resample_rows_by<T, 1>(r, x, out, begin, end);
    case 2: return resample_rows_by<T, 2>(r, x, out, begin, end);
    case 4: return resample_rows_by<T, 4>(r, x, out, begin, end);
    default: return resample_rows_by<T, 0>(r, x, out, begin, end);
    }
}

/// Computes `begin ..< end` of outer x results, each a run of `inner` elements.
template <class T>
static void resample_columns(const Resampling<T>& r, const T* x, T* out, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
        const T* plane = x + row / r.to * r.from * r.inner;
        T* __restrict to = out + row * r.inner;
        const int64_t first = r.starts[row % r.to], count = r.starts[row % r.to + 1] - first;
        const T* weights = r.weights + first;
        const auto run = [&](int64_t t) { return plane + r.indices[first + t] * r.inner; };
        if (count == 1) {
            const T* __restrict a = run(0);
            const T w = weights[0];
            for (int64_t n = 0; n < r.inner; n++) to[n] = w * a[n];
        } else if (count == 2) {
            const T *__restrict a = run(0), *__restrict b = run(1);
            const T w = weights[0], v = weights[1];
            for (int64_t n = 0; n < r.inner; n++) to[n] = w * a[n] + v * b[n];
        } else if (count == 4) {
            const T *__restrict a = run(0), *__restrict b = run(1), *__restrict c = run(2), *__restrict d = run(3);
            for (int64_t n = 0; n < r.inner; n++)
                to[n] = weights[0] * a[n] + weights[1] * b[n] + weights[2] * c[n] + weights[3] * d[n];
        } else {
            for (int64_t n = 0; n < r.inner; n++) to[n] = 0;
            for (int64_t t = 0; t < count; t++) {
                const T* __restrict a = run(t);
                const T w = weights[t];
                for (int64_t n = 0; n < r.inner; n++) to[n] += w * a[n];
            }
        }
    }
}

/// The transpose for `begin ..< end` of the outer dimension: `from` is the number of gradients and `to` that of
/// elements.
template <class T>
static void resample_back(const Resampling<T>& r, const T* gradient, T* out, int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; o++) {
        const T* g = gradient + o * r.from * r.inner;
        T* to = out + o * r.to * r.inner;
        for (int64_t n = 0; n < r.to * r.inner; n++) to[n] = 0;
        for (int64_t i = 0; i < r.from; i++)
            for (int64_t t = r.starts[i]; t < r.starts[i + 1]; t++) {
                const T w = r.weights[t];
                const T* __restrict source = g + i * r.inner;
                T* __restrict target = to + r.indices[t] * r.inner;
                for (int64_t n = 0; n < r.inner; n++) target[n] += w * source[n];
            }
    }
}

} // namespace tl::TL_ISA
