import Glibc
import TestSupport
import Testing
import TorchlightFiles

@testable import TorchlightCore

/// `infer` of every primitive answers any descriptions of operands with results or a `TensorError`: ranks up to one more than a
/// tensor has, sizes of 0 and large ones, all dtypes, strides of either sign. Small operands that it accepts run, and give what it
/// said.
///
/// A process of its own runs it, which starts one for each record, so that a trap names the primitive and the operands.
@Suite struct InferenceFuzzTests {
    @Test("Random descriptions of operands do not end the process")
    func randomDescriptions() async { await fuzz(isOfAttributes: false) }

    /// As in a file that is damaged or made up: attributes with numbers of any size, too few and too many operands. What `infer`
    /// accepts runs.
    @Test("Random attributes and numbers of operands do not end the process")
    func randomAttributes() async { await fuzz(isOfAttributes: true) }

    private func fuzz(isOfAttributes: Bool) async {
        if isOfAttributes {
            let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
                InferenceFuzz.end(isOfAttributes: true)
            }
            return recordStandardError(of: result)
        }
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            InferenceFuzz.end(isOfAttributes: false)
        }
        recordStandardError(of: result)
    }
}

private enum InferenceFuzz {
    /// The number of tries for each primitive, which is counted and not timed: a failure on one machine is one on every machine.
    static let tries = 250 * TestRandom.effort

    /// What is being tried, for the handler of the trap.
    private nonisolated(unsafe) static let current = UnsafeMutablePointer<CChar>.allocate(capacity: 4096)

