import TorchlightCore

/// Base class of instance normalisation: `y = (x − mean) / √(var + eps) · weight + bias`, with mean and biased variance of
/// each channel of each sample over the spatial dimensions (Ulyanov et al., 2016).
///
/// By default the layer has no learnable parameters and uses the statistics of the input in training and evaluation mode.
/// With `trackRunningStats`, training mode also updates running statistics, `running = (1 − momentum) · running + momentum ·
/// batch`, where batch is the mean over the samples, and evaluation mode uses them. Shapes: `[N, C, *]` or `[C, *]`.
open class InstanceNorm: Module, Layer {
    /// The number of channels C.
    public private(set) final var numFeatures: Int
    /// The number that is added to the variance. Default: 1e-5.
    public final let eps: Double
    /// The momentum of the running statistics. Default: 0.1.
    public final let momentum: Double
    /// The learnable scale of each channel, `[C]`, initialised to ones; nil without affine parameters.
    public final var weight: Tensor?
    /// The learnable shift of each channel, `[C]`, initialised to zeros; nil without affine parameters or bias.
    public final var bias: Tensor?
    /// The running mean of each channel, `[C]`; nil if running statistics are not tracked.
    @Buffer("running_mean") public final var runningMean: Tensor? = nil
    /// The running variance of each channel, `[C]`; nil if running statistics are not tracked.
    @Buffer("running_var") public final var runningVar: Tensor? = nil
    /// The entry `num_batches_tracked` of the state dictionary, an int64 scalar that training does not change, as in PyTorch;
    /// nil if running statistics are not tracked.
    @Buffer("num_batches_tracked") public final var numBatchesTracked: Tensor? = nil
    /// Whether the number of channels is taken from the first input or from the state that is loaded.
    final var isLazy = false

    /// The number of dimensions of a batch.
    var batchRank: Int { 3 }

    /// Creates an instance normalisation.
    ///
    /// - Parameters:
    ///   - numFeatures: The number of channels C.
    ///   - eps: Is added to the variance. Default: 1e-5.
    ///   - momentum: The momentum of the running statistics. Default: 0.1.
    ///   - affine: Whether the layer has a learnable weight and bias. Default: false.
    ///   - bias: Whether the layer has a bias, if `affine`. Default: true.
    ///   - trackRunningStats: Whether running statistics are tracked and used in evaluation mode. Default: false.
    ///   - dtype: The dtype of parameters and running statistics.
    ///   - device: The device of parameters and running statistics.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false, bias: Bool = true,
        trackRunningStats: Bool = false, dtype: DType = .default, device: Device = .current
    ) {
        self.numFeatures = numFeatures
        self.eps = eps
        self.momentum = momentum
        if affine {
            weight = Parameter(Tensor.ones([numFeatures], dtype: dtype, device: device))
            if bias { self.bias = Parameter(Tensor.zeros([numFeatures], dtype: dtype, device: device)) }
        }
        super.init()
        if trackRunningStats {
            runningMean = Tensor.zeros([numFeatures], dtype: dtype, device: device)
            runningVar = Tensor.ones([numFeatures], dtype: dtype, device: device)
            numBatchesTracked = Tensor.zeros([], dtype: .int64, device: device)
        }
    }

    /// Same as ``numFeatures``.
    @available(*, deprecated, renamed: "numFeatures")
    public final var features: Int { numFeatures }
    /// Same as ``numBatchesTracked``.
    @available(*, deprecated, renamed: "numBatchesTracked")
    public final var batchesTracked: Tensor? { numBatchesTracked }

    /// Returns `(x − mean) / √(var + eps) · weight + bias`.
    public final func forward(_ x: Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        let isBatched = x.rank == batchRank
        if isLazy, isBatched || x.rank == batchRank - 1 { initializeParameters(channels: x.shape[isBatched ? 1 : 0]) }
        guard isBatched || x.rank == batchRank - 1, x.shape[isBatched ? 1 : 0] == numFeatures else {
            return fail(
                TensorError(
                    .shape, in: "\(type(of: self))",
                    "the input has the wrong number of dimensions or the wrong number of channels",
                    expected:
                        "\(quantity(batchRank, "dimension")) with \(quantity(numFeatures, "channel")) in the second, or no batch dimension",
                    operands: [x]), like: x)
        }
        let y = instanceNorm(
            isBatched ? x : x.unsqueeze(0), runningMean, runningVar, weight, bias,
            useInputStats: isTraining || runningMean == nil, momentum: momentum, eps: eps)
        return isBatched ? y : y.squeeze(0)
    }

    private func initializeParameters(channels: Int) {
        guard isLazy, channels > 0 else { return }
        isLazy = false
        numFeatures = channels
        LazyChannels.fill(channels, ones: [weight, runningVar], zeros: [bias, runningMean])
    }

    override final func willLoad(_ tensor: (String) -> Tensor?) {
        initializeParameters(channels: LazyChannels.loaded(tensor))
    }

    /// "LazyInstanceNorm1d" until the number of channels is known, "InstanceNorm1d" afterwards.
    override final var printedName: String {
        let name = super.printedName
        return !isLazy && name.hasPrefix("Lazy") ? String(name.dropFirst("Lazy".count)) : name
    }

    open override func upgrade(_ state: inout ModuleState) { state.addMissingBatchCount(of: numBatchesTracked) }

    open override var extraDescription: String {
        "\(numFeatures), eps=\(Printed.number(eps)), momentum=\(Printed.number(momentum)), "
            + "affine=\(Printed.bool(weight != nil)), bias=\(Printed.bool(bias != nil)), "
            + "track_running_stats=\(Printed.bool(runningMean != nil))"
    }
}

/// Instance normalisation of each channel of each sample over length.
///
/// Shapes: `[N, C, L] -> [N, C, L]` or `[C, L] -> [C, L]`. Formula and parameters are those of ``InstanceNorm``.
public class InstanceNorm1d: InstanceNorm {}

/// Instance normalisation of each channel of each sample over height and width.
///
/// Shapes: `[N, C, H, W] -> [N, C, H, W]` or `[C, H, W] -> [C, H, W]`. Formula and parameters are those of
/// ``InstanceNorm``.
public class InstanceNorm2d: InstanceNorm {
    override final var batchRank: Int { 4 }
}

/// Instance normalisation of each channel of each sample over depth, height and width.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D, H, W]` or `[C, D, H, W] -> [C, D, H, W]`. Formula and parameters are those of
/// ``InstanceNorm``.
public class InstanceNorm3d: InstanceNorm {
    override final var batchRank: Int { 5 }
}
