// Programs of several instructions over blocks that fit in the cache; see tl_fused.h.
//
// Elements are processed in the memory order of the first output, in blocks; blocks of programs with row reductions are
// whole rows. The instructions run one after the other on a block, by the loops and kernels of unfused operations or by
// compiled code. Results do not depend on the division into blocks, because blocks begin at multiples of 256 elements,
// as the work of loops over several elements does.
#include "Support/Convert.h"
#include "Support/ElementLoop.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "Support/ShortLines.h"
#include "include/tl_fused.h"
#include "include/tl_normalize.h"
#include "include/tl_reduce.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>

namespace tl {
namespace {

/// The number of elements that loops process together, and the size in bytes of all registers that fit in the cache
/// together.
constexpr int64_t unit = 256, cache_bytes = 32768, longest_block = 4096;
/// A small last block of up to this number of rows would be reduced by another driver, so that blocks have at least as
/// many rows.
constexpr int64_t fewest_rows = 16;
constexpr int64_t grain_of_traffic = 32768, grain_of_arithmetic = 4096;

/// The strides of several arrays with a common iteration order. Dimension 0 is the innermost; dimensions of size 1 are
/// removed.
struct Space {
    int rank = 0;
    int64_t count = 1;
    int64_t shape[TL_MAX_RANK];
    int64_t strides[TL_FUSED_MOST_ARRAYS][TL_MAX_RANK];

    void swap(int i, int j, int arrays) {
        std::swap(shape[i], shape[j]);
        for (int k = 0; k < arrays; ++k) std::swap(strides[k][i], strides[k][j]);
    }

    /// Sorts the dimensions by their order in the memory of an array without repeated elements.
    void sort(int by, int arrays) {
        for (int i = 1; i < rank; ++i)
            for (int j = i; j > 0 && std::llabs(strides[by][j]) < std::llabs(strides[by][j - 1]); --j)
                swap(j, j - 1, arrays);
    }

    /// Merges neighbouring dimensions that are contiguous for every array of the space.
    void merge(const bool* takes_part, int arrays) {
        int kept = 0;
        for (int d = 1; d < rank; ++d) {
            bool joins = true;
            for (int k = 0; k < arrays; ++k)
                joins &= !takes_part[k] || strides[k][d] == strides[k][kept] * shape[kept];
            if (joins) {
                shape[kept] *= shape[d];
                continue;
            }
            shape[++kept] = shape[d];
            for (int k = 0; k < arrays; ++k) strides[k][kept] = strides[k][d];
        }
        if (rank > 1) rank = kept + 1;
    }
};

struct Array {
    char* data;
    int64_t size, native_size;
    ConvertBlock load, store; // between the elements and a register
    bool native, dense;       // contiguous in the order of the space
    int32_t extent, reg;
    int64_t period;           // of a contiguous part that repeats; 0 for others
    bool preloaded;           // all blocks read the same elements
};

struct Step {
    Loop loop;
    ConvertBlock convert, back;
};

struct Run {
    const tl_fused_program& program;
    int count, outputs;
    Space full, column; // of all elements, and of the dimensions before those of a row
    int64_t width = 1;
    Array arrays[TL_FUSED_MOST_ARRAYS];
    Step steps[TL_FUSED_MOST_INSTRUCTIONS]; // not initialised: the time would be noticeable for few elements
    int64_t offsets[TL_FUSED_MOST_REGISTERS]; // of the registers in the memory of a thread
    int64_t temporary = 0, bytes = 0;
    int64_t rows = 0; // per block

    explicit Run(const tl_fused_program& p, int array_count)
        : program(p), count(array_count), outputs(p.output_count) {}

    const tl_fused_register& of(int32_t reg) const { return program.registers[reg]; }
    int64_t size_of(int32_t reg) const { return size_of_dtype(of(reg).dtype); }
    bool has_rows() const { return program.row_rank > 0; }

