import TorchlightCore

/// A layer of two inputs that is called like a function.
public protocol PairLayer: Module {
    /// Computes the result. Call the module itself, which also names the module in errors.
    func forward(_ a: Tensor, _ b: Tensor) -> Tensor
}

extension PairLayer {
    /// The result for two inputs.
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
        scope(a, b) { a, b in forward(a, b) }
    }
}

/// The cosine of the angle between vectors along a dimension; see ``cosineSimilarity(_:_:dim:eps:)``.
public final class CosineSimilarity: Module, PairLayer {
    /// The dimension of the vectors.
    public let dim: Int
    /// The least length that a vector counts with.
    public let eps: Double
    /// A layer along this dimension.
    public init(dim: Int = 1, eps: Double = 1e-8) {
        self.dim = dim
        self.eps = eps
        super.init()
    }
    /// a · b / (|a| |b|).
    public func forward(_ a: Tensor, _ b: Tensor) -> Tensor { cosineSimilarity(a, b, dim: dim, eps: eps) }
}

/// The p-norm of the difference of vectors; see ``pairwiseDistance(_:_:p:eps:keepdim:)``.
public final class PairwiseDistance: Module, PairLayer {
    /// The power.
    public let norm: Double
    /// Added to each difference.
    public let eps: Double
    /// Whether the last dimension stays, with size 1.
    public let keepdim: Bool
    /// A layer with these settings.
    public init(p: Double = 2, eps: Double = 1e-6, keepdim: Bool = false) {
        norm = p
        self.eps = eps
        self.keepdim = keepdim
        super.init()
    }
    /// |a − b|.
    public func forward(_ a: Tensor, _ b: Tensor) -> Tensor {
        pairwiseDistance(a, b, p: norm, eps: eps, keepdim: keepdim)
    }
}

/// A bilinear form for each output: y = a W b + bias.
///
/// Shapes: `[*, in1]` and `[*, in2] -> [*, out]`; the weight is `[out, in1, in2]`, uniform within ±1/√in1 as the bias.
public final class Bilinear: Module, PairLayer {
    /// Elements of the first input.
    public let in1Features: Int
    /// Elements of the second input.
    public let in2Features: Int
    /// Elements of the output.
    public let outFeatures: Int
    /// `[out, in1, in2]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A layer of this size.
    public init(
        _ in1Features: Int, _ in2Features: Int, _ outFeatures: Int, bias: Bool = true, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        self.in1Features = in1Features
        self.in2Features = in2Features
        self.outFeatures = outFeatures
        let bound = in1Features > 0 ? 1 / Double(in1Features).squareRoot() : 0
        func draw(_ shape: [Int]) -> Tensor {
            let tensor = Tensor.empty(shape, dtype: dtype, device: device)
            return Parameter(tensor.uniform_(from: -bound, to: bound, generator: generator))
        }
        weight = draw([outFeatures, in1Features, in2Features])
        if bias { self.bias = draw([outFeatures]) }
        super.init()
    }

    /// a W b + bias.
    public func forward(_ a: Tensor, _ b: Tensor) -> Tensor { bilinear(a, b, weight, bias) }

    public override var extraDescription: String {
        "in1_features=\(in1Features), in2_features=\(in2Features), out_features=\(outFeatures), "
            + "bias=\(Printed.bool(bias != nil))"
    }
}
