import TorchlightCore
import TorchlightNN

/// A copy of a model whose parameters are averages of those that the model has had: the mean of stochastic weight averaging
/// (Izmailov et al. 2018), or an exponential moving average.
///
///     let averaged = AveragedModel(model, .exponential(decay: 0.999))
///     ...
///     optimizer.step()
///     averaged.update(model)
///     ...
///     let accuracy = evaluate(averaged.module)
///
/// Its state dict has the model's names behind `module.`, and `n_averaged`.
public final class AveragedModel<Model: Module>: Module {
    /// How the parameters of an update are weighed.
    public enum Average: Sendable, Hashable {
        /// The mean of all updates.
        case mean
        /// average ← decay · average + (1 − decay) · parameter.
        case exponential(decay: Double)
    }

    /// The model with the averages.
    public let module: Model
    /// The number of updates.
    @Buffer public private(set) var updateCount: Tensor
    /// How the parameters of an update are weighed.
    public let average: Average
    /// Whether floating-point buffers are averaged too; else the copy has those of the last update.
    public let averagesBuffers: Bool

    /// A copy of a model, which shares nothing with it.
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

    /// Takes the model's parameters into the averages; the first update copies them.
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
                    expected: "the model that the averages were made of, or one like it"))
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
    /// The averaged model's result.
    public func forward(_ x: Tensor) -> Tensor { module(x) }
}

/// Computes the running statistics of all batch normalisations anew, as the means over all batches: those of averaged parameters
/// are not the averages of the statistics.
///
///     updateBatchNorm(averaged.module, loader) { images, _ in _ = averaged.module(images) }
///
/// The modules are in training mode meanwhile, and nothing records gradients.
public func updateBatchNorm<Batch>(_ model: Module, _ batches: some Sequence<Batch>, forward: (Batch) -> Void) {
    let norms = model.modules().compactMap { $0 as? TorchlightNN.BatchNorm }
    if norms.isEmpty { return }
    let momenta = norms.map(\.momentum)
    let modes = model.modules().map { ($0, $0.isTraining) }
    for norm in norms {
        norm.resetRunningStats()
        // The plain mean over all batches.
        norm.momentum = nil
    }
    model.train()
    noGrad { for batch in batches { forward(batch) } }
    for (norm, momentum) in zip(norms, momenta) { norm.momentum = momentum }
    // From the outside in, since a mode is that of all inside.
    for (module, isTraining) in modes { module.train(isTraining) }
}
