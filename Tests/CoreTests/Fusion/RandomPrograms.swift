import Synchronization
import TestSupport
import TorchlightCore

/// Random functions of tensors, for laws about recorded graphs: element-wise operations of every dtype with broadcasting,
/// conversions, comparisons and choices, reductions of rows, softmax and transposed views.
struct RandomProgram {
    let label: String
    let arguments: [Tensor]
    private let steps: Int
    private let hasRows: Bool

    static let shapes: [[Int]] = [
        [7], [300], [5, 40], [33, 17], [2, 3, 50], [70, 300], [3000], [0, 4], [4, 0], [1, 1], [20, 1], [600, 9],
        [64, 256], [],
        [3, 700], [17, 31, 3], [90, 16, 8], [500, 24],
    ]

    init(_ number: Int, rows hasRows: Bool) {
        let name = "program \(number)\(hasRows ? " with rows" : "")"
        var random = TestRandom(name)
        let shape = Self.shapes[number % Self.shapes.count]
        label = "\(name), shape \(shape), seed \(TestRandom.seed)"
        self.hasRows = hasRows
        steps = Int.random(in: 3...14, using: &random)
        arguments = (0..<Int.random(in: 1...4, using: &random)).map { k in
            var own = shape
            if k > 0 {
                // Dimensions that repeat, and missing leading ones.
                for d in own.indices where Int.random(in: 0..<4, using: &random) == 0 { own[d] = 1 }
                if Int.random(in: 0..<4, using: &random) == 0 { own = Array(own.dropFirst()) }
            }
            let dtype = Int.random(in: 0..<3, using: &random) > 0 ? .float32 : DType.real.randomElement(using: &random)!
            let values = random.values(own.reduce(1, *), in: -4...4)
            return Tensor(values, shape: own, dtype: .float64).to(.float32).to(dtype)
        }
    }

    /// The results on tensors, real or recorded.
    func callAsFunction(_ arguments: [Tensor]) -> [Tensor] {
        var random = TestRandom(label)
        var values = arguments
        func pick() -> Tensor {
            // Often the newest, so that chains become long.
            Int.random(in: 0..<3, using: &random) == 0 ? values.randomElement(using: &random)! : values.last!
        }
        for _ in 0..<steps {
            let kind = Int.random(in: 0..<(hasRows ? 14 : 10), using: &random)
            let (a, b, c) = (pick(), pick(), values.randomElement(using: &random)!)
            let choice = Int.random(in: 0..<32, using: &random)
            let result = try? checked { Self.apply(kind, choice, a, b, c) }
            if let result, result.count <= 30_000, result.rank <= 4 { values.append(result) }
        }
        return Array(values.suffix(3)) + [values[values.count / 2]]
    }

    private static func apply(_ kind: Int, _ choice: Int, _ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
        switch kind {
        case 0, 1: unary[choice % unary.count](a)
        case 2, 3: binary[choice % binary.count](a, b)
        case 4: binary[choice % binary.count](a, b.expand(a.shape))
        case 5: scalars[choice % scalars.count](a)
        case 6: comparisons[choice % comparisons.count](a, b)
        case 7: Tensor.where(c.dtype == .bool ? c : c > 0, a, b)
        case 8: a.to(DType.real[choice % DType.real.count])
        case 9:
            choice % 4 == 0 && a.rank >= 2
                ? a.transpose(0, 1) : choice % 2 == 0 ? a.clamp(min: -1.5, max: 2) : a.addcmul(b, c, value: 2)
        case 10: a.rank == 0 ? a : reductions[choice % reductions.count](a)
        case 11: a.rank == 0 ? a : a - a.amax(dim: -1, keepdim: true)
        case 12:
            a.rank == 0 || !a.dtype.isFloatingPoint
                ? a * 2 : choice % 2 == 0 ? a.softmax(dim: -1) : a.logSoftmax(dim: -1)
        default: a.rank == 0 ? a : a * b.to(.float32).mean(dim: -1, keepdim: true)
        }
    }

