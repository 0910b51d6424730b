// Products with a fused bias. Half types: the fused primitive of oneDNN, which rounds once. float32: the primitive, or
// dnnl_sgemm and a pass that adds the bias while the part is in the cache, or the blocked GEMM (AVX2), which includes
// the bias.
#include "Contract/Gemm.h"
#include "Contract/OneDNN.h"
#include "Contract/ProductCut.h"
#include "Contract/SmallProduct.h"
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "Support/SignalsBlocked.h"
#include "include/tl_contract.h"
#include <algorithm>
#include <cstring>
#include <memory>

namespace tl {
/// The epilogue of a product: adds the bias to its rows.
struct Epilogue {
    float* data;
    int64_t row_stride, columns;
    const float* bias;
    int64_t bias_stride;
};
} // namespace tl

#define TL_KERNEL_BODY "Contract/Linear.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

/// A part of the product, on one thread. `bias` may be NULL.
static int32_t fused_part(int32_t dtype, int64_t m, int64_t n, int64_t k, int64_t x_row, int64_t w_row, int64_t out_row,
                          void* x, void* w, void* bias, void* out) {
    using namespace onednn;
    Key key;
    for (const int64_t value : {int64_t('l'), int64_t(dtype), int64_t(bias != nullptr), m, k, n, x_row, w_row, out_row})
        key.add(value);
    Plan* plan = find_plan(key);
    if (!plan) {
        const int64_t x_shape[2] = {m, k}, x_strides[2] = {x_row, 1};
        const int64_t w_shape[2] = {k, n}, w_strides[2] = {1, w_row};
        const int64_t bias_shape[2] = {1, n}, bias_strides[2] = {n, 1};
        const int64_t out_shape[2] = {m, n}, out_strides[2] = {out_row, 1};
        const dnnl_data_type_t type = data_type(dtype);
        const Layout src(type, 2, x_shape, x_strides), weights(type, 2, w_shape, w_strides),
            dst(type, 2, out_shape, out_strides);
        const Layout shift = bias ? Layout(type, 2, bias_shape, bias_strides) : Layout();
        dnnl_primitive_desc_t description = nullptr;
        dnnl_status_t status = describe_matmul(src, weights, shift, dst, 0, &description);
        if (status != dnnl_success) return status;
        const Plan::Operand list[4] = {{DNNL_ARG_SRC, false, &src},
                                       {DNNL_ARG_WEIGHTS, false, &weights},
                                       {DNNL_ARG_DST, true, &dst},
                                       {DNNL_ARG_BIAS, false, &shift}};
        auto made = std::make_unique<Plan>();
        status = made->build(description, list, bias ? 4 : 3);
        if (status != dnnl_success) return status;
        plan = keep_plan(key, std::move(made));
    }
    void* const pointers[4] = {x, w, out, bias};
    return plan->run(pointers);
}

/// Whether a part of the product in float32 is faster as its transpose, w @ transpose(x). oneDNN copies its right operand, which is
/// then x, and reads the left one in place. With AVX-512 and weights that are not in the L2 cache, the transpose takes 0.6 to 0.75
/// of the time for 16 rows, 0.85 for 64 and 0.95 for 128 of 512 columns; with fewer rows or columns it gains nothing.
static bool prefers_transpose(int64_t rows, int64_t columns) { return rows >= 4 && rows <= 128 && columns >= 2 * rows; }

/// A part of the product in float32, computed as its transpose. `bias` may be NULL.
static int32_t transposed_part(int64_t m, int64_t n, int64_t k, int64_t x_row, int64_t w_row, int64_t out_row, void* x,
                               void* w, const float* bias, float* out) {
    const Scratch memory(size_t(m * n) * sizeof(float));
    float* const transpose = memory.get<float>();
    if (!transpose) return dnnl_out_of_memory;
    if (const int32_t status = fused_part(TL_FLOAT32, n, m, k, w_row, x_row, m, w, x, nullptr, transpose)) return status;
    constexpr int64_t strip = 16;  // rows of the result that stay in the L1 cache until the bias is added
    for (int64_t row = 0; row < m; row += strip) {
        const int64_t rows = std::min(strip, m - row);
        float* const to = out + row * out_row;
        transpose_block(sizeof(float), transpose + row, m, to, out_row, rows, n);
        if (bias) TL_DISPATCH(add_bias, Epilogue{to, out_row, n, bias, 1}, int64_t(0), rows);
    }
    return dnnl_success;
}

