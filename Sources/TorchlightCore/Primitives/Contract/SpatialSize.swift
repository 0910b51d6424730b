/// A size along each of the spatial dimensions of a convolution or of pooling: `Int` for one, ``Size2`` for two and
/// ``Size3`` for three.
public protocol SpatialSize: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// The number of dimensions.
    static var spatialDimensions: Int { get }
    /// The size along one dimension; dimension 0 is the outermost.
    subscript(dimension dimension: Int) -> Int { get }
}

extension SpatialSize {
    /// The size along each dimension, the outermost first.
    public var perDimension: [Int] { (0..<Self.spatialDimensions).map { self[dimension: $0] } }

    /// The size along each dimension, without an allocation.
    var dims: Dims {
        var dims = Dims()
        for i in 0..<Self.spatialDimensions { dims.append(self[dimension: i]) }
        return dims
    }
}

extension Int: SpatialSize {
    /// One.
    public static var spatialDimensions: Int { 1 }
    /// The number itself.
    public subscript(dimension dimension: Int) -> Int { self }
}

extension Size2: SpatialSize {
    /// Two.
    public static var spatialDimensions: Int { 2 }
    /// Height (0) and width (1).
    public subscript(dimension dimension: Int) -> Int { dimension == 0 ? height : width }
}

extension Size3: SpatialSize {
    /// Three.
    public static var spatialDimensions: Int { 3 }
    /// Depth (0), height (1) and width (2).
    public subscript(dimension dimension: Int) -> Int { dimension == 0 ? depth : dimension == 1 ? height : width }
}

/// A size for two spatial dimensions: `3` for both, or `[height, width]`.
public struct Size2: Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The size along the height.
    public var height: Int
    /// The size along the width.
    public var width: Int
    /// Whether it was written as a pair, and is printed as one.
    private let isPair: Bool

    /// The same size for both dimensions.
    public init(_ both: Int) {
        height = both
        width = both
        isPair = false
    }

    /// A size for each dimension.
    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
        isPair = true
    }

    /// The same size for both dimensions.
    public init(integerLiteral value: Int) { self.init(value) }

    /// Two sizes, or one for both dimensions.
    public init(arrayLiteral elements: Int...) {
        precondition(elements.count == 1 || elements.count == 2, "Size2: expected one or two sizes, got \(elements)")
        self.init(elements[0], elements[elements.count - 1])
    }

    /// The size as it was written: "3" or "(3, 5)".
    public var description: String { isPair || height != width ? "(\(height), \(width))" : "\(height)" }

}

extension Size2: Hashable {
    /// Whether the sizes are equal, however they were written.
    public static func == (a: Size2, b: Size2) -> Bool { a.height == b.height && a.width == b.width }
    /// Hashes the sizes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(height)
        hasher.combine(width)
    }
}

/// A size for three spatial dimensions: `3` for all, or `[depth, height, width]`.
public struct Size3: Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The size along the depth.
    public var depth: Int
    /// The size along the height.
    public var height: Int
    /// The size along the width.
    public var width: Int
    /// Whether it was written as three sizes, and is printed as such.
    private let isTriple: Bool

    /// The same size for all dimensions.
    public init(_ all: Int) {
        (depth, height, width) = (all, all, all)
        isTriple = false
    }

    /// A size for each dimension.
    public init(_ depth: Int, _ height: Int, _ width: Int) {
        (self.depth, self.height, self.width) = (depth, height, width)
        isTriple = true
    }

    /// The same size for all dimensions.
    public init(integerLiteral value: Int) { self.init(value) }

    /// Three sizes, or one for all dimensions.
    public init(arrayLiteral elements: Int...) {
        precondition(elements.count == 1 || elements.count == 3, "Size3: expected one or three sizes, got \(elements)")
        self.init(elements[0], elements[elements.count / 2], elements[elements.count - 1])
    }

    /// The size as it was written: "3" or "(3, 5, 5)".
    public var description: String {
        isTriple || height != width || depth != height ? "(\(depth), \(height), \(width))" : "\(depth)"
    }

}

extension Size3: Hashable {
    /// Whether the sizes are equal, however they were written.
    public static func == (a: Size3, b: Size3) -> Bool {
        a.depth == b.depth && a.height == b.height && a.width == b.width
    }
    /// Hashes the sizes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(depth)
        hasher.combine(height)
        hasher.combine(width)
    }
}
