/// Special functions, as in `torch.special`.
///
/// All are computed element by element, in float32 or float64. bool and integers are converted to float32; float16 and
/// bfloat16 are computed in float32. Two operands broadcast. Unless stated otherwise, float32 results are accurate to 4
/// units in the last place. Near an irrational zero this refers to the exact value at the float32 argument.
///
///     let density = Special.i0e(kappa)
///     let tail = Special.gammaincc(a, x)
public enum Special {
    // MARK: Functions of one operand

    /// See ``Tensor/airyAi()``.
    public static func airyAi(_ x: Tensor) -> Tensor { x.airyAi() }
    /// See ``Tensor/besselJ0()``.
    public static func besselJ0(_ x: Tensor) -> Tensor { x.besselJ0() }
    /// See ``Tensor/besselJ1()``.
    public static func besselJ1(_ x: Tensor) -> Tensor { x.besselJ1() }
    /// See ``Tensor/besselY0()``.
    public static func besselY0(_ x: Tensor) -> Tensor { x.besselY0() }
    /// See ``Tensor/besselY1()``.
    public static func besselY1(_ x: Tensor) -> Tensor { x.besselY1() }
    /// See ``Tensor/modifiedBesselI0()``.
    public static func modifiedBesselI0(_ x: Tensor) -> Tensor { x.modifiedBesselI0() }
    /// See ``Tensor/modifiedBesselI1()``.
    public static func modifiedBesselI1(_ x: Tensor) -> Tensor { x.modifiedBesselI1() }
    /// See ``Tensor/modifiedBesselK0()``.
    public static func modifiedBesselK0(_ x: Tensor) -> Tensor { x.modifiedBesselK0() }
    /// See ``Tensor/modifiedBesselK1()``.
    public static func modifiedBesselK1(_ x: Tensor) -> Tensor { x.modifiedBesselK1() }
    /// See ``Tensor/scaledModifiedBesselK0()``.
    public static func scaledModifiedBesselK0(_ x: Tensor) -> Tensor { x.scaledModifiedBesselK0() }
    /// See ``Tensor/scaledModifiedBesselK1()``.
    public static func scaledModifiedBesselK1(_ x: Tensor) -> Tensor { x.scaledModifiedBesselK1() }
    /// See ``Tensor/sphericalBesselJ0()``.
    public static func sphericalBesselJ0(_ x: Tensor) -> Tensor { x.sphericalBesselJ0() }
    /// See ``Tensor/i0()``.
    public static func i0(_ x: Tensor) -> Tensor { x.i0() }
    /// See ``Tensor/i0e()``.
    public static func i0e(_ x: Tensor) -> Tensor { x.i0e() }
    /// See ``Tensor/i1()``.
    public static func i1(_ x: Tensor) -> Tensor { x.i1() }
    /// See ``Tensor/i1e()``.
    public static func i1e(_ x: Tensor) -> Tensor { x.i1e() }
    /// See ``Tensor/entr()``.
    public static func entr(_ x: Tensor) -> Tensor { x.entr() }
    /// See ``Tensor/erf()``.
    public static func erf(_ x: Tensor) -> Tensor { x.erf() }
    /// See ``Tensor/erfc()``.
    public static func erfc(_ x: Tensor) -> Tensor { x.erfc() }
    /// See ``Tensor/erfcx()``.
    public static func erfcx(_ x: Tensor) -> Tensor { x.erfcx() }
    /// See ``Tensor/erfinv()``.
    public static func erfinv(_ x: Tensor) -> Tensor { x.erfinv() }
    /// See ``Tensor/exp2()``.
    public static func exp2(_ x: Tensor) -> Tensor { x.exp2() }
    /// See ``Tensor/expm1()``.
    public static func expm1(_ x: Tensor) -> Tensor { x.expm1() }
    /// See ``Tensor/log1p()``.
    public static func log1p(_ x: Tensor) -> Tensor { x.log1p() }
    /// See ``Tensor/sigmoid()``.
    public static func expit(_ x: Tensor) -> Tensor { x.sigmoid() }
    /// See ``Tensor/sinc()``.
    public static func sinc(_ x: Tensor) -> Tensor { x.sinc() }
    /// See ``Tensor/ndtr()``.
    public static func ndtr(_ x: Tensor) -> Tensor { x.ndtr() }
    /// See ``Tensor/logNdtr()``.
    public static func logNdtr(_ x: Tensor) -> Tensor { x.logNdtr() }
    /// See ``Tensor/ndtri()``.
    public static func ndtri(_ x: Tensor) -> Tensor { x.ndtri() }
    /// See ``Tensor/lgamma()``.
    public static func gammaln(_ x: Tensor) -> Tensor { x.lgamma() }
    /// See ``Tensor/digamma()``.
    public static func digamma(_ x: Tensor) -> Tensor { x.digamma() }
    /// See ``Tensor/digamma()``.
    public static func psi(_ x: Tensor) -> Tensor { x.digamma() }
    /// See ``Tensor/logit(eps:)``.
    public static func logit(_ x: Tensor, eps: Double? = nil) -> Tensor { x.logit(eps: eps) }
    /// See ``Tensor/round()``.
    public static func round(_ x: Tensor) -> Tensor { x.round() }
    /// See ``Tensor/polygamma(_:)``: the order comes first.
    public static func polygamma(_ n: Int, _ x: Tensor) -> Tensor { x.polygamma(n) }
    /// See ``Tensor/mvlgamma(_:)``.
    public static func multigammaln(_ x: Tensor, _ p: Int) -> Tensor { x.mvlgamma(p) }

