// Includes TL_KERNEL_BODY once per instruction set; see InstructionSets.h. With TL_WITH_VNNI it is also included as
// avx512_vnni, for CPUs with VNNI, which adds four products of bytes to a word in one instruction. Deliberately without
// an include guard.
#include "Support/InstructionSets.h"
#ifndef TL_KERNEL_BODY
#error "define TL_KERNEL_BODY before including EachInstructionSet.h"
#endif

// TL_VECTOR_BYTES is the register size of the instruction set, TL_HAS_HALF whether it converts float16, TL_HAS_FMA
// whether it has fused multiply-add, TL_HAS_VNNI whether the kernels may use VNNI.
#define TL_HAS_VNNI 0
#define TL_ISA baseline
#define TL_VECTOR_BYTES 16
#if defined(__aarch64__)
#define TL_HAS_HALF 1
#define TL_HAS_FMA 1
#else
#define TL_HAS_HALF 0
#define TL_HAS_FMA 0
#endif
#include TL_KERNEL_BODY
#undef TL_ISA
#undef TL_VECTOR_BYTES
#undef TL_HAS_HALF
#undef TL_HAS_FMA

#if defined(__x86_64__)
#define TL_HAS_HALF 1
#define TL_HAS_FMA 1
#define TL_ISA avx2
#define TL_VECTOR_BYTES 32
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#include TL_KERNEL_BODY
#pragma clang attribute pop
#undef TL_ISA
#undef TL_VECTOR_BYTES

#define TL_ISA avx512
#define TL_VECTOR_BYTES 64
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"))),                 \
    apply_to = function)
#include TL_KERNEL_BODY
#pragma clang attribute pop
#undef TL_ISA

#ifdef TL_WITH_VNNI
#undef TL_HAS_VNNI
#define TL_HAS_VNNI 1
#define TL_ISA avx512_vnni
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"))),      \
    apply_to = function)
#include TL_KERNEL_BODY
#pragma clang attribute pop
#undef TL_ISA
#endif
#undef TL_VECTOR_BYTES
#undef TL_HAS_HALF
#undef TL_HAS_FMA
#endif

#undef TL_HAS_VNNI
#undef TL_KERNEL_BODY
