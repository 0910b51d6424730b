import TorchlightCore

/// Transforms one after another: `y = f_n(... f_1(x))`.
public struct ComposeTransform: DistributionTransform {
    /// The transforms, in the order in which they are applied.
    public let parts: [any DistributionTransform]
    /// The transforms one after another.
    public init(_ parts: [any DistributionTransform]) { self.parts = parts }

    /// The domain of the first, with the largest number of event dimensions of all parts.
    public var domain: Constraint {
        guard let first = parts.first, let last = parts.last else { return .real }
        var eventDim = last.codomain.eventDim
        for part in parts.reversed() {
            eventDim = max(eventDim + part.domain.eventDim - part.codomain.eventDim, part.domain.eventDim)
        }
        let extra = eventDim - first.domain.eventDim
        return extra > 0 ? .independent(first.domain, extra) : first.domain
    }
    /// The codomain of the last, with the largest number of event dimensions of all parts.
    public var codomain: Constraint {
        guard let first = parts.first, let last = parts.last else { return .real }
        var eventDim = first.domain.eventDim
        for part in parts {
            eventDim = max(eventDim + part.codomain.eventDim - part.domain.eventDim, part.codomain.eventDim)
        }
        let extra = eventDim - last.codomain.eventDim
        return extra > 0 ? .independent(last.codomain, extra) : last.codomain
    }
    /// Whether all parts are.
    public var bijective: Bool { parts.allSatisfy(\.bijective) }
    /// The product of the signs of the parts.
    public var sign: Tensor {
        parts.isEmpty ? constantSign(1) : parts.dropFirst().reduce(parts[0].sign) { $0 * $1.sign }
    }
    /// The functions one after another.
    public func forward(_ x: Tensor) -> Tensor { parts.reduce(x) { $1.forward($0) } }
    /// The inverses one after another, from the last.
    public func inverse(_ y: Tensor) -> Tensor { parts.reversed().reduce(y) { $1.inverse($0) } }
    /// The sum of those of the parts.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        guard !parts.isEmpty else { return x * 0 }
        var values = [x]
        for part in parts.dropLast() { values.append(part.forward(values[values.count - 1])) }
        values.append(y)
        var eventDim = domain.eventDim
        var sum: Tensor?
        for (i, part) in parts.enumerated() {
            let term = part.logAbsDetJacobian(values[i], values[i + 1]).sumRightmost(eventDim - part.domain.eventDim)
            sum = sum.map { $0 + term } ?? term
            eventDim += part.codomain.eventDim - part.domain.eventDim
        }
        return sum ?? x
    }
    /// The shapes one after another.
    public func forwardShape(_ shape: [Int]) -> [Int] { parts.reduce(shape) { $1.forwardShape($0) } }
    /// The shapes one after another, from the last.
    public func inverseShape(_ shape: [Int]) -> [Int] { parts.reversed().reduce(shape) { $1.inverseShape($0) } }
    /// Whether the other has equal parts.
    public func isEqual(to other: any DistributionTransform) -> Bool {
        (other as? ComposeTransform).map { areEqual(parts, $0.parts) } ?? false
    }
}

/// Whether transforms are the same functions in the same order.
func areEqual(_ a: [any DistributionTransform], _ b: [any DistributionTransform]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.isEqual(to: $1) }
}

