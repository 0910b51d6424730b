// Complex numbers seen as pairs of real ones, and the reverse: views between a complex dtype and that of its parts.

/// Complex numbers as pairs of real ones in a new last dimension: `[*] -> [*, 2]`, real part first, in the same memory.
///
/// The gradient of the complex numbers is that of the pairs as complex numbers.
package struct ViewAsReal: ViewPrimitive {
    package static let name = "viewAsReal"

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        guard input.dtype.isComplex else {
            throw .dtype(Self.name, [input], expected: "complex numbers", fix: "real numbers are their own real part")
        }
        return input.layout.parts
    }

    package func viewType(of dtype: DType) -> DType { dtype.toReal }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient.pairsAsComplex())
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.call(self, operands.tensors)
    }
}

/// Pairs of real numbers in the last dimension as complex ones: `[*, 2] -> [*]`, in the same memory. float32 gives complex64
/// and float64 complex128.
package struct ViewAsComplex: ViewPrimitive {
    package static let name = "viewAsComplex"

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        guard input.dtype == .float32 || input.dtype == .float64 else {
            throw .dtype(
                Self.name, [input], expected: "float32 or float64", fix: "convert it first, as in x.to(.float32)")
        }
        guard let last = input.layout.shape.last, last == 2 else {
            throw TensorError(
                .shape, in: Self.name, "the last dimension is not one of pairs", expected: "a last size of 2",
                operands: [input])
        }
        guard let layout = input.layout.pairs else {
            throw TensorError(
                .shape, in: Self.name, "the pairs are not contiguous, as complex numbers must be",
                got: "strides \(Array(input.layout.strides)), offset \(input.layout.offset)",
                expected: "a last stride of 1, and other strides and an offset that are even",
                fix: "use x.contiguous()",
                operands: [input])
        }
        return layout
    }

    package func viewType(of dtype: DType) -> DType { dtype.toComplex }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient.viewAsReal())
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        Few(operands[0].pairsAsComplex())
    }
}

extension Layout {
    /// The layout of the parts of complex numbers that lie so.
    var parts: Layout {
        var (shape, strides) = (shape, strides)
        for d in 0..<rank { strides[d] = strides[d] *| 2 }
        shape.append(2)
        strides.append(1)
        return Layout(shape: shape, strides: strides, offset: offset * 2)
    }

    /// The layout of the complex numbers whose parts lie so; nil where they do not lie as complex numbers do.
    var pairs: Layout? {
        guard rank > 0, shape[rank - 1] == 2, strides[rank - 1] == 1, offset % 2 == 0 else { return nil }
        var result = (shape: Dims(), strides: Dims())
        for d in 0..<(rank - 1) {
            // Of one position or none the stride is never used.
            guard strides[d] % 2 == 0 || shape[d] <= 1 else { return nil }
            result.shape.append(shape[d])
            result.strides.append(strides[d] / 2)
        }
        return Layout(shape: result.shape, strides: result.strides, offset: offset / 2)
    }
}

extension Tensor {
    /// Complex numbers as pairs of real ones in a new last dimension: `[*] -> [*, 2]`, real part first. A view.
    public func viewAsReal() -> Tensor { applyView(ViewAsReal(), self) }

    /// Pairs of real numbers in the last dimension as complex ones: `[*, 2] -> [*]`. A view; float32 gives complex64 and
    /// float64 complex128. Fails where the pairs do not lie next to each other.
    public func viewAsComplex() -> Tensor { applyView(ViewAsComplex(), self) }

    /// Whether the elements are complex numbers.
    public var isComplex: Bool { dtype.isComplex }
    /// Whether the elements are floating-point numbers; complex ones are not.
    public var isFloatingPoint: Bool { dtype.isFloatingPoint }

    /// The real parts, as a view: writing to it writes to this tensor. Of real numbers the tensor itself.
    public var real: Tensor { dtype.isComplex ? viewAsReal().select(-1, 0) : self }

    /// The imaginary parts, as a view: writing to it writes to this tensor. Fails for real numbers.
    public var imag: Tensor {
        if dtype.isComplex { return viewAsReal().select(-1, 1) }
        if isPlaceholder { return self }
        return fail(
            .dtype("imag", [self], expected: "complex numbers", fix: "use Tensor.zeros(like: x)"), like: self)
    }

    /// Pairs in the last dimension as complex numbers, in new memory where they do not lie so.
    func pairsAsComplex() -> Tensor { layout.pairs == nil ? contiguous().viewAsComplex() : viewAsComplex() }
}

/// Complex numbers of their parts, which broadcast: float32 gives complex64, float64 complex128.
public func complex(_ real: Tensor, _ imag: Tensor) -> Tensor {
    orFail(like: real) { () throws(TensorError) in
        if real.isPlaceholder || imag.isPlaceholder { return real.isPlaceholder ? real : imag }
        guard real.dtype == imag.dtype, real.dtype == .float32 || real.dtype == .float64 else {
            throw .dtype("complex", [real, imag], expected: "float32 or float64, and one dtype for both")
        }
        guard let shape = Layout.broadcast(real.layout.shape, imag.layout.shape) else {
            throw broadcastError("complex", [real, imag])
        }
        let sizes = Array(shape)
        return stack([real.expand(sizes), imag.expand(sizes)], dim: -1).contiguous().viewAsComplex()
    }
}

/// Complex numbers of magnitudes `abs` at angles in radians: `abs cos(angle) + i abs sin(angle)`, with broadcasting.
public func polar(_ abs: Tensor, _ angle: Tensor) -> Tensor {
    orFail(like: abs) { () throws(TensorError) in
        if abs.isPlaceholder || angle.isPlaceholder { return abs.isPlaceholder ? abs : angle }
        guard abs.dtype == angle.dtype, abs.dtype == .float32 || abs.dtype == .float64 else {
            throw .dtype("polar", [abs, angle], expected: "float32 or float64, and one dtype for both")
        }
        return complex(abs * angle.cos(), abs * angle.sin())
    }
}

/// Complex numbers as pairs of real ones in a new last dimension, as a view.
public func viewAsReal(_ x: Tensor) -> Tensor { x.viewAsReal() }
/// Pairs of real numbers in the last dimension as complex ones, as a view.
public func viewAsComplex(_ x: Tensor) -> Tensor { x.viewAsComplex() }
/// The real parts; of real numbers the tensor itself.
public func real(_ x: Tensor) -> Tensor { x.real }
/// The imaginary parts of complex numbers.
public func imag(_ x: Tensor) -> Tensor { x.imag }
