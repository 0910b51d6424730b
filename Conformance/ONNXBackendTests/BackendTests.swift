import Glibc
import TorchlightCore
import TorchlightIO
import TorchlightONNX

/// The result of one of the standard's tests.
public struct BackendResult: Sendable {
    /// The name of the test.
    public let name: String
    /// The operators of the model.
    public let operators: [String]
    /// What went wrong; nil if the test passed.
    public let problem: String?
    /// Whether the model needs an operator that is not supported.
    public let isLeftOut: Bool
}

/// The standard's tests of operators, in the folders that `scripts/onnx-backend-tests` writes.
public enum BackendTests {
    /// Runs the tests of a folder whose names contain a text.
    public static func run(in folder: String, matching text: String = "") -> [BackendResult] {
        FileSystem.names(in: folder).sorted().filter { text.isEmpty || $0.contains(text) }.map { run(folder, $0) }
    }

    private static func run(_ folder: String, _ name: String) -> BackendResult {
        let path = "\(folder)/\(name)"
        var operators: [String] = []
        do {
            let model = try ONNXModel("\(path)/model.onnx")
            operators = model.operatorCounts.keys.sorted()
            var tolerance = (relative: 1e-3, absolute: 1e-7)
            if let bytes = try? FileSystem.read("\(path)/tolerance") {
                let numbers = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }.compactMap { Double($0) }
                if numbers.count == 2 { tolerance = (numbers[0], numbers[1]) }
            }
            for set in FileSystem.names(in: path).sorted() where set.hasPrefix("test_data_set") {
                var inputs: [String: ONNXValue] = [:]
                for (index, input) in model.inputs.enumerated() {
                    let file = "\(path)/\(set)/input_\(index).pb"
                    guard FileSystem.isFile(file) else { continue }
                    inputs[input.name] = try input.read(FileSystem.read(file))
                }
                let results = try model.run(values: inputs)
                for (index, output) in model.outputs.enumerated() {
                    let file = "\(path)/\(set)/output_\(index).pb"
                    guard FileSystem.isFile(file), let result = results[output.name] else { continue }
                    let expected = try output.read(FileSystem.read(file))
                    if let problem = Comparison(tolerance).difference(result, expected) {
                        return BackendResult(
                            name: name, operators: operators, problem: "output \(output.name): \(problem)",
                            isLeftOut: false)
                    }
                }
            }
            return BackendResult(name: name, operators: operators, problem: nil, isLeftOut: false)
        } catch {
            let isLeftOut = (error as? ONNXError)?.kind == .unsupported
            return BackendResult(name: name, operators: operators, problem: "\(error)", isLeftOut: isLeftOut)
        }
    }

    /// The program: `onnx-backend-tests FOLDER [TEXT]` prints the tests that fail and the counts by operator.
    public static func main(_ arguments: [String]) -> Int32 {
        guard let folder = arguments.first, arguments.count <= 2 else {
            print("usage: onnx-backend-tests FOLDER [TEXT]")
            return 2
        }
        let results = run(in: folder, matching: arguments.count > 1 ? arguments[1] : "")
        var counts: [String: (passed: Int, failed: Int, leftOut: Int)] = [:]
        for result in results {
            if let problem = result.problem {
                print("\(result.isLeftOut ? "left out" : "failed"): \(result.name): \(problem)")
            }
            let key = result.operators.count == 1 ? result.operators[0] : "several operators"
            var count = counts[key] ?? (0, 0, 0)
            if result.problem == nil {
                count.passed += 1
            } else if result.isLeftOut {
                count.leftOut += 1
            } else {
                count.failed += 1
            }
            counts[key] = count
        }
        print("| operator | passed | failed | left out |\n|---|---|---|---|")
        for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
            print("| \(key) | \(count.passed) | \(count.failed) | \(count.leftOut) |")
        }
        let passed = results.count { $0.problem == nil }
        let leftOut = results.count { $0.problem != nil && $0.isLeftOut }
        print(
            "\(results.count) tests: \(passed) passed, \(results.count - passed - leftOut) failed, \(leftOut) left out")
        return passed + leftOut == results.count ? 0 : 1
    }
}

extension ONNXModel.Description {
    /// The value of a data file of the type of this input or output.
    fileprivate func read(_ bytes: [UInt8]) throws -> ONNXValue { try value(of: ByteSlice(bytes)) }
}

/// Compares values as the standard's tests do.
struct Comparison {
    let tolerance: (relative: Double, absolute: Double)

    init(_ tolerance: (relative: Double, absolute: Double)) { self.tolerance = tolerance }

    func difference(_ result: ONNXValue, _ expected: ONNXValue) -> String? {
        switch (result, expected) {
        case (.tensor(let a), .tensor(let b)): return difference(a, b)
        case (.strings(let a), .strings(let b)):
            return a == b ? nil : "\(a.elements) \(a.shape), expected \(b.elements) \(b.shape)"
        case (.sequence(let a), .sequence(let b)):
            if a.count != b.count { return "\(a.count) values, expected \(b.count)" }
            return zip(a, b).lazy.compactMap { difference($0, $1) }.first
        case (.absent, .absent): return nil
        default: return "another kind of value"
        }
    }

    private func difference(_ a: ONNXTensor, _ b: ONNXTensor) -> String? {
        if a.type != b.type { return "\(a.type), expected \(b.type)" }
        if a.tensor.shape != b.tensor.shape { return "shape \(a.tensor.shape), expected \(b.tensor.shape)" }
        let (x, y) =
            a.tensor.dtype.isComplex
            ? (a.tensor.viewAsReal(), b.tensor.viewAsReal()) : (a.tensor, b.tensor)
        let (xs, ys) = (x.to(.float64).toArray(Double.self), y.to(.float64).toArray(Double.self))
        // Types with few bits differ by one step where the last bit of a sum does.
        let relative =
            switch a.type {
            case .bfloat16: max(tolerance.relative, 1e-2)
            case .float16: max(tolerance.relative, 2e-3)
            default: tolerance.relative
            }
        for (index, (p, q)) in zip(xs, ys).enumerated() {
            let isEqual =
                p == q || (p.isNaN && q.isNaN) || (p - q).magnitude <= tolerance.absolute + relative * q.magnitude
            if !isEqual { return "element \(index) of \(xs.count) is \(p), expected \(q)" }
        }
        return nil
    }
}
