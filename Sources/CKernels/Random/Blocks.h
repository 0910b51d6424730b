// Arrays are divided into blocks at multiples of four elements, so that the words of an element do not depend on the
// ranges of the threads.
#ifndef TL_BLOCKS_H
#define TL_BLOCKS_H
#include "Scalar/Philox.h"
#include "Support/Convert.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_random.h"
#include <algorithm>

namespace tl {

constexpr int64_t block = 256, grain = 32; // elements, blocks

/// Calls body(first, count) for blocks of elements.
template <class Body>
void for_blocks(int64_t count, Body&& body) {
    parallel_for((count + block - 1) / block, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) body(i * block, std::min(block, count - i * block));
    });
}

/// Writes the words of elements first ..< first + count, one (or two) per element; the buffer has the size of a block.
void make_words(tl_philox key, int64_t first, int64_t count, uint32_t* words, int64_t words_per_element = 1);

inline char* element(const tl_tensor* tensor, int64_t index) {
    return static_cast<char*>(tensor->data) + index * size_of_dtype(tensor->dtype);
}

/// The key in an operand [2] of int64: the seed, and the number of the call.
inline tl_philox read_key(const tl_tensor& key) {
    const uint64_t* words = static_cast<const uint64_t*>(key.data);
    return {words[0], words[1]};
}

} // namespace tl

#endif
