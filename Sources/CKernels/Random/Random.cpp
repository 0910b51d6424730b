// The C interface of tl_random.h. Arrays are cut into blocks at multiples of four elements, so that every element finds
// its group of words wherever the threads' shares begin.
#include "Scalar/Philox.h"
#include "Support/Convert.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_random.h"
#include <cmath>
#include <cstring>
#include <utility>

#define TL_KERNEL_BODY "Random/Random.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

namespace {

constexpr int64_t block = 256, grain = 32; // elements, blocks

/// Calls body(first, count) for blocks of elements.
template <class Body>
void for_blocks(int64_t count, Body&& body) {
    parallel_for((count + block - 1) / block, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) body(i * block, std::min(block, count - i * block));
    });
}

/// The words of elements first ..< first + count at one (or two) words an element; the room is a whole block.
void make_words(tl_philox key, int64_t first, int64_t count, uint32_t* words, int64_t words_per_element = 1) {
    const int64_t groups = (count * words_per_element + 3) / 4;
    TL_DISPATCH(words, key, static_cast<uint64_t>(first * words_per_element / 4), words, groups);
}

char* element(const tl_tensor* tensor, int64_t index) {
    return static_cast<char*>(tensor->data) + index * size_of_dtype(tensor->dtype);
}

/// The key that an operand [2] of int64 holds: the seed, and the number of the call.
tl_philox read_key(const tl_tensor& key) {
    const uint64_t* words = static_cast<const uint64_t*>(key.data);
    return {words[0], words[1]};
}

/// The largest value of a floating-point dtype that is below `high`.
double largest_below(double high, int32_t dtype) {
    if (dtype == TL_FLOAT64) return std::nextafter(high, -INFINITY);
    float rounded = static_cast<float>(high);
    if (dtype == TL_FLOAT32) return rounded < high ? rounded : std::nextafter(rounded, -INFINITY);
    // Half types: step down by ever smaller bits until rounding stays below.
    uint16_t bits = 0;
    float value = rounded;
    for (int i = 0; i < 8; ++i) {
        convert_block(TL_FLOAT32, dtype)(&value, 1, &bits, 1, 1);
        float stored;
        convert_block(dtype, TL_FLOAT32)(&bits, 1, &stored, 1, 1);
        if (stored < high) return stored;
        bits = stored > 0 ? bits - 1 : stored < 0 ? bits + 1 : 0x8001;
        convert_block(dtype, TL_FLOAT32)(&bits, 1, &value, 1, 1);
    }
    return value;
}

} // namespace

void tl_random_uniform(const tl_tensor* key, const tl_tensor* out, double low, double high) {
    TL_FORWARD(out, random_uniform, (key, out, low, high));
    const tl_philox philox = read_key(*key);
    const int64_t count = element_count(*out);
    const double limit = low < high ? largest_below(high, out->dtype) : low;
    if (out->dtype == TL_FLOAT64) {
        for_blocks(count, [&](int64_t first, int64_t n) {
            uint32_t words[2 * block];
            make_words(philox, first, n, words, 2);
            TL_DISPATCH(uniform_f64, words, reinterpret_cast<double*>(element(out, first)), n, low, high - low, limit);
        });
        return;
    }
    // As many bits as the dtype holds below 1, so that rounding never reaches the upper end.
    const int bits = out->dtype == TL_FLOAT16 ? 11 : out->dtype == TL_BFLOAT16 ? 8 : 24;
    const ConvertBlock store = convert_block(TL_FLOAT32, out->dtype);
    for_blocks(count, [&](int64_t first, int64_t n) {
        uint32_t words[block];
        float values[block];
        make_words(philox, first, n, words);
        TL_DISPATCH(uniform_f32, words, values, n, bits, static_cast<float>(low),
                    static_cast<float>(high) - static_cast<float>(low), static_cast<float>(limit));
        store(values, 1, element(out, first), 1, n);
    });
}

