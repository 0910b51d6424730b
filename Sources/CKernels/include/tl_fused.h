// Several instructions of a recorded graph in one pass over memory: element-wise operations, and row reductions.
//
// A program uses registers, each with a block of elements of the compute dtype float32, float64, int64 or bool.
// Elements of other dtypes are converted when they are read, and results are rounded to their dtype after every
// operation, so that results equal those of the unfused operations bit for bit.
#ifndef TL_FUSED_H
#define TL_FUSED_H
#include "tl_types.h"

enum tl_fused_kind {
    TL_FUSED_UNARY,    // op: tl_unary_op
    TL_FUSED_BINARY,   // op: tl_binary_op
    TL_FUSED_TERNARY,  // op: tl_ternary_op
    TL_FUSED_CONVERT,  // from the dtype `compute` through the dtype `op` to that of the result
    TL_FUSED_CONSTANT, // parameters[0], or `integer` for dtypes that are not floating point
    TL_FUSED_EXPAND,   // one number per row, repeated along the row
    TL_FUSED_REDUCE,   // op: tl_reduce_op, along rows
    TL_FUSED_SOFTMAX,  // along rows; op: whether log-softmax
    TL_FUSED_SOFTMAX_BACKWARD,
};

/// The number of elements of a register per row of a block.
enum tl_fused_extent {
    TL_FUSED_FULL,    // those of the row
    TL_FUSED_COLUMN,  // one
    TL_FUSED_UNIFORM, // the same number for all rows
};

typedef struct {
    int32_t kind;
    int32_t op;
    /// The compute dtype of the operation: that of its operands, except for the condition of `where`.
    int32_t compute;
    int32_t result;
    int32_t operands[3];
    double parameters[2];
    int64_t integer;
} tl_fused_instruction;

typedef struct {
    int32_t dtype;
    int32_t extent;
} tl_fused_register;

/// Compiled code for instructions of a program. `registers` are the addresses of all registers of the program; full
/// ones have rows x width elements.
typedef void (*tl_fused_code)(void* const* registers, int64_t rows, int64_t width);

/// Instructions first ..< last, which contain no row reductions and do not read results of row reductions among them.
typedef struct {
    int32_t first;
    int32_t last;
    /// NULL if the instructions are interpreted.
    tl_fused_code code;
} tl_fused_segment;

typedef struct {
    const tl_fused_instruction* instructions;
    int32_t instruction_count;
    /// In ascending order; the instructions between them are row reductions.
    const tl_fused_segment* segments;
    int32_t segment_count;
    const tl_fused_register* registers;
    int32_t register_count;
    /// The registers of the arrays: those of the outputs, followed by those of the inputs. A register of an output is
    /// written once and not shared.
    const int32_t* array_registers;
    int32_t output_count;
    /// The shape of the elements.
    const int64_t* shape;
    int32_t rank;
    /// The number of trailing dimensions of a row; 0 without reductions.
    int32_t row_rank;
} tl_fused_program;

/// The maximum numbers of instructions, registers and arrays of a program.
enum { TL_FUSED_MOST_INSTRUCTIONS = 256, TL_FUSED_MOST_REGISTERS = 256, TL_FUSED_MOST_ARRAYS = 32 };

/// Runs a program. Full arrays have its shape, with strides of 0 for repeated elements; arrays with one number per row
/// have the dimensions before those of a row; of uniform ones the first element is read. Outputs must not overlap other
/// arrays.
TL_API void tl_fused_run(const tl_fused_program* program, const tl_tensor* const* arrays, int32_t array_count);

/// The call of an element-wise operation in generated code.
typedef struct {
    /// The scalar function without prefix and type; NULL if there is none.
    const char* name;
    /// The number of parameters after the operands.
    int32_t parameter_count;
    /// Whether the result is bool.
    bool to_bool;
    /// If all float32 operands in a block of 256 are below this magnitude, name_small is called; 0 for none.
    double small_limit;
} tl_scalar_function;
TL_API tl_scalar_function tl_scalar_function_of(int32_t kind, int32_t op);

/// The sources of the scalar functions, file by file: the text, and the name by which other files include it. NULL
/// after the last.
TL_API const char* tl_scalar_source(int32_t index, const char** name);

#endif
