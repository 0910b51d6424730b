import TorchlightCore

/// Base class of batch normalisation: `y = (x − mean) / √(var + eps) · weight + bias` for each channel (Ioffe and Szegedy,
/// 2015).
///
/// In training mode, mean and biased variance are computed over the batch and all spatial dimensions, and the running
/// statistics are updated: `running = (1 − momentum) · running + momentum · batch`, with the unbiased variance. In evaluation
/// mode, the running statistics are used. Weight and bias are `[C]`, initialised to ones and zeros; running mean and
/// running variance start at zeros and ones.
open class BatchNorm: Module, Layer {
    /// The number of channels C.
    public private(set) final var numFeatures: Int
    /// The number that is added to the variance. Default: 1e-5.
    public final let eps: Double
    /// The momentum of the running statistics; nil for the average of all batches with equal weights. Default: 0.1.
    public final var momentum: Double?
    /// The learnable scale of each channel, `[C]`; nil without affine parameters.
    public final var weight: Tensor?
    /// The learnable shift of each channel, `[C]`; nil without affine parameters or bias.
    public final var bias: Tensor?
    /// The running mean of each channel, `[C]`; nil if running statistics are not tracked.
    @Buffer("running_mean") public final var runningMean: Tensor? = nil
    /// The running variance of each channel, `[C]`; nil if running statistics are not tracked.
    @Buffer("running_var") public final var runningVar: Tensor? = nil
    /// The number of batches in the running statistics, an int64 scalar; nil if running statistics are not tracked.
    @Buffer("num_batches_tracked") public final var numBatchesTracked: Tensor? = nil
    /// Whether the number of channels is taken from the first input or from the state that is loaded.
    final var isLazy = false
    private var evalDetector = ForgottenEvalDetector()

    /// The allowed numbers of dimensions of the input.
    var ranks: ClosedRange<Int> { 2...5 }

    /// Creates a batch normalisation.
    ///
    /// - Parameters:
    ///   - numFeatures: The number of channels C.
    ///   - eps: Is added to the variance. Default: 1e-5.
    ///   - momentum: The momentum of the running statistics; nil for the average of all batches. Default: 0.1.
    ///   - affine: Whether the layer has a learnable weight and bias. Default: true.
    ///   - bias: Whether the layer has a bias, if `affine`. Default: true.
    ///   - trackRunningStats: Whether running statistics are tracked; without them, the statistics of the batch are also
    ///     used in evaluation mode. Default: true.
    ///   - dtype: The dtype of parameters and running statistics.
    ///   - device: The device of parameters and running statistics.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
        trackRunningStats: Bool = true, dtype: DType = .default, device: Device = .current
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

    /// Returns `(x − mean) / √(var + eps) · weight + bias`; in training mode, updates the running statistics.
    public final func forward(_ x: Tensor) -> Tensor {
        guard ranks.contains(x.rank) || x.isPlaceholder else {
            return fail(
                TensorError(
                    .shape, in: "\(type(of: self))", "the input has the wrong number of dimensions",
                    expected: ranks.count == 1
                        ? quantity(ranks.lowerBound, "dimension")
                        : "\(ranks.lowerBound) or \(quantity(ranks.upperBound, "dimension"))",
                    operands: [x]), like: x)
        }
        if isLazy, x.rank > 1 { initializeParameters(channels: x.shape[1]) }
        let usesBatch = isTraining || runningMean == nil || runningVar == nil
        if isTraining { evalDetector.trainingCall() }
        var factor = momentum ?? 0
        if isTraining, let numBatchesTracked {
            noGrad { _ = numBatchesTracked.add_(1) }
            if momentum == nil { factor = 1 / numBatchesTracked.item() }
        }
        // Without running statistics there is nothing to update.
        return batchNorm(
            x, runningMean, runningVar, weight, bias, training: usesBatch, momentum: factor, eps: eps)
    }

    /// Resets the running mean to zeros, the running variance to ones and the number of batches to 0.
    public final func resetRunningStats() {
        runningMean?.zero_()
        runningVar?.fill_(1)
        numBatchesTracked?.zero_()
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

    /// "LazyBatchNorm1d" until the number of channels is known, "BatchNorm1d" afterwards.
    override final var printedName: String {
        let name = super.printedName
        return !isLazy && name.hasPrefix("Lazy") ? String(name.dropFirst("Lazy".count)) : name
    }

    open override func upgrade(_ state: inout ModuleState) { state.addMissingBatchCount(of: numBatchesTracked) }

    open override var extraDescription: String {
        "\(numFeatures), eps=\(Printed.number(eps)), momentum=\(Printed.optional(momentum, Printed.number)), "
            + "affine=\(Printed.bool(weight != nil)), bias=\(Printed.bool(bias != nil)), "
            + "track_running_stats=\(Printed.bool(runningMean != nil))"
    }
}

/// Batch normalisation of each channel over batch and length.
///
/// Shapes: `[N, C] -> [N, C]` or `[N, C, L] -> [N, C, L]`. Formula and parameters are those of ``BatchNorm``.
public class BatchNorm1d: BatchNorm {
    override final var ranks: ClosedRange<Int> { 2...3 }
}

/// Batch normalisation of each channel over batch, height and width.
///
///     let norm = BatchNorm2d(16)
///     let y = norm(x)  // [N, 16, H, W] -> [N, 16, H, W]
///
/// Shapes: `[N, C, H, W] -> [N, C, H, W]`. Formula and parameters are those of ``BatchNorm``.
public class BatchNorm2d: BatchNorm {
    override final var ranks: ClosedRange<Int> { 4...4 }
}

/// Batch normalisation of each channel over batch, depth, height and width.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D, H, W]`. Formula and parameters are those of ``BatchNorm``.
public class BatchNorm3d: BatchNorm {
    override final var ranks: ClosedRange<Int> { 5...5 }
}