void tl_random_normal(const tl_tensor* key, const tl_tensor* out, double mean, double deviation) {
    TL_FORWARD(out, random_normal, (key, out, mean, deviation));
    const tl_philox philox = read_key(*key);
    const int64_t count = element_count(*out);
    const bool wide = out->dtype == TL_FLOAT64;
    const ConvertBlock store = convert_block(wide ? TL_FLOAT64 : TL_FLOAT32, out->dtype);
    for_blocks(count, [&](int64_t first, int64_t n) {
        uint32_t words[2 * block];
        const int64_t pairs = (n + 1) / 2;
        make_words(philox, first, 2 * pairs, words, wide ? 2 : 1);
        if (wide) {
            double values[block];
            for (int64_t i = 0; i < pairs; ++i) {
                const uint32_t* w = words + 4 * i;
                const tl_pair_f64 pair = tl_normal_pair_f64(tl_unit_f64(w[0], w[1]), tl_unit_f64(w[2], w[3]));
                values[2 * i] = mean + pair.first * deviation;
                values[2 * i + 1] = mean + pair.second * deviation;
            }
            store(values, 1, element(out, first), 1, n);
        } else {
            float values[block];
            TL_DISPATCH(normal_f32, words, values, pairs, static_cast<float>(mean), static_cast<float>(deviation));
            store(values, 1, element(out, first), 1, n);
        }
    });
}

void tl_random_integers(const tl_tensor* key, const tl_tensor* out, int64_t low, int64_t high) {
    TL_FORWARD(out, random_integers, (key, out, low, high));
    const tl_philox philox = read_key(*key);
    // The high part of word * width is uniform up to width / 2^32 (2^64).
    const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    const bool wide = width > (uint64_t(1) << 32);
    const ConvertBlock store = convert_block(TL_INT64, out->dtype);
    for_blocks(element_count(*out), [&](int64_t first, int64_t n) {
        uint32_t words[2 * block];
        int64_t values[block];
        make_words(philox, first, n, words, wide ? 2 : 1);
        for (int64_t i = 0; i < n; ++i) {
            const uint64_t word = wide ? uint64_t(words[2 * i]) << 32 | words[2 * i + 1] : words[i];
            const uint64_t offset = wide ? static_cast<uint64_t>(static_cast<unsigned __int128>(word) * width >> 64)
                                         : word * width >> 32;
            values[i] = static_cast<int64_t>(static_cast<uint64_t>(low) + offset);
        }
        store(values, 1, element(out, first), 1, n);
    });
}

void tl_random_bernoulli(const tl_tensor* key, const tl_tensor* p, const tl_tensor* out) {
    TL_FORWARD(out, random_bernoulli, (key, p, out));
    const tl_philox philox = read_key(*key);
    const tl_tensor* tensors[] = {p};
    Iteration it(tensors, 1, 0, p->rank); // row-major order, as the elements of `out` are counted
    it.merge();
    if (it.count == 0) return;
    const ConvertBlock load = convert_block(p->dtype, TL_FLOAT64);
    const ConvertBlock store = convert_block(TL_BOOL, out->dtype);
    const int64_t size = size_of_dtype(p->dtype);
    const int64_t length = it.rank ? it.shape[0] : 1, stride = it.rank ? it.strides[0][0] : 1;
    for_blocks(it.count, [&](int64_t first, int64_t n) {
        uint32_t words[block];
        double chances[block];
        uint8_t values[block];
        make_words(philox, first, n, words);
        Walker walker(it, 1, first / length);
        for (int64_t start = first % length, done = 0; done < n; start = 0, walker.step()) {
            const int64_t run = std::min(n - done, length - start);
            load(static_cast<const char*>(p->data) + (walker.offset[0] + start * stride) * size, stride, chances + done,
                 1, run);
            done += run;
        }
        for (int64_t i = 0; i < n; ++i) values[i] = static_cast<double>(words[i]) * 0x1p-32 < chances[i];
        store(values, 1, element(out, first), 1, n);
    });
}