/// Whether oneDNN's primitive is faster than dnnl_sgemm, which copies both operands: with few columns the copy of x is
/// expensive, with few rows that of w. With AVX-512, two threads and weights that are not in the L2 cache, the
/// primitive takes 0.7 to 1.0 of the time of dnnl_sgemm where this is true, from 8192 x 16 x 32 to 32 x 4096 x 4096,
/// and up to 1.05 elsewhere. For short sums both take the same time, and the primitive does not need the buffers of
/// dnnl_sgemm, which fragment the heap. Below a million multiplications its call overhead is larger than the gain. With
/// AVX2 it uses the kernels of dnnl_sgemm.
static bool prefers_primitive(int64_t m, int64_t n, int64_t k) {
    if (instruction_set != InstructionSet::avx512 || m * n * k < int64_t(1) << 20) return false;
    return n <= 512 || m <= 256 || (k <= 256 && tl_num_threads() > 1);
}

static int32_t fused_linear(const tl_tensor& x, const tl_tensor& w, const tl_tensor* bias, const tl_tensor& out) {
    const int64_t m = x.shape[0], k = x.shape[1], n = out.shape[1], size = size_of_dtype(out.dtype);
    // The stride of a single row is arbitrary; the library treats a stride other than the row length as a gap.
    const auto row_stride = [](const tl_tensor& t) { return t.shape[0] == 1 ? t.shape[1] : t.strides[0]; };
    const int64_t x_row = row_stride(x), w_row = row_stride(w), out_row = row_stride(out);
    const auto at = [&](const tl_tensor& t, int64_t offset) { return static_cast<char*>(t.data) + offset * size; };
    return ProductCut(m, n, k).each([&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
        char* const x_part = at(x, row * x_row);
        char* const w_part = at(w, column * w_row);
        char* const bias_part = bias ? at(*bias, column) : nullptr;
        char* const result = at(out, row * out_row + column);
        if (out.dtype == TL_FLOAT32 && prefers_transpose(rows, columns))
            return transposed_part(rows, columns, k, x_row, w_row, out_row, x_part, w_part,
                                   reinterpret_cast<const float*>(bias_part), reinterpret_cast<float*>(result));
        const auto multiply = [&](void* part, int64_t part_row) {
            return fused_part(out.dtype, rows, columns, k, x_row, w_row, part_row, x_part, w_part, bias_part, part);
        };
        // The float32 primitive takes up to 1.4 times as long if the rows of the result have gaps.
        if (out.dtype != TL_FLOAT32 || columns == n) return multiply(result, out_row);
        const Scratch memory(size_t(rows * columns * size));
        char* const dense = memory.get<char>();
        if (!dense) return multiply(result, out_row);
        const int32_t status = multiply(dense, columns);
        for (int64_t i = 0; i < rows && status == dnnl_success; i++)
            std::memcpy(result + i * out_row * size, dense + i * columns * size, size_t(columns * size));
        return status;
    });
}

/// Computes each part of the product and adds its part of the bias. Returns an error of the library if it does not
/// support the strides.
static int32_t cut_linear(const tl_tensor& x, const tl_tensor& w, const tl_tensor& bias, const tl_tensor& out) {
    const int64_t m = x.shape[0], k = x.shape[1], n = out.shape[1];
    const auto* rows_of_x = static_cast<const float*>(x.data);
    const auto* rows_of_w = static_cast<const float*>(w.data);
    // For this thread; the workers of the pool block signals already.
    const SignalsBlocked signals_blocked;
    return ProductCut(m, n, k).each([&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
        float* const part = static_cast<float*>(out.data) + row * out.strides[0] + column;
        const dnnl_status_t status =
            dnnl_sgemm('N', 'T', rows, columns, k, 1, rows_of_x + row * x.strides[0], x.strides[0],
                       rows_of_w + column * w.strides[0], w.strides[0], 0, part, out.strides[0]);
        const Epilogue finish{part, out.strides[0], columns,
                              static_cast<const float*>(bias.data) + column * bias.strides[0], bias.strides[0]};
        if (status == dnnl_success) TL_DISPATCH(add_bias, finish, int64_t(0), rows);
        return status;
    });
}

