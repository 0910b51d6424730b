// The C interface of tl_elementwise.h.
#include "Elementwise/Driver.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include <cmath>
#include <cstring>

using namespace tl;

namespace {

/// What the Swift side checks by tl_supports_*; reaching this is a mistake of the framework.
[[noreturn, gnu::cold]] void missing() { __builtin_trap(); }

int32_t output_of(const Kernel& kernel, int32_t compute) { return kernel.to_bool ? int32_t(TL_BOOL) : compute; }

/// Small arrays that need nothing but the loop.
bool is_simple(const tl_tensor& x, int32_t dtype) { return x.dtype == dtype && is_contiguous(x); }

constexpr int64_t simple_limit = 4096, grain_of_rows = 32768;

/// out[i] = of(start + i * step) for equal steps from start to end. Each half counts from its own end, so that the
/// last number is exact.
template <class Function>
void fill_spaced(const tl_tensor& out, double start, double end, Function&& of) {
    const int64_t count = element_count(out), stride = out.strides[0], size = size_of_dtype(out.dtype);
    const double step = count > 1 ? (end - start) / double(count - 1) : 0;
    const ConvertBlock store = convert_block(TL_FLOAT64, out.dtype);
    parallel_for(count, 16384, [&](int64_t begin, int64_t last) {
        double block[256];
        for (int64_t i = begin; i < last; i += 256) {
            const int64_t n = std::min<int64_t>(256, last - i);
            for (int64_t j = 0; j < n; ++j) {
                const int64_t at = i + j;
                block[j] = of(at < count / 2 || count == 1 ? start + step * double(at)
                                                           : end - step * double(count - 1 - at));
            }
            store(block, 1, static_cast<char*>(out.data) + i * stride * size, stride, n);
        }
    });
}

} // namespace

void tl_unary(int32_t op, int32_t compute, const tl_tensor* x, const tl_tensor* out, const double* params) {
    TL_FORWARD(out, unary, (op, compute, x, out, params));
    const Kernel& kernel = unary_kernel(op, compute);
    if (!kernel.loop) missing();
    const int32_t natives[] = {output_of(kernel, compute), compute};
    const int64_t count = element_count(*out);
    if (count <= simple_limit && is_simple(*out, natives[0]) && is_simple(*x, compute)) {
        const void* in[] = {x->data};
        static constexpr double none[3] = {};
        kernel.loop(out->data, in, count, params ? params : none);
        return;
    }
    const tl_tensor* tensors[] = {out, x};
    run_elementwise(kernel.loop, kernel.expensive, 2, tensors, natives, params);
}

void tl_binary(int32_t op, int32_t compute, const tl_tensor* a, const tl_tensor* b, const tl_tensor* out) {
    TL_FORWARD(out, binary, (op, compute, a, b, out));
    const Kernel& kernel = binary_kernel(op, compute);
    if (!kernel.loop) missing();
    const int32_t natives[] = {output_of(kernel, compute), compute, compute};
    const tl_tensor* tensors[] = {out, a, b};
    run_elementwise(kernel.loop, kernel.expensive, 3, tensors, natives, nullptr);
}

void tl_ternary(int32_t op, int32_t compute, const tl_tensor* a, const tl_tensor* b, const tl_tensor* c,
                const tl_tensor* out, const double* params) {
    TL_FORWARD(out, ternary, (op, compute, a, b, c, out, params));
    const Kernel& kernel = ternary_kernel(op, compute);
    if (!kernel.loop) missing();
    const int32_t natives[] = {compute, op == TL_TERNARY_WHERE ? int32_t(TL_BOOL) : compute, compute, compute};
    const tl_tensor* tensors[] = {out, a, b, c};
    run_elementwise(kernel.loop, kernel.expensive, 4, tensors, natives, params);
}

/// Out of line, so that the short path needs no room for it on the stack.
[[gnu::noinline]] static void binary_contiguous_by_driver(int32_t op, int32_t compute, const void* a, const void* b,
                                                          void* out, int32_t out_dtype, int64_t count) {
    const int64_t stride = 1;
    const tl_tensor left{const_cast<void*>(a), &count, &stride, 1, compute, TL_DEVICE_CPU};
    const tl_tensor right{const_cast<void*>(b), &count, &stride, 1, compute, TL_DEVICE_CPU};
    const tl_tensor result{out, &count, &stride, 1, out_dtype, TL_DEVICE_CPU};
    tl_binary(op, compute, &left, &right, &result);
}

void tl_binary_contiguous(int32_t op, int32_t compute, const void* a, const void* b, void* out, int32_t out_dtype,
                          int64_t count) {
    const Kernel& kernel = binary_kernel(op, compute);
    if (__builtin_expect(!kernel.loop || out_dtype != output_of(kernel, compute) || count > simple_limit, 0))
        return binary_contiguous_by_driver(op, compute, a, b, out, out_dtype, count);
    const void* in[] = {a, b};
    kernel.loop(out, in, count, nullptr);
}

