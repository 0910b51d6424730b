// The driver of all element-wise kernels. Dimensions are merged, then the elements are processed in blocks that fit in
// the L1 cache, in one of three modes:
//
//   rows   the innermost dimension is long: operands that are contiguous along it and have the dtype of the loop are
//          used in place, others are gathered and converted to a buffer
//   flat   the innermost dimension is short: blocks span rows, and operands are gathered run by run
//   tiles  an operand is contiguous along another dimension (a transposed matrix): blocks are tiles of both
//          dimensions, so that each cache line of that operand is read once
#include "Support/ElementwiseDriver.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "Support/ShortLines.h"
#include <cstring>

namespace tl {
namespace {

constexpr int64_t block_bytes = 4096, tile_bytes = 65536, tile_columns = 128;
constexpr int64_t copy_tile = 64;
constexpr int64_t short_row = 128;
constexpr int64_t grain_of_traffic = 32768, grain_of_arithmetic = 4096;

struct Operand {
    char* data;
    int64_t size;         // bytes of a stored element
    int64_t native_size;  // bytes of an element in a buffer
    ConvertBlock convert; // to the dtype of the loop for inputs and from it for the output
    bool native;          // the same dtype, so no conversion is needed
    const int64_t* strides;
};

template <int64_t size>
struct alignas(64) Buffers {
    char bytes[max_operands][size];
    char column[size];
};

struct Driver {
    const Iteration& it;
    Loop loop;
    const double* parameters;
    Operand operands[max_operands];
    int count;
    int64_t block; // the maximum number of elements of an operand in a buffer

    /// The elements of one run, in the buffer or in place.
    const void* read(int k, const char* source, int64_t stride, int64_t n, char* buffer) const {
        const Operand& operand = operands[k];
        if (operand.native && stride == 1) return source;
        operand.convert(source, stride, buffer, 1, n);
        return buffer;
    }

    void rows(int64_t begin, int64_t end, int64_t pieces, int64_t piece) const {
        Buffers<block_bytes> buffers;
        bool direct[max_operands];
        const char* filled[max_operands] = {};
        for (int k = 0; k < count; ++k) direct[k] = operands[k].native && operands[k].strides[0] == 1;
        const int64_t length = it.rank ? it.shape[0] : 1;
        StridedIterator iterator(it, 1, begin / pieces);
        int64_t part = begin % pieces;
        for (int64_t task = begin; task < end; ++task) {
            const int64_t start = part * piece, n = std::min(piece, length - start);
            const void* in[max_operands];
            char* at[max_operands];
            for (int k = 0; k < count; ++k)
                at[k] = operands[k].data + (iterator.offset[k] + start * operands[k].strides[0]) * operands[k].size;
            if (loop) {
                for (int k = 1; k < count; ++k) {
                    if (direct[k]) {
                        in[k - 1] = at[k];
                        continue;
                    }
                    // The buffer of a scalar is filled once.
                    if (operands[k].strides[0] != 0 || filled[k] != at[k])
                        operands[k].convert(at[k], operands[k].strides[0], buffers.bytes[k], 1,
                                            operands[k].strides[0] ? n : std::min(block, length));
                    filled[k] = operands[k].strides[0] ? nullptr : at[k];
                    in[k - 1] = buffers.bytes[k];
                }
                loop(direct[0] ? at[0] : buffers.bytes[0], in, n, parameters);
                if (!direct[0]) operands[0].convert(buffers.bytes[0], 1, at[0], operands[0].strides[0], n);
            } else if (direct[0]) {
                operands[1].convert(at[1], operands[1].strides[0], at[0], 1, n);
            } else if (direct[1]) {
                operands[0].convert(at[1], 1, at[0], operands[0].strides[0], n);
            } else if (operands[0].native && operands[1].native) {
                operands[0].convert(at[1], operands[1].strides[0], at[0], operands[0].strides[0], n);
            } else {
                operands[1].convert(at[1], operands[1].strides[0], buffers.bytes[1], 1, n);
                operands[0].convert(buffers.bytes[1], 1, at[0], operands[0].strides[0], n);
            }
            if (++part == pieces) {
                part = 0;
                iterator.step();
            }
        }
    }

    /// Calls the body with the offset and the length of each run of elements begin ..< begin + n of operand k.
    template <typename Body>
    void each_run(int k, int64_t begin, int64_t n, const Body& body) const {
        const int64_t length = it.shape[0];
        StridedIterator iterator(it, 1, begin / length);
        int64_t start = begin % length;
        while (n > 0) {
            const int64_t run = std::min(n, length - start);
            body(iterator.offset[k] + start * operands[k].strides[0], run);
            n -= run;
            start = 0;
            iterator.step();
        }
    }