/// Half types without CPU instructions for their products: the operands are copied as float32, and the result is
/// rounded once.
static int32_t converted_linear(const tl_tensor& x, const tl_tensor& w, const tl_tensor& bias, const tl_tensor& out) {
    DenseCopy rows(x, TL_FLOAT32), weights(w, TL_FLOAT32), shift(bias, TL_FLOAT32), result(out, TL_FLOAT32);
    if (!rows || !weights || !shift || !result) return dnnl_out_of_memory;
    rows.read();
    weights.read();
    shift.read();
    const int32_t status = tl_linear(&rows.tensor, &weights.tensor, &shift.tensor, &result.tensor);
    if (status == 0) result.write_back();
    return status;
}

} // namespace tl

int32_t tl_linear(const tl_tensor* x, const tl_tensor* w, const tl_tensor* bias, const tl_tensor* out) {
    TL_FORWARD(out, linear, (x, w, bias, out));
    using namespace tl;
    const int64_t m = x->shape[0], k = x->shape[1], n = w->shape[0];
    if (m == 0 || n == 0) return 0;
    if (out->dtype != TL_FLOAT32 && bias) {
        const bool native = onednn::multiplies(out->dtype) && bias->strides[0] == 1;
        if (native && fused_linear(*x, *w, bias, *out) == dnnl_success) return 0;
        return converted_linear(*x, *w, *bias, *out);
    }
    if (bias && bias->strides[0] == 1 && is_blocked(m, n, k, false)) {
        const Gemm product{TL_FLOAT32, m, n, k, x->data, x->strides[0], x->strides[1], w->data, w->strides[1],
                           w->strides[0], out->data, out->strides[0], out->strides[1], 1, 0, bias->data};
        return gemm(product) ? 0 : dnnl_out_of_memory;
    }
    const bool is_large = out->dtype == TL_FLOAT32 && m > 1 && n > 1 && m * n * k >= small_product;
    if (is_large && prefers_primitive(m, n, k) && (!bias || bias->strides[0] == 1) &&
        fused_linear(*x, *w, bias, *out) == dnnl_success)
        return 0;
    if (bias && is_large && cut_linear(*x, *w, *bias, *out) == dnnl_success)
        return 0;

    const int64_t x_shape[3] = {1, m, k}, x_strides[3] = {0, x->strides[0], x->strides[1]};
    const int64_t w_shape[3] = {1, k, n}, w_strides[3] = {0, w->strides[1], w->strides[0]};
    const int64_t out_shape[3] = {1, m, n}, out_strides[3] = {0, out->strides[0], out->strides[1]};
    const tl_tensor left{x->data, x_shape, x_strides, 3, x->dtype, TL_DEVICE_CPU};
    const tl_tensor right{w->data, w_shape, w_strides, 3, w->dtype, TL_DEVICE_CPU};
    const tl_tensor result{out->data, out_shape, out_strides, 3, out->dtype, TL_DEVICE_CPU};
    if (const int32_t status = tl_matmul(&left, &right, &result, 1, 0)) return status;
    if (!bias) return 0;
    const Epilogue finish{static_cast<float*>(out->data), out->strides[0], n, static_cast<const float*>(bias->data),
                          bias->strides[0]};
    parallel_for(m, std::max<int64_t>(1, 16384 / n),
                 [&](int64_t begin, int64_t end) { TL_DISPATCH(add_bias, finish, begin, end); });
    return 0;
}
