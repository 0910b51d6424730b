import TorchlightCore

/// How the weights of linear layers are stored in integers: the number of bits, and what shares a scale.
///
///     quantize(model, .int8())
///     quantize(model, .int4(group: 64))
///
/// Only weights are stored in integers. With ``inputs`` `.int8` the input of a layer is rounded too while it is multiplied, in
/// blocks of 32 features with separate scales, so that the products are sums of integers: that adds an error of about
/// half a percent to each product and makes batches of sequences several times faster. `.float` multiplies in float32.
public struct WeightQuantization: Sendable, Hashable, CustomStringConvertible {
    /// How the input of a quantised layer is multiplied.
    public enum Inputs: String, Sendable {
        /// Rounded to int8, with a scale for each 32 features.
        case int8
        /// As it is.
        case float
    }

    /// The number of bits of a weight: 8 or 4.
    public let bits: Int
    /// The number of input features that share a scale: 32, 64, 128 or 256; nil for all of a row.
    public let group: Int?
    /// Whether a weight is `scale · (code - zero)` with a fixed zero; otherwise it is `scale · code + offset`.
    public let isSymmetric: Bool
    /// How the input is multiplied. Default: `.int8`.
    public let inputs: Inputs

    /// 8 bits: `w = scale · code` with codes from -127 to 127, or with an offset.
    ///
    /// - Parameters:
    ///   - group: The number of input features that share a scale: 32, 64, 128 or 256. Default: nil, one scale for a row.
    ///   - symmetric: Whether there are no offsets. Default: true.
    ///   - inputs: How the input is multiplied. Default: `.int8`.
    public static func int8(group: Int? = nil, symmetric: Bool = true, inputs: Inputs = .int8) -> WeightQuantization {
        WeightQuantization(bits: 8, group: group, isSymmetric: symmetric, inputs: inputs)
    }

    /// 4 bits: `w = scale · code` with codes from -8 to 7, or with an offset and codes from 0 to 15.
    ///
    /// - Parameters:
    ///   - group: The number of input features that share a scale: 32, 64, 128 or 256. Default: 64.
    ///   - symmetric: Whether there are no offsets. Default: true.
    ///   - inputs: How the input is multiplied. Default: `.int8`.
    public static func int4(group: Int = 64, symmetric: Bool = true, inputs: Inputs = .int8) -> WeightQuantization {
        WeightQuantization(bits: 4, group: group, isSymmetric: symmetric, inputs: inputs)
    }

    static let groups = [32, 64, 128, 256]

    /// The layout of a weight. A group size that is not supported is an error.
    func layout(inFeatures: Int, outFeatures: Int) -> QuantizedLayout {
        if let group, !Self.groups.contains(group) {
            reportFailure(
                TensorError(
                    .value, in: "quantize", "the size of the groups is not supported", got: "\(group)",
                    expected: "32, 64, 128 or 256"))
        }
        let row = max((max(inFeatures, 0) +| 31) / 32 * 32, 32)
        let size = group.flatMap { Self.groups.contains($0) ? min($0, row) : nil } ?? row
        return QuantizedLayout(
            bits: bits, group: size, inFeatures: inFeatures, outFeatures: outFeatures, hasOffsets: !isSymmetric)
    }

    /// `int4, group 64`.
    public var description: String {
        "int\(bits)" + (group.map { ", group \($0)" } ?? "") + (isSymmetric ? "" : ", asymmetric")
            + (inputs == .int8 ? "" : ", float inputs")
    }
}

/// The weight of a linear layer or embedding in integers: the state of a layer that ``quantize(_:_:matching:excluding:embeddings:)``
/// changed.
///
/// Its tensors are buffers: they are saved, loaded and moved with the module, and are not trained.
public struct QuantizedWeight {
    /// The codes, packed in panels of 16 output features: uint8.
    @Buffer public internal(set) var codes: Tensor
    /// The scales, `[panels, groups, 16]`: float32 for whole rows, bfloat16 for groups.
    @Buffer public internal(set) var scales: Tensor
    /// The offsets, as the scales; nil for symmetric weights.
    @Buffer public internal(set) var offsets: Tensor?
    /// How the weight is stored.
    public let scheme: WeightQuantization
    let layout: QuantizedLayout

    /// The number of input features.
    public var inFeatures: Int { layout.inFeatures }
    /// The number of output features.
    public var outFeatures: Int { layout.outFeatures }
    /// The number of bytes of codes, scales and offsets.
    public var byteCount: Int {
        [codes, scales, offsets].compactMap { $0 }.reduce(0) { $0 + $1.count * $1.dtype.byteSize }
    }

