import TorchlightCore

extension TorchFile {
    /// Writes a value to a file that `torch.load` reads, also with `weights_only=True`. The file is created complete or
    /// not at all.
    ///
    /// Tensors that share a storage share it in the file, and a tensor that occurs twice is written once, so tied
    /// weights stay tied. Of a storage, only the range that its tensors use is written. Parameters are written as
    /// `torch.nn.Parameter`.
    /// - Throws: `IOError` if the file cannot be written, or a tensor is the result of an operation that failed.
    public static func save(_ value: TorchValue, to path: String) throws(IOError) {
        try save(value, types: [:], to: path)
    }

    private static func save(
        _ value: TorchValue, types: [ObjectIdentifier: String], to path: String
    ) throws(IOError) {
        let file = try AtomicFile(path)
        defer { file.discard() }
        try write(value, to: ZipWriter(file, path: path, operation: "pth"), path: path, types: types)
        try file.commit()
    }

    /// Writes a state dictionary of tensors with the element types of another file.
    package static func save(stored tensors: [StoredTensor], to path: String) throws(IOError) {
        var types: [ObjectIdentifier: String] = [:]
        var items: [(key: TorchValue, value: TorchValue)] = []
        for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            guard let bits = tensor.bits, FileElement(name: tensor.type) != nil else {
                throw IOError(
                    .unsupported, "pth", file: path,
                    "cannot write the tensor \(IOError.quoted(tensor.name)) of type \(tensor.type)",
                    expected: "a dtype of PyTorch")
            }
            let plain = bits.detach()
            if !tensor.hasDType { types[ObjectIdentifier(plain)] = tensor.type }
            items.append((.string(tensor.name), .tensor(plain)))
        }
        try save(.dictionary(TorchDictionary(items, isOrdered: true)), types: types, to: path)
    }

    /// Writes named tensors as `torch.save(model.state_dict(), path)` does: tensors in an `OrderedDict`.
    ///
    /// - Throws: the errors of ``save(_:to:)-(TorchValue,_)``.
    public static func save(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String
    ) throws(IOError) {
        try save(.stateDict(tensors), to: path)
    }

    /// Writes named tensors as `torch.save(model.state_dict(), path)` does, in the order of their names.
    ///
    /// - Throws: the errors of ``save(_:to:)-(TorchValue,_)``.
    public static func save(_ tensors: [String: Tensor], to path: String) throws(IOError) {
        try save(.stateDict(tensors), to: path)
    }

    package static func write(
        _ value: TorchValue, to archive: ZipWriter, path: String, types: [ObjectIdentifier: String] = [:]
    ) throws(IOError) {
        let pickle = try PickleWriter(value, path: path, types: types)
        try archive.reserve(pickle.storages.reduce(0) { $0 + $1.range.count * $1.element.size })
        try archive.add("archive/data.pkl", pickle.bytes)
        try archive.add("archive/.format_version", Array("1".utf8))
        try archive.add("archive/.storage_alignment", Array("64".utf8))
        try archive.add("archive/byteorder", Array("little".utf8))
        for (key, part) in pickle.storages.enumerated() {
            let size = part.element.size
            let bytes = UnsafeRawBufferPointer(
                start: part.storage.bytes + part.range.lowerBound * size, count: part.range.count * size)
            try archive.begin("archive/data/\(key)", size: bytes.count)
            try archive.write(bytes)
            try archive.end()
        }
        try archive.add("archive/version", Array("3\n".utf8))
        try archive.finish()
    }
}