    /// Copies elements begin ..< begin + n of operand k between memory and a buffer, run by run.
    void transfer(int k, int64_t begin, int64_t n, char* buffer) const {
        const Operand& operand = operands[k];
        const int64_t stride = operand.strides[0];
        const auto move_lines = [&](auto type) {
            auto* packed = reinterpret_cast<decltype(type)*>(buffer);
            each_run(k, begin, n, [&](int64_t offset, int64_t run) {
                auto* const at = reinterpret_cast<decltype(type)*>(operand.data) + offset;
                if (k == 0) move_short_line(packed, 1, at, stride, run);
                else move_short_line(at, stride, packed, 1, run);
                packed += run;
            });
        };
        if (operand.native && it.shape[0] <= longest_short_line && with_type_of_size(operand.size, move_lines)) return;
        each_run(k, begin, n, [&](int64_t offset, int64_t run) {
            char* at = operand.data + offset * operand.size;
            if (k == 0) operand.convert(buffer, 1, at, stride, run);
            else operand.convert(at, stride, buffer, 1, run);
            buffer += run * operand.native_size;
        });
    }

    void flat(int64_t begin, int64_t end) const {
        Buffers<block_bytes> buffers;
        bool dense[max_operands];
        for (int k = 0; k < count; ++k) {
            int64_t expected = 1;
            dense[k] = true;
            for (int d = 0; d < it.rank; expected *= it.shape[d++]) dense[k] &= operands[k].strides[d] == expected;
        }
        for (int64_t start = begin; start < end; start += block) {
            const int64_t n = std::min(block, end - start);
            const void* in[max_operands];
            for (int k = 1; k < count; ++k) {
                if (dense[k]) {
                    in[k - 1] = read(k, operands[k].data + start * operands[k].size, 1, n, buffers.bytes[k]);
                } else {
                    transfer(k, start, n, buffers.bytes[k]);
                    in[k - 1] = buffers.bytes[k];
                }
            }
            char* out = operands[0].data + start * operands[0].size;
            const bool direct = dense[0] && operands[0].native;
            if (loop) loop(direct ? out : buffers.bytes[0], in, n, parameters);
            char* result = loop ? buffers.bytes[0] : const_cast<char*>(static_cast<const char*>(in[0]));
            if (direct) {
                if (!loop) std::memcpy(out, result, static_cast<size_t>(n * operands[0].size));
            } else if (dense[0]) {
                operands[0].convert(result, 1, out, 1, n);
            } else {
                transfer(0, start, n, result);
            }
        }
    }

    /// Gathers a tile of rows x columns (dimensions 1 and 0) row by row in the buffer.
    void read_tile(int k, const char* at, int64_t rows, int64_t columns, Buffers<tile_bytes>& buffers) const {
        const Operand& operand = operands[k];
        const int64_t s0 = operand.strides[0], s1 = operand.strides[1];
        char* buffer = buffers.bytes[k];
        if (s1 == 1 && s0 != 1 && s0 != 0) {
            if (operand.native) {
                transpose_block(operand.size, at, s0, buffer, columns, rows, columns);
                return;
            }
            for (int64_t c = 0; c < columns; ++c)
                operand.convert(at + c * s0 * operand.size, 1, buffers.column + c * rows * operand.native_size, 1,
                                rows);
            transpose_block(operand.native_size, buffers.column, rows, buffer, columns, rows, columns);
            return;
        }
        for (int64_t r = 0; r < rows; ++r)
            operand.convert(at + r * s1 * operand.size, s0, buffer + r * columns * operand.native_size, 1, columns);
    }

    void tiles(int64_t begin, int64_t end, int64_t down, int64_t across, int64_t height, int64_t width,
               bool copies) const {
        Buffers<tile_bytes> buffers;
        bool direct[max_operands];
        for (int k = 0; k < count; ++k) direct[k] = operands[k].native && operands[k].strides[0] == 1;
        for (int64_t task = begin; task < end; ++task) {
            const int64_t c = task % across * width, r = task / across % down * height;
            const int64_t columns = std::min(width, it.shape[0] - c), rows = std::min(height, it.shape[1] - r);
            const StridedIterator iterator(it, 2, task / across / down);
            char* at[max_operands];
            for (int k = 0; k < count; ++k)
                at[k] = operands[k].data +
                        (iterator.offset[k] + c * operands[k].strides[0] + r * operands[k].strides[1]) * operands[k].size;
            if (copies) {
                transpose_block(operands[0].size, at[1], operands[1].strides[0], at[0], operands[0].strides[1], rows,
                                columns);
                continue;
            }
            // Rows of operands that are contiguous along dimension 0 are used in place; others are read from buffers.
            for (int k = 1; k < count; ++k)
                if (!direct[k]) read_tile(k, at[k], rows, columns, buffers);
            for (int64_t i = 0; i < rows; ++i) {
                const void* row[max_operands];
                for (int k = 0; k < count; ++k)
                    row[k] = direct[k] ? at[k] + i * operands[k].strides[1] * operands[k].size
                                       : buffers.bytes[k] + i * columns * operands[k].native_size;
                void* result = const_cast<void*>(row[loop ? 0 : 1]);
                if (loop) loop(result, row + 1, columns, parameters);
                if (!direct[0] || !loop)
                    operands[0].convert(result, 1, at[0] + i * operands[0].strides[1] * operands[0].size,
                                        operands[0].strides[0], columns);
            }
        }
    }

