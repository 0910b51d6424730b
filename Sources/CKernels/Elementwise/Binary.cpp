#include "Elementwise/Complex.h"
#include "Scalar/Operations.h"
#include "Scalar/Scalar.h"
#include "Support/ElementwiseDriver.h"
#include "Support/Forward.h"

#define TL_ONE(ENUM, name) +1
static_assert(0 TL_BINARY_OPERATIONS(TL_ONE, TL_ONE, TL_ONE, TL_ONE) == TL_BINARY_COUNT, "an operation has no kernel");
#undef TL_ONE

// Loops that call functions with inner loops (fmod, integer division) are not vectorised, which is expected.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Elementwise/Binary.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

static const Kernel (*choose())[3] {
#if defined(__x86_64__)
    if (detect_instruction_set() == InstructionSet::avx512) return tl::avx512::binary_table.kernels;
    if (detect_instruction_set() == InstructionSet::avx2) return tl::avx2::binary_table.kernels;
#endif
    return tl::baseline::binary_table.kernels;
}
static const Kernel (*const table)[3] = choose();

/// The kernel of the instruction set in use; `loop` is NULL where the operation does not exist for the compute dtype.
static const Kernel& kernel_of(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    return index < 0 || static_cast<uint32_t>(op) >= TL_BINARY_COUNT ? complex_binary_kernel(op, compute) : table[op][index];
}

const Kernel& tl::binary_kernel(int32_t op, int32_t compute) { return kernel_of(op, compute); }

void tl_binary(int32_t op, int32_t compute, const tl_tensor* a, const tl_tensor* b, const tl_tensor* out) {
    TL_FORWARD(out, binary, (op, compute, a, b, out));
    const Kernel& kernel = kernel_of(op, compute);
    if (!kernel.loop) missing_loop();
    const int32_t natives[] = {output_of(kernel, compute), compute, compute};
    const tl_tensor* tensors[] = {out, a, b};
    run_elementwise(kernel.loop, kernel.expensive, 3, tensors, natives, nullptr);
}

/// Not inlined, so that the short path has no stack frame for it.
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
    const Kernel& kernel = kernel_of(op, compute);
    if (__builtin_expect(!kernel.loop || out_dtype != output_of(kernel, compute) || count > simple_limit, 0))
        return binary_contiguous_by_driver(op, compute, a, b, out, out_dtype, count);
    const void* in[] = {a, b};
    kernel.loop(out, in, count, nullptr);
}
