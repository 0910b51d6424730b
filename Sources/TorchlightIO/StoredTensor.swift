import TorchlightCore

/// A tensor with the element type and the bits that it has in a file.
///
/// A tensor of an element type without a dtype stores its bits in a dtype of the same element size, so that it can be
/// written to another file unchanged.
package struct StoredTensor: Sendable {
    package let name: String
    /// PyTorch's name of the element type in the file: "float32", "uint32", "float8_e4m3fn"; the format's own name if
    /// PyTorch has none.
    package let type: String
    package let shape: [Int]
    /// The number of bytes in the file.
    package let byteCount: Int
    /// The elements in a dtype of the same size; nil if their bits cannot be read.
    package let bits: Tensor?
    /// Why the values cannot be read; nil if they can.
    package let problem: String?

    init(name: String, type: String, shape: [Int], byteCount: Int, bits: Tensor?, problem: String? = nil) {
        self.name = name
        self.type = type
        self.shape = shape
        self.byteCount = byteCount
        self.bits = bits
        self.problem =
            problem ?? (FileElement(name: type)?.readAs == nil ? "the element type \(type) is not supported" : nil)
    }

    /// Creates a stored tensor of a tensor; its element type is the dtype.
    package init(_ name: String, _ tensor: Tensor) {
        self.init(
            name: name, type: "\(tensor.dtype)", shape: tensor.shape, byteCount: tensor.count * tensor.dtype.byteSize,
            bits: tensor)
    }

    /// Whether PyTorch has an element type of this name.
    package static func isType(_ name: String) -> Bool { FileElement(name: name) != nil }

    /// The dtype of ``tensor(file:)``; nil if it throws.
    package var dtype: DType? { problem == nil ? FileElement(name: type)?.readAs : nil }

    /// Whether the element type is a dtype.
    package var hasDType: Bool { dtype.map { "\($0)" == type } ?? false }

    /// Returns the tensor with another name.
    package func renamed(_ name: String) -> StoredTensor {
        StoredTensor(name: name, type: type, shape: shape, byteCount: byteCount, bits: bits, problem: problem)
    }

    /// Whether all bits are equal to those of a tensor with the same type and shape.
    package func hasSameBits(as other: StoredTensor) -> Bool {
        guard let bits, let others = other.bits else { return false }
        return bits.withUnsafeBytes { first in others.withUnsafeBytes { second in first.elementsEqual(second) } }
    }

    /// Returns the values, widened if the element type has no dtype.
    ///
    /// - Throws: `IOError` if the values cannot be read.
    package func tensor(file: String) throws(IOError) -> Tensor {
        guard problem == nil, let bits, let element = FileElement(name: type), let dtype = element.readAs else {
            throw IOError(
                .unsupported, "read", file: file,
                "\(IOError.quoted(name)) cannot be read: \(problem ?? "its bits cannot be read")",
                expected: "a tensor of a supported element type")
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
