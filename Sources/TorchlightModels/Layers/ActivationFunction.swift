import TorchlightCore

/// The activation functions of `transformers` configurations, by name.
public enum ActivationFunction: String, Sendable, CaseIterable {
    /// `x Φ(x)` with the normal distribution function Φ (Hendrycks and Gimpel, 2016).
    case gelu
    /// The tanh approximation of GELU, in GPT-2.
    case geluNew = "gelu_new"
    /// The tanh approximation of GELU, in Gemma.
    case geluTanh = "gelu_pytorch_tanh"
    /// The tanh approximation of GELU.
    case geluFast = "gelu_fast"
    /// `x sigmoid(1.702 x)`, an approximation of GELU, in CLIP.
    case quickGelu = "quick_gelu"
    /// `max(x, 0)`.
    case relu
    /// `max(x, 0)²`.
    case reluSquared = "relu2"
    /// `x sigmoid(x)`, also called swish.
    case silu
    /// Same as `silu`.
    case swish
    /// `tanh(x)`.
    case tanh
    /// `x tanh(softplus(x))`.
    case mish

    /// Returns the activation of each element.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .gelu: TorchlightCore.gelu(x)
        case .geluNew, .geluTanh, .geluFast: TorchlightCore.gelu(x, approximate: .tanh)
        case .quickGelu: x * (x * 1.702).sigmoid()
        case .relu: TorchlightCore.relu(x)
        case .reluSquared: TorchlightCore.relu(x).square()
        case .silu, .swish: TorchlightCore.silu(x)
        case .tanh: TorchlightCore.tanh(x)
        case .mish: TorchlightCore.mish(x)
        }
    }
}
