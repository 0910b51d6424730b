// All scalar functions; the kernels and the code generators include this file.
#ifndef TL_SCALAR_H
#define TL_SCALAR_H
#include "Scalar/Dialect.h"
#include "Scalar/Integer.h"
#include "Scalar/Exponential.h"
#include "Scalar/Logarithm.h"
#include "Scalar/Neighbours.h"
#include "Scalar/Special.h"
#include "Scalar/Trigonometric.h"
#include "Scalar/Airy.h"
#include "Scalar/Bessel.h"
#include "Scalar/Gamma.h"
#include "Scalar/Normal.h"
#include "Scalar/Orthogonal.h"

#define TL_REAL float
#define TL_NAME(name) tl_##name##_f32
#include "Scalar/Arithmetic.inc"
#include "Scalar/Activations.inc"
#undef TL_REAL
#undef TL_NAME

#define TL_REAL double
#define TL_NAME(name) tl_##name##_f64
#include "Scalar/Arithmetic.inc"
#include "Scalar/Activations.inc"
#undef TL_REAL
#undef TL_NAME

#endif
