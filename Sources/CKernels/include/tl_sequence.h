// Sequences: recurrent layers, attention, and connectionist temporal classification.
#ifndef TL_SEQUENCE_H
#define TL_SEQUENCE_H
#include "tl_types.h"

/// One direction of one recurrent layer over all steps. The rows of all sequences are ordered by step: row r of step t
/// is row starts[t] + r * row_step of the arrays, for r < sizes[t] <= batch. Sizes do not increase. All arrays are
/// contiguous.
///
/// H = hidden, P = projected if that is not 0, otherwise H; G = gates of the cell (1, 1, 4, 3).
enum { TL_CELL_TANH, TL_CELL_RELU, TL_CELL_LSTM, TL_CELL_GRU };
typedef struct {
    int32_t cell, dtype;  // float32 or float64
    int64_t hidden, projected, steps, batch, row_step;
    const int64_t *starts, *sizes;  // host memory, on every device
    bool reverse;  // from the last step to the first
    int32_t device;  // of all arrays of the call
} tl_recurrence_params;

typedef struct {
    const void* inputs;   // [rows, G H]: the products of inputs and weights, including biases
    const void* weight;   // [G H, P]
    const void* bias;     // [G H], GRU only
    const void* project;  // [P, H] or NULL
    const void *h0, *c0;  // [batch, P], [batch, H]; c0 for LSTM only
    void *y, *hn, *cn;    // [rows, P], [batch, P], [batch, H]
    void* gates;          // [rows, 4 H] for LSTM (i, f, g, o) and GRU (r, z, n, W_n h + b_n); may be NULL
    void* cells;          // [rows, H] for LSTM; may be NULL
} tl_recurrence_arrays;
/// Returns 0, or 1 if an allocation failed.
TL_API int32_t tl_recurrence(const tl_recurrence_params* p, const tl_recurrence_arrays* a);

typedef struct {
    const void *grad_y, *grad_hn, *grad_cn;  // any may be NULL
    void* inputs;    // [rows, G H]: gradient of `inputs` above
    void* hidden;    // [rows, G H]: that of the products of the hidden state, GRU only
    void* previous;  // [rows, P]: the hidden state before each row
    void *h0, *c0;   // gradients of the initial states
    void *full, *projected;  // [rows, H] hidden state before the projection, [rows, P] gradient after it
} tl_recurrence_gradients;
/// The gradients that are not products of whole sequences; the others are grad weight = hidden^T previous and so on.
TL_API int32_t tl_recurrence_backward(const tl_recurrence_params* p, const tl_recurrence_arrays* a,
                                      const tl_recurrence_gradients* g);

/// softmax(q k^T * scale + mask) v without storing the matrix of scores. q [B, Hq, L, D], k [B, Hk, S, D], v [B, Hk, S,
/// E], Hq a multiple of Hk; innermost strides 1 for all three. mask: NULL, or [B, Hq, L, S] of bool (false is masked)
/// or of the dtype (added), any strides. out [B, Hq, L, E], innermost stride 1; lse [B, Hq, L], contiguous: the
/// log-sum-exp of each row. A row without unmasked keys is 0. float32 or float64. Returns 0, or 1 if an allocation
/// failed.
typedef struct {
    double scale;
    bool causal;  // row i attends to keys 0 ... i
} tl_attention_params;
TL_API int32_t tl_attention(const tl_attention_params* p, const tl_tensor* q, const tl_tensor* k, const tl_tensor* v,
                            const tl_tensor* mask, const tl_tensor* out, const tl_tensor* lse);
/// Gradients, contiguous, in the shapes of their operands.
TL_API int32_t tl_attention_backward(const tl_attention_params* p, const tl_tensor* grad_out, const tl_tensor* q,
                                     const tl_tensor* k, const tl_tensor* v, const tl_tensor* mask,
                                     const tl_tensor* out, const tl_tensor* lse, const tl_tensor* grad_q,
                                     const tl_tensor* grad_k, const tl_tensor* grad_v);

/// Connectionist temporal classification: losses [N] of log probabilities [T, N, C] (any strides) and targets [N, S],
/// with the first target_lengths[n] labels and the first input_lengths[n] steps used. Targets and lengths: int64,
/// contiguous. alpha [N, T, 2 S + 1] is saved for the backward pass; steps and states beyond the lengths are not
/// written. float32 or float64.
TL_API void tl_ctc(int64_t blank, const tl_tensor* log_probs, const tl_tensor* targets, const tl_tensor* input_lengths,
                   const tl_tensor* target_lengths, const tl_tensor* losses, const tl_tensor* alpha);
/// grad [T, N, C] = scale[n] * (exp(log_probs) - the posterior probability of each class), 0 beyond the input length.
/// Infinite losses give 0 with `zero_infinity`, otherwise NaN.
TL_API void tl_ctc_backward(int64_t blank, bool zero_infinity, const tl_tensor* scale, const tl_tensor* log_probs,
                            const tl_tensor* targets, const tl_tensor* input_lengths, const tl_tensor* target_lengths,
                            const tl_tensor* losses, const tl_tensor* alpha, const tl_tensor* grad);

#endif
