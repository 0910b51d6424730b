import CKernels

/// The number next to `a` in the direction of `b`, among those of the promoted dtype; `b` where both are equal.
///
/// Dtypes: floating point. The distance is a constant almost everywhere, so the gradient goes to `a` alone, and to
/// neither where both are equal.
package struct NextAfter: BinaryPrimitive {
    package static let name = "nextafter"
    package static let kernel = TL_BINARY_NEXTAFTER
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        guard ResultType.of(inputs[0], inputs[1]).isFloatingPoint else {
            throw .dtype(
                Self.name, Array(inputs), expected: "floating-point numbers",
                fix: "add 1 to an integer for the next one")
        }
        return Few(try binarySpec(Self.name, Self.domain, inputs[0], inputs[1]))
    }

    package func kernel(for dtype: DType) -> tl_binary_op {
        // Half types are computed in float32, whose neighbours are others.
        switch dtype {
        case .float16: TL_BINARY_NEXTAFTER_FLOAT16
        case .bfloat16: TL_BINARY_NEXTAFTER_BFLOAT16
        default: Self.kernel
        }
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let kernel = kernel(for: ResultType.of(inputs[0], inputs[1]))
        runBinary(kernel, Self.domain, inputs[0], inputs[1], outputs[0])
    }

    package func saved(for needs: Needs) -> Saved { needs[0] ? [.input(0), .input(1)] : .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g.maskedFill(context.input(0) .== context.input(1), 0) : nil,
            context.needs[1] ? Tensor.zeros(like: g) : nil)
    }
}

extension Tensor {
    /// The next number of the dtype after each element in the direction of `other`; `other` itself if both are equal.
    ///
    /// Shapes broadcast. Floating-point dtypes only.
    public func nextafter(_ other: Tensor) -> Tensor { apply(NextAfter(), self, other) }
    /// The next number of the dtype after each element in the direction of `other`, in place.
    @discardableResult
    public func nextafter_(_ other: Tensor) -> Tensor {
        applyInPlace(NextAfter(), on: self, Few(self, other), name: "nextafter_")
    }
}

/// The next number of the dtype after each element of `a` in the direction of `b`.
public func nextafter(_ a: Tensor, _ b: Tensor) -> Tensor { a.nextafter(b) }
