import TorchlightCore

/// A value of an ONNX graph.
public enum ONNXValue: Sendable {
    /// A tensor of numbers or Booleans.
    case tensor(ONNXTensor)
    /// A tensor of strings.
    case strings(StringTensor)
    /// A sequence of values of one type.
    case sequence([ONNXValue])
    /// Numbers with keys, in the order of the operator that created the map.
    case map([(key: ONNXKey, value: Double)])
    /// An optional without a value. An optional with a value is represented by that value.
    case absent

    /// A tensor.
    public init(_ tensor: Tensor) { self = .tensor(ONNXTensor(tensor)) }

    /// The tensor, in the dtype of its computation; nil for other values.
    public var tensor: Tensor? {
        if case .tensor(let value) = self { value.tensor } else { nil }
    }

    /// The name of the kind of value, for errors.
    var kind: String {
        switch self {
        case .tensor(let tensor): "a tensor of \(tensor.type) \(tensor.tensor.shape)"
        case .strings(let strings): "a tensor of strings \(strings.shape)"
        case .sequence(let values): "a sequence of \(quantity(values.count, "value"))"
        case .map: "a map"
        case .absent: "an empty optional"
        }
    }
}

/// The key of a map. Strings are equal if their bytes are: unlike those of Swift, canonically equivalent ones differ.
public enum ONNXKey: Sendable, Hashable {
    case int(Int)
    case string(String)

    /// Whether two keys are the same number, or strings of the same bytes.
    public static func == (a: ONNXKey, b: ONNXKey) -> Bool {
        switch (a, b) {
        case (.int(let a), .int(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        default: false
        }
    }

    /// Hashes the number, or the bytes of the string.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .int(let value): hasher.combine(value)
        case .string(let text): for byte in text.utf8 { hasher.combine(byte) }
        }
    }
}

/// A tensor with its ONNX element type, which may be a type without a dtype.
public struct ONNXTensor: Sendable {
    /// The elements, in a dtype that represents the element type.
    public let tensor: Tensor
    /// The element type.
    public let type: ONNXElementType

    /// A tensor whose element type is that of its dtype.
    public init(_ tensor: Tensor) {
        self.tensor = tensor
        type = ONNXElementType(tensor.dtype)
    }

    /// A tensor with an element type; its elements must be values of the type.
    init(_ tensor: Tensor, _ type: ONNXElementType) {
        self.tensor = tensor
        self.type = type
    }

    /// The result of an operation on an element type: converted to its dtype, and wrapped to its range for integers.
    static func wrapping(_ tensor: Tensor, to type: ONNXElementType) -> ONNXTensor {
        let dtype = type.dtype ?? tensor.dtype
        if type.isExact { return ONNXTensor(tensor.dtype == dtype ? tensor : tensor.to(dtype), type) }
        if type.isInteger {
            let wide = tensor.to(.int64)
            if type.bitCount == 64 { return ONNXTensor(wide, type) }
            let mask = wide & (1 << type.bitCount - 1)
            if type.isUnsigned { return ONNXTensor(mask.to(dtype), type) }
            let sign = 1 << (type.bitCount - 1)
            return ONNXTensor(((mask ^ sign) - sign).to(dtype), type)
        }
        return rounding(tensor, to: type)
    }

    /// The result rounded to the values of a floating-point type with 8 or 4 bits.
    static func rounding(
        _ tensor: Tensor, to type: ONNXElementType, saturate: Bool = true, rounding: SmallFloat.Rounding = .up
    ) -> ONNXTensor {
        guard let format = type.smallFloat else { return ONNXTensor(tensor, type) }
        let values = tensor.detach().to(.float32).toArray(Float.self).map {
            format.round($0, saturate: saturate, rounding: rounding)
        }
        return ONNXTensor(Tensor(values, shape: tensor.shape, dtype: .float32), type)
    }
}

/// A tensor of strings in row-major order.
public struct StringTensor: Sendable, Equatable {
    /// The size of each dimension.
    public var shape: [Int]
    /// The elements in row-major order.
    public var elements: [String]

    /// Creates a tensor of strings; the product of the sizes must be the number of elements.
    public init(_ elements: [String], shape: [Int]) {
        self.elements = elements
        self.shape = shape
    }

    /// Applies an operation that only moves elements, by applying it to the indices of the strings.
    func moved(_ move: (Tensor) throws -> Tensor) rethrows -> StringTensor {
        let indices = Tensor.arange(0, elements.count, dtype: .int64).reshape(shape)
        let moved = try move(indices)
        return StringTensor(
            moved.toArray(Int.self).map { elements.indices.contains($0) ? elements[$0] : "" }, shape: moved.shape)
    }
}
