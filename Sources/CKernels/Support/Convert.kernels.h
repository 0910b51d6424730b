namespace tl::TL_ISA {

// ---- One element

#include "Scalar/Half.inc"

inline float widen(Half value) { return tl_float16_to_f32(value.bits); }
inline Half narrow_to_half(float value) { return Half{tl_f32_to_float16(value)}; }
inline float widen(BFloat16 value) { return tl_bfloat16_to_f32(value.bits); }
inline BFloat16 narrow_to_bfloat16(float value) { return BFloat16{tl_f32_to_bfloat16(value)}; }

template <class To, class From>
struct Cast {
    static inline To call(From value) { return static_cast<To>(value); }
};
template <class To>
struct Cast<To, Half> {
    static inline To call(Half value) { return static_cast<To>(widen(value)); }
};
template <class To>
struct Cast<To, BFloat16> {
    static inline To call(BFloat16 value) { return static_cast<To>(widen(value)); }
};
template <class To>
struct Cast<To, Bool> {
    static inline To call(Bool value) { return static_cast<To>(value.byte != 0); }
};
template <class From>
struct Cast<Half, From> {
    static inline Half call(From value) { return narrow_to_half(static_cast<float>(value)); }
};
template <class From>
struct Cast<BFloat16, From> {
    static inline BFloat16 call(From value) { return narrow_to_bfloat16(static_cast<float>(value)); }
};
template <class From>
struct Cast<Bool, From> {
    static inline Bool call(From value) { return Bool{static_cast<uint8_t>(value != From(0))}; }
};
template <>
struct Cast<Bool, Bool> {
    static inline Bool call(Bool value) { return value; }
};
template <>
struct Cast<Bool, Half> {
    static inline Bool call(Half value) { return Bool{static_cast<uint8_t>((value.bits & 0x7fff) != 0)}; }
};
template <>
struct Cast<Bool, BFloat16> {
    static inline Bool call(BFloat16 value) { return Bool{static_cast<uint8_t>((value.bits & 0x7fff) != 0)}; }
};
template <>
struct Cast<Half, Bool> {
    static inline Half call(Bool value) { return Half{static_cast<uint16_t>(value.byte ? 0x3c00 : 0)}; }
};
template <>
struct Cast<BFloat16, Bool> {
    static inline BFloat16 call(Bool value) { return BFloat16{static_cast<uint16_t>(value.byte ? 0x3f80 : 0)}; }
};
// The conversion of complex to real discards the imaginary part; the conversion to bool tests both parts.
template <class To, class From>
struct Cast<To, Complex<From>> {
    static inline To call(Complex<From> value) { return Cast<To, From>::call(value.re); }
};
template <class From>
struct Cast<Half, Complex<From>> {
    static inline Half call(Complex<From> value) { return Cast<Half, From>::call(value.re); }
};
template <class From>
struct Cast<BFloat16, Complex<From>> {
    static inline BFloat16 call(Complex<From> value) { return Cast<BFloat16, From>::call(value.re); }
};
template <class From>
struct Cast<Bool, Complex<From>> {
    static inline Bool call(Complex<From> value) { return Bool{static_cast<uint8_t>(value.re != 0 || value.im != 0)}; }
};
template <class To, class From>
struct Cast<Complex<To>, From> {
    static inline Complex<To> call(From value) { return {Cast<To, From>::call(value), To(0)}; }
};
template <class To>
struct Cast<Complex<To>, Half> {
    static inline Complex<To> call(Half value) { return {Cast<To, Half>::call(value), To(0)}; }
};
template <class To>
struct Cast<Complex<To>, BFloat16> {
    static inline Complex<To> call(BFloat16 value) { return {Cast<To, BFloat16>::call(value), To(0)}; }
};
template <class To>
struct Cast<Complex<To>, Bool> {
    static inline Complex<To> call(Bool value) { return {Cast<To, Bool>::call(value), To(0)}; }
};
template <class To, class From>
struct Cast<Complex<To>, Complex<From>> {
    static inline Complex<To> call(Complex<From> value) { return {To(value.re), To(value.im)}; }
};
/// The conversion goes through a wider integer, so that values out of range wrap as integers do.
#define TL_NARROW_FROM_FLOATING(From, To)                                                                              \
    template <>                                                                                                        \
    struct Cast<To, From> {                                                                                            \
        static inline To call(From value) { return static_cast<To>(static_cast<int32_t>(value)); }                     \
    };
TL_NARROW_FROM_FLOATING(float, int16_t)
TL_NARROW_FROM_FLOATING(float, int8_t)
TL_NARROW_FROM_FLOATING(float, uint8_t)
TL_NARROW_FROM_FLOATING(double, int16_t)
TL_NARROW_FROM_FLOATING(double, int8_t)
TL_NARROW_FROM_FLOATING(double, uint8_t)
#undef TL_NARROW_FROM_FLOATING

// ---- Blocks

template <class From, class To>
void convert(const void* source, int64_t source_stride, void* destination, int64_t destination_stride, int64_t count) {
    const From* from = static_cast<const From*>(source);
    To* to = static_cast<To*>(destination);
    if (destination_stride == 1) {
        if (source_stride == 1) {
#pragma clang loop vectorize(assume_safety)
            for (int64_t i = 0; i < count; ++i) to[i] = Cast<To, From>::call(from[i]);
        } else if (source_stride == 0) {
            const To value = Cast<To, From>::call(*from);
            for (int64_t i = 0; i < count; ++i) to[i] = value;
        } else if (source_stride == -1) {
            // Reversed rows: with a constant stride, elements are loaded as vectors and reversed in registers.
#pragma clang loop vectorize(assume_safety)
            for (int64_t i = 0; i < count; ++i) to[i] = Cast<To, From>::call(from[-i]);
        } else {
#pragma clang loop vectorize(disable) unroll_count(4)
            for (int64_t i = 0; i < count; ++i) to[i] = Cast<To, From>::call(from[i * source_stride]);
        }
    } else {
#pragma clang loop vectorize(disable) unroll_count(4)
        for (int64_t i = 0; i < count; ++i)
            to[i * destination_stride] = Cast<To, From>::call(from[i * source_stride]);
    }
}

template <class T>
void move(const void* source, int64_t source_stride, void* destination, int64_t destination_stride, int64_t count) {
    if (source_stride == 1 && destination_stride == 1)
        std::memcpy(destination, source, static_cast<size_t>(count) * sizeof(T));
    else
        convert<T, T>(source, source_stride, destination, destination_stride, count);
}

template <class From>
ConvertBlock from_compute(int32_t to) {
    switch (to) {
    case TL_FLOAT64: return convert<From, double>;
    case TL_FLOAT32: return convert<From, float>;
    case TL_FLOAT16: return convert<From, Half>;
    case TL_BFLOAT16: return convert<From, BFloat16>;
    case TL_INT64: return convert<From, int64_t>;
    case TL_INT32: return convert<From, int32_t>;
    case TL_INT16: return convert<From, int16_t>;
    case TL_INT8: return convert<From, int8_t>;
    case TL_UINT8: return convert<From, uint8_t>;
    case TL_BOOL: return convert<From, Bool>;
    case TL_COMPLEX64: return convert<From, Complex<float>>;
    case TL_COMPLEX128: return convert<From, Complex<double>>;
    default: return nullptr;
    }
}

template <class To>
ConvertBlock to_compute(int32_t from) {
    switch (from) {
    case TL_FLOAT16: return convert<Half, To>;
    case TL_BFLOAT16: return convert<BFloat16, To>;
    case TL_INT32: return convert<int32_t, To>;
    case TL_INT16: return convert<int16_t, To>;
    case TL_INT8: return convert<int8_t, To>;
    case TL_UINT8: return convert<uint8_t, To>;
    default: return nullptr;
    }
}

inline ConvertBlock find_conversion(int32_t from, int32_t to) {
    if (from == to) {
        switch (from) {
        case TL_COMPLEX128: return move<Complex<double>>;
        case TL_COMPLEX64:
        case TL_FLOAT64:
        case TL_INT64: return move<uint64_t>;
        case TL_FLOAT32:
        case TL_INT32: return move<uint32_t>;
        case TL_FLOAT16:
        case TL_BFLOAT16:
        case TL_INT16: return move<uint16_t>;
        default: return move<uint8_t>;
        }
    }
    switch (from) {
    case TL_FLOAT64: return from_compute<double>(to);
    case TL_FLOAT32: return from_compute<float>(to);
    case TL_INT64: return from_compute<int64_t>(to);
    case TL_BOOL: return from_compute<Bool>(to);
    case TL_COMPLEX64: return from_compute<Complex<float>>(to);
    case TL_COMPLEX128: return from_compute<Complex<double>>(to);
    }
    switch (to) {
    case TL_FLOAT64: return to_compute<double>(from);
    case TL_FLOAT32: return to_compute<float>(from);
    case TL_INT64: return to_compute<int64_t>(from);
    case TL_BOOL: return to_compute<Bool>(from);
    case TL_COMPLEX64: return to_compute<Complex<float>>(from);
    case TL_COMPLEX128: return to_compute<Complex<double>>(from);
    default: return nullptr;
    }
}

// ---- Transposition

typedef uint32_t Lane8 __attribute__((vector_size(32), aligned(4)));

/// Transposes eight rows of eight words in registers: 24 shuffles instead of 64 loads and stores.
inline void transpose_8x8(const uint32_t* source, int64_t source_stride, uint32_t* destination,
                          int64_t destination_stride) {
    Lane8 row[8], half[8];
    for (int i = 0; i < 8; ++i) row[i] = *reinterpret_cast<const Lane8*>(source + i * source_stride);
    for (int i = 0; i < 8; i += 2) {
        half[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        half[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        row[i] = __builtin_shufflevector(half[i], half[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        row[i + 1] = __builtin_shufflevector(half[i], half[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        row[i + 2] = __builtin_shufflevector(half[i + 1], half[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        row[i + 3] = __builtin_shufflevector(half[i + 1], half[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; ++i) {
        half[i] = __builtin_shufflevector(row[i], row[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        half[i + 4] = __builtin_shufflevector(row[i], row[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (int i = 0; i < 8; ++i) *reinterpret_cast<Lane8*>(destination + i * destination_stride) = half[i];
}

template <class T>
void transpose_elements(const T* source, int64_t source_stride, T* destination, int64_t destination_stride,
                        int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; ++r)
#pragma clang loop vectorize(disable) unroll_count(4)
        for (int64_t c = 0; c < columns; ++c)
            destination[r * destination_stride + c] = source[c * source_stride + r];
}

/// Transposes blocks of 16 x 16, so that whole cache lines are read and written: with power-of-two strides, the lines
/// of neighbouring columns map to the same sets.
inline void transpose_words(const uint32_t* source, int64_t source_stride, uint32_t* destination,
                            int64_t destination_stride, int64_t rows, int64_t columns) {
    const int64_t whole_rows = rows / 16 * 16, whole_columns = columns / 16 * 16;
    alignas(64) uint32_t block[16 * 16];
    for (int64_t c = 0; c < whole_columns; c += 16)
        for (int64_t r = 0; r < whole_rows; r += 16) {
            const uint32_t* from = source + c * source_stride + r;
            uint32_t* to = destination + r * destination_stride + c;
            transpose_8x8(from, source_stride, block, 16);
            transpose_8x8(from + 8, source_stride, block + 8 * 16, 16);
            transpose_8x8(from + 8 * source_stride, source_stride, block + 8, 16);
            transpose_8x8(from + 8 * source_stride + 8, source_stride, block + 8 * 16 + 8, 16);
            for (int64_t i = 0; i < 16; ++i) std::memcpy(to + i * destination_stride, block + i * 16, 64);
        }
    transpose_elements(source + whole_columns * source_stride, source_stride, destination + whole_columns,
                       destination_stride, rows, columns - whole_columns);
    transpose_elements(source + whole_rows, source_stride, destination + whole_rows * destination_stride,
                       destination_stride, rows - whole_rows, whole_columns);
}

inline void transpose(int64_t size, const void* source, int64_t source_stride, void* destination,
                      int64_t destination_stride, int64_t rows, int64_t columns) {
    switch (size) {
    case 16:
        return transpose_elements(static_cast<const Complex<double>*>(source), source_stride,
                                  static_cast<Complex<double>*>(destination), destination_stride, rows, columns);
    case 8:
        return transpose_elements(static_cast<const uint64_t*>(source), source_stride,
                                  static_cast<uint64_t*>(destination), destination_stride, rows, columns);
    case 4:
        return transpose_words(static_cast<const uint32_t*>(source), source_stride, static_cast<uint32_t*>(destination),
                               destination_stride, rows, columns);
    case 2:
        return transpose_elements(static_cast<const uint16_t*>(source), source_stride,
                                  static_cast<uint16_t*>(destination), destination_stride, rows, columns);
    default:
        return transpose_elements(static_cast<const uint8_t*>(source), source_stride,
                                  static_cast<uint8_t*>(destination), destination_stride, rows, columns);
    }
}

} // namespace tl::TL_ISA
