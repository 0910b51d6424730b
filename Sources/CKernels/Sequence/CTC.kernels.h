namespace tl::TL_ISA {

static inline __attribute__((always_inline)) float exponential(float x) { return tl_exp_f32(x); }
static inline __attribute__((always_inline)) double exponential(double x) { return tl_exp_f64(x); }
static inline __attribute__((always_inline)) float logarithm(float x) { return tl_log_f32(x); }
static inline __attribute__((always_inline)) double logarithm(double x) { return tl_log_f64(x); }

/// next[s] = score[s] + log(e^a[s] + e^b[s] + e^c[s]); c is included if skip[s] is 0, and excluded if it is -inf.
template <class T>
static void ctc_step(int64_t n, const T* a, const T* b, const T* c, const T* skip, const T* score, T* next) {
    const T lowest = -T(__builtin_huge_val());
    for (int64_t s = 0; s < n; s++) {
        const T third = c[s] + skip[s];
        T top = a[s] > b[s] ? a[s] : b[s];
        top = third > top ? third : top;
        const T safe = top == lowest ? T(0) : top;
        const T sum = exponential(a[s] - safe) + exponential(b[s] - safe) + exponential(third - safe);
        next[s] = top == lowest ? lowest : safe + logarithm(sum) + score[s];
    }
}

/// The paths of one example through blanks and labels: `states` is 2 length + 1. The buffer has 2 rows of states + 2
/// and 2 rows of states; alpha is [T, width].
template <class T>
static void ctc_forward(const CTC<T>& x, int64_t n, T* work) {
    const T lowest = -T(__builtin_huge_val());
    const int64_t states = 2 * x.target_length(n) + 1, steps = x.input_lengths[n];
    T* alpha = x.alpha + n * x.alpha_sample;
    if (steps == 0) {
        x.losses[n] = states == 1 ? T(0) : -lowest;
        return;
    }
    T *skip = work, *score = skip + states, *before = score + states;
    // The previous row is preceded by two unreachable states.
    for (int64_t s = 0; s < states + 2; s++) before[s] = lowest;
    for (int64_t s = 0; s < states; s++)
        skip[s] = s % 2 == 1 && s >= 2 && x.label(n, s) != x.label(n, s - 2) ? T(0) : lowest;
    for (int64_t t = 0; t < steps; t++) {
        T* now = alpha + t * x.width;
        for (int64_t s = 0; s < states; s++) score[s] = x.log_prob(t, n, x.label(n, s));
        if (t == 0) {
            for (int64_t s = 0; s < states; s++) now[s] = s < 2 ? score[s] : lowest;
        } else {
            ctc_step(states, before + 2, before + 1, before, skip, score, now);
        }
        for (int64_t s = 0; s < states; s++) before[s + 2] = now[s];
    }
    const T* end = alpha + (steps - 1) * x.width;
    const T last = end[states - 1], label = states > 1 ? end[states - 2] : lowest;
    const T top = last > label ? last : label;
    x.losses[n] = top == lowest ? -lowest : -(top + logarithm(exponential(last - top) + exponential(label - top)));
}

template <class T>
static void ctc_backward(const CTC<T>& x, int64_t n, T scale, bool zero_infinity, T* work) {
    const T lowest = -T(__builtin_huge_val()), loss = x.losses[n];
    const int64_t states = 2 * x.target_length(n) + 1, steps = x.input_lengths[n];
    const bool impossible = loss == -lowest;
    for (int64_t t = 0; t < x.steps; t++)
        for (int64_t c = 0; c < x.classes; c++) {
            T* out = x.grad_at(t, n, c);
            if (t >= steps || (impossible && zero_infinity)) *out = 0;
            else if (impossible) *out = T(__builtin_nan(""));
            else *out = scale * exponential(x.log_prob(t, n, c));
        }
    if (steps == 0 || impossible) return;
    const T* alpha = x.alpha + n * x.alpha_sample;
    // beta is computed from the end: the rows are followed by two unreachable states.
    T *skip = work, *score = skip + states, *after = score + states, *now = after + states + 2;
    for (int64_t s = 0; s < states + 2; s++) after[s] = lowest;
    for (int64_t s = 0; s < states; s++)
        skip[s] = s % 2 == 1 && s + 2 < states && x.label(n, s) != x.label(n, s + 2) ? T(0) : lowest;
    for (int64_t t = steps - 1; t >= 0; t--) {
        for (int64_t s = 0; s < states; s++) score[s] = x.log_prob(t, n, x.label(n, s));
        if (t == steps - 1) {
            for (int64_t s = 0; s < states; s++) now[s] = s >= states - 2 ? score[s] : lowest;
        } else {
            ctc_step(states, after, after + 1, after + 2, skip, score, now);
        }
        for (int64_t s = 0; s < states; s++) {
            const T paths = alpha[t * x.width + s] + now[s];
            if (paths > lowest) *x.grad_at(t, n, x.label(n, s)) -= scale * exponential(paths - score[s] + loss);
            after[s] = now[s];
        }
    }
}

} // namespace tl::TL_ISA
