import TorchlightCore

/// What batch normalisation of all ranks shares: (x − mean) / √(variance + eps) · weight + bias for each channel (Ioffe
/// and Szegedy 2015).
///
/// In training mode mean and biased variance are the batch's, and the running ones move towards them:
/// running ← (1 − momentum) · running + momentum · batch, with the unbiased variance. In evaluation mode the running
/// ones are used.
open class BatchNorm: Module, Layer {
    /// The number of channels.
    public final let numFeatures: Int
    /// Added to the variance.
    public final let eps: Double
    /// How far the running statistics move; nil makes them the plain mean of all batches.
    public final var momentum: Double?
    /// The scale of each channel, or nil.
    public final var weight: Tensor?
    /// The shift of each channel, or nil.
    public final var bias: Tensor?
    /// The mean of the past batches, or nil.
    @Buffer("running_mean") public final var runningMean: Tensor? = nil
    /// The variance of the past batches, or nil.
    @Buffer("running_var") public final var runningVar: Tensor? = nil
    /// The number of batches seen, or nil.
    @Buffer("num_batches_tracked") public final var batchesTracked: Tensor? = nil
    private var modeWatch = ModeWatch()

    /// The ranks that the input may have.
    var ranks: ClosedRange<Int> { 2...5 }

    /// A layer for this many channels.
    public init(
        _ features: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
        trackRunningStats: Bool = true, dtype: DType = .default, device: Device = .current
    ) {
        numFeatures = features
        self.eps = eps
        self.momentum = momentum
        if affine {
            weight = Parameter(Tensor.ones([features], dtype: dtype, device: device))
            if bias { self.bias = Parameter(Tensor.zeros([features], dtype: dtype, device: device)) }
        }
        super.init()
        if trackRunningStats {
            runningMean = Tensor.zeros([features], dtype: dtype, device: device)
            runningVar = Tensor.ones([features], dtype: dtype, device: device)
            batchesTracked = Tensor.zeros([], dtype: .int64, device: device)
        }
    }

    /// The number of channels; the same as ``numFeatures``.
    public final var features: Int { numFeatures }

    /// The normalised input, scaled and shifted.
    public final func forward(_ x: Tensor) -> Tensor {
        guard ranks.contains(x.rank) || x.isPlaceholder else {
            return fail(
                TensorError(
                    .shape, in: "\(type(of: self))", "the input has the wrong number of dimensions",
                    expected: ranks.count == 1
                        ? "\(ranks.lowerBound) dimensions" : "\(ranks.lowerBound) or \(ranks.upperBound)",
                    operands: [x]), like: x)
        }
        let usesBatch = isTraining || runningMean == nil || runningVar == nil
        if isTraining { modeWatch.trainingCall() }
        var factor = momentum ?? 0
        if isTraining, let batchesTracked {
            noGrad { _ = batchesTracked.add_(1) }
            if momentum == nil { factor = 1 / batchesTracked.item() }
        }
        // In training mode without running statistics there is nothing to move.
        return batchNorm(
            x, runningMean, runningVar, weight, bias, training: usesBatch, momentum: factor, eps: eps)
    }

    /// Forgets the running statistics.
    public final func resetRunningStats() {
        runningMean?.zero_()
        runningVar?.fill_(1)
        batchesTracked?.zero_()
    }

    open override func upgrade(_ state: inout ModuleState) { state.fillInBatchCount(of: batchesTracked) }

    open override var extraDescription: String {
        "\(numFeatures), eps=\(Printed.number(eps)), momentum=\(Printed.optional(momentum, Printed.number)), "
            + "affine=\(Printed.bool(weight != nil)), bias=\(Printed.bool(bias != nil)), "
            + "track_running_stats=\(Printed.bool(runningMean != nil))"
    }
}

/// Batch normalisation of `[N, C]` or `[N, C, L]`, over all but the channels.
public final class BatchNorm1d: BatchNorm {
    override var ranks: ClosedRange<Int> { 2...3 }
}

/// Batch normalisation of `[N, C, H, W]`, over all but the channels.
public final class BatchNorm2d: BatchNorm {
    override var ranks: ClosedRange<Int> { 4...4 }
}

/// Batch normalisation of `[N, C, D, H, W]`, over all but the channels.
public final class BatchNorm3d: BatchNorm {
    override var ranks: ClosedRange<Int> { 5...5 }
}
