import TorchlightCore

/// A type whose values can be collated into a batch.
///
/// - Tensors are stacked along a new dimension 0: `[*]` -> `[N, *]`.
/// - Numbers become a tensor `[N]` of their dtype: `Int` int64, `Int32` int32, `Float` float32, `Bool` bool, and so on;
///   `Double` becomes the default dtype, float32 unless it was changed.
/// - Strings become an array of strings.
/// - Arrays and dictionaries become arrays and dictionaries of batches.
public protocol Collatable: SendableMetatype {
    /// The type of a batch of these values.
    associatedtype Batch

    /// Collates the values of a batch, in order; there is at least one.
    ///
    /// - Throws: `TensorError` if shapes, dtypes, lengths or keys differ.
    static func collate(_ parts: [Self]) throws -> Batch
}

extension Tensor: Collatable {
    /// Stacks N tensors of the same shape and dtype along a new dimension 0: `[*]` -> `[N, *]`.
    public static func collate(_ parts: [Tensor]) throws -> Tensor {
        let first = parts[0]
        // The result of a failed operation: its error is reported at the end of the block that checks the sample.
        if let failed = parts.first(where: \.isPlaceholder) { return failed }
        let result = try Tensor(empty: Dims([parts.count] + first.shape), dtype: first.dtype)
        let size = first.count * first.dtype.byteSize
        for (index, part) in parts.enumerated() {
            guard part.layout.shape == first.layout.shape, part.dtype == first.dtype else {
                throw TensorError(
                    .shape, in: "collate", "samples 0 and \(index) of a batch differ in shape or dtype",
                    expected: "tensors of the same shape and dtype",
                    fix: "pad or crop them in the dataset, or pass collate:", operands: [first, part])
            }
            guard !part.requiresGrad else {
                throw TensorError(
                    .autograd, in: "collate", "a sample requires gradients, which a batch's copy would lose",
                    fix: "detach() it in the dataset", operands: [part])
            }
            if size == 0 { continue }
            part.withUnsafeBytes { (result.data + index * size).copyMemory(from: $0.baseAddress!, byteCount: size) }
        }
        return result
    }
}

extension Collatable where Self: TensorElement {
    /// Makes a tensor `[N]` of N numbers.
    public static func collate(_ parts: [Self]) throws -> Tensor { Tensor(parts, shape: [parts.count]) }
}

extension Int: Collatable {}
extension Int64: Collatable {}
extension Int32: Collatable {}
extension Int16: Collatable {}
extension Int8: Collatable {}
extension UInt8: Collatable {}
extension Bool: Collatable {}
extension Float: Collatable {}
extension Double: Collatable {}

extension String: Collatable {
    /// Returns the strings unchanged.
    public static func collate(_ parts: [String]) -> [String] { parts }
}

extension Array: Collatable where Element: Collatable {
    /// Collates the elements at each index; all arrays must have the same length.
    public static func collate(_ parts: [[Element]]) throws -> [Element.Batch] {
        for part in parts where part.count != parts[0].count {
            throw TensorError(
                .shape, in: "collate", "the arrays in the samples of a batch differ in length",
                got: "\(parts[0].count) and \(part.count)", expected: "equal lengths")
        }
        return try parts[0].indices.map { index in try Element.collate(parts.map { $0[index] }) }
    }
}

extension Dictionary: Collatable where Value: Collatable {
    /// Collates the values of each key; all dictionaries must have the same keys.
    public static func collate(_ parts: [[Key: Value]]) throws -> [Key: Value.Batch] {
        for part in parts where Set(part.keys) != Set(parts[0].keys) {
            throw TensorError(
                .value, in: "collate", "the dictionaries in the samples of a batch have different keys",
                got: "\(Array(parts[0].keys)) and \(Array(part.keys))", expected: "the same keys")
        }
        return try parts[0].reduce(into: [:]) { batch, entry in
            batch[entry.key] = try Value.collate(parts.map { $0[entry.key]! })
        }
    }
}
