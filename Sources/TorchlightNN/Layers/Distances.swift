import TorchlightCore

/// A module whose forward pass takes two tensors and returns one tensor.
public protocol PairLayer: Module {
    /// The forward pass. Call the module itself, `layer(a, b)`: that also runs the hooks and names the module in errors.
    func forward(_ a: Tensor, _ b: Tensor) -> Tensor
}

extension PairLayer {
    /// Returns `forward(a, b)`, and runs the hooks of the module.
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
        scope(a, b) { a, b in forward(a, b) }
    }
}

/// Cosine similarity of two batches of vectors along a dimension: `a · b / (max(‖a‖, eps) max(‖b‖, eps))`.
///
/// Shapes: `[*, D, *]` and `[*, D, *] -> [*, *]`, where D is dimension `dim`; the shapes are broadcast. The function is
/// ``cosineSimilarity(_:_:dim:eps:)``.
public final class CosineSimilarity: Module, PairLayer {
    /// The dimension of the vectors. Default: 1.
    public let dim: Int
    /// The lower bound of the norms, which avoids a division by zero. Default: 1e-8.
    public let eps: Double
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - dim: The dimension of the vectors. Default: 1.
    ///   - eps: The lower bound of the norms. Default: 1e-8.
    public init(dim: Int = 1, eps: Double = 1e-8) {
        self.dim = dim
        self.eps = eps
        super.init()
    }
    /// Returns `a · b / (max(‖a‖, eps) max(‖b‖, eps))`.
    public func forward(_ a: Tensor, _ b: Tensor) -> Tensor { cosineSimilarity(a, b, dim: dim, eps: eps) }
}

/// Pairwise distance of two batches of vectors, the p-norm of their difference: `‖a − b + eps‖ₚ`.
///
/// Shapes: `[N, D]` and `[N, D] -> [N]`, or `[N, 1]` with `keepdim`; the shapes are broadcast. The function is
/// ``pairwiseDistance(_:_:p:eps:keepdim:)``.
public final class PairwiseDistance: Module, PairLayer {
    /// The order p of the norm. Default: 2.
    public let norm: Double
    /// The number that is added to each difference. Default: 1e-6.
    public let eps: Double
    /// Whether the last dimension is kept with size 1. Default: false.
    public let keepdim: Bool
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - p: The order of the norm. Default: 2.
    ///   - eps: Is added to each difference. Default: 1e-6.
    ///   - keepdim: Whether the last dimension is kept with size 1. Default: false.
    public init(p: Double = 2, eps: Double = 1e-6, keepdim: Bool = false) {
        norm = p
        self.eps = eps
        self.keepdim = keepdim
        super.init()
    }
    /// Returns `‖a − b + eps‖ₚ` over the last dimension.
    public func forward(_ a: Tensor, _ b: Tensor) -> Tensor {
        pairwiseDistance(a, b, p: norm, eps: eps, keepdim: keepdim)
    }
}

/// Bilinear layer of two inputs: `y[k] = aᵀ W[k] b + bias[k]`.
///
/// Shapes: `[*, in1]` and `[*, in2] -> [*, out]`. The weight W is `[out, in1, in2]`, the bias `[out]`; both are initialised
/// uniformly from −1/√in1 to 1/√in1.
public final class Bilinear: Module, PairLayer {
    /// The number of features of the first input.
    public let in1Features: Int
    /// The number of features of the second input.
    public let in2Features: Int
    /// The number of output features.
    public let outFeatures: Int
    /// The learnable weight, `[out, in1, in2]`.
    public var weight: Tensor
    /// The learnable bias, `[out]`; nil if the layer has none.
    public var bias: Tensor?

    /// Creates a bilinear layer.
    ///
    /// - Parameters:
    ///   - in1Features: The number of features of the first input.
    ///   - in2Features: The number of features of the second input.
    ///   - outFeatures: The number of output features.
    ///   - bias: Whether the layer has a bias. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
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

    /// Returns `aᵀ W[k] b + bias[k]` for each output feature k.
    public func forward(_ a: Tensor, _ b: Tensor) -> Tensor { bilinear(a, b, weight, bias) }

    public override var extraDescription: String {
        "in1_features=\(in1Features), in2_features=\(in2Features), out_features=\(outFeatures), "
            + "bias=\(Printed.bool(bias != nil))"
    }
}
