import CKernels

// The range of numbers of a dtype: one rule for every number that a caller passes, in `tl_first_out_of_range`.
//
// A number outside the range of a dtype is an error: 300 in int8, 1e39 in float32, NaN in int64. A floating-point dtype
// accepts infinities and every number that rounds to a finite one; an integer dtype truncates fractions. uint8 accepts
// negative integers down to -255, which wrap around, as in PyTorch. `x.to(dtype)` converts as C does.

extension Scalar {
    /// Throws if the number is outside the range of a dtype.
    @inline(__always)
    package func check(fits dtype: DType, in operation: @autoclosure () -> String) throws(TensorError) {
        // 0 and 1, which most calls pass, are in the range of every dtype.
        switch self {
        case .int(0), .int(1), .double(0), .double(1): return
        default: break
        }
        if !fits(dtype) { throw outOfRange(dtype, in: operation()) }
    }

    /// Whether the number is in the range of a dtype.
    package func fits(_ dtype: DType) -> Bool {
        switch self {
        case .bool: true
        case .int(var value): tl_first_out_of_range(&value, DType.int64.rawValue, 1, dtype.rawValue, true) < 0
        case .double(var value): tl_first_out_of_range(&value, DType.float64.rawValue, 1, dtype.rawValue, true) < 0
        case .complex(let value):
            (value.imag == 0 || dtype.isComplex || dtype == .bool) && Scalar.double(value.real).fits(dtype.toReal)
                && Scalar.double(value.imag).fits(dtype.toReal)
        }
    }

    @inline(never)
    private func outOfRange(_ dtype: DType, in operation: String) -> TensorError {
        var isComplex = false
        if case .complex = self { isComplex = true }
        return TensorError.outOfRange(text, dtype, isComplex: isComplex, in: operation)
    }

    /// The number as text.
    private var text: String {
        switch self {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .complex(let value): "\(value)"
        }
    }
}

extension TensorError {
    /// The error of a number outside the range of a dtype, or of a complex number for a real dtype.
    package static func outOfRange(
        _ number: String, _ dtype: DType, isComplex: Bool = false, in operation: String, location: String? = nil
    ) -> TensorError {
        if isComplex && !dtype.isComplex {
            return TensorError(
                .value, in: operation, "the complex number cannot be converted to \(dtype)",
                got: number + (location.map { " \($0)" } ?? ""),
                expected: "an imaginary part of 0, and a real part \(dtype.rangeText)",
                fix: "read complex numbers, as in toArray(Complex<Double>.self), or use x.real, x.imag or x.abs()")
        }
        return TensorError(
            .value, in: operation, "the number cannot be converted to \(dtype) without overflow",
            got: number + (location.map { " \($0)" } ?? ""), expected: "a number \(dtype.rangeText)",
            fix: "use a dtype with a larger range")
    }
}

extension DType {
    /// The largest finite number of a floating-point dtype.
    package var greatestFinite: Double {
        switch self {
        case .float64: Double.greatestFiniteMagnitude
        case .float16: 65504
        case .bfloat16: 0x1.FEp127
        default: Double(Float.greatestFiniteMagnitude)
        }
    }

    /// Whether every number of another dtype is in the range of this one, so that no element needs a check.
    func representsAllValues(_ other: DType) -> Bool {
        if self == other || self == .bool || other == .bool { return true }
        if isComplex { return toReal.representsAllValues(other.toReal) }
        // The imaginary part has to be looked at.
        if other.isComplex { return false }
        if self == .float64 { return true }
        switch self {
        case .float32: return other != .float64
        case .bfloat16: return !other.isFloatingPoint || other == .float16
        case .float16: return other == .int16 || other == .int8 || other == .uint8
        default:
            return other.isInteger && bounds.contains(other.bounds.lowerBound)
                && bounds.contains(other.bounds.upperBound)
        }
    }

    /// The range as text: "in -128...127".
    fileprivate var rangeText: String {
        isDifferentiable ? "of a magnitude of at most \(toReal.greatestFinite)" : "in \(bounds)"
    }
}

extension Tensor {
    /// A number as an operand, or a placeholder if it is outside the range of the dtype.
    static func wrap(_ scalar: Scalar, fitting dtype: DType, in operation: String, like tensor: Tensor) -> Tensor {
        orFail(like: tensor) { () throws(TensorError) in
            try scalar.check(fits: dtype, in: operation)
            return wrap(scalar)
        }
    }

    /// The error for the first of `count` contiguous elements in host memory that is outside the range of the target
    /// dtype; nil if there is none.
    static func rangeError(
        _ elements: UnsafeRawBufferPointer, _ dtype: DType, count: Int, fits target: DType, wraps: Bool,
        in operation: String
    ) -> TensorError? {
        guard let start = elements.baseAddress, count > 0 else { return nil }
        let index = Int(
            tl_first_out_of_range(start, dtype.rawValue, Int64(count), target.rawValue, wraps))
        if index < 0 { return nil }
        let element = UnsafeMutableRawPointer(mutating: start + index * dtype.byteSize)
        let number: String
        switch dtype {
        case .float64: number = "\(element.load(as: Double.self))"
        case .float32: number = "\(element.load(as: Float.self))"
        case .float16: number = "\(element.load(as: Float16.self))"
        case .bfloat16: number = "\(BFloat16(bitPattern: element.load(as: UInt16.self)).float)"
        case .int64: number = "\(element.load(as: Int64.self))"
        case .int32: number = "\(element.load(as: Int32.self))"
        case .int16: number = "\(element.load(as: Int16.self))"
        case .int8: number = "\(element.load(as: Int8.self))"
        case .uint8, .bool: number = "\(element.load(as: UInt8.self))"
        case .complex64: number = "\(element.load(as: Complex<Float>.self))"
        case .complex128: number = "\(element.load(as: Complex<Double>.self))"
        }
        return .outOfRange(number, target, isComplex: dtype.isComplex, in: operation, location: "at position \(index)")
    }
}
