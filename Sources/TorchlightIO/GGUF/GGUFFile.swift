import CFiles
import TorchlightCore

/// A GGUF file (the format of llama.cpp), versions 2 and 3: metadata and tensors.
///
///     let file = try GGUFFile("model.gguf")
///     file.string("general.architecture")            // "llama"
///     let embedding = try file.tensor("token_embd.weight")
///
/// The file is memory-mapped. Tensors are decoded on access: F32, F16, BF16, F64 and integers keep their dtype, the
/// quantised types Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K become float32. Other types are an error of
/// ``tensor(_:)``. Shapes are row-major: the reverse of the order in the file.
public struct GGUFFile: Sendable {
    /// The description of a tensor.
    public struct Entry: Sendable, Equatable {
        /// The name of the tensor.
        public let name: String
        /// The name of its type in the format: `F32`, `Q4_K`, ...
        public let type: String
        /// The shape.
        public let shape: [Int]
    }

    /// The path of the file.
    public let path: String
    /// The header, for the modules of the package.
    package let header: GGUFHeader
    private let mapped: MappedFile
    /// By the bytes of the names.
    private let indices: [[UInt8]: Int]

    /// Opens a file and checks its header: counts, sizes and positions must lie within the file.
    ///
    /// - Throws: `IOError` if the file cannot be read or is malformed.
    public init(_ path: String) throws(IOError) {
        let mapped = try MappedFile(path)
        self.path = path
        self.mapped = mapped
        header = try mapped.withBytes { bytes throws(IOError) in try GGUFHeader(bytes, file: path) }
        indices = Dictionary(
            header.entries.enumerated().map { (Array($1.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The version of the format.
    public var version: Int { header.version }
    /// The tensors, in the order of the file.
    public var entries: [Entry] {
        header.entries.map { Entry(name: $0.name, type: GGUFType.name($0.typeCode), shape: $0.shape) }
    }
    /// The keys of the metadata, in the order of the file.
    public var keys: [String] { header.metadata.map(\.key) }
    /// The string of a key of the metadata; nil if there is none.
    public func string(_ key: String) -> String? { header.string(key) }
    /// The integer of a key of the metadata; nil if there is none.
    public func integer(_ key: String) -> Int? { header.integer(key) }
    /// The number of a key of the metadata; nil if there is none.
    public func number(_ key: String) -> Double? { header.number(key) }
    /// The Boolean value of a key of the metadata; nil if there is none.
    public func bool(_ key: String) -> Bool? { header.bool(key) }
    /// The array of strings of a key of the metadata; nil if there is none.
    public func strings(_ key: String) -> [String]? { header.strings(key) }
    /// The array of integers of a key of the metadata; nil if there is none.
    public func integers(_ key: String) -> [Int]? { header.integers(key) }
    /// The array of numbers of a key of the metadata; nil if there is none.
    public func floats(_ key: String) -> [Double]? { header.floats(key) }

    /// The description of a tensor; nil if there is none of this name.
    package func entry(_ name: String) -> GGUFHeader.Entry? { indices[Array(name.utf8)].map { header.entries[$0] } }

    /// Returns a tensor, decoded to float32 if it is quantised.
    ///
    /// - Throws: `IOError` if there is no tensor of this name, its type is not supported, or there is no memory for it.
    public func tensor(_ name: String) throws(IOError) -> Tensor {
        let (entry, type) = try known(name)
        return try mapped.withBytes { bytes throws(IOError) -> Tensor in
            let data = bytes.slice(entry.range)
            guard let dtype = type.dtype else {
                let tensor = try empty(entry.shape, .float32, entry)
                if let start = data.baseAddress {
                    tl_gguf_decode(
                        Int32(type.rawValue), start, Int64(data.count / type.block.bytes),
                        tensor.data.assumingMemoryBound(to: Float.self))
                }
                return tensor
            }
            let tensor = try empty(entry.shape, dtype, entry)
            if let start = data.baseAddress { tensor.data.copyMemory(from: start, byteCount: data.count) }
            return tensor
        }
    }

    /// The codes `[out, in]` of a matrix of Q8_0, Q4_0 or Q4_1, and its scales and offsets in float16, `[out, in / 32]`; nil
    /// for another type or shape.
    package func quantized(_ name: String) throws(IOError) -> (codes: Tensor, scales: Tensor, offsets: Tensor?)? {
        let (entry, type) = try known(name)
        guard [.q8_0, .q4_0, .q4_1].contains(type), entry.shape.count == 2 else { return nil }
        return try mapped.withBytes { bytes throws(IOError) -> (codes: Tensor, scales: Tensor, offsets: Tensor?) in
            let data = bytes.slice(entry.range)
            let factorShape = [entry.shape[0], entry.shape[1] / 32]
            let codes = try empty(entry.shape, .uint8, entry)
            let scales = try empty(factorShape, .float16, entry)
            let offsets = type == .q4_1 ? try empty(factorShape, .float16, entry) : nil
            if let start = data.baseAddress {
                tl_gguf_split(
                    Int32(type.rawValue), start, Int64(data.count / type.block.bytes),
                    codes.data.assumingMemoryBound(to: UInt8.self), scales.data.assumingMemoryBound(to: UInt16.self),
                    offsets?.data.assumingMemoryBound(to: UInt16.self))
            }
            return (codes, scales, offsets)
        }
    }

    private func known(_ name: String) throws(IOError) -> (GGUFHeader.Entry, GGUFType) {
        guard let entry = entry(name) else {
            throw IOError(
                .notFound, "gguf", file: path, "the file has no tensor \(IOError.quoted(name))",
                expected: "one of its \(quantity(header.entries.count, "tensor"))")
        }
        guard let type = entry.type else {
            throw IOError(
                .unsupported, "gguf", file: path,
                "the tensor \(IOError.quoted(name)) has the type \(GGUFType.name(entry.typeCode))",
                expected: "one of " + GGUFType.allCases.map(\.name).joined(separator: ", "))
        }
        return (entry, type)
    }

    private func empty(_ shape: [Int], _ dtype: DType, _ entry: GGUFHeader.Entry) throws(IOError) -> Tensor {
        do { return try Tensor(empty: Dims(shape), dtype: dtype) } catch {
            throw IOError(
                .unsupported, "gguf", file: path, "no memory for \(IOError.quoted(entry.name)): \(error.problem)")
        }
    }
}

extension GGUFType {
    /// The dtype of the elements; nil for blocks of quantised numbers.
    var dtype: DType? {
        switch self {
        case .f32: .float32
        case .f16: .float16
        case .bf16: .bfloat16
        case .f64: .float64
        case .i8: .int8
        case .i16: .int16
        case .i32: .int32
        case .i64: .int64
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_k, .q5_k, .q6_k: nil
        }
    }
}