    /// The dimension along which an input is contiguous although the output is along dimension 0; 0 for none.
    int transposed_dimension() const {
        for (int k = 1; k < count; ++k) {
            const int64_t* strides = operands[k].strides;
            if (strides[0] == 1 || strides[0] == 0) continue;
            for (int d = 1; d < it.rank; ++d)
                if (strides[d] == 1 && it.shape[d] >= 4) return d;
        }
        return 0;
    }
};

} // namespace

void run_elementwise(Loop loop, bool expensive, int count, const tl_tensor* const* tensors, const int32_t* natives,
                     const double* parameters) {
    Iteration it(tensors, count, 0, tensors[0]->rank);
    if (it.count == 0) return;
    static constexpr double none[3] = {};
    Driver driver{it, loop, parameters ? parameters : none, {}, count, 0};
    int64_t largest = 8;
    for (int k = 0; k < count; ++k) {
        const int32_t dtype = tensors[k]->dtype, native = natives[k];
        driver.operands[k] = {static_cast<char*>(tensors[k]->data),
                              size_of_dtype(dtype),
                              size_of_dtype(native),
                              k == 0 ? convert_block(native, dtype) : convert_block(dtype, native),
                              dtype == native,
                              it.strides[k]};
        largest = std::max(largest, driver.operands[k].native_size);
    }
    const int64_t block = driver.block = block_bytes / largest, tile_area = tile_bytes / largest;
    it.sort();
    it.merge();
    if (it.rank == 0) {
        it.rank = 1;
        it.shape[0] = 1;
        for (int k = 0; k < count; ++k) it.strides[k][0] = 1;
    }
    const int64_t grain = expensive ? grain_of_arithmetic : grain_of_traffic;

    if (it.rank >= 2 && it.count >= 16 * block) {
        if (const int d = driver.transposed_dimension()) {
            if (d != 1) it.swap(1, d);
            const Operand &out = driver.operands[0], &in = driver.operands[1];
            const bool copies = !loop && out.native && in.native && out.strides[0] == 1 && in.strides[1] == 1;
            // Narrow tiles have more rows.
            const int64_t area = copies ? copy_tile * copy_tile : tile_area;
            const int64_t width = std::min(copies ? copy_tile : tile_columns, it.shape[0]);
            const int64_t height = std::min(area / width / 16 * 16, it.shape[1]);
            const int64_t down = (it.shape[1] + height - 1) / height, across = (it.shape[0] + width - 1) / width;
            const int64_t outer = it.count / it.shape[0] / it.shape[1];
            parallel_for(outer * down * across, std::max<int64_t>(1, grain / (height * width)),
                         [&](int64_t begin, int64_t end) {
                             driver.tiles(begin, end, down, across, height, width, copies);
                         });
            return;
        }
    }
    if (it.rank >= 2 && it.shape[0] < short_row) {
        const int64_t blocks = (it.count + block - 1) / block;
        parallel_for(blocks, std::max<int64_t>(1, grain / block), [&](int64_t begin, int64_t end) {
            driver.flat(begin * block, std::min(end * block, it.count));
        });
        return;
    }
    bool direct = true;
    for (int k = 0; k < count; ++k) direct &= driver.operands[k].native && it.strides[k][0] == 1;
    // Without buffers a piece may be long; it is split only for threads.
    const int64_t piece = direct ? std::min(it.shape[0], grain_of_arithmetic) : block;
    const int64_t pieces = (it.shape[0] + piece - 1) / piece;
    parallel_for(it.count / it.shape[0] * pieces, std::max<int64_t>(1, grain / std::min(piece, it.shape[0])),
                 [&](int64_t begin, int64_t end) { driver.rows(begin, end, pieces, piece); });
}

} // namespace tl
