import TorchlightCore
import TorchlightNN

/// A copy of a model whose parameters are averages over training: the mean of stochastic weight averaging (Izmailov et
/// al., 2018), or an exponential moving average.
///
///     let averaged = AveragedModel(model, .exponential(decay: 0.999))
///     ...
///     optimizer.step()
///     averaged.update(model)
///     ...
///     let accuracy = evaluate(averaged.module)
///
/// The state dictionary has the model's names with the prefix `module.`, and the int64 count `n_averaged`.
public final class AveragedModel<Model: Module>: Module {
    /// How the parameters are averaged.
    public enum Average: Sendable, Hashable {
        /// The mean of the parameters at all updates: `average ← average + (parameter - average) / (updates + 1)`.
        case mean
        /// The exponential moving average: `average ← decay · average + (1 − decay) · parameter`.
        case exponential(decay: Double)
    }

    /// The model with the averaged parameters.
    public let module: Model
    /// The number of updates, a 0-dimensional int64 tensor.
    @Buffer public private(set) var updateCount: Tensor
    /// How the parameters are averaged. Default: `.mean`.
    public let average: Average
    /// Whether floating-point buffers are averaged too. Default: false, buffers are copied in every update.
    public let averagesBuffers: Bool

    /// Creates a deep copy of `model`, which shares no memory with it.
    ///
    /// A decay outside [0, 1] is an error.
    public init(_ model: Model, _ average: Average = .mean, averagesBuffers: Bool = false) {
        if case .exponential(let decay) = average, !(0...1).contains(decay) {
            reportFailure(
                TensorError(
                    .value, in: "AveragedModel", "the decay is out of range", got: "\(decay)", expected: "0 to 1"))
        }
        module = model.deepCopy()
        self.average = average
        self.averagesBuffers = averagesBuffers
        let device = model.parameters().first?.device ?? .cpu
        _updateCount = Buffer(wrappedValue: Tensor.zeros([], dtype: .int64, device: device), "n_averaged")
        super.init()
    }

    /// Updates the averages with the parameters of `model`; the first update copies them.
    ///
    /// A model with other names or shapes of parameters or buffers is an error.
    public func update(_ model: Model) {
        let (own, new) = (module.namedParameters(), model.namedParameters())
        let (ownBuffers, newBuffers) = (module.namedBuffers(), model.namedBuffers())
        let pairs = zip(own + ownBuffers, new + newBuffers)
        let fits =
            own.count == new.count && ownBuffers.count == newBuffers.count
            && pairs.allSatisfy { $0.name == $1.name && $0.tensor.shape == $1.tensor.shape }
        guard fits else {
            reportFailure(
                TensorError(
                    .value, in: "AveragedModel.update", "the model has other parameters or buffers than the averages",
                    expected: "the model that was averaged, or one with the same architecture"))
            return
        }
        noGrad {
            let count = updateCount.device.hasValues ? updateCount.item(Int.self) : 0
            let weight: Double =
                switch average {
                case _ where count == 0: 1
                case .mean: 1 / Double(count + 1)
                case .exponential(let decay): 1 - decay
                }
            for (position, (mine, theirs)) in pairs.enumerated() {
                let isAveraged = (position < own.count || averagesBuffers) && mine.tensor.dtype.isFloatingPoint
                let source = theirs.tensor.detach().to(mine.tensor.device)
                if !isAveraged || weight == 1 {
                    mine.tensor.copy_(source)
                } else {
                    mine.tensor.lerp_(source.to(mine.tensor.dtype), weight: weight)
                }
            }
            updateCount.add_(1)
        }
    }
}

extension AveragedModel: Layer where Model: Layer {
    /// Returns the output of the averaged model.
    public func forward(_ x: Tensor) -> Tensor { module(x) }
}

/// Recomputes the running mean and variance of all batch normalisation layers as the means over all batches. Averaged
/// parameters need it, since the running statistics belong to other parameters.
///
///     updateBatchNorm(averaged.module, loader) { images, _ in _ = averaged.module(images) }
///
/// The model is in training mode during the call and gradients are not recorded; its modes are restored afterwards.
///
/// - Parameters:
///   - model: the model whose layers are updated.
///   - batches: the batches, for example a loader.
///   - forward: calls the model with a batch.
public func updateBatchNorm<Batch>(_ model: Module, _ batches: some Sequence<Batch>, forward: (Batch) -> Void) {
    let norms = model.modules().compactMap { $0 as? TorchlightNN.BatchNorm }
    if norms.isEmpty { return }
    let momenta = norms.map(\.momentum)
    let modes = model.modules().map { ($0, $0.isTraining) }
    for norm in norms {
        norm.resetRunningStats()
        // Without momentum the running statistics are the mean over all batches.
        norm.momentum = nil
    }
    model.train()
    noGrad { for batch in batches { forward(batch) } }
    for (norm, momentum) in zip(norms, momenta) { norm.momentum = momentum }
    // From the outermost module inwards, since a module's mode is set for all modules inside it.
    for (module, isTraining) in modes { module.train(isTraining) }
}
