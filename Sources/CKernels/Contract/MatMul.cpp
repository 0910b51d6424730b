// Matrix products. float32 uses dnnl_sgemm of oneDNN, or the kernels of SmallProduct.h and Gemm.h for sizes for which
// they are faster. float16 and bfloat16 use oneDNN on CPUs with instructions for their products (AVX512-BF16,
// AVX512-FP16), complex numbers use BLAS, and all other dtypes use the blocked GEMM of Gemm.h.
#include "Contract/ComplexProduct.h"
#include "Contract/Gemm.h"
#include "Contract/OneDNN.h"
#include "Contract/ProductCut.h"
#include "Contract/SmallProduct.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "Support/SignalsBlocked.h"
#include "include/tl_contract.h"
#include <algorithm>
#include <memory>

namespace tl {

namespace {

/// A matrix in BLAS form: rows with a leading dimension, or the transpose of such a matrix.
struct Stored {
    bool usable, transposed;
    int64_t leading;
};

Stored stored(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride) {
    if ((column_stride == 1 || columns <= 1) && (rows <= 1 || row_stride >= std::max<int64_t>(columns, 1)))
        return {true, false, rows <= 1 ? std::max<int64_t>(columns, 1) : row_stride};
    if ((row_stride == 1 || rows <= 1) && (columns <= 1 || column_stride >= std::max<int64_t>(rows, 1)))
        return {true, true, columns <= 1 ? std::max<int64_t>(rows, 1) : column_stride};
    return {false, false, 0};
}

Stored stored(const tl_tensor& x) { return stored(x.shape[1], x.shape[2], x.strides[1], x.strides[2]); }

tl_tensor transposed(const tl_tensor& x, int64_t (&shape)[3], int64_t (&strides)[3]) {
    shape[0] = x.shape[0], shape[1] = x.shape[2], shape[2] = x.shape[1];
    strides[0] = x.strides[0], strides[1] = x.strides[2], strides[2] = x.strides[1];
    return {x.data, shape, strides, 3, x.dtype, TL_DEVICE_CPU};
}

/// One product, with the fastest kernel for its size.
int32_t multiply_float(const SmallProduct& p, const Stored& left, const Stored& right) {
    if (p.m * p.n * p.k < small_product) {
        small_multiply(p);
        return 0;
    }
    if (is_row(p)) {
        parallel_for(p.n, std::max<int64_t>(4, 65536 / p.k),
                     [&](int64_t begin, int64_t end) { row_multiply(p, begin, end); });
        return 0;
    }
    // A product of a matrix with contiguous rows and a column vector is computed as the transposed product.
    if (p.n == 1 && p.a_column == 1 && p.b_row == 1 && p.c_row == 1)
        return multiply_float({1, p.m, p.k, p.b, p.k, 1, p.a, 1, p.a_row, p.c, p.m, p.alpha, p.beta}, right, left);
    if (is_direct(p)) {
        constexpr int64_t grain = 48 * 48 * 24;  // half of the work from which two threads are faster than one
        parallel_for(p.m, std::max<int64_t>(1, grain / (p.n * p.k)),
                     [&](int64_t begin, int64_t end) { direct_multiply(p, begin, end); }, 1);
        return 0;
    }
    if (is_blocked(p.m, p.n, p.k, left.transposed)) {
        const Gemm blocked{TL_FLOAT32, p.m, p.n, p.k, p.a, p.a_row, p.a_column, p.b, p.b_row, p.b_column,
                           p.c, p.c_row, 1, p.alpha, p.beta, nullptr};
        return gemm(blocked) ? 0 : dnnl_out_of_memory;
    }
    // For this thread; the workers of the pool, which compute the other pieces, block signals already.
    const SignalsBlocked signals_blocked;
    return ProductCut(p.m, p.n, p.k).each([&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
        return dnnl_sgemm(left.transposed ? 'T' : 'N', right.transposed ? 'T' : 'N', rows, columns, p.k, p.alpha,
                          p.a + row * p.a_row, left.leading, p.b + column * p.b_column, right.leading, p.beta,
                          p.c + row * p.c_row + column, p.c_row);
    });
}

/// Whether all matrices of the batch are multiplied by the same b and are adjacent, so that they are one product of
/// batch * m rows.
bool is_one_tall_product(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, const Stored& left,
                         const Stored& result) {
    const int64_t m = out.shape[1];
    return out.shape[0] > 1 && b.strides[0] == 0 && !left.transposed && a.strides[0] == m * left.leading &&
           out.strides[0] == m * result.leading;
}

int32_t multiply_float(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, float alpha, float beta) {
    int64_t batch = out.shape[0], m = out.shape[1];
    const int64_t n = out.shape[2], k = a.shape[2];
    const Stored left = stored(a), right = stored(b), result = stored(out);
    const auto* x = static_cast<const float*>(a.data);
    const auto* y = static_cast<const float*>(b.data);
    auto* z = static_cast<float*>(out.data);

    if (is_one_tall_product(a, b, out, left, result)) m *= batch, batch = 1;

    const auto one = [&](int64_t i) {
        return multiply_float({m, n, k, x + i * a.strides[0], left.transposed ? 1 : left.leading,
                               left.transposed ? left.leading : 1, y + i * b.strides[0],
                               right.transposed ? 1 : right.leading, right.transposed ? right.leading : 1,
                               z + i * out.strides[0], result.leading, alpha, beta},
                              left, right);
    };
    if (batch == 1) return one(0);

    const int64_t work = std::max<int64_t>(m * n * k, 1), threads = tl_num_threads();
    if (work < small_product || (work < (int64_t(1) << 24) && (batch % threads == 0 || batch >= 4 * threads))) {
        // Whole products per thread: inside a parallel region a product is not split.
        int32_t status = 0;
        parallel_for(batch, std::max<int64_t>(1, 65536 / work), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++)
                if (const int32_t failed = one(i)) __atomic_store_n(&status, failed, __ATOMIC_RELAXED);
        });
        return status;
    }
    for (int64_t i = 0; i < batch; i++)
        if (const int32_t status = one(i)) return status;
    return 0;
}

