/// The median of all elements: the lower one of the two in the middle where their number is even.
///
/// The median is NaN if an element is NaN; with `skipsNaN`, only if all are. Shapes:
/// `[*] -> []`. Dtypes: numbers. Errors: no elements.
///
/// It is a primitive because of its gradient, which is divided equally among the elements that equal the median.
package struct Median: CompositePrimitive {
    package static let name = "median"
    package var skipsNaN: Bool

    package var publicName: String { skipsNaN ? "nanmedian" : "median" }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype != .bool else { throw .dtype(publicName, [x], expected: "numbers") }
        guard x.layout.count > 0 else {
            throw TensorError(
                .shape, in: publicName, "the tensor is empty", expected: "at least one element", operands: [x])
        }
        return Few(ResultSpec(Dims(), x.dtype))
    }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        let x = inputs[0].ravel()
        return Few(skipsNaN ? x.nanmedian(dim: 0).values : x.median(dim: 0).values)
    }

    package var effects: Effects { .pure }
    package var algebra: Algebra { .other }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(evenGradient(context, Dims(), false))
    }
}

extension Tensor {
    /// The median of all elements: for an even number the lower of the two middle elements; NaN if an element is NaN.
    /// Equal elements share the gradient equally.
    public func median() -> Tensor { apply(Median(skipsNaN: false), self) }

    /// The median of all elements, ignoring NaN. Equal elements share the gradient equally.
    public func nanmedian() -> Tensor { apply(Median(skipsNaN: true), self) }
}