    // MARK: Functions of two operands

    /// See ``Tensor/igamma(_:)``.
    public static func gammainc(_ a: Tensor, _ x: Tensor) -> Tensor { a.igamma(x) }
    /// See ``Tensor/igammac(_:)``.
    public static func gammaincc(_ a: Tensor, _ x: Tensor) -> Tensor { a.igammac(x) }
    /// See ``Tensor/xlogy(_:)-(Tensor)``.
    public static func xlogy(_ x: Tensor, _ y: Tensor) -> Tensor { x.xlogy(y) }
    /// See ``Tensor/xlogy(_:)-(Tensor)``.
    public static func xlogy(_ x: Tensor, _ y: some TensorScalar) -> Tensor { x.xlogy(y) }
    /// See ``Tensor/xlogy(_:)-(Tensor)``.
    public static func xlogy(_ x: some TensorScalar, _ y: Tensor) -> Tensor { Tensor.wrap(x.scalar).xlogy(y) }
    /// See ``Tensor/xlog1py(_:)-(Tensor)``.
    public static func xlog1py(_ x: Tensor, _ y: Tensor) -> Tensor { x.xlog1py(y) }
    /// See ``Tensor/xlog1py(_:)-(Tensor)``.
    public static func xlog1py(_ x: Tensor, _ y: some TensorScalar) -> Tensor { x.xlog1py(y) }
    /// See ``Tensor/xlog1py(_:)-(Tensor)``.
    public static func xlog1py(_ x: some TensorScalar, _ y: Tensor) -> Tensor { Tensor.wrap(x.scalar).xlog1py(y) }
    /// See ``Tensor/zeta(_:)-(Tensor)``.
    public static func zeta(_ s: Tensor, _ q: Tensor) -> Tensor { s.zeta(q) }
    /// See ``Tensor/zeta(_:)-(Tensor)``.
    public static func zeta(_ s: Tensor, _ q: some TensorScalar) -> Tensor { s.zeta(q) }
    /// See ``Tensor/zeta(_:)-(Tensor)``.
    public static func zeta(_ s: some TensorScalar, _ q: Tensor) -> Tensor { Tensor.wrap(s.scalar).zeta(q) }
}
