import Testing
import TorchlightCore

extension DType {
    /// The dtypes of real numbers.
    package static let real = DType.allCases.filter { !$0.isComplex }
}

/// What the laws need to know about one primitive. A primitive without a record fails a test of its own.
package struct PrimitiveRecord: Sendable, CustomTestStringConvertible {
    package let primitive: any Primitive.Type
    /// The operands in order.
    package let operands: [Operand]
    /// Calls to try: shapes, attributes, the call and its slow reference. One has an empty operand and one a
    /// 0-dimensional one, or `withoutEmpty` and `withoutScalar` say why not.
    package let samples: [Sample]
    /// The dtypes that work; all others must be refused with an error that names the operation.
    package let dtypes: [DType]
    /// The dtypes of the results for operands of a dtype.
    package let resultTypes: @Sendable (DType) -> [DType]
    package let tolerance: Tolerance
    package let gradient: GradientOrder
    /// The in-place form of the first sample, on its first operand.
    package let inPlace: (@Sendable ([Tensor]) -> Tensor)?
    package let withoutEmpty: String?
    package let withoutScalar: String?
    /// The name in errors where it is not the primitive's, as in conv2d for conv.
    package let operation: String

    package init(
        _ primitive: any Primitive.Type, operands: [Operand], samples: [Sample], dtypes: [DType] = DType.real,
        resultTypes: @escaping @Sendable (DType) -> [DType] = { [$0] }, tolerance: Tolerance = .elementwise,
        gradient: GradientOrder = .second, inPlace: (@Sendable ([Tensor]) -> Tensor)? = nil,
        withoutEmpty: String? = nil, withoutScalar: String? = nil, operation: String? = nil
    ) {
        self.primitive = primitive
        self.operands = operands
        self.samples = samples
        self.dtypes = dtypes
        self.resultTypes = resultTypes
        self.tolerance = tolerance
        self.gradient = gradient
        self.inPlace = inPlace
        self.withoutEmpty = withoutEmpty
        self.withoutScalar = withoutScalar
        self.operation = operation ?? primitive.name
    }

    package var name: String { primitive.name }
    package var testDescription: String { "\(primitive)" }

    /// Operands of a sample, and what a failure is labelled with.
    package func draw(_ sample: Sample, _ dtype: DType) -> (inputs: [Tensor], label: String) {
        let shapes = sample.shapes.map(\.description).joined(separator: ", ")
        let label =
            "\(name)\(sample.label.isEmpty ? "" : " (\(sample.label))"), dtype: \(dtype), shape: \(shapes), "
            + "seed: \(TestRandom.seed)"
        var random = TestRandom(label)
        let inputs = sample.shapes.enumerated().map { i, shape in
            // A list of operands of any length shares the last rule.
            operands[min(i, operands.count - 1)].draw(shape, dtype, &random)
        }
        return (inputs, label)
    }
}

