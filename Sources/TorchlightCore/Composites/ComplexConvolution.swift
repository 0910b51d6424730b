// Convolutions of complex numbers by those of their parts.

/// A bilinear operation of complex numbers: `f(a, b)` from four of its real parts.
func complexBilinear(
    _ a: Tensor, _ b: Tensor, _ f: (Tensor, Tensor) throws(TensorError) -> Tensor
) throws(TensorError) -> Tensor {
    let (ar, ai, br, bi) = (a.real.contiguous(), a.imag.contiguous(), b.real.contiguous(), b.imag.contiguous())
    let real = try f(ar, br) - f(ai, bi)
    let imag = try f(ar, bi) + f(ai, br)
    return complex(real, imag)
}

/// A convolution of complex numbers, with a bias of the same dtype.
func complexConvolution(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ primitive: Convolution, _ operation: String
) throws(TensorError) -> Tensor {
    try MatrixProduct.checkDTypes(x, weight, in: operation)
    if let bias, bias.dtype != x.dtype || bias.layout.shape != Dims(repeating: weight.layout.shape[0], count: 1) {
        throw TensorError(
            .shape, in: operation, "the bias does not fit the weight",
            expected: "\(x.dtype) [\(weight.layout.shape[0])]", operands: [weight, bias])
    }
    let out = try complexBilinear(x, weight) { apply(primitive, $0, $1) }
    guard let bias else { return out }
    return out + bias.reshape([-1] + Array(repeating: 1, count: primitive.spatial))
}
