/// The only list of primitives; a test compares it with the files of this folder.
///
/// Tests hold their records against it, and printed graphs, exporters and backends find a primitive by name in it.
package enum AllPrimitives {
    package static let all: [any Primitive.Type] =
        elementwise + reduce + contract + normalize + index + view + sort

    private static let elementwise: [any Primitive.Type] = [
        Add.self, Cast.self, Eq.self, Exp.self, FillWith.self, Ge.self, Gt.self, IsFinite.self, IsInf.self, IsNaN.self,
        Le.self, LogicalNot.self, Lt.self, Mul.self, Ne.self, Neg.self, SignBit.self, Sub.self,
    ]

    private static let reduce: [any Primitive.Type] = [AllTrue.self, AnyTrue.self, Sum.self]

    private static let contract: [any Primitive.Type] = [
        AddMatMul.self, AvgPool.self, AvgPoolBackward.self, Convolution.self, ConvolutionBackwardData.self,
        ConvolutionBackwardWeights.self, Linear.self, MatMul.self, MaxPool.self, MaxPoolBackward.self,
    ]

    private static let normalize: [any Primitive.Type] = [
        BatchNorm.self, BatchNormBackward.self, CrossEntropyBackward.self, CrossEntropyRows.self, LayerNorm.self,
        LayerNormBackward.self, LogSoftmax.self, LogSoftmaxBackward.self, Softmax.self, SoftmaxBackward.self,
    ]

    private static let index: [any Primitive.Type] = [
        Cat.self, Embedding.self, Gather.self, IndexAdd.self, IndexGet.self, IndexPut.self, IndexSelect.self,
        MaskedScatter.self, MaskedSelect.self, NonZero.self, Scatter.self,
    ]

    private static let view: [any Primitive.Type] = [
        AsStrided.self, AsStridedGradient.self, ConstantPad.self, Diagonal.self, DiagonalGradient.self, Expand.self,
        Flip.self, Permute.self, ScatterView.self, Select.self, Slice.self, SliceGradient.self, Squeeze.self,
        Triangle.self, Unfold.self, UnfoldGradient.self, Unsqueeze.self, View.self,
    ]

    private static let sort: [any Primitive.Type] = [Sort.self, TopK.self]
}
