import CKernels

/// What the primitives of linear algebra share: checks of operands, and what LAPACK answered as errors.
enum MatrixRules {
    /// Checks for matrices of float32, float64 or complex numbers in the last two dimensions.
    static func check(_ x: some Described, in operation: String) throws(TensorError) {
        guard x.rank >= 2 else {
            throw TensorError(
                .shape, in: operation, "the tensor is no matrix", expected: "at least two dimensions", operands: [x])
        }
        guard x.dtype == .float32 || x.dtype == .float64 || x.dtype.isComplex else {
            throw .dtype(
                operation, [x], expected: "float32, float64 or complex numbers",
                fix: "convert it first, as in x.to(.float32)")
        }
    }

    /// The same, and that the matrices are square.
    static func checkSquare(_ x: some Described, in operation: String) throws(TensorError) {
        try check(x, in: operation)
        guard rows(x) == columns(x) else {
            throw TensorError(
                .shape, in: operation, "the matrix is not square", got: "\(rows(x)) by \(columns(x))",
                expected: "as many rows as columns", operands: [x])
        }
    }

    /// The same of the left operand of an equation, and that the right one fits; the shape of the solution.
    static func solution(
        _ a: some Described, _ b: some Described, isLeft: Bool = true, in operation: String
    ) throws(TensorError) -> Dims {
        try checkSquare(a, in: operation)
        try check(b, in: operation)
        guard a.dtype == b.dtype else {
            throw TensorError(
                .dtype, in: operation, "the operands have different dtypes", expected: "one dtype",
                fix: "convert one, as in x.to(.\(DType.promote(a.dtype, b.dtype)))", operands: [a, b])
        }
        guard rows(a) == (isLeft ? rows(b) : columns(b)) else {
            throw TensorError(
                .shape, in: operation, "the sizes of the two sides disagree",
                got:
                    "\(quantity(rows(a), "equation")) and \(isLeft ? quantity(rows(b), "row") : quantity(columns(b), "column"))",
                expected: isLeft ? "as many rows in both operands" : "as many columns in both operands",
                operands: [a, b])
        }
        guard let batch = Layout.broadcast(batch(a), batch(b)) else {
            throw TensorError(
                .shape, in: operation, "the leading dimensions do not broadcast",
                got: "batches \(Self.batch(a)) and \(Self.batch(b))",
                expected: "equal sizes, or 1, in each dimension before the last two", operands: [a, b])
        }
        return batch.with(rows(b), columns(b))
    }

    @inline(__always)
    static func rows(_ x: some Described) -> Int { x.layout.shape[x.rank - 2] }
    @inline(__always)
    static func columns(_ x: some Described) -> Int { x.layout.shape[x.rank - 1] }
    static func smallest(_ x: some Described) -> Int { Swift.min(rows(x), columns(x)) }
    static func batch(_ x: some Described) -> Dims { MatrixProduct.batchDims(x.layout.shape) }

    /// Turns the status of a kernel into an error.
    static func check(status: Int32, in operation: String, _ operands: [Tensor]) throws(TensorError) {
        switch Int(status) {
        case TL_LINALG_OK: return
        case TL_LINALG_NO_LIBRARY:
            throw TensorError(
                .unsupported, in: operation, "no LAPACK library was found on this system",
                expected: "libopenblas.so.0 or liblapack.so.3", fix: "sudo apt-get install libopenblas0-openmp")
        case TL_LINALG_NO_MEMORY:
            throw TensorError(.outOfMemory, in: operation, "there is no memory for the work", operands: operands)
        case TL_LINALG_BAD_PIVOTS:
            throw TensorError(
                .value, in: operation, "the pivots are not those of a factorisation",
                expected: "pivots as \(LDLFactor.name) returns them", operands: operands)
        default:
            throw TensorError(
                .value, in: operation, "the iteration did not converge",
                expected: "finite numbers, and no great many equal singular values or eigenvalues", operands: operands)
        }
    }

    /// Turns what LAPACK said of each matrix into an error: the first number that is not 0.
    static func check(
        info: Tensor, in operation: String, _ operands: [Tensor], problem: (Int) -> String, expected: String,
        fix: String
    ) throws(TensorError) {
        if !info.device.hasValues { return }
        var answer: Int32 = 0
        let matrix = withKernelArguments { tl_linalg_first_failure($0(info), &answer) }
        guard matrix >= 0 else { return }
        let which = info.rank == 0 ? "the matrix" : "matrix \(matrix) of the batch"
        throw TensorError(
            .value, in: operation, "\(which) \(problem(Int(answer)))", expected: expected, fix: fix,
            operands: operands)
    }
}
