// The kernels of a device. A kernel checks the device of its operands and, if that is not the CPU, calls the function
// of the same name in the table of the device.
#ifndef TL_KERNEL_TABLE_H
#define TL_KERNEL_TABLE_H
#include "tl_contract.h"
#include "tl_create.h"
#include "tl_elementwise.h"
#include "tl_fourier.h"
#include "tl_fused.h"
#include "tl_index.h"
#include "tl_linalg.h"
#include "tl_normalize.h"
#include "tl_optim.h"
#include "tl_random.h"
#include "tl_reduce.h"
#include "tl_sequence.h"
#include "tl_view.h"
#include "tl_vision.h"

/// X(name) for every function tl_<name> that is forwarded. A new kernel is declared in the header of its family, begins
/// with TL_FORWARD (Support/Forward.h) and is added here.
#define TL_EACH_KERNEL(X)                                                                                              \
    /* tl_contract.h */                                                                                                \
    X(matmul) X(linear) X(quantized_linear) X(conv_forward) X(conv_backward_data) X(conv_backward_weights)                                 \
    X(max_pool) X(max_pool_backward) X(avg_pool) X(avg_pool_backward)                                                  \
    X(adaptive_max_pool) X(adaptive_avg_pool) X(adaptive_avg_pool_backward)                                            \
    /* tl_create.h */                                                                                                  \
    X(fill) X(fill_complex) X(arange) X(linspace) X(logspace)                                                          \
    /* tl_elementwise.h */                                                                                             \
    X(unary) X(binary) X(ternary) X(copy)                                                                              \
    /* tl_fourier.h */                                                                                                 \
    X(fft_complex) X(fft_from_real) X(fft_to_real)                                                                     \
    /* tl_fused.h */                                                                                                   \
    X(fused_run)                                                                                                       \
    /* tl_index.h */                                                                                                   \
    X(check_indices) X(index_select) X(index_add) X(gather) X(scatter) X(index_get) X(index_put)                       \
    X(count_nonzero) X(nonzero) X(masked_select) X(masked_scatter)                                                     \
    X(sort) X(topk) X(search_sorted) X(row_order)                                                                      \
    /* tl_linalg.h */                                                                                                  \
    X(linalg_lu) X(linalg_permutation) X(linalg_det) X(linalg_inverse) X(linalg_solve) X(linalg_solve_triangular)      \
    X(linalg_cholesky) X(linalg_qr) X(linalg_reflectors) X(linalg_svd) X(linalg_eigh) X(linalg_eig) X(linalg_ldl)     \
    X(linalg_ldl_solve) X(linalg_first_failure)                                                                        \
    /* tl_normalize.h */                                                                                               \
    X(softmax) X(softmax_backward) X(cross_entropy) X(cross_entropy_backward)                                          \
    X(layer_norm) X(layer_norm_backward)                                                                               \
    X(batch_norm_statistics) X(batch_norm_evaluation) X(batch_norm_apply) X(batch_norm_backward)                       \
    /* tl_optim.h */                                                                                                   \
    X(optim_sgd) X(optim_adam) X(optim_nadam) X(optim_radam) X(optim_adamax) X(optim_adagrad) X(optim_adadelta)        \
    X(optim_rmsprop) X(optim_rprop) X(optim_asgd)                                                                      \
    X(optim_joint_norm) X(optim_scale_gradients) X(optim_clamp_gradients)                                            \
    /* tl_random.h */                                                                                                  \
    X(random_uniform) X(random_normal) X(random_integers) X(random_bernoulli) X(random_permutation)                    \
    X(random_variates) X(log_gamma_derivative) X(dropout) X(dropout_backward)                                          \
    /* tl_reduce.h */                                                                                                  \
    X(reduce) X(argreduce) X(variance) X(scan) X(linear_scan)                                                          \
    X(pair_distance) X(pair_distance_backward) X(condensed_distance) X(condensed_distance_backward)                    \
    /* tl_sequence.h */                                                                                                \
    X(recurrence) X(recurrence_backward) X(attention) X(attention_backward) X(ctc) X(ctc_backward)                     \
    /* tl_view.h */                                                                                                    \
    X(triangle)                                                                                                        \
    /* tl_vision.h */                                                                                                  \
    X(resample) X(resample_backward) X(grid_sample) X(grid_sample_backward) X(fold)

/// One function per kernel, with the type of the public one; NULL if the device does not have it.
struct tl_kernel_table {
#define TL_ENTRY(name) __typeof__(&tl_##name) name;
    TL_EACH_KERNEL(TL_ENTRY)
#undef TL_ENTRY
};

#endif
