#include "Support/InstructionSets.h"
#include "include/tl_support.h"
#include <cstdlib>
#include <cstring>

tl::InstructionSet tl::detect_instruction_set() {
    tl::InstructionSet best = tl::InstructionSet::baseline;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt") &&
        __builtin_cpu_supports("popcnt"))
        best = tl::InstructionSet::avx2;
    if (best == tl::InstructionSet::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        best = tl::InstructionSet::avx512;
#endif
    if (const char* wish = std::getenv("TORCHLIGHT_INSTRUCTION_SET")) {
        tl::InstructionSet limit = best;
        if (!std::strcmp(wish, "baseline")) limit = tl::InstructionSet::baseline;
        if (!std::strcmp(wish, "avx2")) limit = tl::InstructionSet::avx2;
        if (limit < best) best = limit;
    }
    return best;
}

const tl::InstructionSet tl::instruction_set = detect_instruction_set();

const char* tl_instruction_set(void) {
    switch (tl::instruction_set) {
    case tl::InstructionSet::avx512: return "avx512";
    case tl::InstructionSet::avx2: return "avx2";
    default: return "baseline";
    }
}