    void prepare_arrays(const tl_tensor* const* tensors) {
        const int lead = program.rank - program.row_rank;
        for (int d = program.rank - 1; d >= lead; --d) width *= has_rows() ? program.shape[d] : 1;
        bool is_full[TL_FUSED_MOST_ARRAYS], is_column[TL_FUSED_MOST_ARRAYS];
        for (int k = 0; k < count; ++k) {
            const tl_tensor& x = *tensors[k];
            const int32_t reg = program.array_registers[k], dtype = of(reg).dtype;
            arrays[k] = {static_cast<char*>(x.data), size_of_dtype(x.dtype), size_of_dtype(dtype),
                         convert_block(x.dtype, dtype), convert_block(dtype, x.dtype),
                         x.dtype == dtype, true, of(reg).extent, reg, 0, false};
            is_full[k] = of(reg).extent == TL_FUSED_FULL;
            is_column[k] = of(reg).extent == TL_FUSED_COLUMN;
        }
        fill(full, tensors, is_full, 0, program.rank);
        fill(column, tensors, is_column, 0, lead);
        if (!has_rows() && outputs > 0) full.sort(0, count);
        full.merge(is_full, count);
        column.merge(is_column, count);
        for (int k = 0; k < count; ++k) {
            if (!is_full[k] && !is_column[k]) continue;
            const Space& space = is_full[k] ? full : column;
            int64_t expected = 1;
            for (int d = 0; d < space.rank; expected *= space.shape[d++])
                arrays[k].dense &= space.strides[k][d] == expected;
            if (is_full[k] && k >= outputs && !arrays[k].dense) arrays[k].period = period(k);
        }
    }

    /// The number of elements of the repeated part of an array, if it is contiguous and nothing else is read; otherwise
    /// 0.
    int64_t period(int k) const {
        int64_t expected = 1;
        int d = 0;
        while (d < full.rank && full.strides[k][d] == expected) expected *= full.shape[d++];
        if (d == 0) return 0;
        for (; d < full.rank; ++d)
            if (full.strides[k][d] != 0) return 0;
        return expected;
    }

    void fill(Space& space, const tl_tensor* const* tensors, const bool* takes_part, int first, int last) {
        for (int d = last - 1; d >= first; --d) {
            const int64_t size = program.shape[d];
            space.count *= size;
            if (size == 1) continue;
            space.shape[space.rank] = size;
            for (int k = 0; k < count; ++k) space.strides[k][space.rank] = takes_part[k] ? tensors[k]->strides[d] : 0;
            ++space.rank;
        }
    }

    /// Looks up the loops. Returns whether an instruction is expensive enough for an early second thread.
    bool prepare_steps(bool& looks_around) {
        bool expensive = false;
        for (int i = 0; i < program.instruction_count; ++i) {
            const tl_fused_instruction& instruction = program.instructions[i];
            const int32_t dtype = of(instruction.result).dtype;
            Step& step = steps[i] = {nullptr, nullptr, nullptr};
            const Kernel* kernel = nullptr;
            switch (instruction.kind) {
            case TL_FUSED_UNARY: kernel = &unary_kernel(instruction.op, instruction.compute); break;
            case TL_FUSED_BINARY: kernel = &binary_kernel(instruction.op, instruction.compute); break;
            case TL_FUSED_TERNARY: kernel = &ternary_kernel(instruction.op, instruction.compute); break;
            case TL_FUSED_CONVERT:
                step.convert = convert_block(instruction.compute, instruction.op);
                if (instruction.op != dtype) step.back = convert_block(instruction.op, dtype);
                break;
            case TL_FUSED_EXPAND: step.convert = convert_block(dtype, dtype); break;
            case TL_FUSED_CONSTANT:
                step.convert = convert_block(dtype == TL_FLOAT32 || dtype == TL_FLOAT64 ? int32_t(TL_FLOAT64) : int32_t(TL_INT64), dtype);
                break;
            default: break;
            }
            if (kernel) {
                if (!kernel->loop) __builtin_trap();
                step.loop = kernel->loop;
                expensive |= kernel->expensive;
            }
            looks_around |= instruction.kind == TL_FUSED_UNARY && instruction.compute == TL_FLOAT32 &&
                            tl_scalar_function_of(TL_FUSED_UNARY, instruction.op).small_limit > 0;
        }
        return expensive;
    }

