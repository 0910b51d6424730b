import TorchlightCore

/// The parametrisation of a pruned parameter: `original · mask`. The functions of ``Prune`` register it.
///
/// In the state dictionary of the module, `original` and `mask` of a parameter `weight` are `weight_orig` and `weight_mask`, as
/// in PyTorch.
public final class PrunedParameter: Parametrization {
    /// The learnable parameter before masking.
    public private(set) var original: Tensor
    /// The mask: 1 for elements that are kept and 0 for pruned ones, in the shape and dtype of the parameter.
    @Buffer public internal(set) var mask: Tensor

    init(_ weight: Tensor, mask: Tensor) {
        original = Parameter(noGrad { weight.detach().clone() })
        _mask = Buffer(wrappedValue: mask)
        super.init()
    }

    public override func compute() -> Tensor { original * mask.to(original.dtype) }

    override func stateTensors(of name: String) -> (parameters: [(String, Tensor)], buffers: [(String, Tensor)])? {
        ([(name + "_orig", original)], [(name + "_mask", mask)])
    }
}

/// The amount of elements or channels to prune.
public enum PruningAmount: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// A number of elements or channels.
    case count(Int)
    /// A fraction of the elements or channels that are not yet pruned, from 0 to 1. The number is rounded half to even.
    case fraction(Double)

    /// Creates a number of elements or channels.
    public init(integerLiteral value: Int) { self = .count(value) }
    /// Creates a fraction.
    public init(floatLiteral value: Double) { self = .fraction(value) }

    /// The number of elements to prune if `left` are not yet pruned.
    func number(of left: Int, _ operation: String) throws(TensorError) -> Int {
        switch self {
        case .count(let count):
            guard count >= 0, count <= left else {
                throw TensorError(
                    .value, in: operation, "the amount is out of range", got: "\(count)", expected: "0 to \(left)")
            }
            return count
        case .fraction(let fraction):
            guard (0...1).contains(fraction) else {
                throw TensorError(
                    .value, in: operation, "the amount is out of range", got: "\(fraction)",
                    expected: "a fraction from 0 to 1, or an integer number of elements")
            }
            return Int((fraction * Double(left)).rounded(.toNearestOrEven))
        }
    }
}

/// The computation of masks.
enum PruningMask {
    /// Prunes the elements with the smallest scores that are not yet pruned.
    ///
    /// - Parameters:
    ///   - scores: The scores, at least 0.
    ///   - mask: The current mask; nil if nothing is pruned.
    static func removingElements(
        _ scores: Tensor, _ mask: Tensor?, _ amount: PruningAmount, dtype: DType, _ operation: String
    ) throws(TensorError) -> Tensor {
        let isAlreadyPruned = mask.map { $0.flatten() .== 0 }
        let prunedCount = isAlreadyPruned.map { $0.sum().item(Int.self) } ?? 0
        let number = try amount.number(of: scores.count - prunedCount, operation)
        let before = mask ?? Tensor.ones(scores.shape, dtype: dtype, device: scores.device)
        if number == 0 { return before }
        var ranked = scores.flatten()
        // Pruned elements are ranked before the smallest score.
        if let isAlreadyPruned { ranked = ranked.maskedFill(isAlreadyPruned, -1) }
        let removed = ranked.topk(prunedCount + number, dim: 0, largest: false).indices
        return Tensor.ones([scores.count], dtype: before.dtype, device: scores.device).indexFill(0, removed, 0)
            .reshape(scores.shape)
    }

    /// Prunes the channels with the smallest scores that are not yet pruned.
    ///
    /// - Parameters:
    ///   - scores: The score of each channel, `[channels]`.
    ///   - mask: The current mask, in the shape of the parameter.
    ///   - dim: The dimension of the channels.
    static func removingChannels(
        _ scores: Tensor, _ mask: Tensor, dim: Int, isPruned: Bool, _ amount: PruningAmount, _ operation: String
    ) throws(TensorError) -> Tensor {
        var ranked = scores
        var left = scores.count
        if isPruned {
            let others = (0..<mask.rank).filter { $0 != dim }
            let isAlreadyPruned = mask.abs().sum(dim: others) .== 0
            left -= isAlreadyPruned.sum().item(Int.self)
            ranked = ranked.maskedFill(isAlreadyPruned, -Double.infinity)
        }
        let kept = left - (try amount.number(of: left, operation))
        if kept == left { return mask }
        let indices = ranked.topk(kept, dim: 0).indices
        var shape = Array(repeating: 1, count: mask.rank)
        shape[dim] = scores.count
        let channels = Tensor.zeros([scores.count], dtype: mask.dtype, device: mask.device).indexFill(0, indices, 1)
        return mask * channels.reshape(shape)
    }
}

extension Module {
    /// The property that stores `weight_orig` or `weight_mask` of a pruned parameter of this module; nil if there is
    /// none.
    func prunedProperty(_ name: String) -> TensorProperty? {
        for (parameter, parametrization) in parametrizations where parametrization is PrunedParameter {
            if name == parameter + "_orig" { return TensorProperty("original", of: parametrization) }
            if name == parameter + "_mask" { return TensorProperty("mask", of: parametrization) }
        }
        return nil
    }
}
