/// The only list of primitives; a test compares it with the files of this folder.
///
/// Tests hold their records against it, and printed graphs, exporters and backends find a primitive by name in it.
package enum AllPrimitives {
    package static let all: [any Primitive.Type] =
        create + elementwise + fused + fourier + reduce + random + contract + normalize + index + view + sort + sequence
        + linalg + vision

    private static let create: [any Primitive.Type] = [Arange.self, Full.self, Spaced.self, ToDevice.self]

    private static let elementwise: [any Primitive.Type] = [
        Abs.self, Acos.self, Acosh.self, Add.self, AddCDiv.self, AddCMul.self, AddScaled.self, AiryAi.self,
        Angle.self, Asin.self, Asinh.self, Atan.self, Atan2.self, Atanh.self, BesselJ0.self, BesselJ1.self,
        BesselY0.self, BesselY1.self, BitwiseAnd.self, BitwiseNot.self, BitwiseOr.self, BitwiseXor.self, Cast.self,
        Ceil.self, Clamp.self, ComplexAngle.self, Conj.self, Copysign.self, Cos.self, Cosh.self, Digamma.self, Div.self,
        Elu.self, Entr.self,
        Eq.self, Erf.self, Erfc.self, Erfcx.self, Erfinv.self, Exp.self, Exp2.self, Expm1.self, FillWith.self,
        Floor.self, FloorDivide.self, Fmax.self, Fmin.self, Fmod.self, Frac.self, FrexpExponent.self,
        FrexpMantissa.self, Gcd.self, Ge.self, Gelu.self, GeluBackward.self, GeluTanh.self, GeluTanhBackward.self,
        Gt.self,
        HardSigmoid.self, HardSwish.self, HardtanhForward.self, Hypot.self, I0.self, I0e.self, I1.self, I1e.self,
        Igamma.self, Igammac.self, InverseMillsRatio.self, IsFinite.self, IsInf.self, IsNaN.self, Lcm.self, Ldexp.self,
        Le.self,
        LeakyRelu.self, Lerp.self, Lgamma.self, Log.self, Log10.self, Log1p.self, Log2.self, LogAddExp.self,
        LogAddExp2.self, LogicalAnd.self, LogicalNot.self, LogicalOr.self, LogicalXor.self, LogNdtr.self,
        LogSigmoidForward.self, Logit.self, Lt.self, Maximum.self, Minimum.self, MishForward.self,
        ModifiedBesselK0.self,
        ModifiedBesselK1.self, Mul.self, Ndtr.self, Ndtri.self, Ne.self, Neg.self, NextAfter.self,
        OrthogonalPolynomial.self, Polygamma.self, Pow.self, Reciprocal.self, Relu.self, ReluBackward.self,
        Remainder.self, Round.self, RoundDecimals.self, Rsqrt.self, ScaledModifiedBesselK0.self,
        ScaledModifiedBesselK1.self, ShiftLeft.self, ShiftRight.self, Sgn.self,
        SigmoidForward.self, SigmoidBackward.self, Sign.self, SignBit.self, Silu.self, SiluBackward.self, Sin.self,
        Sinc.self,
        Sinh.self,
        SoftplusForward.self, Sqrt.self, Square.self, Sub.self, Tan.self, TanhForward.self, TanhBackward.self,
        TanhshrinkForward.self, Trunc.self,
        TruncDivide.self, Where.self, Xlog1py.self, Xlogy.self, Zeta.self,
    ]

    private static let fused: [any Primitive.Type] = [FusedGroup.self]

    private static let fourier: [any Primitive.Type] = [
        FourierTransform.self, InverseRealFourierTransform.self, RealFourierTransform.self,
    ]

    private static let reduce: [any Primitive.Type] = [
        AllTrue.self, Amax.self, Amin.self, AnyTrue.self, ArgExtreme.self, CondensedDistance.self,
        CondensedDistanceBackward.self, CumExtreme.self, CumProd.self, CumSum.self, EuclideanNorm.self, Extreme.self,
        LinearScan.self, LogCumSumExp.self, LogSumExp.self, Mean.self, Median.self, PairDistance.self,
        PairDistanceBackward.self,
        Prod.self, Sum.self, Variance.self,
    ]

    private static let random: [any Primitive.Type] = [
        BernoulliDraw.self, DropoutForward.self, DropoutBackward.self, IntegerFill.self, NormalFill.self,
        Permutation.self,
        LogGammaDerivative.self, RandomVariates.self, UniformFill.self,
    ]

    private static let contract: [any Primitive.Type] = [
        AdaptiveAvgPool.self, AdaptiveAvgPoolBackward.self, AdaptiveMaxPool.self, AddMatMul.self, AvgPool.self,
        AvgPoolBackward.self, Convolution.self, ConvolutionBackwardData.self,
        ConvolutionBackwardWeights.self, Linear.self, MatMul.self, MaxPool.self, MaxPoolBackward.self,
        QuantizedLinear.self,
    ]

    private static let normalize: [any Primitive.Type] = [
        BatchNorm.self, BatchNormBackward.self, BinaryCrossEntropy.self, CrossEntropyBackward.self,
        CrossEntropyRows.self, LayerNorm.self,
        LayerNormBackward.self, LogSoftmax.self, LogSoftmaxBackward.self, Softmax.self, SoftmaxBackward.self,
    ]

    private static let index: [any Primitive.Type] = [
        Cat.self, Embedding.self, Gather.self, IndexAdd.self, IndexGet.self, IndexPut.self, IndexSelect.self,
        MaskedScatter.self, MaskedSelect.self, NonZero.self, Scatter.self,
    ]

    private static let view: [any Primitive.Type] = [
        AsStrided.self, AsStridedBackward.self, ConstantPad.self, Diagonal.self, DiagonalBackward.self, Expand.self,
        Flip.self, Permute.self, ScatterView.self, Select.self, Slice.self, SliceBackward.self, Squeeze.self,
        Triangle.self, Unfold.self, UnfoldBackward.self, Unsqueeze.self, View.self, ViewAsComplex.self, ViewAsReal.self,
    ]

    private static let sort: [any Primitive.Type] = [RowOrder.self, SearchSorted.self, Sort.self, TopK.self]

    private static let sequence: [any Primitive.Type] = [
        Attention.self, AttentionBackward.self, CTC.self, CTCBackward.self, Recurrence.self, RecurrenceBackward.self,
    ]

    private static let linalg: [any Primitive.Type] = [
        Cholesky.self, Determinant.self, Eigen.self, HouseholderReflectors.self, Inverse.self, LDLFactor.self,
        LDLSolve.self, LogDeterminant.self, LUFactor.self,
        MatrixSquareRoot.self,
        PivotOrder.self, PseudoInverse.self,
        QRDecomposition.self, SingularValues.self, Solve.self, SolveTriangular.self, SymmetricEigen.self,
    ]

    private static let vision: [any Primitive.Type] = [
        FoldWindows.self, GridSample.self, GridSampleBackward.self, Resample.self, ResampleBackward.self,
        UnfoldWindows.self,
    ]

    /// The primitive of a name, for reading recorded graphs.
    package static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
