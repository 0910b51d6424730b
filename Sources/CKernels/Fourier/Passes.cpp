#include "Fourier/Transform.h"
#include "Support/InstructionSets.h"
#include <cstring>
#include <utility>

#define TL_INLINE static inline __attribute__((always_inline))
// Some loops are not vectorised, which is expected.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Fourier/Passes.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

template <class T>
void FourierKernels<T>::pass(int64_t radix, const T* xr, const T* xi, T* yr, T* yi, int64_t groups, int64_t neighbours,
                             const T* twiddles, const T* roots) {
    TL_DISPATCH(run_pass<T>, radix, xr, xi, yr, yi, groups, neighbours, twiddles, roots);
}
template <class T>
void FourierKernels<T>::pass_in_place(int64_t radix, T* re, T* im, int64_t blocks, int64_t groups, const T* twiddles) {
    TL_DISPATCH(run_pass_in_place<T>, radix, re, im, blocks, groups, twiddles);
}
template <class T>
void FourierKernels<T>::first_pass_of_columns(int64_t radix, const T* pairs, int64_t step, bool exchanged, T* re, T* im, int64_t groups,
                                              const T* twiddles) {
    TL_DISPATCH(run_first_pass_of_columns<T>, radix, pairs, step, exchanged, re, im, groups, twiddles);
}
template <class T>
void FourierKernels<T>::last_pass_of_columns(int64_t radix, const T* re, const T* im, const int32_t* positions, int64_t blocks, T factor,
                                             T* pairs, int64_t step, bool exchanged) {
    TL_DISPATCH(run_last_pass_of_columns<T>, radix, re, im, positions, blocks, factor, pairs, step, exchanged);
}
template <class T>
void FourierKernels<T>::split(const T* pairs, int64_t count, T* re, T* im) {
    TL_DISPATCH(split_pairs<T>, pairs, count, re, im);
}
template <class T>
void FourierKernels<T>::join(const T* re, const T* im, int64_t count, T factor, T* pairs) {
    TL_DISPATCH(join_pairs<T>, re, im, count, factor, pairs);
}
template <class T>
void FourierKernels<T>::load_columns(const T* pairs, int64_t step, int64_t count, int64_t lanes, T* re, T* im) {
    TL_DISPATCH(load_columns<T>, pairs, step, count, lanes, re, im);
}
template <class T>
void FourierKernels<T>::store_columns(const T* re, const T* im, const int32_t* positions, int64_t count, int64_t lanes, T factor,
                                      T* pairs, int64_t step) {
    TL_DISPATCH(store_columns<T>, re, im, positions, count, lanes, factor, pairs, step);
}
template <class T>
int64_t FourierKernels<T>::load_rows(const T* const* rows, int64_t count, T* re, T* im) {
    return TL_DISPATCH(load_rows, rows, count, re, im);
}
template <class T>
int64_t FourierKernels<T>::store_rows(const T* re, const T* im, const int32_t* positions, int64_t count, T factor, T* const* rows) {
    return TL_DISPATCH(store_rows, re, im, positions, count, factor, rows);
}
template <class T>
void FourierKernels<T>::turn_columns(const T* re, const T* im, const int32_t* positions, int64_t count, int64_t lanes, const T* fine,
                                     const T* coarse, T* to_re, T* to_im, int64_t step) {
    TL_DISPATCH(turn_columns<T>, re, im, positions, count, lanes, fine, coarse, to_re, to_im, step);
}
template <class T>
void FourierKernels<T>::combine_halves(const T* re, const T* im, const int32_t* positions, const T* roots, int64_t h,
                                       int64_t begin, int64_t end, int64_t lanes, T* yr, T* yi) {
    TL_DISPATCH(combine_halves<T>, re, im, positions, roots, h, begin, end, lanes, yr, yi);
}
template <class T>
void FourierKernels<T>::separate_halves(const T* yr, const T* yi, const T* roots, int64_t h, int64_t begin, int64_t end,
                                        int64_t lanes, T* re, T* im) {
    TL_DISPATCH(separate_halves<T>, yr, yi, roots, h, begin, end, lanes, re, im);
}
template <class T>
void FourierKernels<T>::multiply(T* ar, T* ai, const T* br, const T* bi, int64_t count, int64_t lanes) {
    TL_DISPATCH(multiply_by<T>, ar, ai, br, bi, count, lanes);
}

template struct FourierKernels<float>;
template struct FourierKernels<double>;

} // namespace tl
