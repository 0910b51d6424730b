// What a type does for a protocol is documented there.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// A type that can be used in a subscript `x[...]`: integers, ranges, `.all`, `.slice(...)`, `.ellipsis`, `.newAxis`,
/// index tensors, bool masks, arrays of integers, and bools.
public protocol TensorIndex {
    /// The index as an item of the subscript.
    var index: TensorIndexItem { get }
}

/// One item of a subscript.
public enum TensorIndexItem {
    /// One index; the dimension is removed.
    case position(Int)
    /// The indices from `start` up to but not including `end` with step `step`; nil means the start or end of the
    /// dimension.
    case slice(start: Int?, end: Int?, step: Int)
    /// All dimensions that the other items do not index, each in full.
    case openDimensions
    /// A new dimension of size 1.
    case insertedDimension
    /// An index tensor of integers, or a bool mask.
    case tensor(Tensor)
}

extension Int: TensorIndex { public var index: TensorIndexItem { .position(self) } }
extension Range: TensorIndex where Bound == Int {
    public var index: TensorIndexItem { .slice(start: lowerBound, end: upperBound, step: 1) }
}
extension ClosedRange: TensorIndex where Bound == Int {
    public var index: TensorIndexItem {
        .slice(start: lowerBound, end: upperBound == -1 ? nil : upperBound +| 1, step: 1)
    }
}
extension PartialRangeFrom: TensorIndex where Bound == Int {
    public var index: TensorIndexItem { .slice(start: lowerBound, end: nil, step: 1) }
}
extension PartialRangeUpTo: TensorIndex where Bound == Int {
    public var index: TensorIndexItem { .slice(start: nil, end: upperBound, step: 1) }
}
extension PartialRangeThrough: TensorIndex where Bound == Int {
    public var index: TensorIndexItem { .slice(start: nil, end: upperBound == -1 ? nil : upperBound +| 1, step: 1) }
}
extension StrideTo: TensorIndex where Element == Int {
    /// `x[stride(from: 0, to: 10, by: 2)]`
    public var index: TensorIndexItem { .positions(Array(self)) }
}
extension Array: TensorIndex where Element == Int {
    public var index: TensorIndexItem { .tensor(Tensor(self, shape: [count])) }
}
extension Bool: TensorIndex {
    /// A new leading dimension, of size 1 for true and 0 for false: `x[true]`.
    public var index: TensorIndexItem { .tensor(Tensor(self)) }
}
extension Tensor: TensorIndex { public var index: TensorIndexItem { .tensor(self) } }

extension TensorIndexItem: TensorIndex {
    public var index: TensorIndexItem { self }

    /// Indices that increase by a constant step are a slice, which gives a view; others are an index tensor.
    fileprivate static func positions(_ values: [Int]) -> TensorIndexItem {
        guard let first = values.first, let last = values.last, first >= 0 else {
            return .slice(start: 0, end: 0, step: 1)
        }
        let step = values.count > 1 ? values[1] - first : 1
        return step > 0
            ? .slice(start: first, end: last +| 1, step: step) : .tensor(Tensor(values, shape: [values.count]))
    }
}

extension TensorIndex where Self == TensorIndexItem {
    /// All indices of a dimension: `x[.all, 0]`.
    public static var all: TensorIndexItem { .slice(start: nil, end: nil, step: 1) }
    /// All dimensions that the other items do not index, each in full: `x[.ellipsis, 0]`.
    public static var ellipsis: TensorIndexItem { .openDimensions }
    /// A new dimension of size 1: `x[.all, .newAxis]`.
    public static var newAxis: TensorIndexItem { .insertedDimension }
    /// The indices from `start` up to but not including `end` with step `step`; negative ones count from the end of the
    /// dimension: `x[.slice(1, -1, step: 2)]`. The step must be positive.
    public static func slice(_ start: Int? = nil, _ end: Int? = nil, step: Int = 1) -> TensorIndexItem {
        slice(start: start, end: end, step: step)
    }
}
