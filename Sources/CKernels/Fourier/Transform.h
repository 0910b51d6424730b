// Plans of Fourier transforms: tables that depend on the length only, cached for each length.
#ifndef TL_TRANSFORM_H
#define TL_TRANSFORM_H
#include "Support/Scratch.h"
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace tl {

/// The number of transforms that are computed at once, in the lanes of vectors. A single one has the same bits.
constexpr int64_t transform_lanes = 16;

/// Complex numbers in memory: number i is re[i * step], im[i * step].
template <class T>
struct Numbers {
    T *re, *im;
    int64_t step;

    /// Pairs of real and imaginary parts, or with exchanged parts.
    static Numbers pairs(T* first, int64_t step, bool are_exchanged) {
        return {first + are_exchanged, first + !are_exchanged, 2 * step};
    }
};

/// The forward transform of `length` complex numbers in split arrays. The inverse transform has exchanged parts.
template <class T>
class Transform {
  public:
    /// A plan whose memory could not be allocated is incomplete, which is noted as by `Scratch::is_missing`.
    explicit Transform(int64_t length);

    /// The arrays of a result. Number i of transform l of several is at positions[i] * lanes + l, or at i * lanes + l for NULL.
    struct Split {
        T *re, *im;
        const int32_t* positions = nullptr;
    };
    /// Transforms `lanes` times `length` numbers; number i of transform l is at i * lanes + l. `scratch` has
    /// `scratch_size(lanes)` numbers of T. The result is in place or in the scratch memory, in order.
    Split run(T* re, T* im, int64_t lanes, T* scratch) const;
    /// The same for `transform_lanes` transforms, in any order of the results.
    Split run_lanes(T* re, T* im, T* scratch) const;
    int64_t scratch_size(int64_t lanes) const;
    /// The numbers of scratch memory for groups of `lanes()` transforms by `run_lanes`, and for single ones by `run`.
    int64_t group_scratch_size() const;

    /// Whether `run_columns` can be called: there are two passes or more, in place.
    bool runs_columns() const { return !positions.empty() && passes.size() > 1; }
    /// Transforms `transform_lanes` neighbouring columns, times a factor: number i of column l is pair i * step + l. The inverse transform
    /// has exchanged parts. Both operands may be the same memory. `scratch` has 2 * transform_lanes * length numbers.
    void run_columns(const T* from, int64_t step, T* to, int64_t to_step, bool exchanged, T factor, T* scratch) const;

    /// Whether the numbers are transformed as a matrix, on all threads.
    bool is_long() const { return columns != nullptr; }
    /// The number of transforms to compute at once: one where it uses all threads and much memory.
    int64_t lanes() const { return is_long() || (rows && rows->is_long()) ? 1 : transform_lanes; }
    /// A long transform, times a factor; both operands may be the same memory.
    void run_long(Numbers<const T> from, Numbers<T> to, T factor, T* scratch) const;

    /// e^(-pi i k / length) for k = 0 ... length, in pairs: the factors that combine the halves of a real transform of twice as
    /// many numbers. NULL, which is noted, if their memory could not be allocated.
    const T* real_roots() const;
    /// The memory of the tables and of the roots of a real transform, in bytes.
    int64_t memory_size() const { return (table_size + 2 * length + 2) * int64_t(sizeof(T)); }

    const int64_t length;

  private:
    struct Pass {
        int64_t radix, groups, neighbours, twiddles, roots; // offsets in `tables`
    };

    void plan_passes(const std::vector<int64_t>& factors);
    void plan_rows_and_columns(const std::vector<int64_t>& factors);
    void plan_convolution();
    /// Allocates `tables`; false if there is no memory.
    bool allocate_tables(int64_t count);
    Split run_passes(T* re, T* im, int64_t lanes, T* other) const;
    Split run_convolution(T* re, T* im, int64_t lanes, T* scratch) const;

    std::vector<Pass> passes;
    std::optional<Scratch> memory;
    T* tables = nullptr;
    int64_t table_size = 0;
    std::vector<int32_t> positions;  // of the results of passes in place
    // For a long transform: the plans of its columns and rows as a matrix. For a convolution: the plan of its padded
    // length.
    std::shared_ptr<const Transform> columns, rows;
    mutable std::mutex real_roots_lock;
    mutable std::optional<Scratch> roots_of_real;
};

/// The cached plan of a length, shared by all threads. NULL, which is noted as by `Scratch::is_missing`, if its memory could not be
/// allocated.
template <class T>
std::shared_ptr<const Transform<T>> transform_of(int64_t length);

/// The kernels of the instruction set in use. Arrays of `lanes` transforms are padded to `transform_lanes`. `positions` are those of
/// the numbers in re and im, as in `Transform::Split`.
template <class T>
struct FourierKernels {
    static void pass(int64_t radix, const T* xr, const T* xi, T* yr, T* yi, int64_t groups, int64_t neighbours,
                     const T* twiddles, const T* roots);
    /// A pass in place over `blocks` blocks of transform_lanes * radix * groups numbers.
    static void pass_in_place(int64_t radix, T* re, T* im, int64_t blocks, int64_t groups, const T* twiddles);
    /// The first and the last pass of columns, which read and write pairs.
    static void first_pass_of_columns(int64_t radix, const T* pairs, int64_t step, bool exchanged, T* re, T* im, int64_t groups,
                                      const T* twiddles);
    static void last_pass_of_columns(int64_t radix, const T* re, const T* im, const int32_t* positions, int64_t blocks, T factor,
                                     T* pairs, int64_t step, bool exchanged);
    static void split(const T* pairs, int64_t count, T* re, T* im);
    static void join(const T* re, const T* im, int64_t count, T factor, T* pairs);
    static void load_columns(const T* pairs, int64_t step, int64_t count, int64_t lanes, T* re, T* im);
    static void store_columns(const T* re, const T* im, const int32_t* positions, int64_t count, int64_t lanes, T factor, T* pairs,
                              int64_t step);
    /// The first pairs of `transform_lanes` contiguous rows, up to `count`; return how many the instruction set handles, maybe none.
    static int64_t load_rows(const T* const* rows, int64_t count, T* re, T* im);
    static int64_t store_rows(const T* re, const T* im, const int32_t* positions, int64_t count, T factor, T* const* rows);
    static void turn_columns(const T* re, const T* im, const int32_t* positions, int64_t count, int64_t lanes, const T* fine,
                             const T* coarse, T* to_re, T* to_im, int64_t step);
    static void combine_halves(const T* re, const T* im, const int32_t* positions, const T* roots, int64_t h, int64_t begin,
                               int64_t end, int64_t lanes, T* yr, T* yi);
    static void separate_halves(const T* yr, const T* yi, const T* roots, int64_t h, int64_t begin, int64_t end, int64_t lanes,
                                T* re, T* im);
    static void multiply(T* ar, T* ai, const T* br, const T* bi, int64_t count, int64_t lanes);
};

} // namespace tl

#endif
