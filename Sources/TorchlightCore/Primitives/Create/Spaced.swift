import CKernels
import Glibc

/// Numbers at equal distances from `start` to `end`, both included, or with a base that to the power of these: no
/// operands. Computed in float64, from the nearer end.
package struct Spaced: CreationPrimitive {
    package static let name = "linspace"
    package var start: Double
    package var end: Double
    package var count: Int
    /// nil for the numbers themselves.
    package var base: Double?
    package var dtype: DType
    package var device: Device

    package var publicName: String { base == nil ? Self.name : "logspace" }
    package var shape: Dims { Dims(repeating: count, count: 1) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        for end in count > 0 ? [start, end] : [] {
            // A power that overflows is infinite, as the result of any other operation; an integer dtype does not hold it.
            let number = base.map { Glibc.pow($0, end) } ?? end
            if base == nil || !dtype.isFloatingPoint {
                try Scalar.double(number).check(fits: dtype, in: publicName)
            }
        }
        return Few(ResultSpec(shape, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if count == 0 { return }
        withKernelArguments {
            if let base {
                tl_logspace($0(outputs[0]), start, end, base)
            } else {
                tl_linspace($0(outputs[0]), start, end)
            }
        }
    }
}
