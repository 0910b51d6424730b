// Several instructions of a recorded graph in one pass over memory: element-wise operations, and reductions of rows.
//
// A program works on registers, which hold a block of elements each: those of the dtype float32, float64, int64 or bool, in
// which the kernels compute. Elements of other dtypes are converted when they are read, and results are rounded to their
// dtype after every operation, so that a program gives the bits that its operations give one by one.
#ifndef TL_FUSED_H
#define TL_FUSED_H
#include "tl_types.h"

enum tl_fused_kind {
    TL_FUSED_UNARY,    // op: tl_unary_op
    TL_FUSED_BINARY,   // op: tl_binary_op
    TL_FUSED_TERNARY,  // op: tl_ternary_op
    TL_FUSED_CONVERT,  // from the dtype `compute` through the dtype `op` to that of the result
    TL_FUSED_CONSTANT, // parameters[0], or `integer` where the dtype is no floating-point one
    TL_FUSED_EXPAND,   // one number for each row, repeated along the row
    TL_FUSED_REDUCE,   // op: tl_reduce_op, along rows
    TL_FUSED_SOFTMAX,  // along rows; op: whether of the logarithm
    TL_FUSED_SOFTMAX_BACKWARD,
};

/// How many elements a register has for each row of a block.
enum tl_fused_extent {
    TL_FUSED_FULL,    // those of the row
    TL_FUSED_COLUMN,  // one
    TL_FUSED_UNIFORM, // the same number everywhere
};

typedef struct {
    int32_t kind;
    int32_t op;
    /// The dtype in which the operation computes; that of its operands, but for the condition of a choice.
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

/// Compiled code for instructions of a program. `registers` are the addresses of all registers of the program, whose full
/// ones have rows x width elements.
typedef void (*tl_fused_code)(void* const* registers, int64_t rows, int64_t width);

/// Instructions first ..< last, which neither reduce rows nor read what others of them reduced.
typedef struct {
    int32_t first;
    int32_t last;
    /// NULL where the instructions are interpreted.
    tl_fused_code code;
} tl_fused_segment;

typedef struct {
    const tl_fused_instruction* instructions;
    int32_t instruction_count;
    /// In rising order; instructions between them reduce rows.
    const tl_fused_segment* segments;
    int32_t segment_count;
    const tl_fused_register* registers;
    int32_t register_count;
    /// The registers of the arrays: those of the outputs, then those of the inputs. A register of an output is written once and
    /// holds nothing else.
    const int32_t* array_registers;
    int32_t output_count;
    /// The shape of the elements.
    const int64_t* shape;
    int32_t rank;
    /// How many of the last dimensions are a row; 0 where nothing is reduced.
    int32_t row_rank;
} tl_fused_program;

/// The most instructions, registers and arrays of a program.
enum { TL_FUSED_MOST_INSTRUCTIONS = 256, TL_FUSED_MOST_REGISTERS = 256, TL_FUSED_MOST_ARRAYS = 32 };

/// Runs a program. Full arrays have its shape, with strides of 0 where they repeat; arrays with one number for each row have
/// the dimensions before those of a row; of others the first element is read. Outputs overlap nothing.
TL_API void tl_fused_run(const tl_fused_program* program, const tl_tensor* const* arrays, int32_t array_count);

/// How generated code calls an element-wise operation.
typedef struct {
    /// The scalar function without prefix and type; NULL where there is none.
    const char* name;
    /// How many numbers it takes besides its operands.
    int32_t parameter_count;
    /// Whether the result is a truth value.
    bool to_bool;
    /// Below this magnitude of a float32 operand, and of those in the same block of 256, the form name_small is taken; 0 for none.
    double small_limit;
} tl_scalar_function;
TL_API tl_scalar_function tl_scalar_function_of(int32_t kind, int32_t op);

/// The sources of the scalar functions, file by file: the text, and the name by which others include it. NULL after the last.
TL_API const char* tl_scalar_source(int32_t index, const char** name);

#endif
