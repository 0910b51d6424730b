import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Runs `torchlight train mnist` as a user would.
@Suite("torchlight train mnist", .serialized)
struct TrainCommandTests {
    private let folder: TemporaryFolder
    private let tool: String

    init() throws {
        folder = TemporaryFolder()
        tool = try program("torchlight")
        try folder.writeDigits(as: "data/mnist")
    }

    private func train(_ options: String, status: Int32 = 0) throws -> (output: String, errors: String) {
        let arguments = ["train", "mnist"] + options.split(separator: " ").map(String.init)
        let result = try runAny(tool, arguments, in: folder.path)
        #expect(result.status == status, "\(options): \(result.errors)")
        return (result.output, result.errors)
    }

    @Test("A resumed run gives the same weights, bit for bit, as one that did not stop")
    func resumes() throws {
        _ = try train("--data data --epochs 4 --seed 3 --save whole.safetensors --quiet")
        _ = try train("--data data --epochs 2 --seed 3 --save halves.safetensors --quiet")
        _ = try train("--data data --resume halves.checkpoint.safetensors --epochs 2 --quiet")
        let whole = try Safetensors.open("\(folder.path)/whole.checkpoint.safetensors")
        let halves = try Safetensors.open("\(folder.path)/halves.checkpoint.safetensors")
        #expect(whole.tensors.map(\.name) == halves.tensors.map(\.name))
        #expect(whole.tensors.contains { $0.name == "model.fc1.weight" })
        for (name, tensor) in whole.tensors {
            #expect(tensor.equal(halves[name]!), "\(name)")
        }
    }

    @Test("It ends with the accuracy and leaves weights, curve and figures")
    func leavesItsResults() throws {
        let (output, _) = try train("--data data --epochs 2 --save a.safetensors --curve a.png --json a.json")
        let last = output.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("test accuracy: ") && last.hasSuffix("%"), "\(output)")
        for name in ["a.safetensors", "a.checkpoint.safetensors", "a.svg", "a.png", "a.json"] {
            #expect(FileSystem.isFile("\(folder.path)/\(name)"), "\(name)")
        }
        let json = String(decoding: try FileSystem.read("\(folder.path)/a.json"), as: UTF8.self)
        for key in ["epochs", "test_accuracy", "seconds", "samples_per_second", "peak_memory_bytes"] {
            #expect(json.contains("\"\(key)\""), "\(key)")
        }
    }

    @Test("The small digits of the package are read with more than 96%")
    func digitsThatShip() throws {
        let nowhere = [
            "TORCHLIGHT_DATA": "\(folder.path)/none", "XDG_CACHE_HOME": "\(folder.path)/cache",
            "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
        ]
        let result = try runAny(
            tool, ["train", "mnist", "--epochs", "20", "--save", "d.safetensors"], in: folder.path, environment: nowhere
        )
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("1,797 digits"))
        let last = result.output.split(separator: "\n").last ?? ""
        let accuracy = Double(last.dropFirst("test accuracy: ".count).prefix { $0 != "%" }) ?? 0
        #expect(accuracy > 96, "\(result.output)")
        #expect(last.contains("not MNIST") && last.contains("--data DIR"), "\(last)")
        // On a pipe an epoch is one line, and nothing else is progress.
        let lines = (result.output + result.errors).split(separator: "\n").filter { $0.contains("epoch ") }
        #expect(lines.filter { $0.hasPrefix("epoch ") }.count == 20 && !result.errors.contains("epoch "), "\(lines)")
    }

    @Test("Bad input ends with one line that says what is wrong")
    func badInput() throws {
        for (options, status, text) in [
            ("--batch-size 0", 2, "--batch-size must be at least 1"), ("--lr -1", 2, "--lr must be greater than 0"),
            ("--epochs 0", 2, "--epochs"), ("--threads 0", 2, "--threads must be at least 1"),
            ("--threads 100000", 2, "--threads must be at most"), ("--model vgg", 2, "vgg"),
            ("--nonsense", 2, "nonsense"),
            ("--data nowhere", 1, "not a directory"), ("--data data --save no/such/folder/a.safetensors", 1, "no/such"),
            ("--data data --resume nothing.safetensors", 1, "nothing.safetensors"),
        ] as [(String, Int32, String)] {
            let errors = try train(options, status: status).errors
            #expect(errors.contains(text), "\(options): \(errors)")
            #expect(errors.hasPrefix(status == 1 ? "error: " : "Error: "), "\(errors)")
            if status == 1 { #expect(errors.split(separator: "\n").count == 1, "\(errors)") }
        }
        try AtomicFile.write([1, 2, 3], to: "\(folder.path)/data/mnist/t10k-labels-idx1-ubyte")
        #expect(try train("--data data", status: 1).errors.contains("t10k-labels-idx1-ubyte"))
    }

    @Test(
        "Counts of threads in the environment that nobody can have give fewer",
        arguments: ["1000000", "99999999999", "-3", "none", "2,4"])
    func threadsOfEnvironment(count: String) throws {
        let result = try runAny(
            tool, ["train", "mnist", "--data", "data", "--epochs", "1", "--save", "n.safetensors", "--quiet"],
            in: folder.path, environment: ["OMP_NUM_THREADS": count])
        #expect(result.status == 0, "\(count): \(result.errors)")
    }

    @Test("A checkpoint of another model, and weights alone, are refused")
    func foreignCheckpoints() throws {
        _ = try train("--data data --epochs 1 --save m.safetensors --quiet")
        #expect(
            try train("--data data --model cnn --resume m.checkpoint.safetensors", status: 1).errors.contains(
                "--model mlp"))
        #expect(try train("--data data --resume m.safetensors", status: 1).errors.contains("no checkpoint"))
    }

    @Test("A loss that becomes NaN stops the run with the epoch, the step and the operation")
    func notANumber() throws {
        let errors = try train("--data data --lr 1e30 --optimizer sgd --epochs 2", status: 1).errors
        #expect(errors.contains("in epoch 1, step ") && errors.contains("made by"), "\(errors)")
    }
}