    private static let unary: [@Sendable (Tensor) -> Tensor] = [
        { $0.exp() }, { $0.tanh() }, { $0.sigmoid() }, { $0.gelu() }, { $0.relu() }, { $0.abs() }, { -$0 },
        { $0.abs().sqrt() }, { $0.sin() }, { $0.cos() }, { ($0.abs() + 1).log() }, { $0.square() }, { $0.floor() },
        { $0.gelu(approximate: .tanh) }, { $0.erf() }, { $0.sign() }, { $0.isnan() }, { $0.logicalNot() },
        { $0.reciprocal() }, { ~$0 }, { $0.clone() }, { $0.expm1() }, { $0.round() }, { $0.log1p() },
    ]
    // Integers that are divided by 0 are an error.
    private static let binary: [@Sendable (Tensor, Tensor) -> Tensor] = [
        { $0 + $1 }, { $0 - $1 }, { $0 * $1 }, { $0 / $1 }, { $0.maximum($1) }, { $0.minimum($1) },
        { $0.atan2($1) }, { $0 & $1 }, { $0 | $1 }, { $0.pow($1) }, { $0.to(.float32).fmod($1) }, { $0.nextafter($1) },
        { $0.copysign($1) }, { $0.to(.float64).floorDivide($1) },
    ]
    private static let scalars: [@Sendable (Tensor) -> Tensor] = [
        { $0 * 1.5 }, { $0 + 2 }, { 1 - $0 }, { $0 / 3 }, { $0.clamp(max: 1) }, { $0.pow(3) }, { $0.fill(2) },
        { $0.lerp($0 * 2, weight: 0.3) }, { $0.leakyRelu(negativeSlope: 0.1) }, { $0.elu() },
    ]
    private static let comparisons: [@Sendable (Tensor, Tensor) -> Tensor] = [
        { $0 > $1 }, { $0 .== $1 }, { $0 <= $1 }, { $0 .!= $1 }, { ($0 > 0).logicalAnd($1 < 1) },
    ]
    private static let reductions: [@Sendable (Tensor) -> Tensor] = [
        { $0.sum(dim: -1, keepdim: true) }, { $0.to(.float32).mean(dim: -1, keepdim: true) },
        { $0.amin(dim: -1, keepdim: true) }, { $0.sum(dim: -1) }, { $0.any(dim: -1, keepdim: true) },
        { $0.prod(dim: -1, keepdim: true) },
    ]
}

/// Recording and running functions of tensors.
enum Programs {
    static func record(_ arguments: [Tensor], _ body: ([Tensor]) -> [Tensor]) throws -> Graph {
        try GraphRecorder.record(
            "compile", arguments.map { TensorSpec($0) }, needGradients: arguments.map { _ in false },
            randomness: .same
        ) { tensors throws(TensorError) in body(tensors) }
    }

    static func run(_ graph: Graph, _ arguments: [Tensor]) throws -> [Tensor] {
        try noGrad {
            try BatchedRun.run(graph, arguments.map { ($0, false) }, size: 1, randomness: .same).map(\.tensor)
        }
    }

    /// Where the elements differ, by their bits; all NaN are equal. nil where they do not.
    static func difference(_ got: Tensor, _ expected: Tensor) -> String? {
        if got.shape != expected.shape || got.dtype != expected.dtype {
            return "\(got.dtype) \(got.shape) instead of \(expected.dtype) \(expected.shape)"
        }
        if got.strides != expected.strides { return "strides \(got.strides) instead of \(expected.strides)" }
        if got.dtype.isFloatingPoint {
            let (a, b) = (got.to(.float64).toArray(Double.self), expected.to(.float64).toArray(Double.self))
            for i in a.indices where a[i].bitPattern != b[i].bitPattern && !(a[i].isNaN && b[i].isNaN) {
                return "element \(i): \(a[i]) instead of \(b[i])"
            }
        } else {
            let (a, b) = (got.to(.int64).toArray(Int.self), expected.to(.int64).toArray(Int.self))
            for i in a.indices where a[i] != b[i] { return "element \(i): \(a[i]) instead of \(b[i])" }
        }
        return nil
    }

    /// On a thread whose kernels use no other.
    static func onOneThread(_ body: @escaping @Sendable () throws -> [Tensor]) throws -> [Tensor] {
        let result = Mutex<Result<[Tensor], any Error>>(.success([]))
        let thread = BackgroundThread {
            runOperationsInline()
            let own = Result { try body() }
            result.withLock { $0 = own }
        }
        thread?.join()
        return try result.withLock { $0 }.get()
    }
}
