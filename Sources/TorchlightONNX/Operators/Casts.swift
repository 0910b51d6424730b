import TorchlightCore

func registerCasts(in table: inout OperatorTable) {
    table.add("Cast", 1...1, foldable: true) { call in
        guard let number = try call.int("to") else { throw Problem("the attribute to is missing", kind: .invalid) }
        let type = try ONNXElementType.read(number, of: "the attribute to")
        return [try converted(call, to: type)]
    }
    table.add("CastLike", since: 15, 2...2, foldable: true) { call in
        let type: ONNXElementType
        if case .strings = try call.value(1) { type = .string } else { type = try call.typed(1).type }
        return [try converted(call, to: type)]
    }
    table.add("BitCast", since: 26, 1...1) { call in
        guard let number = try call.int("to") else { throw Problem("the attribute to is missing", kind: .invalid) }
        let type = try ONNXElementType.read(number, of: "the attribute to")
        let source = try call.typed(0)
        guard type != .string, source.type.bitCount == type.bitCount else {
            throw Problem("a cast of the bits of \(source.type) to \(type)", expected: "types of one size")
        }
        var proto = TensorProto()
        proto.dims = source.tensor.shape
        proto.dataType = type.rawValue
        proto.rawData = ByteSlice(source.storedBytes)
        return [try proto.value()]
    }
}

private func converted(_ call: Call, to type: ONNXElementType) throws -> ONNXValue {
    let value = try call.value(0)
    let saturate = try call.flag("saturate", true)
    let rounding = SmallFloat.Rounding(rawValue: try call.string("round_mode", "up")) ?? .up
    switch value {
    case .strings(let strings):
        if type == .string { return value }
        return .tensor(try parsed(strings, type))
    case .tensor(let tensor):
        if type == .string { return .strings(texts(tensor)) }
        return .tensor(converted(tensor, to: type, saturate: saturate, rounding: rounding))
    default: throw Problem("the input is \(value.kind)", expected: "a tensor")
    }
}

private func converted(
    _ value: ONNXTensor, to type: ONNXElementType, saturate: Bool, rounding: SmallFloat.Rounding
) -> ONNXTensor {
    if value.type == type { return value }
    let x = value.tensor
    if type.smallFloat != nil {
        return .rounding(x.to(.float32), to: type, saturate: saturate, rounding: rounding)
    }
    if value.type == .uint64, type.isFloatingPoint {
        // The sign bit of the int64 that represents a uint64 is its highest bit.
        let wide = x.to(.float64)
        return ONNXTensor(Tensor.where(x < 0, wide + 0x1p64, wide).to(type.dtype ?? .float32), type)
    }
    if value.type.isFloatingPoint, type.isInteger {
        if type == .uint64 {
            let wide = x.to(.float64)
            let high = (wide - 0x1p63).to(.int64) ^ Int.min
            return ONNXTensor(Tensor.where(wide >= 0x1p63, high, wide.to(.int64)), type)
        }
        return .wrapping(x.to(.int64), to: type)
    }
    return .wrapping(x, to: type)
}

/// The texts of numbers in NumPy's format.
private func texts(_ value: ONNXTensor) -> StringTensor {
    let x = value.tensor
    func text(_ number: some BinaryFloatingPoint & CustomStringConvertible) -> String {
        number.isNaN ? "nan" : number.isInfinite ? (number < 0 ? "-inf" : "inf") : number.description
    }
    let elements: [String]
    switch x.dtype {
    case .float64: elements = x.toArray(Double.self).map { text($0) }
    case .float16: elements = x.toArray(Float16.self).map { text($0) }
    case .bool: elements = x.toArray(Bool.self).map { $0 ? "True" : "False" }
    case let dtype where dtype.isFloatingPoint: elements = x.to(.float32).toArray(Float.self).map { text($0) }
    default:
        let numbers = x.toArray(Int.self)
        elements = numbers.map { value.type == .uint64 ? "\(UInt(bitPattern: $0))" : "\($0)" }
    }
    return StringTensor(elements, shape: x.shape)
}

private func parsed(_ strings: StringTensor, _ type: ONNXElementType) throws -> ONNXTensor {
    guard let dtype = type.dtype else { throw Problem("no conversion of strings to \(type)") }
    let numbers = try strings.elements.map { text -> Double in
        let trimmed = String(text.drop { $0 == " " })
        if let number = Double(trimmed) { return number }
        switch trimmed.lowercased() {
        case "inf", "+inf", "infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan": return .nan
        case "true": return 1
        case "false": return 0
        default: throw Problem("\(quoted(text)) is not a number")
        }
    }
    if dtype == .int64 {
        let integers = zip(strings.elements, numbers).map { text, number in Int(text) ?? Int(saturating: number) }
        return ONNXTensor(Tensor(integers, shape: strings.shape), type)
    }
    let wide = Tensor(numbers, shape: strings.shape, dtype: .float64)
    if type.smallFloat != nil { return .rounding(wide.to(.float32), to: type) }
    return .wrapping(wide.to(dtype), to: type)
}
