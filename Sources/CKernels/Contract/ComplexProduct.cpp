// Products of complex matrices: cgemm and zgemm of the BLAS library of the linear algebra kernels, or a plain loop for
// small matrices and without the library.
#include "Contract/ComplexProduct.h"
#include "Contract/ProductCut.h"
#include "Support/Lapack.h"
#include "Support/Parallel.h"

namespace tl {
namespace {

/// The number of multiplications below which the loop is faster than a library call.
constexpr int64_t small_product = 512;
/// The number of multiplications from which each matrix of a small batch is split over threads.
constexpr int64_t large_product = int64_t(1) << 20;

template <class T>
struct Factor {
    const Complex<T>* data;
    int64_t row, column;
};

template <class T>
void multiply_naively(int64_t m, int64_t n, int64_t k, Factor<T> a, Factor<T> b, Complex<T>* c, int64_t leading, T alpha,
                      T beta) {
    for (int64_t i = 0; i < m; ++i) {
        Complex<T>* const row = c + i * leading;
        for (int64_t j = 0; j < n; ++j) {
            Complex<double> sum{0, 0};
            for (int64_t l = 0; l < k; ++l) {
                const Complex<T> x = a.data[i * a.row + l * a.column], y = b.data[l * b.row + j * b.column];
                sum = sum + Complex<double>{x.re, x.im} * Complex<double>{y.re, y.im};
            }
            const Complex<T> product = Complex<T>{T(sum.re), T(sum.im)} * alpha;
            row[j] = beta == 0 ? product : product + row[j] * beta;
        }
    }
}

template <class T>
void multiply(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, T alpha, T beta) {
    using C = Complex<T>;
    const int64_t batch = out.shape[0], m = out.shape[1], n = out.shape[2], k = a.shape[2], leading = out.strides[1];
    const auto* routines = m * n * k < small_product ? nullptr : lapack<C>();
    const auto part = [&](int64_t i, int64_t row, int64_t rows, int64_t column, int64_t columns) {
        const Factor<T> left{static_cast<const C*>(a.data) + i * a.strides[0] + row * a.strides[1], a.strides[1],
                             a.strides[2]};
        const Factor<T> right{static_cast<const C*>(b.data) + i * b.strides[0] + column * b.strides[2], b.strides[1],
                              b.strides[2]};
        C* const result = static_cast<C*>(out.data) + i * out.strides[0] + row * leading + column;
        if (!routines) return multiply_naively(rows, columns, k, left, right, result, leading, alpha, beta);
        // BLAS is column-major: the transposed product is computed.
        const auto is_plain = [](const Factor<T>& x, int64_t columns) { return x.column == 1 || columns == 1; };
        const auto stride_of = [](const Factor<T>& x, bool plain, int64_t rows, int64_t columns) {
            const int64_t least = plain ? columns : rows;
            return static_cast<int>(std::max({plain ? x.row : x.column, least, int64_t(1)}));
        };
        const bool plain_left = is_plain(left, k), plain_right = is_plain(right, columns);
        const int height = int(rows), width = int(columns), inner = int(k);
        const int lda = stride_of(right, plain_right, k, columns), ldb = stride_of(left, plain_left, rows, k);
        const int ldc = static_cast<int>(std::max<int64_t>(leading, columns));
        const C factor{alpha, 0}, kept{beta, 0};
        routines->gemm(plain_right ? "N" : "T", plain_left ? "N" : "T", &width, &height, &inner, &factor, right.data,
                       &lda, left.data, &ldb, &kept, result, &ldc, 1, 1);
    };
    if (batch == 1 || (m * n * k >= large_product && batch < 4 * tl_num_threads())) {
        for (int64_t i = 0; i < batch; ++i)
            ProductCut(m, n, k).each([&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
                part(i, row, rows, column, columns);
                return int32_t(0);
            });
        return;
    }
    parallel_for(batch, std::max<int64_t>(1, 16384 / std::max<int64_t>(m * n * k, 1)), [&](int64_t begin, int64_t end) {
        const LibraryThreads limit;
        for (int64_t i = begin; i < end; ++i) part(i, 0, m, 0, n);
    });
}

} // namespace

void multiply_complex(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, double alpha, double beta) {
    if (out.dtype == TL_COMPLEX128) multiply<double>(a, b, out, alpha, beta);
    else multiply<float>(a, b, out, static_cast<float>(alpha), static_cast<float>(beta));
}

} // namespace tl
