#include "Support/Sums.kernels.h"
#include "Sequence/Panels.kernels.h"

// Attention in blocks of queries and keys, after Dao et al., "FlashAttention" (2022): the softmax of a row is combined
// from blocks by its running maximum and sum, so that no row of scores is stored completely.
//
// The bound is the arithmetic of the products, two vector FMAs per cycle. Measured on two cores of Zen 3 with heads of
// 256 queries and 64 features: 0.67 (forward) and 0.73 (backward) of their 225 GFLOP/s; causal, counting only unmasked
// keys, 0.55 and 0.58.
namespace tl::TL_ISA {

// With few queries per block, few masked scores of a causal block are computed; the backward pass, whose sums are over
// the queries of a block, uses more.
constexpr int64_t forward_queries = 24, backward_queries = 48, attention_keys = 64;

template <class T>
static int64_t attention_panel_width() { return Panel<T>::width; }

static inline __attribute__((always_inline)) float falling_exponential(float x) { return tl_falling_exp_f32(x); }
static inline __attribute__((always_inline)) double falling_exponential(double x) { return tl_falling_exp_f64(x); }

/// Computes the scores of row i with the keys from k0: scaled, and masked.
template <class T>
static inline void mask_row(const Attention<T>& a, int64_t b, int64_t h, int64_t i, int64_t k0, int64_t n,
                            T* __restrict row) {
    const T lowest = -T(__builtin_huge_val());
    const T scale = a.scale;
    for (int64_t j = 0; j < n; j++) row[j] *= scale;
    if (a.mask_bits) {
        const auto* m = a.mask_bits + b * a.mask[0] + h * a.mask[1] + i * a.mask[2] + k0 * a.mask[3];
        if (a.mask[3] == 1)
            for (int64_t j = 0; j < n; j++) row[j] = m[j] ? row[j] : lowest;
        else
            for (int64_t j = 0; j < n; j++) row[j] = m[j * a.mask[3]] ? row[j] : lowest;
    } else if (a.mask_terms) {
        const T* m = a.mask_terms + b * a.mask[0] + h * a.mask[1] + i * a.mask[2] + k0 * a.mask[3];
        if (a.mask[3] == 1)
            for (int64_t j = 0; j < n; j++) row[j] += m[j];
        else
            for (int64_t j = 0; j < n; j++) row[j] += m[j * a.mask[3]];
    }
}

/// The number of unmasked keys of row i among the n keys from k0.
template <class T>
static inline int64_t visible_keys(const Attention<T>& a, int64_t i, int64_t k0, int64_t n) {
    const int64_t seen = i + 1 > k0 ? i + 1 - k0 : 0;
    return a.causal && seen < n ? seen : n;
}

/// Computes the blocks of queries [begin, end), counted over all heads of all examples.
template <class T>
static void attention_forward(const Attention<T>& a, int64_t begin, int64_t end, T* work) {
    constexpr int64_t BQ = forward_queries, BK = attention_keys;
    constexpr int width = Panel<T>::width;
    const T lowest = -T(__builtin_huge_val());
    const int64_t D = a.features, E = a.values, S = a.keys, L = a.queries, blocks = (L + BQ - 1) / BQ;
    T* packed_keys = work;
    T* packed_values = packed_keys + Panel<T>::count(S) * width * D;
    T* scores = packed_values + Panel<T>::count(E) * width * S;
    T* sums = scores + BQ * BK;  // [BQ, E]
    int64_t packed = -1;
    for (int64_t item = begin; item < end; item++) {
        const int64_t head = item / blocks, b = head / a.heads, h = head % a.heads, hk = h / a.group;
        if (packed != b * a.key_heads + hk) {
            packed = b * a.key_heads + hk;
            pack_panels(a.k.at(b, hk, 0), 1, a.k.row, D, S, 0, Panel<T>::count(S), packed_keys);
            pack_panels(a.v.at(b, hk, 0), a.v.row, 1, S, E, 0, Panel<T>::count(E), packed_values);
        }
        const int64_t q0 = item % blocks * BQ, m = L - q0 < BQ ? L - q0 : BQ;
        // For each row so far: the largest score, the number subtracted from the scores, and the sum of exponentials.
        T top[BQ], shift[BQ], shrink[BQ], total[BQ], part[BQ];
        for (int64_t i = 0; i < BQ; i++) top[i] = lowest, shift[i] = total[i] = part[i] = 0;
        const int64_t limit = a.causal && q0 + m < S ? q0 + m : S;
        for (int64_t k0 = 0; k0 < limit; k0 += BK) {
            const int64_t n = limit - k0 < BK ? limit - k0 : BK;
            panels_product(m, n, D, a.q.at(b, h, q0), a.q.row, 1, packed_keys + k0 * D, D * width, scores, BK, false);
            for (int64_t i = 0; i < m; i++) {
                T* row = scores + i * BK;
                mask_row(a, b, h, q0 + i, k0, n, row);
                for (int64_t j = visible_keys(a, q0 + i, k0, n); j < n; j++) row[j] = lowest;
                part[i] = largest(row, n);
            }
            for (int64_t i = 0; i < BQ; i++) {
                const T now = part[i] > top[i] ? part[i] : top[i];
                // For a row without unmasked keys so far, nothing is subtracted, so that its scores stay minus
                // infinity.
                shift[i] = now == lowest ? T(0) : now;
                shrink[i] = falling_exponential(top[i] - shift[i]);
                top[i] = now;
            }
            for (int64_t i = 0; i < m; i++) {
                T* row = scores + i * BK;
                const T take = shift[i];
                for (int64_t j = 0; j < n; j++) row[j] = falling_exponential(row[j] - take);
                part[i] = sum(row, n);
                if (k0 > 0 && shrink[i] != 1)
                    for (int64_t e = 0; e < E; e++) sums[i * E + e] *= shrink[i];
            }
            for (int64_t i = 0; i < BQ; i++) total[i] = total[i] * shrink[i] + part[i];
            panels_product(m, E, n, scores, BK, 1, packed_values + k0 * width, S * width, sums, E, k0 > 0);
        }
        // Without unmasked keys: 0, and minus infinity. NaN is kept.
        for (int64_t i = 0; i < BQ; i++)
            part[i] = total[i] > 0 ? shift[i] + logarithm(total[i]) : total[i] == 0 ? lowest : total[i];
        for (int64_t i = 0; i < m; i++) {
            const T factor = total[i] == 0 ? T(0) : 1 / total[i];
            T* out = a.out.at(b, h, q0 + i);
            for (int64_t e = 0; e < E; e++) out[e] = sums[i * E + e] * factor;
            a.lse[(b * a.heads + h) * L + q0 + i] = part[i];
        }
    }
}

/// Computes the heads of keys [begin, end), counted over all examples, with their heads of queries.
template <class T>
static void attention_backward(const Attention<T>& a, int64_t begin, int64_t end, T* work) {
    constexpr int64_t BQ = backward_queries, BK = attention_keys;
    constexpr int width = Panel<T>::width;
    const T lowest = -T(__builtin_huge_val());
    const int64_t D = a.features, E = a.values, S = a.keys, L = a.queries;
    const int64_t key_panels = Panel<T>::count(S), feature_panels = Panel<T>::count(D);
    const int64_t value_panels = Panel<T>::count(E);
    T* keys_across = work;                                             // depth D
    T* values_across = keys_across + key_panels * width * D;           // depth E
    T* keys_down = values_across + key_panels * width * E;             // depth S
    T* queries_down = keys_down + feature_panels * width * S;          // depth L
    T* gradients_down = queries_down + feature_panels * width * L;     // depth L
    T* share = gradients_down + value_panels * width * L;              // [BQ, BK]
    T* change = share + BQ * BK;                                       // [BQ, BK]
    T* delta = change + BQ * BK;                                       // [L]
    for (int64_t item = begin; item < end; item++) {
        const int64_t b = item / a.key_heads, hk = item % a.key_heads;
        pack_panels(a.k.at(b, hk, 0), 1, a.k.row, D, S, 0, key_panels, keys_across);
        pack_panels(a.v.at(b, hk, 0), 1, a.v.row, E, S, 0, key_panels, values_across);
        pack_panels(a.k.at(b, hk, 0), a.k.row, 1, S, D, 0, feature_panels, keys_down);
        for (int64_t j = 0; j < S; j++) {
            T *dk = a.dk.at(b, hk, j), *dv = a.dv.at(b, hk, j);
            for (int64_t d = 0; d < D; d++) dk[d] = 0;
            for (int64_t e = 0; e < E; e++) dv[e] = 0;
        }
        for (int64_t h = hk * a.group; h < (hk + 1) * a.group; h++) {
            pack_panels(a.q.at(b, h, 0), a.q.row, 1, L, D, 0, feature_panels, queries_down);
            pack_panels(a.dout.at(b, h, 0), a.dout.row, 1, L, E, 0, value_panels, gradients_down);
            for (int64_t i = 0; i < L; i++) {
                delta[i] = dot(a.dout.at(b, h, i), a.out.at(b, h, i), E);
                T* dq = a.dq.at(b, h, i);
                for (int64_t d = 0; d < D; d++) dq[d] = 0;
            }
            const T* lse = a.lse + (b * a.heads + h) * L;
            for (int64_t k0 = 0; k0 < S; k0 += BK)
                // Queries before the first key of the block are masked completely.
                for (int64_t q0 = a.causal ? k0 : 0; q0 < L; q0 += BQ) {
                    const int64_t m = L - q0 < BQ ? L - q0 : BQ;
                    const int64_t n = visible_keys(a, q0 + m - 1, k0, S - k0 < BK ? S - k0 : BK);
                    panels_product(m, n, D, a.q.at(b, h, q0), a.q.row, 1, keys_across + k0 * D, D * width, share, BK,
                                   false);
                    panels_product(m, n, E, a.dout.at(b, h, q0), a.dout.row, 1, values_across + k0 * E, E * width,
                                   change, BK, false);
                    for (int64_t i = 0; i < m; i++) {
                        T* __restrict p = share + i * BK;
                        T* __restrict d = change + i * BK;
                        mask_row(a, b, h, q0 + i, k0, n, p);
                        const T log_sum = lse[q0 + i] == lowest ? T(0) : lse[q0 + i], mean = delta[q0 + i];
                        const T scale = a.scale;
                        for (int64_t j = 0; j < n; j++) {
                            p[j] = falling_exponential(p[j] - log_sum);
                            d[j] = p[j] * (d[j] - mean) * scale;
                        }
                        for (int64_t j = visible_keys(a, q0 + i, k0, n); j < n; j++) p[j] = d[j] = 0;
                    }
                    panels_product(n, E, m, share, 1, BK, gradients_down + q0 * width, L * width, a.dv.at(b, hk, k0),
                                   a.dv.row, true);
                    panels_product(n, D, m, change, 1, BK, queries_down + q0 * width, L * width, a.dk.at(b, hk, k0),
                                   a.dk.row, true);
                    panels_product(m, D, n, change, BK, 1, keys_down + k0 * width, S * width, a.dq.at(b, h, q0),
                                   a.dq.row, true);
                }
        }
    }
}

} // namespace tl::TL_ISA