/// A batch of products of half types: sizes, strides, and the distance between the matrices of the batch.
struct HalfProduct {
    int64_t batch, m, n, k;
    Stored left, right, result;
    int64_t between[3];
};

/// Runs on one thread.
///
/// The fast kernels of oneDNN identify a matrix by its strides, including those of dimensions of size 1. A single
/// matrix is described without a batch, and one that is shared by the batch by a size of 1: a stride of 0 would select
/// the reference implementation.
int32_t multiply_half(const HalfProduct& p, int32_t dtype, float beta, void* a, void* b, void* out) {
    using namespace onednn;
    const int rank = p.batch > 1 ? 3 : 2;
    Key key;
    for (const int64_t value :
         {int64_t('m'), int64_t(dtype), int64_t(beta), p.batch, p.m, p.n, p.k, int64_t(p.left.transposed),
          p.left.leading, int64_t(p.right.transposed), p.right.leading, p.result.leading})
        key.add(value);
    if (p.batch > 1) key.add(p.between, 3);
    Plan* plan = find_plan(key);
    if (!plan) {
        const auto layout = [&](int64_t rows, int64_t columns, const Stored& how, int64_t between) {
            const bool one = between == 0;
            const int64_t sizes[3] = {one ? 1 : p.batch, rows, columns};
            const int64_t strides[3] = {one ? (how.transposed ? columns : rows) * how.leading : between,
                                        how.transposed ? 1 : how.leading, how.transposed ? how.leading : 1};
            return Layout(data_type(dtype), rank, sizes + 3 - rank, strides + 3 - rank);
        };
        const Layout src = layout(p.m, p.k, p.left, p.between[0]), weights = layout(p.k, p.n, p.right, p.between[1]),
                     dst = layout(p.m, p.n, p.result, p.between[2]), none;
        dnnl_primitive_desc_t description = nullptr;
        dnnl_status_t status = describe_matmul(src, weights, none, dst, beta, &description);
        if (status != dnnl_success) return status;
        const Plan::Operand list[3] = {
            {DNNL_ARG_SRC, false, &src}, {DNNL_ARG_WEIGHTS, false, &weights}, {DNNL_ARG_DST, true, &dst}};
        auto made = std::make_unique<Plan>();
        status = made->build(description, list, 3);
        if (status != dnnl_success) return status;
        plan = keep_plan(key, std::move(made));
    }
    void* const pointers[3] = {a, b, out};
    return plan->run(pointers);
}

