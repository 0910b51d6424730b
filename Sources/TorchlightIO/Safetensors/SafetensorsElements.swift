import TorchlightCore

// The element types of the safetensors format and their dtypes.

extension Safetensors {
    /// The names of element types in the format, by PyTorch's names.
    private static let names: [String: String] = [
        "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
        "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "uint16": "U16", "uint32": "U32", "uint64": "U64",
        "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
        "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0", "complex64": "C64",
    ]
    private static let elementNames = Dictionary(uniqueKeysWithValues: names.map { ($1, $0) })

    /// The name of a dtype in the format; PyTorch's name if the format has none, as for complex128.
    package static func typeName(of dtype: DType) -> String { names["\(dtype)"] ?? "\(dtype)" }

    /// The name in the format of an element type with PyTorch's name or with the format's own; nil if there is none.
    package static func typeName(of name: String) -> String? {
        // PyTorch's names such as "complex128" are in lower case; those of the format are in capitals.
        names[name] ?? (name.first?.isUppercase == true ? name : nil)
    }

    /// PyTorch's name of an element type of the format; the format's own name if PyTorch has none.
    package static func elementName(of type: String) -> String { elementNames[type] ?? type }

    /// A tensor of a file: a view of the file's bytes if they are aligned and the type is a dtype, otherwise a copy.
    ///
    /// - Throws: `IOError` of kind `.unsupported` if the element type is not supported.
    static func tensor(_ entry: SafetensorsHeader.Entry, in contents: FileContents) throws(IOError) -> Tensor {
        guard let element = FileElement(name: elementName(of: entry.dtype)), let dtype = element.readAs else {
            throw IOError(
                .unsupported, "safetensors", file: contents.path, offset: entry.range.lowerBound,
                "the element type \(entry.dtype) is not supported",
                expected: "F64 to F8, C64, I64 to I8, U64 to U8, BOOL")
        }
        return try tensor(entry, as: element, dtype: dtype, in: contents)
    }

    private static func tensor(
        _ entry: SafetensorsHeader.Entry, as element: FileElement, dtype: DType, in contents: FileContents
    ) throws(IOError) -> Tensor {
        if let problem = rankProblem(entry) {
            throw IOError(
                .unsupported, "safetensors", file: contents.path, offset: entry.range.lowerBound,
                "\(IOError.quoted(entry.name)) \(problem)", expected: "at most \(quantity(maximumRank, "dimension"))")
        }
        let layout = Layout(shape: Dims(entry.shape))
        let storage = try StorageReader(contents: contents, operation: "safetensors").storage(
            of: element, count: layout.count, in: entry.range, isSwapped: false,
            what: "the tensor \(IOError.quoted(entry.name))")
        return Tensor(storage: storage, layout: layout, dtype: dtype)
    }

    private static func rankProblem(_ entry: SafetensorsHeader.Entry) -> String? {
        entry.shape.count > maximumRank
            ? "has \(quantity(entry.shape.count, "dimension")), more than a tensor may have" : nil
    }

    /// A tensor of a file with its element type; the bits if the type has no dtype.
    static func stored(_ entry: SafetensorsHeader.Entry, in contents: FileContents) throws(IOError) -> StoredTensor {
        let name = elementName(of: entry.dtype)
        let problem = rankProblem(entry)
        let bits: Tensor
        if problem == nil, let element = FileElement(name: name), let same = element.asBits {
            bits = try tensor(
                entry, as: element.isWidened || element.readAs == nil ? same : element, dtype: same.dtype, in: contents)
        } else {
            let bytes = SafetensorsHeader.Entry(
                name: entry.name, dtype: "U8", shape: [entry.range.count], range: entry.range)
            bits = try tensor(bytes, as: FileElement(.uint8), dtype: .uint8, in: contents)
        }
        return StoredTensor(
            name: entry.name, type: name, shape: entry.shape, byteCount: entry.range.count, bits: bits,
            problem: problem)
    }
}