    /// A trap prints what was tried, without a backtrace.
    static func catchTraps() {
        current.initialize(repeating: 0, count: 4096)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGFPE, SIGABRT, SIGALRM] {
            signal(number) { _ in
                write(InferenceFuzz.output, InferenceFuzz.current, strlen(InferenceFuzz.current))
                _exit(2)
            }
        }
    }

    /// Where the handler of a trap writes.
    private nonisolated(unsafe) static var output = STDERR_FILENO

    /// Sends the stack traces of the runtime nowhere.
    private static func silenceTraces() {
        output = dup(STDERR_FILENO)
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO)
    }

    /// Tries all records.
    static func end(isOfAttributes: Bool) {
        catchTraps()
        var failures = 0
        for record in AllRecords.all where !survives(record, isOfAttributes) { failures += 1 }
        if failures > 0 { writeToStandardError("seed \(TestRandom.seed)\n") }
    }

    /// Runs the record in a process of its own.
    static func survives(_ record: PrimitiveRecord, _ isOfAttributes: Bool) -> Bool {
        typealias Fork = @convention(c) () -> pid_t
        let fork = unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)
        let calls = DescriptionLaws.calls(of: record).map(\.0)
        let child = fork()
        if child == 0 {
            // A record takes about a second.
            alarm(UInt32(clamping: 60 + 10 * TestRandom.effort))
            silenceTraces()
            run(record, calls, isOfAttributes)
            _exit(didDiffer ? 1 : 0)
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status == 0
    }

    private static func run(_ record: PrimitiveRecord, _ calls: [RecordedCalls.Call], _ isOfAttributes: Bool) {
        var random = TestRandom("inference of \(record.name)" + (isOfAttributes ? " with attributes" : ""))
        for _ in 0..<tries {
            guard let call = calls.randomElement(using: &random) else { return }
            if isOfAttributes { tryAttributes(call, &random) } else { tryDescriptions(call, &random) }
        }
    }

    /// A call with operands of other descriptions.
    private static func tryDescriptions(_ call: RecordedCalls.Call, _ random: inout TestRandom) {
        let specs = call.inputSpecs.map { changed($0, &random) }
        announce(call.primitive, specs)
        if let results = try? inferResults(of: call.primitive, Specs(specs)) { compare(call.primitive, specs, results) }
    }

    /// A call with other attributes or another number of operands.
    private static func tryAttributes(_ call: RecordedCalls.Call, _ random: inout TestRandom) {
        var specs = call.inputSpecs
        if Int.random(in: 0..<3, using: &random) == 0, let index = specs.indices.randomElement(using: &random) {
            specs[index] = changed(specs[index], &random)
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: specs.removeLast(Swift.min(specs.count, 1))
        case 1: specs = []
        case 2: specs += specs.prefix(1)
        default: break
        }
        guard let json = try? JSON.encoding(call.primitive) else { return report("not encoded") }
        let primitive = type(of: call.primitive)
        let other = changed(json, &random)
        announce("\(primitive) of \(other.text())", specs)
        func decoded<P: Primitive>(_ type: P.Type) -> (any Primitive)? { try? other.decoded(as: type) }
        guard let damaged = decoded(primitive), !damaged.hasSizeOfValues else { return }
        announce(damaged, specs)
        guard let results = try? OperandCheck.inferResults(of: damaged, specs) else { return }
        compare(damaged, specs, results)
    }

    /// JSON with one part replaced, mostly by a near number.
    private static func changed(_ json: JSON, _ random: inout TestRandom) -> JSON {
        switch json.content {
        case .object(var members):
            guard let i = members.indices.randomElement(using: &random) else { return json }
            members[i] = .init(name: members[i].name, value: changed(members[i].value, &random), offset: 0)
            return JSON(.object(members))
        case .array(var elements):
            guard let i = elements.indices.randomElement(using: &random) else { return [1] }
            switch Int.random(in: 0..<8, using: &random) {
            case 0: elements.removeLast()
            case 1: elements.append(elements[i])
            case 2: elements = []
            default: elements[i] = changed(elements[i], &random)
            }
            return .array(elements)
        case .number(let text):
            let near = (Int(text) ?? 0) &+ Int.random(in: -4...4, using: &random)
            return .int([near, near, near, 0, -1, 64, 1 << 33, .max, .min].randomElement(using: &random)!)
        case .bool(let value): return JSON(.bool(!value))
        case .string:
            let names: [JSON] = DType.allCases.map { .string("\($0)") } + ["inf", "nan", "max", "min", "sum", ""]
            return names.randomElement(using: &random)!
        case .null: return [0, 1, 2, -1].randomElement(using: &random)!
        }
    }

    /// Runs a call of small operands, whose results must be those that were inferred. Values may be refused.
    private static func compare(_ primitive: any Primitive, _ specs: [TensorSpec], _ inferred: [TensorSpec]) {
        guard !primitive.hasSizeOfValues, primitive.multiplyAdds(Specs(specs)) <= 1 << 16,
            inferred.reduce(0, { $0 +| $1.layout.count }) <= 1 << 14
        else { return }
        let operands = specs.compactMap(operand)
        guard operands.count == specs.count else { return }
        do {
            let results = try checked {
                if let view = primitive as? any ViewPrimitive { return noGrad { Few(applyView(view, operands[0])) } }
                return try noGrad { () throws(TensorError) in try perform(primitive, Few(operands)) }
            }
            let given = results.map { TensorSpec($0) }
            for (result, expected) in zip(given, inferred)
            where result.layout.shape != expected.layout.shape || result.layout.strides != expected.layout.strides
                || result.dtype != expected.dtype
            {
                report("inferred \(expected.dtype) \(expected.layout), ran \(result.dtype) \(result.layout)")
            }
        } catch let error as TensorError {
            if [.shape, .dtype].contains(error.kind) { report("inferred, but did not run: \(error)") }
        } catch { report("\(error)") }
    }

    /// An operand of a description, of zeros in integer dtypes, which are indices, and of ones in others; nil for large ones and
    /// for strides that no tensor has.
    private static func operand(_ spec: TensorSpec) -> Tensor? {
        let value = spec.dtype.isFloatingPoint || spec.dtype.isComplex ? 1 : 0
        if spec.isWrappedScalar {
            // A number has one of these dtypes.
            let number: Scalar? =
                switch spec.dtype {
                case .bool: .bool(false)
                case .int64: .int(0)
                case .float64: .double(1)
                case .complex128: .complex(Complex(1, 0))
                default: nil
                }
            return spec.layout.rank == 0 ? number.map(Tensor.wrap) : nil
        }
        let extent = spec.layout.extent
        guard spec.layout.rank <= maximumRank, spec.layout.count <= 1 << 12, extent.lowerBound >= 0,
            extent.upperBound <= 1 << 13, spec.layout.strides.allSatisfy({ $0 >= 0 && $0 <= 1 << 13 })
        else { return nil }
        let storage = Tensor.full([extent.upperBound + 4], value, dtype: spec.dtype)
        return storage.asStrided(
            Array(spec.layout.shape), stride: Array(spec.layout.strides), offset: spec.layout.offset)
    }

    private static func report(_ problem: String) {
        write(output, current, strlen(current))
        let text = "    \(problem)\n"
        write(output, text, text.utf8.count)
        didDiffer = true
    }

    /// Whether a call differed from its description, in this process.
    private nonisolated(unsafe) static var didDiffer = false

    private static func announce(_ primitive: Any, _ specs: [TensorSpec]) {
        let operands = specs.map {
            "\($0.dtype)\($0.isWrappedScalar ? " number" : "") \(Array($0.layout.shape)) strides \(Array($0.layout.strides))"
        }
        let all: String = operands.joined(separator: "; ")
        _ = strncpy(current, "\("\(primitive)".prefix(600)): \(all.prefix(3000))\n", 4095)
    }

    /// The description of a sample, or another one, or one with a part replaced.
    private static func changed(_ spec: TensorSpec, _ random: inout TestRandom) -> TensorSpec {
        var spec = spec
        if Bool.random(using: &random) { spec.dtype = DType.allCases.randomElement(using: &random)! }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: break
        case 1:
            // One size.
            var shape = spec.layout.shape
            if let dim = shape.indices.randomElement(using: &random) { shape[dim] = size(&random) }
            spec.layout = layout(limited(shape), &random)
        default: spec.layout = layout(shape(&random), &random)
        }
        return spec
    }

    private static func size(_ random: inout TestRandom) -> Int {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: 0
        case 1: 1
        case 2: 1 << Int.random(in: 10...58, using: &random)
        case 3: (1 << Int.random(in: 10...58, using: &random)) - 1
        default: Int.random(in: 1...7, using: &random)
        }
    }

    private static func shape(_ random: inout TestRandom) -> Dims {
        let rank =
            Bool.random(using: &random)
            ? Int.random(in: 0...5, using: &random) : [6, 7, 8, 9, 16, 63, 64, 65].randomElement(using: &random)!
        return limited(
            Dims(
                (0..<rank).map { _ in
                    // Most sizes of a long shape are 1.
                    rank > 16 && Int.random(in: 0..<4, using: &random) > 0 ? 1 : size(&random)
                }))
    }

    /// The number of elements of a tensor is below a limit.
    private static func limited(_ shape: Dims) -> Dims {
        var (shape, count) = (shape, 1)
        for dim in shape.indices {
            if count *| Swift.max(shape[dim], 1) > maximumCount { shape[dim] = 1 }
            count *= Swift.max(shape[dim], 1)
        }
        return shape
    }

    private static func layout(_ shape: Dims, _ random: inout TestRandom) -> Layout {
        let dense = Layout(shape: shape)
        var strides = dense.strides
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            strides = Dims(strides.reversed())
            // Of a transposed tensor.
            return Layout(shape: Dims(shape.reversed()), strides: strides, offset: 0)
        case 1: strides = Dims(repeating: 0, count: shape.count)
        case 2: strides = Dims(strides.map { -$0 })
        case 3:
            // Where there is one index, a stride may be any number.
            for dim in shape.indices where shape[dim] <= 1 {
                strides[dim] = [Int.max, .min, 1 << 58, -3].randomElement(using: &random)!
            }
        default: return dense
        }
        return Layout(shape: shape, strides: strides, offset: Int.random(in: 0...3, using: &random))
    }
}
