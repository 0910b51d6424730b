import TorchlightCore

/// A tensor as it lies in a file: its element type there, and its bits.
///
/// Tensors whose element type has no dtype here keep their bits in elements of the same size, so that they can be written
/// to another file as they are.
package struct StoredTensor: Sendable {
    package let name: String
    /// The element type in the file, as PyTorch spells it: "float32", "uint32", "float8_e4m3fn"; the format's own name where
    /// PyTorch has none.
    package let type: String
    package let shape: [Int]
    /// The number of bytes in the file.
    package let byteCount: Int
    /// The elements, of a dtype of the same size; nil where they cannot be had as bits.
    package let bits: Tensor?
    /// Why the elements have no value here; nil where they do.
    package let problem: String?

    init(name: String, type: String, shape: [Int], byteCount: Int, bits: Tensor?, problem: String? = nil) {
        self.name = name
        self.type = type
        self.shape = shape
        self.byteCount = byteCount
        self.bits = bits
        self.problem =
            problem ?? (FileElement(name: type)?.readAs == nil ? "elements of type \(type) have no dtype here" : nil)
    }

    /// A tensor of one of the dtypes.
    package init(_ name: String, _ tensor: Tensor) {
        self.init(
            name: name, type: "\(tensor.dtype)", shape: tensor.shape, byteCount: tensor.count * tensor.dtype.byteSize,
            bits: tensor)
    }

    /// The dtype that ``tensor(file:)`` has; nil where it throws.
    package var dtype: DType? { problem == nil ? FileElement(name: type)?.readAs : nil }

    /// Whether the element type is one of the dtypes.
    package var hasDType: Bool { dtype.map { "\($0)" == type } ?? false }

    /// The same tensor under another name.
    package func renamed(_ name: String) -> StoredTensor {
        StoredTensor(name: name, type: type, shape: shape, byteCount: byteCount, bits: bits, problem: problem)
    }

    /// Whether all bits agree with those of a tensor of the same type and shape.
    package func hasSameBits(as other: StoredTensor) -> Bool {
        guard let bits, let others = other.bits else { return false }
        return bits.withUnsafeBytes { first in others.withUnsafeBytes { second in first.elementsEqual(second) } }
    }

    /// The values, widened where the element type has no dtype of its own.
    ///
    /// - Throws: `IOError` where they have no value here.
    package func tensor(file: String) throws(IOError) -> Tensor {
        guard problem == nil, let bits, let element = FileElement(name: type), let dtype = element.readAs else {
            throw IOError(
                .unsupported, "read", file: file,
                "\(IOError.quoted(name)) cannot be read: \(problem ?? "its elements cannot be had")",
                expected: "elements of a type that has a dtype here")
        }
        guard element.isWidened else { return bits }
        let tensor: Tensor
        do { tensor = try Tensor(empty: Dims(shape), dtype: dtype) } catch {
            throw IOError(.unsupported, "read", file: file, "no memory for \(IOError.quoted(name)): \(error.problem)")
        }
        let bad = bits.withUnsafeBytes { element.widen($0, count: tensor.count, into: tensor.data) }
        if let bad {
            throw IOError(
                .unsupported, "read", file: file, "\(IOError.quoted(name)) is uint64 and holds \(bad.value)",
                expected: "values up to \(Int64.max), which int64 holds")
        }
        return tensor
    }
}