    /// Computes the number of rows per block, or of elements if there are no rows, and the register offsets.
    void prepare_blocks(bool looks_around) {
        bool compiled = program.segment_count == 1 && program.segments[0].code && !has_rows();
        bool is_array[TL_FUSED_MOST_REGISTERS] = {}, is_direct[TL_FUSED_MOST_REGISTERS] = {};
        for (int k = 0; k < count; ++k) {
            is_array[arrays[k].reg] = true;
            is_direct[arrays[k].reg] = arrays[k].native && arrays[k].dense && arrays[k].extent != TL_FUSED_UNIFORM;
        }
        // Registers without memory: compiled code has none, or the array itself is read.
        const auto is_absent = [&](int32_t r) { return is_direct[r] || (compiled && !is_array[r]); };
        int64_t each = 0;
        for (int32_t r = 0; r < program.register_count; ++r)
            if (of(r).extent == TL_FUSED_FULL && !is_absent(r)) each += size_of(r);
        const int64_t all = has_rows() ? column.count : full.count;
        int64_t elements = each ? cache_bytes / each : longest_block;
        elements = std::clamp<int64_t>(elements / unit * unit, unit, longest_block);
        if (!has_rows()) {
            rows = std::min(elements, all);
        } else {
            rows = std::max<int64_t>(elements / std::max<int64_t>(width, 1), 1);
            if (rows < fewest_rows && width <= 2 * fewest_rows) rows = fewest_rows;
            if (looks_around) {
                const int64_t step = unit / std::gcd(unit, width);
                rows = (rows + step - 1) / step * step;
            }
            rows = std::min(rows, all);
        }
        align_to_periods(all, std::max<int64_t>(each, 1) * width, looks_around);
        for (int32_t r = 0; r < program.register_count; ++r) {
            offsets[r] = bytes;
            if (is_absent(r) && of(r).extent != TL_FUSED_UNIFORM) continue;
            bytes += (length_of(r, max_rows()) * size_of(r) + 63) / 64 * 64;
        }
        temporary = bytes;
        bytes += (max_rows() * width * 8 + 63) / 64 * 64;
    }

    /// Rounds blocks to whole periods, if their registers stay small, so that repeated arrays are read once.
    void align_to_periods(int64_t all, int64_t row_bytes, bool looks_around) {
        const bool may_shrink = !has_rows() || (width > 2 * fewest_rows && !looks_around);
        for (int k = outputs; k < count; ++k) {
            if (arrays[k].period == 0 || rows == all) continue;
            const int64_t period = arrays[k].period / std::gcd(arrays[k].period, width);
            const int64_t larger = std::lcm(rows, period), step = std::lcm(has_rows() ? 1 : unit, period);
            if (larger * width <= longest_block && larger * row_bytes <= 2 * cache_bytes) rows = std::min(larger, all);
            else if (step <= rows && may_shrink) rows = rows / step * step;
        }
        for (int k = outputs; k < count; ++k)
            arrays[k].preloaded = arrays[k].period > 0 && (rows == all || rows * width % arrays[k].period == 0);
    }

    /// The rows of the longest block: the last block includes a remainder that is too small for a block.
    int64_t max_rows() const { return has_rows() ? rows + std::min(fewest_rows, rows) : rows; }
    int64_t block_count() const {
        const int64_t all = has_rows() ? column.count : full.count, blocks = (all + rows - 1) / rows;
        const bool joins = has_rows() && blocks > 1 && all - (blocks - 1) * rows < std::min(fewest_rows, rows);
        return joins ? blocks - 1 : blocks;
    }

    int64_t length_of(int32_t reg, int64_t n) const {
        return of(reg).extent == TL_FUSED_COLUMN ? n : n * width;
    }