/// A transform whose last batch dimensions count as dimensions of the event: the logarithms of determinants are summed over them.
public struct IndependentTransform: DistributionTransform {
    /// The transform of the parts.
    public let baseTransform: any DistributionTransform
    /// How many batch dimensions belong to the event.
    public let reinterpretedBatchNdims: Int
    /// The transform with that many more event dimensions.
    public init(_ baseTransform: any DistributionTransform, _ reinterpretedBatchNdims: Int) {
        self.baseTransform = baseTransform
        self.reinterpretedBatchNdims = eventDimensions(reinterpretedBatchNdims, in: "\(Self.self)")
    }
    /// The domain of the parts, for the whole event.
    public var domain: Constraint { .independent(baseTransform.domain, reinterpretedBatchNdims) }
    /// The codomain of the parts, for the whole event.
    public var codomain: Constraint { .independent(baseTransform.codomain, reinterpretedBatchNdims) }
    /// Whether the base is.
    public var bijective: Bool { baseTransform.bijective }
    /// The sign of the derivative of the base.
    public var sign: Tensor { baseTransform.sign }
    /// The function of the parts.
    public func forward(_ x: Tensor) -> Tensor { baseTransform.forward(x) }
    /// The inverse of the parts.
    public func inverse(_ y: Tensor) -> Tensor { baseTransform.inverse(y) }
    /// The sum over the reinterpreted dimensions.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        baseTransform.logAbsDetJacobian(x, y).sumRightmost(reinterpretedBatchNdims)
    }
    /// That of the base.
    public func forwardShape(_ shape: [Int]) -> [Int] { baseTransform.forwardShape(shape) }
    /// That of the base.
    public func inverseShape(_ shape: [Int]) -> [Int] { baseTransform.inverseShape(shape) }
    /// Whether the other reinterprets the same number of dimensions of an equal transform.
    public func isEqual(to other: any DistributionTransform) -> Bool {
        guard let other = other as? IndependentTransform else { return false }
        return reinterpretedBatchNdims == other.reinterpretedBatchNdims
            && baseTransform.isEqual(to: other.baseTransform)
    }
}

/// Another shape of the event, with the same elements in the same order.
public struct ReshapeTransform: DistributionTransform {
    /// The shape of the argument's event.
    public let inShape: [Int]
    /// The shape of the result's event.
    public let outShape: [Int]
    /// The transform between two shapes with the same number of elements.
    public init(inShape: [Int], outShape: [Int]) {
        if inShape.reduce(1, *|) != outShape.reduce(1, *|) {
            _ = fail(
                TensorError(
                    .shape, in: "\(Self.self)", "the shapes have different numbers of elements",
                    got: "\(inShape) and \(outShape)", expected: "as many elements"))
        }
        (self.inShape, self.outShape) = (inShape, outShape)
    }
    /// The domain: real numbers of the first shape.
    public var domain: Constraint { .independent(.real, inShape.count) }
    /// The codomain: real numbers of the second shape.
    public var codomain: Constraint { .independent(.real, outShape.count) }
    /// The elements in the second shape.
    public func forward(_ x: Tensor) -> Tensor {
        x.isPlaceholder ? x : x.reshape(x.shape.dropLast(inShape.count) + outShape)
    }
    /// The elements in the first shape.
    public func inverse(_ y: Tensor) -> Tensor {
        y.isPlaceholder ? y : y.reshape(y.shape.dropLast(outShape.count) + inShape)
    }
    /// 0.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        x.isPlaceholder ? x : x.filled(0, Array(x.shape.dropLast(inShape.count)))
    }
    /// The batch dimensions and the second shape.
    public func forwardShape(_ shape: [Int]) -> [Int] { shape.dropLast(inShape.count) + outShape }
    /// The batch dimensions and the first shape.
    public func inverseShape(_ shape: [Int]) -> [Int] { shape.dropLast(outShape.count) + inShape }
    /// Whether the other has the same shapes.
    public func isEqual(to other: any DistributionTransform) -> Bool {
        (other as? ReshapeTransform).map { inShape == $0.inShape && outShape == $0.outShape } ?? false
    }
}

/// Transforms of consecutive parts of a dimension.
public struct CatTransform: DistributionTransform {
    /// The transforms of the parts.
    public let transforms: [any DistributionTransform]
    /// The dimension that is divided.
    public let dim: Int
    /// The lengths of the parts.
    public let lengths: [Int]
    /// Transforms of parts of these lengths, 1 each where they are not given, along a dimension.
    public init(_ transforms: [any DistributionTransform], dim: Int = 0, lengths: [Int]? = nil) {
        let parts = lengths ?? transforms.map { _ in 1 }
        if parts.count != transforms.count {
            _ = fail(
                TensorError(
                    .value, in: "\(Self.self)", "the lengths are not those of the transforms",
                    got: "\(quantity(parts.count, "length")) and \(quantity(transforms.count, "transform"))",
                    expected: "one length each"))
        }
        (self.transforms, self.dim, self.lengths) = (transforms, dim, parts)
    }