void tl_copy(const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, copy, (x, out));
    // The same dtype moves as raw bits; otherwise one of the two is a compute dtype, or the way goes through one.
    const int32_t from = x->dtype, to = out->dtype;
    const int32_t native = from == to ? to : convert_block(from, to) ? to : compute_dtype(from);
    const int32_t natives[] = {native, native};
    if (x->rank == 0 && out->rank == 0 && native == to) return convert_block(from, to)(x->data, 1, out->data, 1, 1);
    const tl_tensor* tensors[] = {out, x};
    run_elementwise(nullptr, false, 2, tensors, natives, nullptr);
}

void tl_fill(const tl_tensor* out, double as_double, int64_t as_int) {
    TL_FORWARD(out, fill, (out, as_double, as_int));
    const int32_t compute = compute_dtype(out->dtype);
    alignas(8) char value[8] = {};
    if (compute == TL_INT64)
        convert_block(TL_INT64, out->dtype)(&as_int, 1, value, 1, 1);
    else
        convert_block(TL_FLOAT64, out->dtype)(&as_double, 1, value, 1, 1);
    int64_t strides[TL_MAX_RANK] = {};
    const tl_tensor scalar{value, out->shape, strides, out->rank, out->dtype, TL_DEVICE_CPU};
    const tl_tensor* tensors[] = {out, &scalar};
    const int32_t natives[] = {out->dtype, out->dtype};
    run_elementwise(nullptr, false, 2, tensors, natives, nullptr);
}

void tl_arange(const tl_tensor* out, double start, double step, int64_t int_start, int64_t int_step) {
    TL_FORWARD(out, arange, (out, start, step, int_start, int_step));
    const int64_t count = element_count(*out), stride = out->rank ? out->strides[out->rank - 1] : 1;
    const bool integer = compute_dtype(out->dtype) == TL_INT64;
    const ConvertBlock store = convert_block(integer ? TL_INT64 : TL_FLOAT64, out->dtype);
    const int64_t size = size_of_dtype(out->dtype);
    parallel_for(count, 65536, [&](int64_t begin, int64_t end) {
        union {
            double reals[256];
            int64_t integers[256];
        } block;
        for (int64_t i = begin; i < end; i += 256) {
            const int64_t n = std::min<int64_t>(256, end - i);
            if (integer)
                for (int64_t j = 0; j < n; ++j)
                    block.integers[j] =
                        static_cast<int64_t>(uint64_t(int_start) + uint64_t(i + j) * uint64_t(int_step));
            else
                for (int64_t j = 0; j < n; ++j) block.reals[j] = start + static_cast<double>(i + j) * step;
            store(&block, 1, static_cast<char*>(out->data) + i * stride * size, stride, n);
        }
    });
}

void tl_linspace(const tl_tensor* out, double start, double end) {
    TL_FORWARD(out, linspace, (out, start, end));
    fill_spaced(*out, start, end, [](double x) { return x; });
}

void tl_logspace(const tl_tensor* out, double start, double end, double base) {
    TL_FORWARD(out, logspace, (out, start, end, base));
    fill_spaced(*out, start, end, [base](double x) { return std::pow(base, x); });
}

void tl_triangle(const tl_tensor* x, const tl_tensor* out, int64_t diagonal, bool upper) {
    TL_FORWARD(out, triangle, (x, out, diagonal, upper));
    const tl_tensor* tensors[] = {out, x};
    const int rank = out->rank;
    const int64_t rows = out->shape[rank - 2], columns = out->shape[rank - 1];
    const Iteration outer(tensors, 2, 0, rank - 2);
    const ConvertBlock move = convert_block(out->dtype, out->dtype);
    const int64_t size = size_of_dtype(out->dtype), from = x->strides[rank - 1], to = out->strides[rank - 1];
    static constexpr char zero[8] = {};
    if (rows == 0 || columns == 0) return;
    parallel_for(outer.count * rows, std::max<int64_t>(1, grain_of_rows / columns), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const Walker walker(outer, 0, task / rows);
            const int64_t row = task % rows;
            char* target = static_cast<char*>(out->data) + (walker.offset[0] + row * out->strides[rank - 2]) * size;
            const char* source =
                static_cast<const char*>(x->data) + (walker.offset[1] + row * x->strides[rank - 2]) * size;
            // The first column right of the diagonal (upper: on it); the kept part lies left (upper: right) of it.
            int64_t edge = row + diagonal + (upper ? 0 : 1);
            edge = edge < 0 ? 0 : edge > columns ? columns : edge;
            const int64_t keep = upper ? edge : 0, kept = upper ? columns - edge : edge;
            const int64_t clear = upper ? 0 : edge, cleared = columns - kept;
            if (source != target) move(source + keep * from * size, from, target + keep * to * size, to, kept);
            move(zero, 0, target + clear * to * size, to, cleared);
        }
    });
}
