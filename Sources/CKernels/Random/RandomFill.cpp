#include "Random/Blocks.h"
#include "Support/Forward.h"
#include <cmath>

#define TL_KERNEL_BODY "Random/RandomFill.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

/// The largest value of a floating-point dtype that is below `high`.
static double largest_below(double high, int32_t dtype) {
    if (dtype == TL_FLOAT64) return std::nextafter(high, -INFINITY);
    float rounded = static_cast<float>(high);
    if (dtype == TL_FLOAT32) return rounded < high ? rounded : std::nextafter(rounded, -INFINITY);
    // Half types: decreases the bits until the rounded value is below.
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
    // As many bits as the precision of the dtype below 1, so that no result is rounded to the upper bound.
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
        StridedIterator iterator(it, 1, first / length);
        for (int64_t start = first % length, done = 0; done < n; start = 0, iterator.step()) {
            const int64_t run = std::min(n - done, length - start);
            load(static_cast<const char*>(p->data) + (iterator.offset[0] + start * stride) * size, stride, chances + done,
                 1, run);
            done += run;
        }
        for (int64_t i = 0; i < n; ++i) values[i] = static_cast<double>(words[i]) * 0x1p-32 < chances[i];
        store(values, 1, element(out, first), 1, n);
    });
}
