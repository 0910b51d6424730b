// Linear layers with 8-bit or 4-bit weights. Generating a token reads every weight for a few products, so that its time
// is that of reading the weights: the codes are decoded in registers.
#include "Contract/QuantizedLinear.h"
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_contract.h"
#include <algorithm>
#include <cstdlib>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TL_WITH_VNNI
#define TL_KERNEL_BODY "Contract/QuantizedLinear.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {
namespace {

bool detect_vnni() {
#if defined(__x86_64__)
    if (detect_instruction_set() != InstructionSet::avx512 || !__builtin_cpu_supports("avx512vnni")) return false;
    const char* wish = std::getenv("TORCHLIGHT_VNNI");
    return !wish || wish[0] != '0';
#else
    return false;
#endif
}

const bool has_vnni = detect_vnni();

#if defined(__x86_64__)
#define TL_QUANTIZED_DISPATCH(function, ...)                                                                           \
    (has_vnni ? ::tl::avx512_vnni::function(__VA_ARGS__) : TL_DISPATCH(function, __VA_ARGS__))
#else
#define TL_QUANTIZED_DISPATCH(function, ...) TL_DISPATCH(function, __VA_ARGS__)
#endif

/// The minimum number of panels per thread: about 64 kB of codes.
int64_t panel_grain(const QuantizedWeights& w) {
    return std::max<int64_t>(1, 65536 / std::max<int64_t>(w.blocks * input_block * panel_rows, 1));
}

/// Integer products: the input is rounded to int8 in blocks of 32 columns, some rows at a time.
int32_t integer_products(const QuantizedWeights& w, const float* x, int64_t rows, const QuantizedResult& out) {
    const int64_t width = w.blocks * input_block;
    const int64_t chunk = std::min(rows, std::max<int64_t>(8, (int64_t(1) << 20) / std::max<int64_t>(width, 1)));
    const bool pairs = TL_QUANTIZED_DISPATCH(quantized_pairs, w.bits);
    Scratch codes(size_t(chunk * width)), wide(pairs ? size_t(chunk * width * 2) : 1);
    Scratch scales(size_t(chunk * w.blocks * 4)), sums(size_t(chunk * w.blocks * 4));
    if (!codes.get() || !wide.get() || !scales.get() || !sums.get()) return -1;
    const RoundedRows rounded{codes.get<int8_t>(), pairs ? wide.get<int16_t>() : nullptr, scales.get<float>(),
                              sums.get<int32_t>(), w.blocks};
    for (int64_t first = 0; first < rows; first += chunk) {
        const int64_t count = std::min(chunk, rows - first);
        parallel_for(count, std::max<int64_t>(1, 16384 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++)
                TL_QUANTIZED_DISPATCH(round_row, x + (first + row) * w.columns, w.columns, rounded, row);
        });
        const QuantizedResult part{out.data + first * out.row_stride, out.row_stride, out.bias};
        parallel_for((w.rows + panel_rows - 1) / panel_rows, panel_grain(w), [&](int64_t begin, int64_t end) {
            TL_QUANTIZED_DISPATCH(quantized_integer, w, rounded, part, count, begin, end);
        });
    }
    return 0;
}

/// float32 products. For few rows the codes are decoded in registers; for many, panels are decoded for a GEMM.
int32_t float_products(const QuantizedWeights& w, const float* x, int64_t rows, const QuantizedResult& out) {
    const int64_t panels = (w.rows + panel_rows - 1) / panel_rows;
    if (rows <= 16) {
        parallel_for(panels, panel_grain(w), [&](int64_t begin, int64_t end) {
            TL_QUANTIZED_DISPATCH(quantized_float, w, x, w.columns, out, rows, begin, end);
        });
        return 0;
    }
    // At most 16 MB of decoded weights at a time.
    const int64_t width = w.blocks * input_block;
    const int64_t chunk =
        std::min(panels, std::max<int64_t>(1, (int64_t(1) << 22) / std::max<int64_t>(width * panel_rows, 1)));
    Scratch decoded(size_t(chunk * panel_rows * width * 4));
    if (!decoded.get()) return -1;
    for (int64_t first = 0; first < panels; first += chunk) {
        const int64_t count = std::min(chunk, panels - first), stride = count * panel_rows;
        parallel_for(count, panel_grain(w), [&](int64_t begin, int64_t end) {
            TL_QUANTIZED_DISPATCH(decode_panels, w, first, decoded.get<float>(), stride, first + begin, first + end);
        });
        const int64_t columns = std::min(stride, w.rows - first * panel_rows);
        float* to = out.data + first * panel_rows;
        if (out.bias)
            parallel_for(rows, std::max<int64_t>(1, 16384 / columns), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; row++)
                    std::copy_n(out.bias + first * panel_rows, columns, to + row * out.row_stride);
            });
        const int64_t x_shape[3] = {1, rows, w.columns}, x_strides[3] = {0, w.columns, 1};
        const int64_t w_shape[3] = {1, w.columns, columns}, w_strides[3] = {0, stride, 1};
        const int64_t out_shape[3] = {1, rows, columns}, out_strides[3] = {0, out.row_stride, 1};
        const tl_tensor left{const_cast<float*>(x), x_shape, x_strides, 3, TL_FLOAT32, TL_DEVICE_CPU};
        const tl_tensor right{decoded.get(), w_shape, w_strides, 3, TL_FLOAT32, TL_DEVICE_CPU};
        const tl_tensor result{to, out_shape, out_strides, 3, TL_FLOAT32, TL_DEVICE_CPU};
        if (const int32_t status = tl_matmul(&left, &right, &result, 1, out.bias ? 1 : 0)) return status;
    }
    return 0;
}

} // namespace
} // namespace tl

int32_t tl_quantized_linear(const tl_tensor* x, const tl_tensor* codes, const tl_tensor* scales,
                            const tl_tensor* offsets, const tl_tensor* bias, const tl_tensor* out, int32_t bits,
                            int64_t group, bool integer_products) {
    TL_FORWARD(out, quantized_linear, (x, codes, scales, offsets, bias, out, bits, group, integer_products));
    using namespace tl;
    const int64_t rows = x->shape[0], columns = x->shape[1];
    if (rows == 0 || out->shape[1] == 0) return 0;
    if (out->dtype != TL_FLOAT32) {
        DenseCopy input(*x, TL_FLOAT32), result(*out, TL_FLOAT32);
        if (!input || !result) return -1;
        input.read();
        int32_t status;
        if (bias) {
            DenseCopy shift(*bias, TL_FLOAT32);
            if (!shift) return -1;
            shift.read();
            status = tl_quantized_linear(&input.tensor, codes, scales, offsets, &shift.tensor, &result.tensor, bits,
                                         group, integer_products);
        } else {
            status = tl_quantized_linear(&input.tensor, codes, scales, offsets, nullptr, &result.tensor, bits, group,
                                         integer_products);
        }
        if (status == 0) result.write_back();
        return status;
    }
    const QuantizedWeights weights{static_cast<const uint8_t*>(codes->data),
                                   scales->data,
                                   offsets ? offsets->data : nullptr,
                                   scales->dtype,
                                   out->shape[1],
                                   columns,
                                   (columns + input_block - 1) / input_block,
                                   std::max<int64_t>(1, group / input_block),
                                   scales->shape[1],
                                   bits};
    const QuantizedResult result{static_cast<float*>(out->data), out->strides[0],
                                 bias ? static_cast<const float*>(bias->data) : nullptr};
    const float* input = static_cast<const float*>(x->data);
    return integer_products ? tl::integer_products(weights, input, rows, result)
                            : float_products(weights, input, rows, result);
}
