// The words of the generator.
#include "Random/Blocks.h"
#include "Support/InstructionSets.h"

#define TL_KERNEL_BODY "Random/Generator.kernels.h"
#include "Support/EachInstructionSet.h"

void tl::make_words(tl_philox key, int64_t first, int64_t count, uint32_t* words, int64_t words_per_element) {
    const int64_t groups = (count * words_per_element + 3) / 4;
    TL_DISPATCH(words, key, static_cast<uint64_t>(first * words_per_element / 4), words, groups);
}

uint32_t tl_philox_word(tl_philox key, uint64_t index) {
    return tl_philox_4x32(key.seed, key.call, index / 4).word[index % 4];
}
