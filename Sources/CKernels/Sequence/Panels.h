// The shapes of panels by instruction set, for kernels that include Panels.kernels.h. Must be included before it.
#ifndef TL_PANELS_H
#define TL_PANELS_H
#include "Scalar/Scalar.h"
#include "Support/InstructionSets.h"
#include <cstdint>

// The rows of a register tile: its sums, two vectors of the panel and a factor must fit in the registers.
#define TL_PANEL_ROWS_baseline 6
#define TL_PANEL_ROWS_avx2 6
#define TL_PANEL_ROWS_avx512 8
#define TL_PANEL_PASTE(prefix, name) prefix##name
#define TL_PANEL_EXPAND(prefix, name) TL_PANEL_PASTE(prefix, name)
#define TL_PANEL_OF(prefix) TL_PANEL_EXPAND(prefix, TL_ISA)

#endif
