import TorchlightCore

extension Tensor {
    /// A vector of the numbers that are the bytes of a file, one after the other in the byte order of the machine, as
    /// `torch.from_file` with `shared: false`.
    ///
    /// The tensor shares the memory of the memory-mapped file: data is read when it is first used, and changes are not written to
    /// the file.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - size: the number of elements. Default: nil, all that the file holds.
    ///   - dtype: the dtype of the numbers. Default: the default dtype.
    /// - Throws: `IOError` if the file cannot be read or holds fewer numbers.
    public static func fromFile(
        _ path: String, size: Int? = nil, dtype: DType = .default
    ) throws(IOError) -> Tensor {
        let mapped = try MappedFile(path)
        let count = size ?? mapped.bytes.count / dtype.byteSize
        guard count >= 0, count *| dtype.byteSize <= mapped.bytes.count else {
            throw IOError(
                .unsupported, "read", file: path,
                "the file has \(quantity(mapped.bytes.count, "byte")), which are not \(quantity(count, "element"))",
                expected: "at least \(quantity(dtype.byteSize, "byte")) for each element")
        }
        return Tensor.ofMappedBytes(mapped, count: count, dtype: dtype)
    }

    private static func ofMappedBytes(_ mapped: MappedFile, count: Int, dtype: DType) -> Tensor {
        guard count > 0, let start = mapped.bytes.baseAddress else {
            return Tensor.empty([count], dtype: dtype, device: .cpu)
        }
        let storage = Storage(
            bytes: UnsafeMutableRawPointer(mutating: start), byteCount: count * dtype.byteSize, device: .cpu,
            owner: mapped, isReadOnly: false)
        return Tensor(storage: storage, layout: Layout(shape: Dims([count])), dtype: dtype)
    }
}

/// Imports a tensor of another library without copying its memory: ``DLPack/adopt(_:version:)``.
public func fromDLPack(
    _ managed: UnsafeMutableRawPointer, version: DLPack.Version = .v1
) throws(TensorError) -> Tensor {
    try DLPack.adopt(managed, version: version)
}

/// Reads the array of a `.npy` file: ``NumpyFile/load(_:)``. An array in the memory of a Python program is imported by
/// ``fromDLPack(_:version:)``.
public func fromNumpy(_ path: String) throws(IOError) -> Tensor { try NumpyFile.load(path) }
