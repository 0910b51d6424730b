import CKernels

/// The eigenvalues of complex matrices, in no order, and their eigenvectors of length 1: `A V = V diag(w)`.
///
/// Shapes: `[*, n, n] -> w [*, n], V [*, n, n]` with the vectors as columns. Dtypes: complex. Vectors are free up to a factor of
/// magnitude 1.
///
/// `gA = V^-H (diag(gw) + (V^H gV - V^H V diag(Re(V^H gV))) / conj(E)) V^H` with `E_ij = w_j - w_i` and gw alone on the diagonal
/// (Boeddeker and others 2017, arXiv:1701.00392). It is infinite where eigenvalues are equal, unless only w is used.
package struct Eigen: Primitive {
    package static let name = "eig"
    package static let supportsComplex = true
    /// Whether the vectors are wanted.
    package var hasVectors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype.isComplex else { throw .dtype(Self.name, [x], expected: "complex matrices") }
        try MatrixRules.checkSquare(x, in: Self.name)
        let values = MatrixRules.batch(x).with(MatrixRules.rows(x))
        return Few(ResultSpec(values, x.dtype), ResultSpec(hasVectors ? x.layout.shape : [0], x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_eig($0(inputs[0]), $0(outputs[0]), $0(hasVectors ? outputs[1] : nil))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability {
        hasVectors ? .differentiable : .unavailable("the derivative needs the eigenvectors")
    }
    package func saved(for needs: Needs) -> Saved { [.output(0), .output(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let values = context.output(0)
        let vectors = context.output(1)
        let adjoint = vectors.mH
        let inner: Tensor
        if let g = context.gradients[1] {
            let own = Tensor.eye(MatrixRules.rows(vectors), dtype: .bool, device: vectors.device)
            let gaps = (values.unsqueeze(-2) - values.unsqueeze(-1)).conj().maskedFill(own, 1)
            let product = adjoint.matmul(g)
            let lengths = product.diagonal(dim1: -2, dim2: -1).real.unsqueeze(-2)
            var between = ((product - adjoint.matmul(vectors) * lengths) / gaps).maskedFill(own, 0)
            if let gw = context.gradients[0] { between = between + gw.diagEmbed() }
            inner = between.matmul(adjoint)
        } else if let gw = context.gradients[0] {
            inner = gw.unsqueeze(-1) * adjoint
        } else {
            return [nil]
        }
        return [LinAlg.solve(adjoint, inner)]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

extension LinAlg {
    /// The eigenvalues of square matrices, in no order, and the eigenvectors as columns of length 1, both complex:
    /// `[*, n, n] -> [*, n], [*, n, n]` with `A V = V diag(w)`.
    public static func eig(_ a: Tensor) -> (eigenvalues: Tensor, eigenvectors: Tensor) {
        if isAutocasting { return inFloat32 { eig($0(a)) } }
        let results = applyAll(Eigen(), Few(complexMatrix(a)), count: 2)
        return (results[0], results[1])
    }

    /// The eigenvalues of square matrices, complex, in no order: `[*, n, n] -> [*, n]`.
    public static func eigvals(_ a: Tensor) -> Tensor {
        if isAutocasting { return inFloat32 { eigvals($0(a)) } }
        let isRecorded = a.requiresGrad && isGradEnabled
        return applyAll(Eigen(hasVectors: isRecorded), Few(complexMatrix(a)), count: 2)[0]
    }

    private static func complexMatrix(_ a: Tensor) -> Tensor {
        a.dtype == .float32 || a.dtype == .float64 ? a.to(a.dtype.toComplex) : a
    }
}
