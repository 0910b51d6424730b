// Four ways to keep the activations between the forward and the backward pass: unchanged, rounded to bfloat16, in
// files, and recomputed. Prints for each the memory held after the forward pass and the relative difference of the
// gradients from those of the first.
//
//     SavedActivations <directory for the files>
import Torchlight
import TorchlightIO

/// A network whose activations need more memory than its weights.
final class Net: Module, Layer {
    let inner = (0..<6).map { _ in Linear(128, 128) }
    let out = Linear(128, 1)

    func forward(_ x: Tensor) -> Tensor {
        var x = x
        for layer in inner { x = gelu(layer(x)) }
        return out(x)
    }
}

/// Stores tensors in numbered files.
final class ActivationFiles {
    private let folder: String
    private var count = 0

    init(_ folder: String) { self.folder = folder }

    func write(_ tensor: Tensor) -> String {
        count += 1
        let path = "\(folder)/activation\(count).safetensors"
        do { try Safetensors.save(["x": tensor], to: path) } catch { fatalError("\(path): \(error)") }
        return path
    }

    func read(_ path: String) -> Tensor {
        do { return try Safetensors.load(path)["x"]! } catch { fatalError("\(path): \(error)") }
    }
}

let batch = 4096
manualSeed(1)
let model = Net()
let x = Tensor.randn([batch, 128])

/// One step: the bytes held between the forward and the backward pass, and all gradients as one vector.
func step(_ model: Net, _ forward: () -> Tensor) -> (held: Int, gradients: Tensor) {
    model.zeroGrad()
    let before = Memory.allocated
    let loss = forward().square().mean()
    let held = Memory.allocated - before
    loss.backward()
    return (held, cat(model.parameters().map { $0.grad!.flatten() }))
}

func report(_ name: String, _ result: (held: Int, gradients: Tensor), _ exact: Tensor) {
    let error = ((result.gradients - exact).norm() / exact.norm()).item()
    print("\(name): \(result.held / 1024) KiB held, relative difference of the gradients \(error)")
}

let exact = step(model) { model(x) }
report("as they are", exact, exact.gradients)

// Activations have the batch dimension first; parameters, which operations save too, are not changed.
let rounded = step(model) {
    savedTensorsHooks(
        pack: { $0.shape.first == batch ? $0.to(.bfloat16) : $0 },
        unpack: { $0.to(.float32) }
    ) { model(x) }
}
report("bfloat16", rounded, exact.gradients)

let files = ActivationFiles(CommandLine.arguments.dropFirst().first ?? ".")
enum Kept {
    case inMemory(Tensor)
    case inFile(String)
}
let onDisk = step(model) {
    savedTensorsHooks(
        pack: { $0.shape.first == batch ? Kept.inFile(files.write($0)) : .inMemory($0) },
        unpack: {
            switch $0 {
            case .inMemory(let tensor): tensor
            case .inFile(let path): files.read(path)
            }
        }
    ) { model(x) }
}
report("in files", onDisk, exact.gradients)

let recomputed = step(model) { checkpoint(x) { model($0) } }
report("computed again", recomputed, exact.gradients)
