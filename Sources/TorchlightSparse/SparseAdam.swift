import Glibc
import TorchlightCore
import TorchlightOptim

/// Adam for sparse gradients, as `torch.optim.SparseAdam`: a step updates moments and parameters only in the rows that
/// `sparseGrad` specifies.
///
///     m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
///     p ← p − lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + eps)
///
/// `t` is the number of the step, from 1. Parameters without a sparse gradient are left alone.
public final class SparseAdam: Optimizer {
    private struct Moments {
        var step = 0
        var first: Tensor
        var second: Tensor
    }

    /// The parameters.
    public let parameters: [Tensor]
    /// The learning rate. Default: 1e-3.
    public var lr: Double
    /// The decay rates β₁ and β₂ of the moments. Default: 0.9 and 0.999.
    public var betas: (Double, Double)
    /// Term added to the denominator for numerical stability. Default: 1e-8.
    public let eps: Double
    /// Whether to maximise the objective instead of minimising it. Default: false.
    public let maximize: Bool
    /// The learning rate when the first scheduler was attached, as a list of one; nil before.
    public var initialLearningRates: [Double]?
    private var moments: [Int: Moments] = [:]

    /// Creates an optimiser.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train, at least one: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-3.
    ///   - betas: the decay rates of the moments, from 0 to below 1. Default: 0.9 and 0.999.
    ///   - eps: the term added to the denominator. Default: 1e-8.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    public init(
        _ parameters: [Tensor], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        maximize: Bool = false
    ) {
        (self.parameters, self.lr, self.betas, self.eps, self.maximize) = (parameters, lr, betas, eps, maximize)
        let isValid =
            lr > 0 && lr.isFinite && eps > 0 && eps.isFinite && (0..<1).contains(betas.0) && (0..<1).contains(betas.1)
        guard isValid, !parameters.isEmpty, parameters.allSatisfy({ $0.isLeaf && $0.dtype.isFloatingPoint }) else {
            reportFailure(
                TensorError(
                    .value, in: "SparseAdam", "a setting is out of range, or the parameters cannot be trained",
                    got: "lr \(lr), betas \(betas), eps \(eps), \(quantity(parameters.count, "parameter"))",
                    expected: "lr and eps above 0, betas from 0 to below 1, and floating-point leaf tensors",
                    operands: parameters))
            return
        }
    }

    /// The learning rate, as a list of one.
    public var learningRates: [Double] {
        get { [lr] }
        set { if let rate = newValue.first { lr = rate } }
    }

    /// β₁, as a list of one.
    public var momenta: [Double]? {
        get { [betas.0] }
        set { if let beta = newValue?.first { betas.0 = beta } }
    }

    /// Sets the sparse gradients of all parameters to nil, and clears their dense gradients.
    public func zeroGrad(setToNil: Bool) {
        for parameter in parameters {
            parameter.sparseGrad = nil
            parameter.clearGrad(setToNil: setToNil)
        }
    }

    /// Performs one step: updates the rows of every parameter that have a sparse gradient.
    public func step() {
        noGrad {
            for (index, parameter) in parameters.enumerated() {
                guard let sparse = parameter.sparseGrad else { continue }
                let gradient = sparse.to(parameter.device).coalesce()
                guard !gradient.values.isPlaceholder, gradient.shape == parameter.shape, gradient.sparseDim == 1 else {
                    reportFailure(
                        TensorError(
                            .shape, in: "SparseAdam", "the sparse gradient does not fit the parameter",
                            got: "\(gradient.shape) with \(gradient.sparseDim) sparse dimensions",
                            expected: "\(parameter.shape) with 1 sparse dimension"))
                    continue
                }
                update(index, parameter, gradient.indices.select(0, 0), gradient.values.to(parameter.dtype))
            }
        }
    }

    private func update(_ index: Int, _ parameter: Tensor, _ rows: Tensor, _ gradient: Tensor) {
        var state =
            moments[index]
            ?? Moments(first: Tensor.zeros(like: parameter.detach()), second: Tensor.zeros(like: parameter.detach()))
        state.step += 1
        let g = maximize ? -gradient : gradient
        let first = state.first.indexSelect(0, rows) * betas.0 + g * (1 - betas.0)
        let second = state.second.indexSelect(0, rows) * betas.1 + g.square() * (1 - betas.1)
        state.first.indexCopy_(0, rows, first)
        state.second.indexCopy_(0, rows, second)
        moments[index] = state
        let step = Double(state.step)
        let size = lr * (1 - pow(betas.1, step)).squareRoot() / (1 - pow(betas.0, step))
        parameter.indexAdd_(0, rows, first / (second.sqrt() + eps), alpha: -size)
    }

    // MARK: State

    /// Returns the settings and the moments of every parameter that was trained, under PyTorch's names.
    public func state() -> OptimizerState {
        var tensors: [String: Tensor] = [:]
        for (index, state) in moments {
            tensors["\(index).step"] = Tensor([state.step], shape: [])
            tensors["\(index).exp_avg"] = state.first
            tensors["\(index).exp_avg_sq"] = state.second
        }
        return OptimizerState(
            tensors: tensors,
            metadata: [
                "optimizer": "SparseAdam", "parameters": "\(parameters.count)", "lr": "\(lr)", "beta1": "\(betas.0)",
                "beta2": "\(betas.1)",
            ])
    }

    /// Restores a state that ``state()`` returned.
    ///
    /// - Throws: `OptimizerStateError` if it is the state of other parameters or of another class of optimiser; nothing is
    ///   changed then.
    public func load(_ state: OptimizerState) throws {
        guard state.metadata["optimizer"] == "SparseAdam", state.metadata["parameters"] == "\(parameters.count)",
            let lr = state.metadata["lr"].flatMap(Double.init),
            let beta1 = state.metadata["beta1"].flatMap(Double.init),
            let beta2 = state.metadata["beta2"].flatMap(Double.init)
        else {
            throw OptimizerStateError(
                problem: "it is not the state of SparseAdam with \(quantity(parameters.count, "parameter"))")
        }
        var loaded: [Int: Moments] = [:]
        for (index, parameter) in parameters.enumerated() {
            guard let step = state.tensors["\(index).step"] else { continue }
            guard let first = state.tensors["\(index).exp_avg"], let second = state.tensors["\(index).exp_avg_sq"],
                step.count == 1, first.shape == parameter.shape, second.shape == parameter.shape
            else {
                throw OptimizerStateError(problem: "the moments of parameter \(index) are missing or do not fit it")
            }
            func adapted(_ tensor: Tensor) -> Tensor {
                noGrad { tensor.detach().to(parameter.device).to(parameter.dtype).clone() }
            }
            loaded[index] = Moments(step: step.item(Int.self), first: adapted(first), second: adapted(second))
        }
        (self.lr, betas, moments) = (lr, (beta1, beta2), loaded)
    }
}
