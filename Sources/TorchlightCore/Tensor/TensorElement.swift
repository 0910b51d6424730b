// What a type does for a protocol is documented there.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// A Swift number type whose arrays can be converted to tensors and back.
public protocol TensorElement: Sendable {
    /// The dtype with the same representation as this type.
    static var dtype: DType { get }
}

extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Float: TensorElement { public static var dtype: DType { .float32 } }
#if !arch(x86_64) || os(Linux)
    extension Float16: TensorElement { public static var dtype: DType { .float16 } }
#endif
extension Int: TensorElement { public static var dtype: DType { .int64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension Int16: TensorElement { public static var dtype: DType { .int16 } }
extension Int8: TensorElement { public static var dtype: DType { .int8 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }

/// A bfloat16 number: the upper 16 bits of a Float.
public struct BFloat16: TensorElement, Hashable {
    /// The bits of the number.
    public var bitPattern: UInt16
    /// The number with these bits.
    public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// The bfloat16 number nearest to `value`; ties round to even.
    public init(_ value: Float) {
        let bits = value.bitPattern
        bitPattern = value.isNaN ? 0x7FC0 : UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// The dtype bfloat16.
    public static var dtype: DType { .bfloat16 }
    /// The number as a Float, exactly.
    public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}

/// Data from which a tensor can be made: a number, or a (nested) array of numbers with equal lengths at each level.
///
/// The element type of a literal is inferred: `Tensor([[1, 2], [3, 4]])` is int64 (`[[Int]]`), `Tensor([1, 2.5])` is
/// float32.
public protocol TensorData {
    /// The number type of the innermost arrays.
    associatedtype Leaf: TensorElement
    /// The size of each dimension, taken from the first elements.
    var tensorShape: [Int] { get }
    /// Appends all numbers in row-major order; returns false if the lengths are not those of `shape`.
    func appendElements(to elements: inout [Leaf], shape: ArraySlice<Int>) -> Bool
}

extension TensorData where Self: TensorElement, Leaf == Self {
    public var tensorShape: [Int] { [] }
    public func appendElements(to elements: inout [Self], shape: ArraySlice<Int>) -> Bool {
        elements.append(self)
        return true
    }
}

extension Double: TensorData { public typealias Leaf = Double }
extension Float: TensorData { public typealias Leaf = Float }
extension Float16: TensorData { public typealias Leaf = Float16 }
extension Int: TensorData { public typealias Leaf = Int }
extension Int64: TensorData { public typealias Leaf = Int64 }
extension Int32: TensorData { public typealias Leaf = Int32 }
extension Int16: TensorData { public typealias Leaf = Int16 }
extension Int8: TensorData { public typealias Leaf = Int8 }
extension UInt8: TensorData { public typealias Leaf = UInt8 }
extension Bool: TensorData { public typealias Leaf = Bool }
extension BFloat16: TensorData { public typealias Leaf = BFloat16 }

extension Array: TensorData where Element: TensorData {
    public typealias Leaf = Element.Leaf

    public var tensorShape: [Int] { [count] + (first?.tensorShape ?? []) }

    public func appendElements(to elements: inout [Element.Leaf], shape: ArraySlice<Int>) -> Bool {
        guard let size = shape.first, size == count else { return false }
        if let flat = self as? [Element.Leaf] {
            elements.append(contentsOf: flat)
            return shape.count == 1
        }
        return allSatisfy { $0.appendElements(to: &elements, shape: shape.dropFirst()) }
    }
}