void tl_dropout(const tl_tensor* key, double p, const tl_tensor* x, const tl_tensor* out, const tl_tensor* mask) {
    TL_FORWARD(out, dropout, (key, p, x, out, mask));
    const tl_philox philox = read_key(*key);
    // Dropped where word < threshold. With p = 1 nothing may be kept, and the scale must not be infinite.
    const double edge = p * 0x1p32;
    const bool all = p >= 1;
    const uint32_t threshold = edge >= 4294967295.0 ? 4294967295u : static_cast<uint32_t>(edge);
    const double scale = all ? 0 : 1 / (1 - p);
    const int32_t compute = x->dtype == TL_FLOAT64 ? TL_FLOAT64 : TL_FLOAT32;
    const bool native = x->dtype == compute && out->dtype == compute;
    const ConvertBlock load = convert_block(x->dtype, compute), store = convert_block(compute, out->dtype);
    for_blocks(element_count(*x), [&](int64_t first, int64_t n) {
        uint32_t words[block];
        alignas(64) char buffer[block * 8];
        if (all)
            std::memset(words, 0, sizeof words);
        else
            make_words(philox, first, n, words);
        const void* source = element(x, first);
        void* target = element(out, first);
        uint8_t* kept = reinterpret_cast<uint8_t*>(element(mask, first));
        if (!native) {
            load(source, 1, buffer, 1, n);
            source = target = buffer;
        }
        if (compute == TL_FLOAT32)
            TL_DISPATCH(drop_f32, words, threshold, static_cast<float>(scale), static_cast<const float*>(source),
                        static_cast<float*>(target), kept, n);
        else
            TL_DISPATCH(drop_f64, words, threshold, scale, static_cast<const double*>(source),
                        static_cast<double*>(target), kept, n);
        if (!native) store(buffer, 1, element(out, first), 1, n);
    });
}

void tl_dropout_backward(double p, const tl_tensor* grad_out, const tl_tensor* mask, const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, dropout_backward, (p, grad_out, mask, grad_x));
    const double scale = p >= 1 ? 0 : 1 / (1 - p);
    const int32_t compute = grad_out->dtype == TL_FLOAT64 ? TL_FLOAT64 : TL_FLOAT32;
    const bool native = grad_out->dtype == compute && grad_x->dtype == compute;
    const ConvertBlock load = convert_block(grad_out->dtype, compute), store = convert_block(compute, grad_x->dtype);
    for_blocks(element_count(*grad_out), [&](int64_t first, int64_t n) {
        alignas(64) char buffer[block * 8];
        const void* source = element(grad_out, first);
        void* target = element(grad_x, first);
        const uint8_t* kept = reinterpret_cast<const uint8_t*>(element(mask, first));
        if (!native) {
            load(source, 1, buffer, 1, n);
            source = target = buffer;
        }
        if (compute == TL_FLOAT32)
            TL_DISPATCH(mask_f32, kept, static_cast<float>(scale), static_cast<const float*>(source),
                        static_cast<float*>(target), n);
        else
            TL_DISPATCH(mask_f64, kept, scale, static_cast<const double*>(source), static_cast<double*>(target), n);
        if (!native) store(buffer, 1, element(grad_x, first), 1, n);
    });
}

void tl_random_permutation(const tl_tensor* key, const tl_tensor* out) {
    TL_FORWARD(out, random_permutation, (key, out));
    const tl_philox philox = read_key(*key);
    const int64_t count = element_count(*out);
    if (count == 0) return;
    // Radix sort of 64-bit keys, 11 bits a pass, least significant first: stable, and linear in the count.
    struct Entry {
        uint64_t key;
        int64_t index;
    };
    const Scratch memory(2 * static_cast<size_t>(count) * sizeof(Entry));
    Entry *from = memory.need<Entry>(), *to = from + count;
    for_blocks(count, [&](int64_t first, int64_t n) {
        uint32_t words[2 * block];
        make_words(philox, first, n, words, 2);
        for (int64_t i = 0; i < n; ++i)
            from[first + i] = {uint64_t(words[2 * i]) << 32 | words[2 * i + 1], first + i};
    });
    for (int shift = 0; shift < 64; shift += 11) {
        int64_t starts[2048] = {};
        for (int64_t i = 0; i < count; ++i) ++starts[from[i].key >> shift & 2047];
        int64_t sum = 0;
        for (int64_t& start : starts) sum += std::exchange(start, sum);
        for (int64_t i = 0; i < count; ++i) to[starts[from[i].key >> shift & 2047]++] = from[i];
        std::swap(from, to);
    }
    int64_t* permutation = static_cast<int64_t*>(out->data);
    for (int64_t i = 0; i < count; ++i) permutation[i] = from[i].index;
}

uint32_t tl_philox_word(tl_philox key, uint64_t index) {
    return tl_philox_4x32(key.seed, key.call, index / 4).word[index % 4];
}
