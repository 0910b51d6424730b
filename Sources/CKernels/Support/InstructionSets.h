// One kernel source, compiled once per instruction set; the set is chosen at the start of the process.
//
// A source `Family/Name.cpp` includes its standard headers, then
//
//     #define TL_KERNEL_BODY "Family/Name.kernels.h"
//     #include "Support/EachInstructionSet.h"
//
// and calls TL_DISPATCH(function, arguments...). The body declares everything inside `namespace tl::TL_ISA`, has no
// include guard, and includes no standard header: those must stay outside the target pragma.
#ifndef TL_INSTRUCTION_SETS_H
#define TL_INSTRUCTION_SETS_H

namespace tl {
enum class InstructionSet { baseline = 0, avx2 = 1, avx512 = 2 };
/// The instruction set of the CPU, limited by TORCHLIGHT_INSTRUCTION_SET=baseline|avx2|avx512 if that is set.
extern const InstructionSet instruction_set;
/// The same, for initialisers in other files, which may run before the variable is initialised.
InstructionSet detect_instruction_set();
} // namespace tl

#if defined(__x86_64__)
#define TL_DISPATCH(function, ...)                                                                                     \
    (::tl::instruction_set == ::tl::InstructionSet::avx512 ? ::tl::avx512::function(__VA_ARGS__)                       \
     : ::tl::instruction_set == ::tl::InstructionSet::avx2 ? ::tl::avx2::function(__VA_ARGS__)                         \
                                                            : ::tl::baseline::function(__VA_ARGS__))
#else
#define TL_DISPATCH(function, ...) (::tl::baseline::function(__VA_ARGS__))
#endif

#endif