/// Where the numbers of an operand come from.
package struct Operand: Sendable {
    package enum Domain: Sendable {
        case real(ClosedRange<Double>)
        /// Whole numbers.
        case integers(ClosedRange<Int>)
        /// These, picked at random.
        case values([Double])
    }

    package let domain: Domain
    /// Kinks and poles, from which the numbers keep a distance so that finite differences mean something.
    package let avoiding: [Double]
    /// The dtype where it does not follow the one under test (indices, masks).
    package let dtype: DType?

    /// Whether there is a derivative with respect to it.
    package let hasDerivative: Bool

    package init(_ domain: Domain, avoiding: [Double] = [], dtype: DType? = nil, hasDerivative: Bool = true) {
        self.domain = domain
        self.avoiding = avoiding
        self.dtype = dtype
        self.hasDerivative = hasDerivative
    }

    package static func real(
        _ range: ClosedRange<Double> = -3...3, avoiding: [Double] = [], hasDerivative: Bool = true
    ) -> Operand {
        Operand(.real(range), avoiding: avoiding, hasDerivative: hasDerivative)
    }

    /// Positions below `limit`, as int64.
    package static func indices(below limit: Int) -> Operand { Operand(.integers(0...(limit - 1)), dtype: .int64) }
    package static let mask = Operand(.values([0, 1]), dtype: .bool)

    /// Gradients are checked for operands whose dtype is the one under test.
    package var isDifferentiable: Bool { dtype == nil && hasDerivative }

    /// Numbers that the dtype holds exactly, as `to` converts those of the domain that it does not hold.
    package func draw(_ shape: [Int], _ requested: DType, _ random: inout TestRandom) -> Tensor {
        let type = dtype ?? requested
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ -> Double in
            switch domain {
            case .integers(let range): return Double(Int.random(in: range, using: &random))
            case .values(let values): return values.randomElement(using: &random)!
            case .real(let range):
                if !type.isFloatingPoint {
                    let low = type.isSigned ? range.lowerBound.rounded(.up) : max(range.lowerBound.rounded(.up), 0)
                    let high = max(range.upperBound.rounded(.down), low)
                    return Double.random(in: low...high, using: &random).rounded()
                }
                while true {
                    let value = Double.random(in: range, using: &random)
                    if avoiding.allSatisfy({ abs($0 - value) > 0.05 }) { return value }
                }
            }
        }
        return Tensor(values, shape: shape, dtype: .float64).to(type)
    }
}

/// One way to call a primitive.
package struct Sample: Sendable {
    /// Attributes in words; empty for none.
    package let label: String
    /// The shape of each operand.
    package let shapes: [[Int]]
    package let run: @Sendable ([Tensor]) -> [Tensor]
    /// The results in doubles, computed slowly; nil where only the other laws can be tested.
    package let reference: (@Sendable ([ReferenceArray]) -> [ReferenceArray])?

    package init(
        _ label: String = "", shapes: [[Int]], run: @escaping @Sendable ([Tensor]) -> [Tensor],
        reference: (@Sendable ([ReferenceArray]) -> [ReferenceArray])?
    ) {
        self.label = label
        self.shapes = shapes
        self.run = run
        self.reference = reference
    }
}

/// How far a result may be from its reference: so many units in the last place of its dtype, relative to the larger of
/// the expected number and `scale`.
package struct Tolerance: Sendable {
    package let units: Double
    package let scale: Double
    /// Why so many.
    package let reason: String

    package init(units: Double, scale: Double = 1, reason: String) {
        self.units = units
        self.scale = scale
        self.reason = reason
    }

    /// So far from the expected float64 number, or relative to it where that is larger than 1.
    package static func absolute(_ distance: Double) -> Tolerance {
        Tolerance(units: distance / unit(.float64), reason: "two ways of computing in float64 differ in rounding")
    }

    package static let exact = Tolerance(units: 0, reason: "copies, compares or counts")
    package static let elementwise = Tolerance(
        units: 8, reason: "a scalar function is good to a few units in the last place of the dtype it computes in")
    package static let sums = Tolerance(
        units: 32, scale: 4, reason: "rounding errors of a few dozen terms add up")

    /// The distance of neighbouring numbers at 1.
    package static func unit(_ dtype: DType) -> Double {
        switch dtype {
        case .float64: 0x1p-52
        case .float32: 0x1p-23
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        default: 0
        }
    }

    package func allows(_ got: Double, _ expected: Double, _ dtype: DType) -> Bool {
        if got == expected || (got.isNaN && expected.isNaN) { return true }
        if !got.isFinite || !expected.isFinite { return false }
        return abs(got - expected) <= units * Self.unit(dtype) * max(abs(expected), scale)
    }
}

/// How often a primitive can be differentiated.
package enum GradientOrder: Sendable {
    /// Not at all, and why.
    case none(String)
    /// Once, and why not twice.
    case first(String)
    case second

    package var order: Int {
        switch self {
        case .none: 0
        case .first: 1
        case .second: 2
        }
    }
}
