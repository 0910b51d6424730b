import TorchlightCore

/// A size for each spatial dimension of a layer, such as a kernel size: `Int` for one dimension, `Size2` for two and `Size3`
/// for three.
public protocol SpatialSize: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// The number of spatial dimensions.
    static var spatialDimensions: Int { get }
    /// The size of each spatial dimension, in the order of the shape.
    var perDimension: [Int] { get }
}

extension Int: SpatialSize {
    /// 1.
    public static var spatialDimensions: Int { 1 }
    /// The number itself.
    public var perDimension: [Int] { [self] }
}

extension Size2: SpatialSize {
    /// 2.
    public static var spatialDimensions: Int { 2 }
    /// Height and width.
    public var perDimension: [Int] { [height, width] }
}

extension Size3: SpatialSize {
    /// 3.
    public static var spatialDimensions: Int { 3 }
    /// Depth, height and width.
    public var perDimension: [Int] { [depth, height, width] }
}
