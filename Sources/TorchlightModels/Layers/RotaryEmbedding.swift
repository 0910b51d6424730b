import Glibc
import TorchlightCore
import TorchlightIO

/// The scaling of rotary frequencies for sequences longer than those of pretraining.
public enum RopeScaling: Sendable, Equatable {
    /// Frequencies `θ^(−2i/d)`, unscaled (Su et al., 2021).
    case none
    /// All frequencies divided by a factor: positions are interpolated (Chen et al., 2023).
    case linear(factor: Double)
    /// The base θ grows with the sequence length beyond the maximum of pretraining.
    case dynamic(factor: Double)
    /// YaRN (Peng et al., 2023): high frequencies are kept, low ones interpolated, with a linear ramp between them.
    case yarn(
        factor: Double, betaFast: Double, betaSlow: Double, attentionFactor: Double, originalLength: Int, truncate: Bool
    )
    /// A factor per frequency, for short and for long sequences (LongRoPE, Ding et al., 2024).
    case longRope(short: [Double], long: [Double], attentionFactor: Double, originalLength: Int)
    /// Llama 3.1: low frequencies are divided by the factor, high ones kept, with a linear ramp between them.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalLength: Int)
}

/// Rotary position embedding (Su et al., 2021): rotates pairs of elements of queries and keys by angles proportional to
/// their positions, so that the attention scores depend on relative positions.
///
/// Element `i` of the first half of the rotated part and element `i` of its second half are a pair. The angle of pair `i`
/// at position `p` is `p θ^(−2i/d)`.
public struct RotaryEmbedding: Sendable, Equatable {
    /// The base θ of the frequencies.
    public var base: Double
    /// The number of leading elements of a head that are rotated.
    public var dim: Int
    /// The scaling for long sequences.
    public var scaling: RopeScaling
    /// The largest sequence length of pretraining.
    public var maxLength: Int

    /// Creates a rotary embedding of the first `dim` elements of each head.
    public init(dim: Int, base: Double = 10_000, scaling: RopeScaling = .none, maxLength: Int = 2048) {
        self.dim = dim
        self.base = base
        self.scaling = scaling
        self.maxLength = maxLength
    }

    /// The frequencies of the pairs, and the factor of cosine and sine, for a sequence length.
    func frequencies(length: Int) -> (values: [Float], factor: Double) {
        let half = dim / 2
        func plain(_ base: Double) -> [Double] {
            (0..<half).map { 1 / pow(base, Double(2 * $0) / Double(dim)) }
        }
        let unscaled = plain(base)
        switch scaling {
        case .none: return (unscaled.map { Float($0) }, 1)
        case .linear(let factor): return (unscaled.map { Float($0 / factor) }, 1)
        case .dynamic(let factor):
            let reached = Double(max(length, maxLength))
            let growth = factor * reached / Double(maxLength) - (factor - 1)
            return (plain(base * pow(growth, Double(dim) / Double(dim - 2))).map { Float($0) }, 1)
        case .yarn(let factor, let fast, let slow, let attention, let original, let truncate):
            /// The pair that makes this number of turns over the original length.
            func pair(_ turns: Double) -> Double {
                Double(dim) * log(Double(original) / (turns * 2 * .pi)) / (2 * log(base))
            }
            var (low, high) = (pair(fast), pair(slow))
            if truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
            low = max(low, 0)
            high = min(high, Double(dim - 1))
            if low == high { high += 0.001 }
            let values = unscaled.enumerated().map { index, value in
                let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
                return Float(value / factor * ramp + value * (1 - ramp))
            }
            return (values, attention)
        case .longRope(let short, let long, let attention, let original):
            let factors = length > original ? long : short
            return (zip(unscaled, factors).map { Float($0 / $1) }, attention)
        case .llama3(let factor, let low, let high, let original):
            let values = unscaled.map { value in
                let length = 2 * Double.pi / value
                if length < Double(original) / high { return Float(value) }
                if length > Double(original) / low { return Float(value / factor) }
                let smooth = (Double(original) / length - low) / (high - low)
                return Float((1 - smooth) * value / factor + smooth * value)
            }
            return (values, 1)
        }
    }

    /// Cosine and sine of the angles at positions `[N, T]`: each `[N, 1, T, dim]`.
    func table(positions: Tensor, length: Int, dtype: DType) -> RotaryTable {
        let (values, factor) = frequencies(length: length)
        let frequencies = Tensor(values, shape: [values.count], device: positions.device)
        let angles = positions.to(.float32).unsqueeze(1).unsqueeze(-1) * frequencies
        let both = cat([angles, angles], dim: -1)
        var (cosine, sine) = (both.cos(), both.sin())
        if factor != 1 { (cosine, sine) = (cosine * factor, sine * factor) }
        return RotaryTable(cosine: cosine.to(dtype), sine: sine.to(dtype), dim: dim)
    }
}

/// Cosine and sine of a rotary embedding at the positions of a forward pass.
struct RotaryTable {
    let cosine, sine: Tensor
    let dim: Int

