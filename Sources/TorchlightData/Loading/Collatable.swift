import TorchlightCore

/// A part of a sample of which many make a part of a batch.
///
/// Tensors are stacked along a new first dimension, integers become an int64 tensor, floating-point numbers a float32
/// tensor, truth values a bool tensor; texts stay a list; arrays and dictionaries become arrays and dictionaries of batches.
public protocol Collatable: SendableMetatype {
    /// What a list of this becomes.
    associatedtype Batch

    /// Joins the parts of a batch's samples, in order; there is at least one.
    ///
    /// - Throws: `TensorError` where they do not fit together.
    static func collate(_ parts: [Self]) throws -> Batch
}

extension Tensor: Collatable {
    /// `n` tensors of one shape and dtype: `[*]` each -> `[n, *]`.
    public static func collate(_ parts: [Tensor]) throws -> Tensor {
        let first = parts[0]
        let result = try Tensor(empty: Dims([parts.count] + first.shape), dtype: first.dtype)
        let size = first.count * first.dtype.byteSize
        for (index, part) in parts.enumerated() {
            guard part.layout.shape == first.layout.shape, part.dtype == first.dtype else {
                throw TensorError(
                    .shape, in: "collate", "samples 0 and \(index) of a batch differ",
                    expected: "tensors of one shape and dtype",
                    fix: "pad or crop them in the data set, or pass collate:", operands: [first, part])
            }
            guard !part.requiresGrad else {
                throw TensorError(
                    .autograd, in: "collate", "a sample requires a gradient, which a batch's copy would lose",
                    fix: "detach() it in the data set", operands: [part])
            }
            if size == 0 { continue }
            part.withUnsafeBytes { (result.data + index * size).copyMemory(from: $0.baseAddress!, byteCount: size) }
        }
        return result
    }
}

extension Collatable where Self: TensorElement {
    /// `n` numbers -> `[n]`.
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
    /// The texts as they are.
    public static func collate(_ parts: [String]) -> [String] { parts }
}

extension Array: Collatable where Element: Collatable {
    /// A batch for each position; all arrays are of one length.
    public static func collate(_ parts: [[Element]]) throws -> [Element.Batch] {
        for part in parts where part.count != parts[0].count {
            throw TensorError(
                .shape, in: "collate", "the arrays in a batch's samples differ in length",
                got: "\(parts[0].count) and \(part.count)", expected: "equal lengths")
        }
        return try parts[0].indices.map { index in try Element.collate(parts.map { $0[index] }) }
    }
}

extension Dictionary: Collatable where Value: Collatable {
    /// A batch for each key; all dictionaries have the same keys.
    public static func collate(_ parts: [[Key: Value]]) throws -> [Key: Value.Batch] {
        for part in parts where Set(part.keys) != Set(parts[0].keys) {
            throw TensorError(
                .value, in: "collate", "the dictionaries in a batch's samples have different keys",
                got: "\(Array(parts[0].keys)) and \(Array(part.keys))", expected: "the same keys")
        }
        return try parts[0].reduce(into: [:]) { batch, entry in
            batch[entry.key] = try Value.collate(parts.map { $0[entry.key]! })
        }
    }
}
