// A matrix product split into parts that a library computes on one thread each.
#ifndef TL_PRODUCT_CUT_H
#define TL_PRODUCT_CUT_H
#include "Contract/OneDNN.h"
#include "Support/Parallel.h"

namespace tl {

/// Parts of `rows` by `columns` of the result, smaller at its ends. The split depends on the sizes and on the number of
/// threads, and so may the result: for short sums or few rows the library has other kernels, with another order of
/// summation.
struct ProductCut {
    int64_t m, n, rows, columns;

    ProductCut(int64_t m, int64_t n, int64_t k) : m(m), n(n), rows(m), columns(n) {
        const int64_t threads = is_inside_piece() ? 1 : tl_num_threads(), work = m * n * k;
        if (threads == 1 || work < least_work) return;
        const int64_t cost = cut(threads, threads);
        if (work < 2 * threads * ample_work) return;
        // With two parts per thread, a slow thread leaves a part to another one.
        const ProductCut before = *this;
        if (cut(2 * threads, threads) > cost + cost / 64) *this = before;
    }

    /// Calls part(row, rows, column, columns), which returns a status, for all parts; returns the last status that is
    /// not success.
    template <class Part>
    int32_t each(Part&& part) const {
        const int64_t across = (n + columns - 1) / columns, parts = (m + rows - 1) / rows * across;
        int32_t status = dnnl_success;
        run_pieces(parts, tl_num_threads(), [&](int64_t number) {
            const LibraryThreads limit;
            const int64_t row = number / across * rows, column = number % across * columns;
            const int32_t result = part(row, std::min(rows, m - row), column, std::min(columns, n - column));
            if (result != dnnl_success) __atomic_store_n(&status, result, __ATOMIC_RELAXED);
        });
        return status;
    }

  private:
    static constexpr int64_t least_work = int64_t(3) << 16;  // multiplications above which two threads are faster
    static constexpr int64_t ample_work = int64_t(1) << 29;  // multiplications per part above which splitting is cheap
    static constexpr int64_t row_unit = 8, column_unit = 16;
    static constexpr int64_t copy_cost = 40;  // of a row or a column, in multiplied rows or columns

    /// Chooses the split into at most `wanted` parts, a multiple of the threads, with the lowest cost; returns the
    /// cost.
    int64_t cut(int64_t wanted, int64_t threads) {
        const auto round_up = [](int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; };
        // A part multiplies whole tiles, and copies its rows of the left and its columns of the right operand.
        int64_t least = 0;
        for (int64_t down = 1; down <= wanted; down++) {
            if (wanted % down != 0) continue;
            const int64_t across = wanted / down;
            const int64_t r = std::min(m, round_up((m + down - 1) / down, row_unit));
            const int64_t c = std::min(n, round_up((n + across - 1) / across, column_unit));
            const int64_t parts = (m + r - 1) / r * ((n + c - 1) / c);
            const int64_t turns = (parts + threads - 1) / threads;
            const int64_t cost = turns * (round_up(r, row_unit) * round_up(c, column_unit) + copy_cost * (r + c));
            if (least == 0 || cost < least) least = cost, rows = r, columns = c;
        }
        return least;
    }
};

} // namespace tl

#endif
