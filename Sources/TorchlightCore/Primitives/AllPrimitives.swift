/// The only list of primitives; a test compares it with the files of this folder.
///
/// Tests hold their records against it, and printed graphs, exporters and backends find a primitive by name in it.
package enum AllPrimitives {
    package static let all: [any Primitive.Type] = elementwise + reduce + view

    private static let elementwise: [any Primitive.Type] = [
        Add.self, Cast.self, Eq.self, Exp.self, FillWith.self, Ge.self, Gt.self, IsFinite.self, IsInf.self, IsNaN.self,
        Le.self, LogicalNot.self, Lt.self, Mul.self, Ne.self, Neg.self, SignBit.self, Sub.self,
    ]

    private static let reduce: [any Primitive.Type] = [AllTrue.self, AnyTrue.self, Sum.self]

    private static let view: [any Primitive.Type] = [
        AsStrided.self, AsStridedGradient.self, Expand.self, Permute.self, ScatterView.self, Select.self, Slice.self,
        SliceGradient.self, Squeeze.self, Unsqueeze.self, View.self,
    ]
}
