import TorchlightCore

/// A ``Linear`` whose number of input features is the last size of the first input or of the loaded weight.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyLinear: Linear {
    /// The generator of the weight; nil once the number of input features is known.
    private var pendingGenerator: Generator?

    /// Creates the layer. The parameters are those of ``Linear``, without `inFeatures`.
    public init(
        _ outFeatures: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        pendingGenerator = generator
        super.init(0, outFeatures, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    override func initializeParameters(for x: Tensor) {
        if pendingGenerator != nil, let features = x.shape.last { initializeParameters(inFeatures: features) }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        if let weight = tensor("weight"), weight.rank == 2 { initializeParameters(inFeatures: weight.shape[1]) }
    }

    private func initializeParameters(inFeatures: Int) {
        guard let generator = pendingGenerator, inFeatures > 0 else { return }
        let drawn = defaultWeightAndBias(
            weight: [outFeatures, inFeatures], bias: bias != nil, dtype: weight.dtype, device: weight.device,
            generator: generator)
        pendingGenerator = nil
        self.inFeatures = inFeatures
        weight.adopt(drawn.weight)
        if let bias, let drawn = drawn.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    /// "LazyLinear" until the number of input features is known, "Linear" afterwards.
    override var printedName: String {
        if quantizedWeight != nil { return super.printedName }
        return pendingGenerator == nil ? "Linear" : "LazyLinear"
    }
}

/// A ``BatchNorm1d`` whose number of channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, parameters and running statistics have no elements. They stay the same tensors.
public final class LazyBatchNorm1d: BatchNorm1d {
    /// Creates the layer. The parameters are those of ``BatchNorm1d``, without the number of channels.
    public init(
        eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
        trackRunningStats: Bool = true, dtype: DType = .default, device: Device = .current
    ) {
        super.init(
            0, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
        isLazy = true
    }
}

/// A ``BatchNorm2d`` whose number of channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, parameters and running statistics have no elements. They stay the same tensors.
public final class LazyBatchNorm2d: BatchNorm2d {
    /// Creates the layer. The parameters are those of ``BatchNorm2d``, without the number of channels.
    public init(
        eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
        trackRunningStats: Bool = true, dtype: DType = .default, device: Device = .current
    ) {
        super.init(
            0, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
        isLazy = true
    }
}

/// A ``BatchNorm3d`` whose number of channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, parameters and running statistics have no elements. They stay the same tensors.
public final class LazyBatchNorm3d: BatchNorm3d {
    /// Creates the layer. The parameters are those of ``BatchNorm3d``, without the number of channels.
    public init(
        eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
        trackRunningStats: Bool = true, dtype: DType = .default, device: Device = .current
    ) {
        super.init(
            0, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
        isLazy = true
    }
}

/// An ``InstanceNorm1d`` whose number of channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, parameters and running statistics have no elements. They stay the same tensors.
public final class LazyInstanceNorm1d: InstanceNorm1d {
    /// Creates the layer. The parameters are those of ``InstanceNorm1d``, without the number of channels.
    public init(
        eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false, bias: Bool = true,
        trackRunningStats: Bool = false, dtype: DType = .default, device: Device = .current
    ) {
        super.init(
            0, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
        isLazy = true
    }
}

/// An ``InstanceNorm2d`` whose number of channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, parameters and running statistics have no elements. They stay the same tensors.
public final class LazyInstanceNorm2d: InstanceNorm2d {
    /// Creates the layer. The parameters are those of ``InstanceNorm2d``, without the number of channels.
    public init(
        eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false, bias: Bool = true,
        trackRunningStats: Bool = false, dtype: DType = .default, device: Device = .current
    ) {
        super.init(
            0, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
        isLazy = true
    }
}

/// An ``InstanceNorm3d`` whose number of channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, parameters and running statistics have no elements. They stay the same tensors.
public final class LazyInstanceNorm3d: InstanceNorm3d {
    /// Creates the layer. The parameters are those of ``InstanceNorm3d``, without the number of channels.
    public init(
        eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false, bias: Bool = true,
        trackRunningStats: Bool = false, dtype: DType = .default, device: Device = .current
    ) {
        super.init(
            0, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
        isLazy = true
    }
}

/// Parameters and statistics of a normalisation whose number of channels was not known when it was created.
enum LazyChannels {
    /// Gives the tensors that have no elements their size: scales and variances of 1, shifts and means of 0.
    static func fill(_ channels: Int, ones: [Tensor?], zeros: [Tensor?]) {
        for (tensors, value) in [(ones, 1.0), (zeros, 0.0)] {
            for case let tensor? in tensors {
                tensor.adopt(Tensor.full([channels], value, dtype: tensor.dtype, device: tensor.device))
            }
        }
    }

    /// The number of channels of a loaded state dictionary.
    static func loaded(_ tensor: (String) -> Tensor?) -> Int {
        let vector = tensor("weight") ?? tensor("bias") ?? tensor("running_mean")
        return vector?.rank == 1 ? vector?.count ?? 0 : 0
    }
}