/// Half types on CPUs with instructions for their products.
int32_t multiply_half(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, float beta) {
    const int64_t n = out.shape[2], k = a.shape[2], size = size_of_dtype(out.dtype);
    int64_t batch = out.shape[0], m = out.shape[1];
    const Stored left = stored(a), right = stored(b), result = stored(out);
    if (is_one_tall_product(a, b, out, left, result)) m *= batch, batch = 1;
    const auto at = [&](const tl_tensor& x, int64_t offset) { return static_cast<char*>(x.data) + offset * size; };
    int32_t status = 0;
    const int64_t threads = tl_num_threads();
    if (batch == 1 || (m * n * k >= (int64_t(1) << 24) && batch % threads != 0 && batch < 4 * threads)) {
        for (int64_t i = 0; i < batch && status == 0; i++)
            status = ProductCut(m, n, k).each([&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
                return multiply_half({1, rows, columns, k, left, right, result, {}}, out.dtype, beta,
                                     at(a, i * a.strides[0] + row * (left.transposed ? 1 : left.leading)),
                                     at(b, i * b.strides[0] + column * (right.transposed ? right.leading : 1)),
                                     at(out, i * out.strides[0] + row * result.leading + column));
            });
        return status;
    }
    // Parts are whole matrices.
    parallel_for(batch, std::max<int64_t>(1, 65536 / std::max<int64_t>(m * n * k, 1)), [&](int64_t begin, int64_t end) {
        const LibraryThreads limit;
        const int32_t failed = multiply_half(
            {end - begin, m, n, k, left, right, result, {a.strides[0], b.strides[0], out.strides[0]}}, out.dtype, beta,
            at(a, begin * a.strides[0]), at(b, begin * b.strides[0]), at(out, begin * out.strides[0]));
        if (failed) __atomic_store_n(&status, failed, __ATOMIC_RELAXED);
    });
    return status;
}

bool is_half(int32_t dtype) { return dtype == TL_FLOAT16 || dtype == TL_BFLOAT16; }

/// Replaces one operand by a contiguous copy and multiplies. The copy is row-major even if the operand is transposed:
/// transposing during the conversion costs less than a transposed operand costs the product (a step of a small GPT in
/// bfloat16, 32.8 instead of 34.0 ms).
template <class Multiply>
int32_t with_copy(const tl_tensor& x, int32_t dtype, bool read, bool write, Multiply&& multiply) {
    // A matrix that is repeated in the batch is copied once.
    int64_t shape[3] = {x.strides[0] == 0 && !write ? 1 : x.shape[0], x.shape[1], x.shape[2]};
    const tl_tensor source{x.data, shape, x.strides, 3, x.dtype, TL_DEVICE_CPU};
    DenseCopy copy(source, dtype);
    if (!copy) return dnnl_out_of_memory;
    if (read) copy.read();
    tl_tensor dense = copy.tensor;
    int64_t strides[3] = {shape[0] == x.shape[0] ? dense.strides[0] : 0, dense.strides[1], dense.strides[2]};
    dense.shape = x.shape;
    dense.strides = strides;
    const int32_t status = multiply(dense);
    if (write && status == 0) copy.write_back();
    return status;
}

