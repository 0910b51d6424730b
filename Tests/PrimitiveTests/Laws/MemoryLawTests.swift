import TestSupport
import Testing

@testable import TorchlightCore

/// The peak of memory of every primitive is at most a multiple of its operands and results, besides a constant; so is that of its
/// forward and backward pass, unless the gradient goes through a decomposition, whose graph keeps each intermediate result.
/// The peak is that of the whole process, so that it is measured in one of its own.
@Suite struct MemoryLawTests {
    @Test("Each primitive takes a multiple of the memory of its operands and results")
    func peaks() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            for violation in PrimitiveMemory.violations() { writeToStandardError(violation + "\n") }
        }
        recordStandardError(of: result)
    }
}

private enum PrimitiveMemory {
    /// How many times the bytes of operands and results a call may take beyond the operands, and with its backward pass.
    /// The blocks of threads, plans of libraries and small tables come on top.
    static let forward = 3.0, whole = 9.0, slack = 3 << 18
    /// The bytes of operands and results that a call is enlarged to, so that the constant does not hide the multiple, and the
    /// work that it may then be.
    static let target = 2 << 20, work = 1 << 22
    /// Samples of one primitive differ in their attributes: how many of them are measured.
    static let samples = 2

    /// Primitives that need more, with the reason.
    private static let exceptions: [String: (factor: Double, reason: String)] = [
        "median": (8, "sorts, with values, indices and keys"),
        "qr": (8, "LAPACK works on two copies in column-major order"),
        "convBackwardWeights": (18, "oneDNN reorders operands and result; so do the two convolutions of its gradient"),
    ]

    static func violations() -> [String] {
        var all: [String] = []
        var enlarged: Set<String> = [], seen: [String: Set<String>] = [:]
        for record in AllRecords.all {
            for (call, label) in DescriptionLaws.calls(of: record) where call.kind == .newMemory {
                // Results whose size is a value do not grow with the operands.
                if call.primitive.hasSizeOfValues { continue }
                let name = type(of: call.primitive).name
                let sample = "\(call.primitive) \(call.inputSpecs.map(\.layout.shape.count))"
                guard seen[name, default: []].count < samples, seen[name, default: []].insert(sample).inserted else {
                    continue
                }
                let large = enlarge(call)
                if large != nil { enlarged.insert(name) }
                check(call.primitive, large ?? Array(call.inputs), "\(label), \(name)", &all)
            }
        }
        if enlarged.count < 150 { all.append("only \(enlarged.count) primitives were enlarged: \(enlarged.sorted())") }
        return all
    }

    /// The operands repeated along a dimension that the primitive does not mind, until they are large; nil if there is none.
    private static func enlarge(_ call: RecordedCalls.Call) -> [Tensor]? {
        let rank = call.inputs.map(\.rank).max() ?? 0
        for last in [false, true] {
            for dim in 0..<rank {
                var times = target / Swift.max(1, call.inputs.reduce(0) { $0 + size($1) })
                while times > 1 {
                    let specs = Specs(call.inputs.map { repeated($0, dim, last, times) })
                    guard let results = try? inferResults(of: call.primitive, specs) else { break }
                    let bytes = (specs + results).reduce(0) { $0 +| $1.layout.count *| $1.dtype.byteSize }
                    if bytes <= 2 * target, call.primitive.multiplyAdds(specs) <= work {
                        let large = call.inputs.map { $0.repeat(repetitions($0, dim, last, times)) }
                        if isAccepted(call.primitive, large) { return large }
                        break
                    }
                    times /= 2
                }
            }
        }
        return nil
    }

    /// How often each dimension is repeated: one, counted from the first or the last, unless the operand is a number.
    private static func repetitions(_ x: Tensor, _ dim: Int, _ fromLast: Bool, _ times: Int) -> [Int] {
        var counts = Array(repeating: 1, count: x.rank)
        if dim < x.rank, !x.isWrappedScalar { counts[fromLast ? x.rank - 1 - dim : dim] = times }
        return counts
    }

    private static func repeated(_ x: Tensor, _ dim: Int, _ fromLast: Bool, _ times: Int) -> TensorSpec {
        let counts = repetitions(x, dim, fromLast, times)
        var spec = TensorSpec(x)
        spec.layout = Layout(shape: Dims(zip(x.shape, counts).map { $0 *| $1 }))
        return spec
    }

    private static func isAccepted(_ primitive: any Primitive, _ inputs: [Tensor]) -> Bool {
        guard inputs.contains(where: { $0.count > 0 && !$0.isWrappedScalar }) else { return false }
        return (try? checked { try noGrad { () throws(TensorError) in try perform(primitive, Few(inputs)) } }) != nil
    }

    private static func check(
        _ primitive: any Primitive, _ inputs: [Tensor], _ label: String, _ all: inout [String]
    ) {
        // The first run sets up what is kept, such as plans of oneDNN.
        guard isAccepted(primitive, inputs) else { return }
        var results: Few<Tensor>?
        let plain = peak { results = try? noGrad { () throws(TensorError) in try perform(primitive, Few(inputs)) } }
        let bytes = (inputs + Array(results!)).reduce(0) { $0 + size($1) }
        results = nil
        let exception = exceptions[type(of: primitive).name]?.factor
        report("forward", label, plain, bytes, exception ?? forward, &all)
        switch primitive.differentiability {
        case .constant, .unavailable, .throughDecomposition: return
        case .differentiable: break
        }
        let leaves = inputs.map { $0.dtype == .float32 && !$0.isWrappedScalar ? $0.detach().requiresGrad_() : $0 }
        func both() {
            _ = try? checked {
                let results = try perform(primitive, Few(leaves))
                for result in results where result.requiresGrad { return result.sum().backward() }
            }
            for leaf in leaves { leaf.grad = nil }
        }
        both()
        report("forward and backward", label, peak(both), bytes, Swift.max(exception ?? 0, whole), &all)
    }

    private static func report(
        _ title: String, _ label: String, _ peak: Int, _ bytes: Int, _ limit: Double, _ all: inout [String]
    ) {
        guard Double(peak - slack) > limit * Double(bytes) else { return }
        let ratio = (Double(peak) / Double(Swift.max(bytes, 1)) * 10).rounded() / 10
        all.append("\(label), \(title): \(peak) bytes, \(ratio) times \(bytes); allowed \(limit) times")
    }

    private static func peak(_ body: () -> Void) -> Int {
        Memory.resetPeak()
        let before = Memory.allocated
        body()
        return Memory.peak - before
    }

    private static func size(_ x: Tensor) -> Int {
        zip(x.shape, x.strides).reduce(x.dtype.byteSize) { $1.1 == 0 ? $0 : $0 * $1.0 }
    }
}
