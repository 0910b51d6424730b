import Foundation
import TestSupport
@testable import TorchlightCore

/// Records of what exists for complex numbers alone: their parts, Fourier transforms and eigenvalues. What gives complex
/// numbers is compared as pairs of real ones.
enum ComplexRecords {
    static let all: [PrimitiveRecord] = parts + transforms + eigenvalues

    private static let complexDTypes: [DType] = [.float64, .complex64, .complex128]

    /// float64, which gradients are checked in, as complex128.
    private static func asComplex(_ x: Tensor) -> Tensor { x.dtype == .float64 ? x.to(.complex128) : x }
    private static func pairs(_ x: Tensor) -> Tensor { x.viewAsReal() }
    private static func toReal(_ dtype: DType) -> [DType] { [dtype.toReal] }

    private static let parts: [PrimitiveRecord] = [
        .unary(
            Conj.self, tolerance: .exact, run: { apply(Conj(), $0) }, reference: { $0 }),
        .unary(
            Sgn.self, .real(avoiding: [0]), tolerance: .exact, run: { apply(Sgn(), $0) },
            reference: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
        .unary(
            ComplexAngle.self, .real(avoiding: [0]), operation: "angle", run: { apply(ComplexAngle(), $0) },
            reference: { $0 < 0 ? Double.pi : 0 }),
        PrimitiveRecord(
            ViewAsReal.self, operands: [.real()],
            samples: [[2, 3], [], [0, 3]].map { shape in
                Sample(
                    shapes: [shape], run: { [pairs(asComplex($0[0]))] },
                    reference: { [withImaginaryParts($0[0]) { _ in 0 }] })
            }, dtypes: complexDTypes, resultTypes: toReal, tolerance: .exact),
        PrimitiveRecord(
            ViewAsComplex.self, operands: [.real()],
            samples: [[2, 3, 2], [2], [0, 2]].map { shape in
                Sample(
                    shapes: [shape], run: { [pairs($0[0].contiguous().viewAsComplex())] }, reference: { [$0[0]] })
            }, dtypes: [.float32, .float64], tolerance: .exact, withoutScalar: "the last dimension is one of pairs"),
    ]

    private static func withImaginaryParts(_ x: ReferenceArray, _ part: (Double) -> Double) -> ReferenceArray {
        ReferenceArray(x.values.flatMap { [$0, part($0)] }, shape: x.shape + [2])
    }

    /// The transform of lines of complex numbers, which come as pairs in the last dimension.
    private static func transform(_ x: ReferenceArray, along dim: Int, sign: Double, scale: Double) -> ReferenceArray {
        let n = x.shape[dim]
        return ReferenceArray(shape: x.shape) { index in
            var sum = 0.0
            for j in 0..<n {
                var source = index
                source[dim] = j
                source[x.shape.count - 1] = 0
                let re = x[source]
                source[x.shape.count - 1] = 1
                let im = x[source]
                let angle = sign * 2 * Double.pi * Double(j * index[dim] % n) / Double(n)
                sum += index.last! == 0 ? re * cos(angle) - im * sin(angle) : re * sin(angle) + im * cos(angle)
            }
            return sum * scale
        }
    }

    private static let spectra = Tolerance(units: 64, scale: 8, reason: "sums of a few dozen terms of the size of 3")

    private static let transforms: [PrimitiveRecord] = [
        PrimitiveRecord(
            FourierTransform.self, operands: [.real()],
            samples: [([1], 0), ([5], 0), ([2, 8], 1), ([6, 2], 0), ([37], 0), ([0, 4], 1)].flatMap { shape, dim in
                [false, true].map { isInverse in
                    Sample(
                        "dim: \(dim), inverse: \(isInverse)", shapes: [shape],
                        run: {
                            let primitive = FourierTransform(
                                dims: Dims(repeating: dim, count: 1), isInverse: isInverse, scale: 0.5)
                            return [pairs(apply(primitive, asComplex($0[0])))]
                        },
                        reference: {
                            [
                                transform(
                                    withImaginaryParts($0[0]) { _ in 0 }, along: dim, sign: isInverse ? 1 : -1,
                                    scale: 0.5)
                            ]
                        })
                }
            } + [
                Sample(
                    "two dimensions", shapes: [[3, 4]],
                    run: {
                        [
                            pairs(
                                apply(
                                    FourierTransform(dims: [0, 1], isInverse: false, scale: 1), asComplex($0[0])))
                        ]
                    },
                    reference: {
                        let first = transform(
                            withImaginaryParts($0[0]) { _ in 0 }, along: 0, sign: -1, scale: 1)
                        return [transform(first, along: 1, sign: -1, scale: 1)]
                    })
            ], dtypes: complexDTypes, resultTypes: toReal, tolerance: spectra,
            withoutScalar: "a single number has no dimension to transform"),
        PrimitiveRecord(
            RealFourierTransform.self, operands: [.real()],
            samples: [([1], 0), ([2], 0), ([7], 0), ([2, 8], 1), ([6, 2], 0), ([0, 4], 1)].map { shape, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape],
                    run: { [pairs(apply(RealFourierTransform(dim: dim, scale: 0.5), $0[0]))] },
                    reference: {
                        let whole = transform(
                            withImaginaryParts($0[0]) { _ in 0 }, along: dim, sign: -1, scale: 0.5)
                        var kept = whole.shape
                        kept[dim] = kept[dim] / 2 + 1
                        return [ReferenceArray(shape: kept) { whole[$0] }]
                    })
            }, dtypes: [.float32, .float64], tolerance: spectra,
            withoutScalar: "a single number has no dimension to transform"),
        PrimitiveRecord(
            InverseRealFourierTransform.self, operands: [.real()],
            samples: [(4, 6), (4, 7), (1, 1), (2, 2)].map { frequencies, size in
                Sample(
                    "size: \(size)", shapes: [[2, frequencies]],
                    run: {
                        [apply(InverseRealFourierTransform(dim: 1, size: size, scale: 0.5), asComplex($0[0]))]
                    },
                    reference: { operands in
                        let x = operands[0]
                        return [
                            ReferenceArray(shape: [2, size]) { index in
                                var sum = 0.0
                                for k in 0..<size {
                                    let place = k < frequencies ? k : size - k
                                    sum +=
                                        x[[index[0], place]] * cos(2 * Double.pi * Double(k * index[1]) / Double(size))
                                }
                                return sum * 0.5
                            }
                        ]
                    })
            } + [
                Sample(
                    "empty", shapes: [[0, 3]],
                    run: { [apply(InverseRealFourierTransform(dim: 1, size: 4, scale: 1), asComplex($0[0]))] },
                    reference: { _ in [ReferenceArray([], shape: [0, 4])] })
            ], dtypes: complexDTypes, resultTypes: toReal, tolerance: spectra,
            withoutScalar: "a single number has no dimension to transform"),
    ]

    /// Eigenvalues come in no order and vectors with any phase: what they make is compared.
    private static let eigenvalues: [PrimitiveRecord] = [
        PrimitiveRecord(
            Eigen.self, operands: [.real()],
            samples: [[2, 2], [2, 3, 3], [0, 2, 2]].map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let n = shape.last!
                        // Eigenvalues at distances.
                        let spread = Tensor.arange(1.0, Double(n) + 0.5, dtype: .float64, device: $0[0].device) * 8
                        let x = asComplex($0[0])
                        let a = x + spread.to(x.dtype).diagEmbed()
                        let (w, v) = LinAlg.eig(a)
                        return [pairs((v * w.unsqueeze(-2)).matmul(LinAlg.inv(v)) - a)]
                    },
                    reference: { [ReferenceArray(shape: $0[0].shape + [2]) { _ in 0 }] })
            }, dtypes: [.float32] + complexDTypes, resultTypes: toReal,
            tolerance: Tolerance(units: 4096, scale: 8, reason: "an iteration, a product and an inverse"),
            withoutScalar: "the last two dimensions are matrices"),
        PrimitiveRecord(
            HouseholderReflectors.self, operands: [.real()],
            samples: [[3, 3], [2, 4, 2], [0, 2, 2]].map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        // Q R by the reflections, and Q^H Q R.
                        let (factors, tau) = $0[0].geqrf()
                        let product = factors.ormqr(tau, factors.triu())
                        return [product, factors.ormqr(tau, product, transpose: true).tril(-1)]
                    },
                    reference: { [$0[0], ReferenceArray(shape: $0[0].shape) { _ in 0 }] })
            }, dtypes: [.float32, .float64], resultTypes: { [$0, $0] },
            tolerance: Tolerance(units: 256, scale: 8, reason: "a factorisation and two products"),
            gradient: .none("LAPACK's form has no derivative"), withoutScalar: "the last two dimensions are matrices"),
    ]
}