int32_t multiply(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, double alpha, double beta) {
    // Dtypes without CPU instructions are converted, and strides that BLAS does not support are packed.
    const bool native_half = is_half(out.dtype) && onednn::multiplies(out.dtype) && alpha == 1 && (beta == 0 || beta == 1);
    const bool narrow = out.dtype == TL_INT16 || out.dtype == TL_INT8 || out.dtype == TL_UINT8 || out.dtype == TL_BOOL;
    const int32_t wanted = is_half(out.dtype) && !native_half ? TL_FLOAT32 : narrow ? TL_INT32 : out.dtype;
    const bool blas = wanted == TL_FLOAT32 || is_half(wanted) || is_complex(wanted);
    if (out.dtype != wanted || (blas && !stored(out).usable))
        return with_copy(out, wanted, beta != 0, true,
                         [&](const tl_tensor& dense) { return multiply(a, b, dense, alpha, beta); });
    if (a.dtype != wanted || (blas && !stored(a).usable))
        return with_copy(a, wanted, true, false,
                         [&](const tl_tensor& dense) { return multiply(dense, b, out, alpha, beta); });
    if (b.dtype != wanted || (blas && !stored(b).usable))
        return with_copy(b, wanted, true, false,
                         [&](const tl_tensor& dense) { return multiply(a, dense, out, alpha, beta); });

    if (blas) {
        if (stored(out).transposed) {
            int64_t shapes[3][3], strides[3][3];
            return multiply(transposed(b, shapes[0], strides[0]), transposed(a, shapes[1], strides[1]),
                            transposed(out, shapes[2], strides[2]), alpha, beta);
        }
        if (is_complex(wanted)) {
            multiply_complex(a, b, out, alpha, beta);
            return 0;
        }
        if (!native_half) return multiply_float(a, b, out, float(alpha), float(beta));
        const int32_t status = multiply_half(a, b, out, float(beta));
        // Cases without a kernel in the library, or that it cannot describe (overlapping matrices), are computed in
        // float32, as on other CPUs.
        if (status != dnnl_unimplemented && status != dnnl_invalid_arguments) return status;
        return with_copy(out, TL_FLOAT32, beta != 0, true,
                         [&](const tl_tensor& dense) { return multiply(a, b, dense, alpha, beta); });
    }

    const int64_t batch = out.shape[0], m = out.shape[1], n = out.shape[2], k = a.shape[2];
    const int64_t size = size_of_dtype(wanted);
    const auto one = [&](int64_t i) {
        return gemm({wanted, m, n, k, static_cast<const char*>(a.data) + i * a.strides[0] * size, a.strides[1],
                     a.strides[2], static_cast<const char*>(b.data) + i * b.strides[0] * size, b.strides[1],
                     b.strides[2], static_cast<char*>(out.data) + i * out.strides[0] * size, out.strides[1],
                     out.strides[2], alpha, beta, nullptr});
    };
    bool enough_memory = true;
    if (batch == 1) {
        enough_memory = one(0);
    } else {
        const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(m * n * k, 1));
        parallel_for(batch, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++)
                if (!one(i)) __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
        });
    }
    return enough_memory ? 0 : dnnl_out_of_memory;
}

} // namespace

} // namespace tl

int32_t tl_matmul_contiguous(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* out) {
    return tl::multiply_float({m, n, k, a, k, 1, b, n, 1, out, n, 1, 0}, {true, false, k}, {true, false, n});
}

int32_t tl_matmul(const tl_tensor* a, const tl_tensor* b, const tl_tensor* out, double alpha, double beta) {
    TL_FORWARD(out, matmul, (a, b, out, alpha, beta));
    using namespace tl;
    if (count_of(*out) == 0) return 0;
    if (a->shape[2] == 0) {
        // An empty sum: the result is beta * out.
        if (beta == 0) {
            tl_fill(out, 0, 0);
            return 0;
        }
        if (beta == 1) return 0;
        const int64_t zeros[3] = {0, 0, 0};
        const tl_tensor scale{&beta, out->shape, zeros, 3, TL_FLOAT64, TL_DEVICE_CPU};
        tl_binary(TL_BINARY_MUL, compute_dtype(out->dtype), out, &scale, out);
        return 0;
    }
    return multiply(*a, *b, *out, alpha, beta);
}
