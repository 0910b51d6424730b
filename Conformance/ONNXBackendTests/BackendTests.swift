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

/// The standard's tests of operators, in the folder or archive that `scripts/onnx-backend-tests` writes.
public enum BackendTests {
    /// Runs the tests of a folder, or of a `.zip` archive of one, whose names contain a text.
    public static func run(in path: String, matching text: String = "") throws -> [BackendResult] {
        if path.hasSuffix(".zip") { return try run(archive: path, matching: text) }
        return FileSystem.names(in: path).sorted().filter { text.isEmpty || $0.contains(text) }.map { name in
            run(name) { file in
                let place = "\(path)/\(name)/\(file)"
                return FileSystem.isFile(place) ? try FileSystem.read(place) : nil
            }
        }
    }

    private static func run(archive path: String, matching text: String) throws -> [BackendResult] {
        let bytes = try FileSystem.read(path)
        return try bytes.withUnsafeBytes { bytes in
            let archive = try ZipArchive(bytes, file: path, operation: "zip")
            let files = Dictionary(archive.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            let names = Set(archive.entries.compactMap { $0.name.split(separator: "/").first.map(String.init) })
            return names.sorted().filter { text.isEmpty || $0.contains(text) }.map { name in
                run(name) { file in try files["\(name)/\(file)"].map { try archive.contents($0, limit: 1 << 26) } }
            }
        }
    }

    /// Tests whose results are random numbers of the reference's generator, which no other library draws.
    private static func isRandom(_ name: String) -> Bool {
        name.hasPrefix("test_bernoulli") || (name.hasPrefix("test_training_dropout") && !name.contains("zero_ratio"))
    }

    private static func run(_ name: String, _ read: (String) throws -> [UInt8]?) -> BackendResult {
        var operators: [String] = []
        func result(_ problem: String?, isLeftOut: Bool = false) -> BackendResult {
            BackendResult(name: name, operators: operators, problem: problem, isLeftOut: isLeftOut)
        }
        do {
            guard let bytes = try read("model.onnx") else { return result("there is no model") }
            let model = try ONNXModel(bytes: bytes, name: name)
            operators = model.operatorCounts.keys.sorted()
            if isRandom(name) { return result("the results are random numbers of another generator", isLeftOut: true) }
            var tolerance = (relative: 1e-3, absolute: 1e-7)
            if let bytes = try read("tolerance") {
                let numbers = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }.compactMap { Double($0) }
                if numbers.count == 2 { tolerance = (numbers[0], numbers[1]) }
            }
            var compared = 0
            var set = 0
            while let first = try read("test_data_set_\(set)/output_0.pb") {
                var inputs: [String: ONNXValue] = [:]
                for (index, input) in model.inputs.enumerated() {
                    guard let bytes = try read("test_data_set_\(set)/input_\(index).pb") else { continue }
                    inputs[input.name] = try input.value(of: ByteSlice(bytes))
                }
                let results = try model.run(values: inputs)
                for (index, output) in model.outputs.enumerated() {
                    guard let bytes = try index == 0 ? first : read("test_data_set_\(set)/output_\(index).pb"),
                        let found = results[output.name]
                    else { return result("the output \(output.name) is missing") }
                    compared += 1
                    if let problem = Comparison(tolerance).difference(found, try output.value(of: ByteSlice(bytes))) {
                        return result("output \(output.name): \(problem)")
                    }
                }
                set += 1
            }
            return result(compared > 0 ? nil : "there is nothing to compare")
        } catch {
            return result("\(error)", isLeftOut: (error as? ONNXError)?.kind == .unsupported)
        }
    }

    /// The program: `onnx-backend-tests FOLDER [TEXT]` prints the tests that fail and the counts by operator.
    public static func main(_ arguments: [String]) -> Int32 {
        guard let folder = arguments.first, arguments.count <= 2 else {
            print("usage: onnx-backend-tests FOLDER [TEXT]")
            return 2
        }
        let results: [BackendResult]
        do { results = try run(in: folder, matching: arguments.count > 1 ? arguments[1] : "") } catch {
            print("\(error)")
            return 2
        }
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
        // The standard's own comparison allows two steps of bfloat16.
        let relative = a.type == .bfloat16 ? max(tolerance.relative, 0x1p-6) : tolerance.relative
        for (index, (p, q)) in zip(xs, ys).enumerated() {
            let isEqual =
                p == q || (p.isNaN && q.isNaN) || (p - q).magnitude <= tolerance.absolute + relative * q.magnitude
            if !isEqual { return "element \(index) of \(xs.count) is \(p), expected \(q)" }
        }
        return nil
    }
}
