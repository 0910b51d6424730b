#include "Fourier/Transform.h"
#include "Support/InstructionSets.h"

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
void FourierKernels<T>::split(const T* pairs, int64_t count, T* re, T* im) {
    TL_DISPATCH(split_pairs<T>, pairs, count, re, im);
}
template <class T>
void FourierKernels<T>::join(const T* re, const T* im, int64_t count, T factor, T* pairs) {
    TL_DISPATCH(join_pairs<T>, re, im, count, factor, pairs);
}
template <class T>
void FourierKernels<T>::turn(T* re, T* im, int64_t count, const T* fine, const T* coarse) {
    TL_DISPATCH(turn_numbers<T>, re, im, count, fine, coarse);
}
template <class T>
void FourierKernels<T>::multiply(T* ar, T* ai, const T* br, const T* bi, int64_t count) {
    TL_DISPATCH(multiply_by<T>, ar, ai, br, bi, count);
}

template struct FourierKernels<float>;
template struct FourierKernels<double>;

} // namespace tl
