import TorchlightCore

// The element types of the format and the dtypes here.

extension Safetensors {
    private static let names: [DType: String] = [
        .float64: "F64", .float32: "F32", .float16: "F16", .bfloat16: "BF16", .int64: "I64", .int32: "I32",
        .int16: "I16", .int8: "I8", .uint8: "U8", .bool: "BOOL",
    ]
    private static let elements: [String: FileElement] = {
        var elements = Dictionary(uniqueKeysWithValues: names.map { ($1, FileElement($0)) })
        elements["U16"] = FileElement(name: "uint16")
        elements["U32"] = FileElement(name: "uint32")
        elements["U64"] = FileElement(name: "uint64")
        return elements
    }()

    /// The format's name of a dtype.
    package static func typeName(of dtype: DType) -> String { names[dtype]! }

    /// A tensor of a file: the file's own bytes where they are aligned and of a dtype, otherwise a copy.
    static func tensor(_ entry: SafetensorsHeader.Entry, in contents: FileContents) throws(IOError) -> Tensor {
        let layout = Layout(shape: Dims(entry.shape))
        let what = "the tensor \(IOError.quoted(entry.name))"
        if let element = elements[entry.dtype] {
            let storage = try StorageReader(contents: contents, operation: "safetensors").storage(
                of: element, count: layout.count, in: entry.range, isSwapped: false, what: what)
            return Tensor(storage: storage, layout: layout, dtype: element.dtype)
        }
        let bytes = contents.bytes.slice(entry.range)
        func widened<Value: TensorElement>(_ value: (UInt8) -> Value) throws(IOError) -> Tensor {
            let tensor: Tensor
            do { tensor = try Tensor(empty: layout.shape, dtype: Value.dtype) } catch {
                throw IOError(
                    .unsupported, "safetensors", file: contents.path, "no memory for \(what): \(error.problem)")
            }
            let table = (0...UInt8.max).map(value)
            let target = tensor.data.assumingMemoryBound(to: Value.self)
            for (index, byte) in bytes.enumerated() { target[index] = table[Int(byte)] }
            return tensor
        }
        switch entry.dtype {
        case "F8_E5M2": return try widened { Float16(bitPattern: UInt16($0) << 8) }
        case "F8_E4M3": return try widened(float16(e4m3:))
        case "F8_E8M0":
            return try widened { $0 == 0xFF ? .nan : Float(sign: .plus, exponent: Int($0) - 127, significand: 1) }
        default:
            throw IOError(
                .unsupported, "safetensors", file: contents.path, offset: entry.range.lowerBound,
                "\(what) has elements of type \(entry.dtype)",
                expected: "\(elements.keys.sorted().joined(separator: ", ")) or F8")
        }
    }

    /// A float of a sign, 4 bits of exponent (bias 7) and 3 of fraction; all ones is NaN, and there are no infinities
    /// (Micikevicius et al. 2022, "FP8 Formats for Deep Learning").
    private static func float16(e4m3 bits: UInt8) -> Float16 {
        let (exponent, fraction) = (Int(bits >> 3 & 15), Float(bits & 7))
        if bits & 0x7F == 0x7F { return .nan }
        let magnitude =
            exponent == 0
            ? Float(sign: .plus, exponent: -9, significand: fraction)
            : Float(sign: .plus, exponent: exponent - 7, significand: 1 + fraction / 8)
        return Float16(bits & 0x80 == 0 ? magnitude : -magnitude)
    }
}