    /// Rounds a weight `[out, in]`.
    ///
    /// - Parameters:
    ///   - weight: The weight, of a floating-point dtype.
    ///   - scheme: How it is stored.
    public init(_ weight: Tensor, _ scheme: WeightQuantization) {
        let shape = weight.rank == 2 ? weight.shape : [0, 0]
        if weight.rank != 2 || !weight.dtype.isFloatingPoint, !weight.isPlaceholder {
            reportFailure(
                TensorError(
                    .shape, in: "QuantizedWeight", "the weight cannot be quantised",
                    expected: "floating point [out, in]", operands: [weight]))
        }
        let layout = scheme.layout(inFeatures: shape[1], outFeatures: shape[0])
        self.scheme = scheme
        self.layout = layout
        guard weight.rank == 2, weight.dtype.isFloatingPoint, weight.device.hasValues else {
            let empty = Self.empty(layout, scaleType: scheme.scaleType, device: weight.device)
            codes = empty.codes
            scales = empty.scales
            offsets = empty.offsets
            return
        }
        let quantized = noGrad { layout.quantized(weight.detach(), scaleType: scheme.scaleType) }
        // Buffers own their memory.
        codes = quantized.codes.clone()
        scales = quantized.scales.clone()
        offsets = quantized.offsets?.clone()
    }

    /// The weight of codes `[out, in]` from 0, with factors `[out, groups]`.
    package init(codes: Tensor, scales: Tensor, offsets: Tensor?, _ scheme: WeightQuantization) {
        let layout = scheme.layout(inFeatures: codes.shape[1], outFeatures: codes.shape[0])
        self.scheme = scheme
        self.layout = layout
        self.codes = noGrad { layout.packed(codes: codes).clone() }
        self.scales = noGrad { layout.packed(factors: scales).clone() }
        self.offsets = noGrad { offsets.map { layout.packed(factors: $0).clone() } }
    }

    private init(layout: QuantizedLayout, _ scheme: WeightQuantization, scaleType: DType, device: Device) {
        self.layout = layout
        self.scheme = scheme
        let empty = Self.empty(layout, scaleType: scaleType, device: device)
        codes = empty.codes
        scales = empty.scales
        offsets = empty.offsets
    }

    private static func empty(
        _ layout: QuantizedLayout, scaleType: DType, device: Device
    ) -> (codes: Tensor, scales: Tensor, offsets: Tensor?) {
        let factors = Tensor.zeros(layout.scaleShape, dtype: scaleType, device: device)
        return (
            Tensor.zeros(layout.codeShape, dtype: .uint8, device: device), factors,
            layout.hasOffsets ? factors.clone() : nil
        )
    }

    /// A zero weight `[out, in]` with the layout of saved tensors of these shapes; nil if they are not those of a quantised
    /// weight.
    init?(
        shape: [Int], codes: Tensor, scales: Tensor, offsets: Tensor?, inputs: WeightQuantization.Inputs, device: Device
    ) {
        guard shape.count == 2, codes.rank == 3, scales.rank == 3 else { return nil }
        for bits in [8, 4] {
            for group in [nil] + WeightQuantization.groups.map(Optional.some) {
                let scheme = WeightQuantization(
                    bits: bits, group: group, isSymmetric: offsets == nil, inputs: inputs)
                let layout = scheme.layout(inFeatures: shape[1], outFeatures: shape[0])
                guard layout.codeShape == codes.shape, layout.scaleShape == scales.shape else { continue }
                self.init(layout: layout, scheme, scaleType: scales.dtype, device: device)
                return
            }
        }
        return nil
    }

    /// The weight in floating point, `[out, in]`.
    ///
    /// - Parameter dtype: The dtype of the result. Default: float32.
    public func dequantized(dtype: DType = .float32) -> Tensor {
        layout.dequantized(codes, scales, offsets, dtype: dtype)
    }

    /// Returns `x Wᵀ + bias`, `[*, in] -> [*, out]`. Gradients are those of the input and the bias.
    public func linear(_ x: Tensor, _ bias: Tensor? = nil) -> Tensor {
        quantizedLinear(
            x, codes: codes, scales: scales, offsets: offsets, bias: bias, layout: layout,
            roundsInput: scheme.inputs == .int8)
    }

    /// Rows of the weight in floating point, `[*] -> [*, in]`. An index outside of `0 ..< out` is an error.
    public func rows(_ indices: Tensor, dtype: DType = .float32) -> Tensor {
        noGrad { layout.rows(indices, codes, scales, offsets, dtype: dtype) }
    }
}

extension WeightQuantization {
    /// Scales of groups take a tenth of the memory of 4-bit codes in bfloat16; their range is that of float32.
    var scaleType: DType { group == nil ? .float32 : .bfloat16 }
}
