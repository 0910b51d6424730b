import TorchlightCore

/// A tensor file of any format, with the element types of the file.
package struct StoredFile: Sendable {
    package let kind: FileKind
    package let tensors: [StoredTensor]
    /// The metadata of a safetensors file.
    package let metadata: [(key: String, value: String)]
    /// The complete contents of a PyTorch file.
    package let value: TorchValue?
    /// The members that cannot be read even as bits, or are damaged.
    package let leftOut: [LeftOut]

    init(
        kind: FileKind, tensors: [StoredTensor], metadata: [(key: String, value: String)] = [],
        value: TorchValue? = nil, leftOut: [LeftOut] = []
    ) {
        self.kind = kind
        self.tensors = tensors
        self.metadata = metadata
        self.value = value
        self.leftOut = leftOut
    }

    /// Opens a file of any supported format.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - isShard: whether the file is a shard of an index, which cannot itself be an index.
    ///   - skippingDamaged: whether damaged members of an archive are listed in ``leftOut``, and not an error.
    /// - Throws: `IOError` if the file is malformed or of an unsupported format.
    package static func open(
        _ path: String, isShard: Bool = false, skippingDamaged: Bool = false
    ) throws(IOError) -> StoredFile {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            let contents = FileContents(mapped)
            switch try TensorFile.kind(of: bytes, path: path) {
            case .shardIndex where !isShard: return try ShardIndex(path).open()
            case .npy: return StoredFile(kind: .npy, tensors: [try NumpyFile.storedArray(contents)])
            case .npz:
                let (tensors, leftOut) = try NumpyFile.stored(contents, skippingDamaged: skippingDamaged)
                return StoredFile(kind: .npz, tensors: tensors, leftOut: leftOut)
            case .torchArchive, .torchStream, .torchScript, .pickle:
                let file = try TorchFile.parse(contents, asBits: true, skippingDamaged: skippingDamaged)
                let tensors = file.value.tensors.map { name, tensor in
                    StoredTensor(
                        name: name, type: file.types[ObjectIdentifier(tensor)] ?? "\(tensor.dtype)",
                        shape: tensor.shape, byteCount: tensor.count * tensor.dtype.byteSize, bits: tensor)
                }
                return StoredFile(
                    kind: .torchArchive, tensors: tensors, value: file.value, leftOut: file.value.leftOut)
            default:
                let (tensors, metadata, leftOut) = try Safetensors.stored(contents)
                return StoredFile(kind: .safetensors, tensors: tensors, metadata: metadata, leftOut: leftOut)
            }
        }
    }
}