    /// Calls the body with the offset and the length of each contiguous run of the elements begin ..< begin + n of an
    /// array.
    template <typename Body>
    void each_line(int k, int64_t begin, int64_t n, const Body& body) const {
        const Space& space = arrays[k].extent == TL_FUSED_FULL ? full : column;
        const int64_t* strides = space.strides[k];
        int64_t index[TL_MAX_RANK], offset = 0, rest = begin;
        for (int d = 0; d < space.rank; ++d) {
            index[d] = rest % space.shape[d];
            rest /= space.shape[d];
            offset += index[d] * strides[d];
        }
        while (n > 0) {
            const int64_t run = std::min(n, space.shape[0] - index[0]);
            body(offset, run);
            n -= run;
            offset -= index[0] * strides[0];
            index[0] = 0;
            for (int d = 1; d < space.rank; ++d) {
                offset += strides[d];
                if (++index[d] < space.shape[d]) break;
                offset -= strides[d] * space.shape[d];
                index[d] = 0;
            }
        }
    }

    /// Copies elements begin ..< begin + n of an array between memory and a register.
    void transfer(int k, int64_t begin, int64_t n, char* buffer, bool stores) const {
        const Array& array = arrays[k];
        const Space& space = array.extent == TL_FUSED_FULL ? full : column;
        if (space.rank == 0) {
            if (stores) array.store(buffer, 1, array.data, 1, n);
            else array.load(array.data, 1, buffer, 1, n);
            return;
        }
        const int64_t stride = space.strides[k][0];
        const auto move_lines = [&](auto type) {
            auto* packed = reinterpret_cast<decltype(type)*>(buffer);
            each_line(k, begin, n, [&](int64_t offset, int64_t run) {
                auto* const at = reinterpret_cast<decltype(type)*>(array.data) + offset;
                if (stores) move_short_line(packed, 1, at, stride, run);
                else move_short_line(at, stride, packed, 1, run);
                packed += run;
            });
        };
        if (array.native && space.shape[0] <= longest_short_line && with_type_of_size(array.size, move_lines)) return;
        each_line(k, begin, n, [&](int64_t offset, int64_t run) {
            char* at = array.data + offset * array.size;
            if (stores) array.store(buffer, 1, at, stride, run);
            else array.load(at, stride, buffer, 1, run);
            buffer += run * array.native_size;
        });
    }

    void reduce(const tl_fused_instruction& instruction, void* const* registers, int64_t n) const {
        const int64_t shape[] = {n, width}, strides[] = {width, 1};
        const auto matrix = [&](int32_t reg) {
            return tl_tensor{registers[reg], shape, strides, 2, of(reg).dtype, TL_DEVICE_CPU};
        };
        const int64_t one = 1;
        const tl_tensor x = matrix(instruction.operands[0]);
        if (instruction.kind == TL_FUSED_REDUCE) {
            const tl_tensor out{registers[instruction.result], shape, &one, 1, of(instruction.result).dtype, TL_DEVICE_CPU};
            return tl_reduce(instruction.op, instruction.compute, &x, 1, &out);
        }
        const tl_tensor out = matrix(instruction.result);
        if (instruction.kind == TL_FUSED_SOFTMAX) return tl_softmax(&x, &out, instruction.op != 0);
        const tl_tensor y = matrix(instruction.operands[1]);
        tl_softmax_backward(&x, &y, &out, instruction.op != 0);
    }

    void interpret(int i, void* const* registers, int64_t n, char* buffer) const {
        const tl_fused_instruction& instruction = program.instructions[i];
        const Step& step = steps[i];
        void* result = registers[instruction.result];
        const int64_t length = length_of(instruction.result, n);
        if (step.loop) {
            const void* in[3];
            for (int k = 0; k < 3; ++k) in[k] = registers[instruction.operands[k]];
            return step.loop(result, in, length, instruction.parameters);
        }
        char* from = static_cast<char*>(registers[instruction.operands[0]]);
        switch (instruction.kind) {
        case TL_FUSED_CONVERT:
            step.convert(from, 1, step.back ? buffer : result, 1, length);
            if (step.back) step.back(buffer, 1, result, 1, length);
            return;
        case TL_FUSED_CONSTANT: {
            const int32_t dtype = of(instruction.result).dtype;
            const bool floating = dtype == TL_FLOAT32 || dtype == TL_FLOAT64;
            const void* number = floating ? static_cast<const void*>(instruction.parameters) : &instruction.integer;
            return step.convert(number, 0, result, 1, length);
        }
        case TL_FUSED_EXPAND: {
            const int64_t size = size_of(instruction.result);
            for (int64_t row = 0; row < n; ++row)
                step.convert(from + row * size, 0, static_cast<char*>(result) + row * width * size, 1, width);
            return;
        }
        default: return reduce(instruction, registers, n);
        }
    }

