import Foundation
import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightONNX

@Suite struct ExportTests {
    let folder = TemporaryFolder()

    /// A Python that has onnx and onnxruntime.
    private static let python = FileSystem.environment("TORCHLIGHT_ONNXRUNTIME")

    /// Without ONNX Runtime the models must be those that it has run.
    @Test(arguments: NamedCase.all)
    func `The file gives the model's results, with other sizes too`(_ named: NamedCase) throws {
        let exported = try named.make()
        let path = folder("model.onnx")
        try exported.export(to: path, verify: true)
        let model = try ONNXModel(path)
        #expect(model.inputs.allSatisfy { exported.inputNames.contains($0.name) })
        for inputs in [exported.example, exported.larger] {
            let given = exported.named(inputs).filter { name, _ in model.inputs.contains { $0.name == name } }
            let results = try model.run(given)
            for (expected, output) in zip(try exported.expected(inputs), model.outputs) {
                let result = try #require(results[output.name])
                #expect(
                    result.shape == expected.shape && result.dtype == expected.dtype, "\(named.name) \(output.name)")
                if result.shape == expected.shape {
                    let tolerance = exported.tolerance(expected.dtype)
                    #expect(
                        result.allclose(expected, rtol: tolerance, atol: tolerance, equalNan: true),
                        "\(named.name) \(output.name)")
                }
            }
        }
        if Self.python == nil {
            #expect(Self.proof[named.name] == (try Self.digest(path)), "\(named.name) is not the proven model")
        }
        let bytes = try FileSystem.read(path)
        let read = try ModelProto(ByteSlice(bytes))
        #expect(read.opsetImports.allSatisfy { $0.domain.isEmpty })
        let names = Set(exported.model.stateDict().keys)
        let unnamed = read.graph!.initializers.filter { $0.dims.reduce(1, *) > 64 && !$0.name.contains("/") }
        #expect(unnamed.allSatisfy { names.contains($0.name.replacing(".gates", with: "")) }, "\(named.name)")
    }

    /// The digests of the models that ONNX Runtime has run.
    private static let proof: [String: String] = {
        let text = (try? FileSystem.read(testFolder + "/Proof.txt")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 2 }
        return Dictionary(lines.map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 })
    }()

    /// A digest of all but the weights, whose values depend on the random numbers that were drawn before.
    private static func digest(_ path: String) throws -> String {
        var model = try ModelProto(ByteSlice(try FileSystem.read(path)))
        for index in model.graph!.initializers.indices {
            let tensor = model.graph!.initializers[index]
            let isInteger = tensor.dataType == ONNXElementType.int64.rawValue
            let isNumber = tensor.dims.reduce(1, *) == 1 && tensor.name.contains("constant")
            if !isInteger && !isNumber { model.graph!.initializers[index].rawData = nil }
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in model.serialized() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    /// ONNX Runtime runs the models where there is a Python with it; elsewhere `Proof.txt` must name exactly these models, with
    /// the digests that the other test compares.
    @Test func `ONNX Runtime gives the model's results`() throws {
        guard let python = Self.python else {
            #expect(Set(Self.proof.keys) == Set(NamedCase.all.map(\.name)))
            return
        }
        // An update runs the models that are not proven yet.
        let isUpdate = FileSystem.environment("TORCHLIGHT_UPDATE_PROOF") != nil
        var digests: [String: String] = [:]
        for named in NamedCase.all {
            let exported = try named.make()
            let path = folder(named.name + ".onnx")
            do { try exported.export(to: path) } catch {
                Issue.record("\(named.name): \(error)")
                continue
            }
            digests[named.name] = try Self.digest(path)
            guard !isUpdate || Self.proof[named.name] != digests[named.name] else {
                try FileSystem.remove(path)
                continue
            }
            let outputs = try ONNXModel(path).outputs.map(\.name)
            if let tolerance = exported.tolerance {
                try AtomicFile.write("\(tolerance)", to: folder(named.name + ".tolerance"))
            }
            for (call, inputs) in [("example", exported.example), ("larger", exported.larger)] {
                let results = Dictionary(
                    uniqueKeysWithValues: zip(outputs, try exported.expected(inputs)).map { ($0, $1) })
                try NumpyFile.save(exported.named(inputs), to: folder("\(named.name).\(call).inputs.npz"))
                try NumpyFile.save(results, to: folder("\(named.name).\(call).outputs.npz"))
            }
        }
        let (status, output) = try run(python, [testFolder + "/check_exports.py", folder.path])
        let lines = output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2) }
        for line in lines where line.count < 2 || line[1] != "ok" { Issue.record("\(line.joined(separator: " "))") }
        #expect(status == 0, "\(output.suffix(2000))")
        let known = isUpdate ? digests.filter { Self.proof[$0.key] == $0.value }.map(\.key) : []
        #expect(lines.count + known.count == digests.count)
        let proven = lines.filter { $0.count > 1 && $0[1] == "ok" }.map { String($0[0]) } + known
        let text = proven.sorted().map { "\($0) \(digests[$0] ?? "")\n" }.joined()
        if isUpdate { try AtomicFile.write(text, to: testFolder + "/Proof.txt") }
    }

    private func run(_ program: String, _ arguments: [String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
