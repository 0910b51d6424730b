import TorchlightCore

/// A size along each of the spatial dimensions of a layer: `Int` for one, `Size2` for two and `Size3` for three.
public protocol SpatialSize: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// The number of dimensions.
    static var spatialDimensions: Int { get }
    /// The size along each dimension, the outermost first.
    var perDimension: [Int] { get }
}

extension Int: SpatialSize {
    /// One.
    public static var spatialDimensions: Int { 1 }
    /// The number itself.
    public var perDimension: [Int] { [self] }
}

extension Size2: SpatialSize {
    /// Two.
    public static var spatialDimensions: Int { 2 }
    /// Height and width.
    public var perDimension: [Int] { [height, width] }
}

extension Size3: SpatialSize {
    /// Three.
    public static var spatialDimensions: Int { 3 }
    /// Depth, height and width.
    public var perDimension: [Int] { [depth, height, width] }
}
