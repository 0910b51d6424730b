namespace tl::TL_ISA {

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

} // namespace tl::TL_ISA
