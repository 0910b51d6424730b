import TorchlightCore

/// What instance normalisation of all ranks shares: each channel of each sample is brought to mean 0 and variance 1, then
/// scaled and shifted where that is asked for (Ulyanov et al. 2016).
///
/// With running statistics these move towards those of the samples in training, and stand for them in evaluation.
/// Shapes: `[N, C, *]` or `[C, *]`.
open class InstanceNorm: Module, Layer {
    /// The number of channels.
    public final let numFeatures: Int
    /// Added to the variance.
    public final let eps: Double
    /// How far the running statistics move.
    public final let momentum: Double
    /// The scale of each channel, or nil.
    public final var weight: Tensor?
    /// The shift of each channel, or nil.
    public final var bias: Tensor?
    /// The mean of the past samples, or nil.
    @Buffer("running_mean") public final var runningMean: Tensor? = nil
    /// The variance of the past samples, or nil.
    @Buffer("running_var") public final var runningVar: Tensor? = nil
    /// The number of batches seen, or nil.
    @Buffer("num_batches_tracked") public final var batchesTracked: Tensor? = nil

    /// The rank of a batch.
    var batchRank: Int { 3 }

    /// A layer for this many channels.
    public init(
        _ features: Int, eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false, bias: Bool = true,
        trackRunningStats: Bool = false, dtype: DType = .default, device: Device = .current
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
        if x.isPlaceholder { return x }
        let isBatched = x.rank == batchRank
        guard isBatched || x.rank == batchRank - 1, x.shape[isBatched ? 1 : 0] == features else {
            return fail(
                TensorError(
                    .shape, in: "\(type(of: self))", "the input does not fit the layer",
                    expected: "\(batchRank) dimensions with \(features) channels in the second, or no batch",
                    operands: [x]), like: x)
        }
        let y = instanceNorm(
            isBatched ? x : x.unsqueeze(0), runningMean, runningVar, weight, bias,
            useInputStats: isTraining || runningMean == nil, momentum: momentum, eps: eps)
        return isBatched ? y : y.squeeze(0)
    }

    open override func upgrade(_ state: inout ModuleState) { state.fillInBatchCount(of: batchesTracked) }

    open override var extraDescription: String {
        "\(numFeatures), eps=\(Printed.number(eps)), momentum=\(Printed.number(momentum)), "
            + "affine=\(Printed.bool(weight != nil)), bias=\(Printed.bool(bias != nil)), "
            + "track_running_stats=\(Printed.bool(runningMean != nil))"
    }
}

/// Instance normalisation of `[N, C, L]` or `[C, L]`.
public final class InstanceNorm1d: InstanceNorm {}

/// Instance normalisation of `[N, C, H, W]` or `[C, H, W]`.
public final class InstanceNorm2d: InstanceNorm {
    override var batchRank: Int { 4 }
}

/// Instance normalisation of `[N, C, D, H, W]` or `[C, D, H, W]`.
public final class InstanceNorm3d: InstanceNorm {
    override var batchRank: Int { 5 }
}