    /// The heads `[N, H, T, D]` with their first `dim` elements rotated: `x cos + rotateHalf(x) sin`.
    func rotate(_ x: Tensor) -> Tensor {
        let size = x.shape[3]
        let part = dim == size ? x : x.narrow(3, start: 0, length: dim)
        let (first, second) = (
            part.narrow(3, start: 0, length: dim / 2), part.narrow(3, start: dim / 2, length: dim / 2)
        )
        let rotated = part * cosine + cat([-second, first], dim: 3) * sine
        return dim == size ? rotated : cat([rotated, x.narrow(3, start: dim, length: size - dim)], dim: 3)
    }
}

extension ConfigReader {
    /// The rotary embedding of a configuration, in the format of `transformers` 4 (`rope_theta`, `rope_scaling`) or 5
    /// (`rope_parameters`, for all layers or per type of layer).
    ///
    /// - Parameters:
    ///   - headDim: The size of a head.
    ///   - base: The default base.
    ///   - maxLength: The largest sequence length of pretraining.
    ///   - layerType: The type of the layers, if types have separate embeddings.
    ///   - fraction: The default fraction of a head that is rotated.
    func rotaryEmbedding(
        headDim: Int, base: Double, maxLength: Int, layerType: String? = nil, fraction: Double = 1
    ) throws(ModelError) -> RotaryEmbedding {
        var theta = try double("rope_theta", "rotary_emb_base", default: base)
        var part = try double("partial_rotary_factor", "rotary_pct", default: fraction)
        let original = try optionalInt("original_max_position_embeddings")
        var settings = try optionalObject("rope_scaling")
        if let parameters = try optionalObject("rope_parameters") {
            settings = parameters
            if let layerType, parameters.has(layerType) { settings = try parameters.optionalObject(layerType) }
        }
        if let settings {
            theta = try settings.double("rope_theta", default: theta)
            part = try settings.double("partial_rotary_factor", default: part)
        }
        let dim = Int(Double(headDim) * part)
        guard dim >= 2, dim % 2 == 0, dim <= headDim, theta > 0 else {
            throw ModelError(
                path, "the rotary embedding has \(dim) of \(quantity(headDim, "element")) and the base \(theta)",
                expected: "an even number of elements, and a positive base")
        }
        let scaling = try settings?.ropeScaling(dim: dim, maxLength: maxLength, original: original) ?? .none
        return RotaryEmbedding(dim: dim, base: theta, scaling: scaling, maxLength: maxLength)
    }

    private func ropeScaling(dim: Int, maxLength: Int, original: Int?) throws(ModelError) -> RopeScaling {
        let type = try string("rope_type", "type", default: "default")
        let originalLength = try int("original_max_position_embeddings", default: original ?? maxLength)
        let factor = try double("factor", default: Double(maxLength) / Double(originalLength))
        let attention = try optionalDouble("attention_factor")
        var scaling = RopeScaling.none
        switch type {
        case "default": break
        case "linear": scaling = .linear(factor: factor)
        case "dynamic": scaling = .dynamic(factor: factor)
        case "llama3":
            scaling = .llama3(
                factor: factor, lowFrequencyFactor: try double("low_freq_factor", default: 1),
                highFrequencyFactor: try double("high_freq_factor", default: 4), originalLength: originalLength)
        case "yarn":
            let scale = try optionalDouble("mscale")
            let scaleAll = try optionalDouble("mscale_all_dim")
            func magnitude(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1 }
            let standard =
                if let scale, let scaleAll, scale != 0, scaleAll != 0 { magnitude(scale) / magnitude(scaleAll) } else {
                    magnitude(1)
                }
            scaling = .yarn(
                factor: factor, betaFast: try double("beta_fast", default: 32),
                betaSlow: try double("beta_slow", default: 1),
                attentionFactor: attention ?? standard, originalLength: originalLength,
                truncate: try bool("truncate", default: true))
        case "longrope", "su":
            let standard = factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalLength))).squareRoot()
            scaling = .longRope(
                short: try factors("short_factor", count: dim / 2), long: try factors("long_factor", count: dim / 2),
                attentionFactor: attention ?? standard, originalLength: originalLength)
        default:
            throw ModelError(
                path, "the type of the rotary embedding is \(IOError.quoted(type))",
                expected: "default, linear, dynamic, yarn, longrope or llama3")
        }
        if scaling != .none && !(factor > 0) {
            throw ModelError(path, "the factor of the rotary embedding is \(factor)", expected: "a positive number")
        }
        try finish(ignoring: ["finetuned", "rope_theta", "partial_rotary_factor"])
        return scaling
    }

    private func factors(_ name: String, count: Int) throws(ModelError) -> [Double] {
        let values = json[name]?.elements?.compactMap(\.double) ?? []
        guard values.count == count, values.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw ModelError(
                path, "\(name) has \(values.count) positive numbers", expected: "\(count), one for each pair")
        }
        markRead(name)
        return values
    }
}