    /// The domain of the parts.
    public var domain: Constraint { .cat(transforms.map(\.domain), dim: dim, lengths: lengths) }
    /// The codomain of the parts.
    public var codomain: Constraint { .cat(transforms.map(\.codomain), dim: dim, lengths: lengths) }
    /// Whether all parts are.
    public var bijective: Bool { transforms.allSatisfy(\.bijective) }

    private func map(_ x: Tensor, _ function: (any DistributionTransform, Tensor) -> Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        return cat(zip(transforms, x.split(lengths, dim: dim)).map(function), dim: dim)
    }
    /// The functions of the parts.
    public func forward(_ x: Tensor) -> Tensor { map(x) { $0.forward($1) } }
    /// The inverses of the parts.
    public func inverse(_ y: Tensor) -> Tensor { map(y) { $0.inverse($1) } }
    /// Those of the parts, joined along the dimension, or added where it belongs to the event.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        if x.isPlaceholder || y.isPlaceholder { return x }
        let eventDim = domain.eventDim
        let terms = zip(transforms, zip(x.split(lengths, dim: dim), y.split(lengths, dim: dim))).map { part, values in
            part.logAbsDetJacobian(values.0, values.1).sumRightmost(eventDim - part.domain.eventDim)
        }
        let dimFromEnd = (dim >= 0 ? dim - x.rank : dim) + eventDim
        return dimFromEnd < 0 ? cat(terms, dim: dimFromEnd) : terms.dropFirst().reduce(terms[0], +)
    }
}

/// Transforms of the entries of a dimension.
public struct StackTransform: DistributionTransform {
    /// The transforms of the entries.
    public let transforms: [any DistributionTransform]
    /// The dimension of the entries.
    public let dim: Int
    /// Transforms of the entries of a dimension, one each.
    public init(_ transforms: [any DistributionTransform], dim: Int = 0) {
        (self.transforms, self.dim) = (transforms, dim)
    }

    /// The domain of the entries.
    public var domain: Constraint { .stack(transforms.map(\.domain), dim: dim) }
    /// The codomain of the entries.
    public var codomain: Constraint { .stack(transforms.map(\.codomain), dim: dim) }
    /// Whether all are.
    public var bijective: Bool { transforms.allSatisfy(\.bijective) }

    private func entries(_ x: Tensor) -> [Tensor]? {
        if x.isPlaceholder { return nil }
        guard dim < x.rank, dim >= -x.rank, x.size(dim) == transforms.count else {
            _ = fail(
                TensorError(
                    .shape, in: "\(Self.self)", "the entries are not those of the transforms",
                    expected: "\(quantity(transforms.count, "entry", plural: "entries")) along dimension \(dim)",
                    operands: [x]))
            return nil
        }
        return x.unbind(dim: dim)
    }
    /// The functions of the entries.
    public func forward(_ x: Tensor) -> Tensor {
        entries(x).map { stack(zip(transforms, $0).map { $0.forward($1) }, dim: dim) } ?? x
    }
    /// The inverses of the entries.
    public func inverse(_ y: Tensor) -> Tensor {
        entries(y).map { stack(zip(transforms, $0).map { $0.inverse($1) }, dim: dim) } ?? y
    }
    /// Those of the entries, stacked along the dimension, or added where it belongs to the event.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        guard let xs = entries(x), let ys = entries(y) else { return x }
        let terms = zip(transforms, zip(xs, ys)).map { $0.logAbsDetJacobian($1.0, $1.1) }
        let dimFromEnd = (dim >= 0 ? dim - x.rank : dim) + domain.eventDim
        return dimFromEnd < 0 ? stack(terms, dim: dimFromEnd) : terms.dropFirst().reduce(terms[0], +)
    }
}