    void execute(void* const* registers, int64_t n, char* buffer) const {
        int i = 0;
        for (int s = 0; s < program.segment_count; ++s) {
            const tl_fused_segment& segment = program.segments[s];
            for (; i < segment.first; ++i) interpret(i, registers, n, buffer);
            if (segment.code) {
                if (has_rows()) segment.code(registers, n, width);
                else segment.code(registers, 1, n);
                i = segment.last;
            }
            for (; i < segment.last; ++i) interpret(i, registers, n, buffer);
        }
        for (; i < program.instruction_count; ++i) interpret(i, registers, n, buffer);
    }

    void run_blocks(int64_t first, int64_t last) const {
        constexpr int64_t on_stack = 32768;
        alignas(64) char stack[on_stack];
        const bool fits = bytes <= on_stack;
        const Scratch heap(fits ? 0 : size_t(bytes));
        if (heap.is_missing()) return;
        char* const memory = fits ? stack : heap.get<char>();
        void* registers[TL_FUSED_MOST_REGISTERS];
        for (int32_t r = 0; r < program.register_count; ++r) registers[r] = memory + offsets[r];
        for (int k = outputs; k < count; ++k)
            if (arrays[k].extent == TL_FUSED_UNIFORM)
                arrays[k].load(arrays[k].data, 0, registers[arrays[k].reg], 1, max_rows() * width);
            else if (arrays[k].preloaded)
                transfer(k, 0, std::min(max_rows() * width, full.count), static_cast<char*>(registers[arrays[k].reg]), false);
        const int64_t all = has_rows() ? column.count : full.count, blocks = block_count();
        for (int64_t b = first; b < last; ++b) {
            const int64_t start = b * rows, n = (b + 1 == blocks ? all : start + rows) - start;
            for (int k = 0; k < count; ++k) {
                const Array& array = arrays[k];
                if (array.extent == TL_FUSED_UNIFORM || array.preloaded) continue;
                const int64_t scale = array.extent == TL_FUSED_FULL ? width : 1;
                if (array.dense && array.native)
                    registers[array.reg] = array.data + start * scale * array.size;
                else if (k >= outputs && array.dense)
                    array.load(array.data + start * scale * array.size, 1, registers[array.reg], 1, n * scale);
                else if (k >= outputs)
                    transfer(k, start * scale, n * scale, static_cast<char*>(registers[array.reg]), false);
            }
            execute(registers, n, memory + temporary);
            for (int k = 0; k < outputs; ++k) {
                const Array& array = arrays[k];
                const int64_t scale = array.extent == TL_FUSED_FULL ? width : 1;
                if (array.dense && array.native) continue;
                char* from = static_cast<char*>(registers[array.reg]);
                if (array.dense) array.store(from, 1, array.data + start * scale * array.size, 1, n * scale);
                else transfer(k, start * scale, n * scale, from, true);
            }
        }
    }
};

} // namespace
} // namespace tl

void tl_fused_run(const tl_fused_program* program, const tl_tensor* const* arrays, int32_t array_count) {
    TL_FORWARD_TO(array_count > 0 ? arrays[0]->device : int32_t(TL_DEVICE_CPU), fused_run, (program, arrays, array_count));
    using namespace tl;
    Run run(*program, array_count);
    run.prepare_arrays(arrays);
    if (run.full.count == 0) return;
    bool looks_around = false;
    const bool expensive = run.prepare_steps(looks_around);
    run.prepare_blocks(looks_around);
    const int64_t work = run.rows * run.width * (expensive ? 1 : std::max<int32_t>(1, program->instruction_count));
    parallel_for(run.block_count(), std::max<int64_t>(1, (expensive ? grain_of_arithmetic : grain_of_traffic) / work),
                 [&](int64_t begin, int64_t end) { run.run_blocks(begin, end); });
}
