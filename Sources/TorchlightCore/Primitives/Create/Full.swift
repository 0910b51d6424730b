/// A new tensor with one number in every element: no operands. A value that the dtype does not hold is converted as the
/// kernels convert.
package struct Full: CreationPrimitive {
    package static let name = "full"
    package var value: Scalar
    package var shape: Dims
    package var dtype: DType
    package var device: Device

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        fill(outputs[0], with: value)
    }

    package var fusion: FusionClass { .pointwise(.constant) }
}

extension Tensor {
    /// A new tensor with one number in every element. On the CPU, and while nobody records, without the general steps of
    /// `perform`: every backward pass begins with one.
    package static func filled(
        _ value: Scalar, shape: Dims, dtype: DType, device: Device
    ) throws(TensorError) -> Tensor {
        if device == .cpu && threadState.pointee.recording == 0 {
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

    /// Refuses shapes that no memory holds.
    package static func checkShape(_ shape: [Int], in operation: String) throws(TensorError) {
        try checkRank(shape.count, in: operation)
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow, product <= Int.max / 16 else {
                throw TensorError(
                    .shape, in: operation, size < 0 ? "a size is negative" : "the shape is too large",
                    got: "\(shape)", expected: "sizes that are not negative and fit into memory")
            }
            count = product
        }
    }

    /// Runs a primitive that makes a tensor of this shape, from no operands but the key of random numbers.
    static func create(
        _ operation: String, _ shape: [Int], requiresGrad: Bool = false,
        key: @autoclosure () throws(TensorError) -> Few<Tensor> = Few(), _ make: (Dims) -> any Primitive
    ) -> Tensor {
        orFail { () throws(TensorError) in
            try checkShape(shape, in: operation)
            let tensor = try perform(make(Dims(shape)), key())[0]
            return requiresGrad ? tensor.requiresGrad_() : tensor
        }
    }
}
