// The C interface of the kernels for Swift, without state other than devices, threads and memory.
#ifndef TORCHLIGHT_KERNELS_H
#define TORCHLIGHT_KERNELS_H
#include "tl_contract.h"
#include "tl_create.h"
#include "tl_device.h"
#include "tl_elementwise.h"
#include "tl_fourier.h"
#include "tl_fused.h"
#include "tl_index.h"
#include "tl_kernel_table.h"
#include "tl_linalg.h"
#include "tl_normalize.h"
#include "tl_optim.h"
#include "tl_random.h"
#include "tl_reduce.h"
#include "tl_sequence.h"
#include "tl_denormals.h"
#include "tl_support.h"
#include "tl_types.h"
#include "tl_view.h"
#include "tl_vision.h"
#endif
