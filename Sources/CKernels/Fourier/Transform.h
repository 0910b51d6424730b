// Plans of Fourier transforms: tables that depend on the length only, cached for each length.
#ifndef TL_TRANSFORM_H
#define TL_TRANSFORM_H
#include <cstdint>
#include <memory>
#include <vector>

namespace tl {

/// The forward transform of `length` complex numbers in split arrays. The inverse transform has exchanged parts.
template <class T>
class Transform {
  public:
    explicit Transform(int64_t length);

    /// Transforms `length` numbers in place. `scratch` has `scratch_size()` numbers of T.
    void run(T* re, T* im, T* scratch) const;
    int64_t scratch_size() const { return scratch_count; }

    const int64_t length;

  private:
    struct Pass {
        int64_t radix, groups, neighbours, twiddles, roots; // offsets in `tables`
    };

    void plan_passes(const std::vector<int64_t>& factors);
    void plan_rows_and_columns(const std::vector<int64_t>& factors);
    void plan_convolution();
    void run_passes(T* re, T* im, T* other) const;
    void run_rows_and_columns(T* re, T* im, T* scratch) const;
    void run_convolution(T* re, T* im, T* scratch) const;

    int64_t scratch_count = 0;
    std::vector<Pass> passes;
    std::vector<T> tables;
    // For a long transform: the plans of its columns and rows as a matrix. For a convolution: the plan of its padded
    // length.
    std::shared_ptr<const Transform> columns, rows;
};

/// The cached plan of a length, shared by all threads.
template <class T>
std::shared_ptr<const Transform<T>> transform_of(int64_t length);

/// The kernels of the instruction set in use.
template <class T>
struct FourierKernels {
    static void pass(int64_t radix, const T* xr, const T* xi, T* yr, T* yi, int64_t groups, int64_t neighbours,
                     const T* twiddles, const T* roots);
    static void split(const T* pairs, int64_t count, T* re, T* im);
    static void join(const T* re, const T* im, int64_t count, T factor, T* pairs);
    static void turn(T* re, T* im, int64_t count, const T* fine, const T* coarse);
    static void multiply(T* ar, T* ai, const T* br, const T* bi, int64_t count);
};

} // namespace tl

#endif
