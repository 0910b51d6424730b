// Tensors from data of other forms, and lists from tensors.

extension Tensor {
    /// A tensor of the numbers in a (nested) Swift array, or a 0-dimensional tensor of one number; the same as `Tensor(data)`.
    ///
    /// - Parameters:
    ///   - dtype: the dtype of the tensor. Default: that of the Swift type, and the default dtype for Double.
    ///   - device: the device of the tensor. Default: the current device.
    public static func asTensor<Data: TensorData>(
        _ data: Data, dtype: DType? = nil, device: Device = .current
    ) -> Tensor {
        Tensor(data, dtype: dtype, device: device)
    }

    /// The tensor itself, converted if it has another dtype or device, with its history.
    public static func asTensor(_ data: Tensor, dtype: DType? = nil, device: Device? = nil) -> Tensor {
        if data.isPlaceholder { return data }
        let converted = dtype.map { data.to($0) } ?? data
        return device.map { converted.to($0) } ?? converted
    }

    /// A tensor of the numbers in a (nested) Swift array, or a 0-dimensional tensor of one number.
    ///
    /// - Parameters:
    ///   - dtype: the dtype of the tensor. Default: that of the Swift type, and the default dtype for Double.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    public static func asarray<Data: TensorData>(
        _ data: Data, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        Tensor(data, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// The tensor itself, converted if it has another dtype or device.
    ///
    /// - Parameters:
    ///   - dtype: the dtype. Default: that of the tensor.
    ///   - device: the device. Default: that of the tensor.
    ///   - copy: whether the elements are copied in any case. Default: false.
    ///   - requiresGrad: whether the result keeps its history or requires a gradient; otherwise it is detached from a history
    ///     that the tensor has. Default: false.
    public static func asarray(
        _ data: Tensor, dtype: DType? = nil, device: Device? = nil, copy: Bool = false, requiresGrad: Bool = false
    ) -> Tensor {
        let converted = asTensor(data, dtype: dtype, device: device)
        if converted.isPlaceholder { return converted }
        let result = copy && converted.storage === data.storage ? converted.clone() : converted
        if requiresGrad { return result.requiresGrad_() }
        return result.requiresGrad ? result.detach() : result
    }

    /// A vector of numbers that lie in memory one after the other; they are copied.
    ///
    /// - Parameters:
    ///   - buffer: the bytes.
    ///   - dtype: the dtype of the numbers.
    ///   - count: the number of elements; -1 for all elements of the buffer after the offset. Default: -1.
    ///   - offset: the position of the first element, in bytes. Default: 0.
    ///   - device: the device of the tensor. Default: the current device.
    public static func frombuffer(
        _ buffer: UnsafeRawBufferPointer, dtype: DType, count: Int = -1, offset: Int = 0, device: Device = .current
    ) -> Tensor {
        orFail { () throws(TensorError) in
            let size = dtype.byteSize
            let rest = buffer.count -| Swift.max(offset, 0)
            guard offset >= 0, rest >= 0, count >= -1, Swift.max(count, 0) *| size <= rest,
                count >= 0 || rest % size == 0
            else {
                throw TensorError(
                    .value, in: "frombuffer", "the elements are not within the buffer",
                    got: "count \(count) and offset \(offset) in \(quantity(buffer.count, "byte"))",
                    expected: "whole elements of \(quantity(size, "byte")) within the buffer")
            }
            let elements = count < 0 ? rest / size : count
            let host = try Tensor(empty: Dims([elements]), dtype: dtype)
            if elements > 0, let start = buffer.baseAddress {
                host.data.copyMemory(from: start + offset, byteCount: elements * size)
            }
            return host.to(device)
        }
    }

    /// A vector of numbers that are the bytes of an array, one after the other; they are copied.
    public static func frombuffer(
        _ bytes: [UInt8], dtype: DType, count: Int = -1, offset: Int = 0, device: Device = .current
    ) -> Tensor {
        bytes.withUnsafeBytes { frombuffer($0, dtype: dtype, count: count, offset: offset, device: device) }
    }

    /// The elements as nested lists, one level for each dimension; a 0-dimensional tensor gives one element.
    ///
    ///     print(Tensor([[1, 2], [3, 4]]).tolist())       // [[1, 2], [3, 4]]
    public func tolist() -> NestedList {
        let elements: [Scalar]
        switch dtype.category {
        case .bool: elements = toArray(Bool.self).map(Scalar.bool)
        case .integer: elements = toArray(Int.self).map(Scalar.int)
        case .floatingPoint: elements = toArray(Double.self).map(Scalar.double)
        case .complex: elements = toArray(Complex<Double>.self).map(Scalar.complex)
        }
        // After a recorded error there are no elements.
        guard elements.count == count else { return .list([]) }
        func nested(_ dims: ArraySlice<Int>, _ part: ArraySlice<Scalar>) -> NestedList {
            guard let size = dims.first else { return .element(part[part.startIndex]) }
            let step = size == 0 ? 0 : part.count / size
            return .list(
                (0..<size).map { i in
                    let start = part.startIndex + i * step
                    return nested(dims.dropFirst(), part[start..<(start + step)])
                })
        }
        return nested(shape[...], elements[...])
    }
}

/// The elements of a tensor as nested lists, as `Tensor.tolist()` gives them.
public enum NestedList: Sendable, Hashable, CustomStringConvertible {
    /// One element.
    case element(Scalar)
    /// The lists or elements along one dimension.
    case list([NestedList])

    /// The parts along the first dimension; empty for an element.
    public var parts: [NestedList] { if case .list(let parts) = self { parts } else { [] } }
    /// The element; nil for a list.
    public var element: Scalar? { if case .element(let element) = self { element } else { nil } }

    /// The lists as text: "[[1, 2], [3, 4]]".
    public var description: String {
        switch self {
        case .element(.bool(let value)): "\(value)"
        case .element(.int(let value)): "\(value)"
        case .element(.double(let value)): "\(value)"
        case .element(.complex(let value)): "\(value)"
        case .list(let parts): "[" + parts.map(\.description).joined(separator: ", ") + "]"
        }
    }
}
