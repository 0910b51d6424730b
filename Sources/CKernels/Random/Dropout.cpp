#include "Random/Blocks.h"
#include "Support/Forward.h"
#include <cstring>

#define TL_KERNEL_BODY "Random/Dropout.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_dropout(const tl_tensor* key, double p, const tl_tensor* x, const tl_tensor* out, const tl_tensor* mask) {
    TL_FORWARD(out, dropout, (key, p, x, out, mask));
    const tl_philox philox = read_key(*key);
    // Elements with word < threshold are dropped. For p = 1 all must be dropped, and the scale must be finite.
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
