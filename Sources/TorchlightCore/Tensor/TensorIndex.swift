// What a type does for a protocol is documented there.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// What may stand in the brackets of `x[...]`: integers, ranges, `.all`, `.slice(...)`, `.ellipsis`, `.newAxis`, index
/// tensors, bool masks, arrays of integers, and lone truth values.
public protocol TensorIndex {
    /// The index in the form that the subscripts work on.
    var index: TensorIndexItem { get }
}

/// One entry between the brackets.
public enum TensorIndexItem {
    /// One position; the dimension disappears.
    case position(Int)
    /// Positions from `start` up to `end` (not included), `step` apart; nil for the ends of the dimension.
    case slice(start: Int?, end: Int?, step: Int)
    /// As many full dimensions as are not named otherwise.
    case openDimensions
    /// A new dimension of size 1.
    case insertedDimension
    /// Positions by number, or a mask.
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
    /// A new dimension in front, of size 1 for true and 0 for false: `x[true]`.
    public var index: TensorIndexItem { .tensor(Tensor(self)) }
}
extension Tensor: TensorIndex { public var index: TensorIndexItem { .tensor(self) } }

extension TensorIndexItem: TensorIndex {
    public var index: TensorIndexItem { self }

    /// Positions that rise in equal steps are a slice, a view; others are an index tensor.
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
    /// Every position of a dimension: `x[.all, 0]`.
    public static var all: TensorIndexItem { .slice(start: nil, end: nil, step: 1) }
    /// As many full dimensions as are not named otherwise: `x[.ellipsis, 0]`.
    public static var ellipsis: TensorIndexItem { .openDimensions }
    /// A new dimension of size 1: `x[.all, .newAxis]`.
    public static var newAxis: TensorIndexItem { .insertedDimension }
    /// Positions from `start` to before `end` in steps; negative ends count from the back: `x[.slice(1, -1, step: 2)]`.
    public static func slice(_ start: Int? = nil, _ end: Int? = nil, step: Int = 1) -> TensorIndexItem {
        slice(start: start, end: end, step: step)
    }
}
