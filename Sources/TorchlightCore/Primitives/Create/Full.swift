import CKernels

/// A new tensor with one number in every element: no operands. The dtype must hold the number.
package struct Full: CreationPrimitive {
    package static let name = "full"
    package static let supportsComplex = true
    package var value: Scalar
    package var shape: Dims
    package var dtype: DType
    package var device: Device

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try value.check(fits: dtype, in: Self.name)
        return Few(ResultSpec(shape, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        fill(outputs[0], with: value)
    }

    package var fusion: FusionClass { .pointwise(.constant) }
}

/// Fills a tensor with one number.
package func fill(_ tensor: Tensor, with value: Scalar) {
    if tensor.count == 0 { return }
    if case .complex(let number) = value, tensor.dtype.isComplex {
        return withKernelArguments { tl_fill_complex($0(tensor), number.real, number.imag) }
    }
    // Whatever is not 0 is true, fractions and NaN too.
    let whole = tensor.dtype == .bool ? (value.asComplex != 0 ? 1 : 0) : value.asInt
    withKernelArguments { tl_fill($0(tensor), value.asDouble, Int64(whole)) }
}

package func fill(_ tensor: Tensor, with value: Int) { fill(tensor, with: .int(value)) }

extension Tensor {
    /// A new tensor with one number in every element. On the CPU, and if no recorder is active, this skips the general steps of
    /// `perform`, because every backward pass begins with such a tensor.
    package static func filled(
        _ value: Scalar, shape: Dims, dtype: DType, device: Device
    ) throws(TensorError) -> Tensor {
        if device == .cpu && threadState.pointee.recording == 0 {
            try value.check(fits: dtype, in: Full.name)
            let tensor = try Tensor(empty: shape, dtype: dtype, device: device)
            WorkCounts.noteKernel()
            TorchlightCore.fill(tensor, with: value)
            return tensor
        }
        return try perform(Full(value: value, shape: shape, dtype: dtype, device: device), Few())[0]
    }

    package static func filled(_ value: Int, shape: Dims, dtype: DType, device: Device) throws(TensorError) -> Tensor {
        try filled(.int(value), shape: shape, dtype: dtype, device: device)
    }

    /// Runs a primitive that makes a tensor of this shape, from no operands but the key of random numbers.
    static func create(
        _ operation: String, _ shape: [Int], requiresGrad: Bool = false,
        key: @autoclosure () throws(TensorError) -> Few<Tensor> = Few(), _ make: (Dims) -> any Primitive
    ) -> Tensor {
        orFail { () throws(TensorError) in
            let dims = Dims(shape)
            try checkShape(dims, in: operation)
            let tensor = try perform(make(dims), key())[0]
            return requiresGrad ? tensor.requiresGrad_() : tensor
        }
    }
}
