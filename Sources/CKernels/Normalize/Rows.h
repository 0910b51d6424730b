// The rows of a tensor along its last dimension, as contiguous arrays of the compute type.
#ifndef TL_ROWS_H
#define TL_ROWS_H
#include "Support/Convert.h"
#include "Support/Scratch.h"
#include <cstring>

namespace tl {

template <class T>
inline constexpr int32_t dtype_of = sizeof(T) == 8 ? TL_FLOAT64 : TL_FLOAT32;

/// The offsets of the rows. Leading dimensions are merged if their strides allow it.
class Rows {
  public:
    explicit Rows(const tl_tensor& x) : base(static_cast<char*>(x.data)), size(size_of_dtype(x.dtype)), dtype(x.dtype) {
        width = x.rank ? x.shape[x.rank - 1] : 1;
        step = x.rank ? x.strides[x.rank - 1] : 1;
        count = 1;
        for (int i = x.rank - 2; i >= 0; i--) {
            count *= x.shape[i];
            if (x.shape[i] == 1) continue;
            if (rank && x.strides[i] == strides[rank - 1] * shape[rank - 1]) {
                shape[rank - 1] *= x.shape[i];
                continue;
            }
            shape[rank] = x.shape[i];
            strides[rank++] = x.strides[i];
        }
    }

    void* at(int64_t row) const {
        int64_t offset = 0;
        for (int i = 0; i + 1 < rank; i++) {
            offset += row % shape[i] * strides[i];
            row /= shape[i];
        }
        if (rank) offset += row * strides[rank - 1];
        return base + offset * size;
    }

    int64_t count, width, step;

  private:
    template <class T>
    friend class RowReader;
    template <class T>
    friend class RowWriter;
    char* base;
    int64_t size;
    int rank = 0;
    int64_t shape[TL_MAX_RANK], strides[TL_MAX_RANK];  // innermost first

  public:
    const int32_t dtype;
};

/// Reads rows as T, without a copy if they are T already.
template <class T>
class RowReader {
  public:
    explicit RowReader(const Rows& rows)
        : rows(rows), convert(direct() ? nullptr : convert_block(rows.dtype, dtype_of<T>)),
          buffer(direct() ? 0 : size_t(rows.width) * sizeof(T)) {}
    const T* operator()(int64_t row) const {
        if (!convert) return static_cast<const T*>(rows.at(row));
        convert(rows.at(row), rows.step, buffer.template get<T>(), 1, rows.width);
        return buffer.template get<T>();
    }
    [[nodiscard]] bool is_missing() const { return buffer.is_missing(); }

  private:
    bool direct() const { return rows.dtype == dtype_of<T> && (rows.step == 1 || rows.width == 1); }
    const Rows& rows;
    const ConvertBlock convert;
    const Scratch buffer;
};

/// The memory of a row of T: the row itself if it is contiguous, otherwise a buffer that `done` copies to the row.
template <class T>
class RowWriter {
  public:
    explicit RowWriter(const Rows& rows)
        : rows(rows), convert(direct() ? nullptr : convert_block(dtype_of<T>, rows.dtype)),
          buffer(direct() ? 0 : size_t(rows.width) * sizeof(T)) {}
    [[nodiscard]] bool is_missing() const { return buffer.is_missing(); }
    T* operator()(int64_t row) const { return convert ? buffer.template get<T>() : static_cast<T*>(rows.at(row)); }
    void done(int64_t row) const {
        if (convert) convert(buffer.template get<T>(), 1, rows.at(row), rows.step, rows.width);
    }

  private:
    bool direct() const { return rows.dtype == dtype_of<T> && (rows.step == 1 || rows.width == 1); }
    const Rows& rows;
    const ConvertBlock convert;
    const Scratch buffer;
};

/// A 1-dimensional tensor as a contiguous array of T; the pointer is NULL for an absent tensor.
template <class T>
class Vector {
  public:
    /// `written`: the array is an output, which `done` copies to the tensor.
    explicit Vector(const tl_tensor* x, bool written = false)
        : original(x), copied(x && !(x->dtype == dtype_of<T> && (x->rank == 0 || x->shape[0] <= 1 || x->strides[0] == 1))),
          buffer(copied ? size_t(length()) * sizeof(T) : 0) {
        if (copied && !written && buffer.get())
            convert_block(x->dtype, dtype_of<T>)(x->data, stride(), buffer.template get<T>(), 1, length());
    }
    [[nodiscard]] bool is_missing() const { return buffer.is_missing(); }
    T* get() const { return !original ? nullptr : copied ? buffer.template get<T>() : static_cast<T*>(original->data); }
    void done() const {
        if (copied) convert_block(dtype_of<T>, original->dtype)(get(), 1, original->data, stride(), length());
    }

  private:
    int64_t length() const { return original->rank ? original->shape[0] : 1; }
    int64_t stride() const { return original->rank ? original->strides[0] : 1; }
    const tl_tensor* original;
    const bool copied;
    const Scratch buffer;
};

/// Calls the body with the compute type: double for float64, otherwise float.
template <class Body>
inline void with_compute_type(int32_t dtype, Body&& body) {
    if (dtype == TL_FLOAT64) body(double());
    else body(float());
}

} // namespace tl

#endif
