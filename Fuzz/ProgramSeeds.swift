import TorchlightCore
import TorchlightFiles
import TorchlightIO
import TorchlightNN
import TorchlightOptim
import TorchlightPrograms

/// Exported functions whose JSON are seeds of the reader of programs: `Fuzz programs FOLDER`.
enum ProgramSeeds {
    static func write(to folder: String) {
        let generator = Generator(seed: 1)
        generator.asDefault {
            for (name, make) in seeds {
                do {
                    let path = "\(folder)/\(name).tlp"
                    try make().save(path)
                    let entries = try ZipArchive.contents(of: path)
                    try AtomicFile.write(
                        entries.first { $0.name == "program.json" }?.bytes ?? [], to: "\(folder)/\(name).json")
                    try FileSystem.remove(path)
                } catch { fatalError("\(name): \(error)") }
            }
        }
    }

    private static var seeds: [(String, () throws -> Program)] {
        [
            (
                "layer",
                {
                    try export(
                        Sequential(Linear(3, 4), ReLU(), BatchNorm1d(4), Dropout(0.5)), Tensor.randn(5, 3),
                        dynamic: ["batch": 2...9])
                }
            ),
            (
                "convolution",
                {
                    try export(
                        Sequential(Conv2d(1, 2, kernelSize: 3), MaxPool2d(2), Flatten()), Tensor.randn(2, 1, 8, 8))
                }
            ),
            (
                "attention",
                {
                    let attention = MultiheadAttention(8, 2, batchFirst: true).eval()
                    return try export({ (x: Tensor) in attention(x, x, x).0 }, Tensor.randn(2, 5, 8))
                }
            ),
            (
                "views",
                {
                    let state = Tensor.zeros(2, 3)
                    return try export(
                        { (x: Tensor) -> Tensor in
                            state[0].add_(x.sum(dim: 0))
                            return state.t().reshape([-1]).flip([0]) + x.unfold(0, size: 2, step: 1).sum()
                        }, Tensor.randn(4, 3))
                }
            ),
            (
                "indices",
                {
                    try export(
                        { (x: Tensor, i: Tensor) in
                            (
                                x.indexSelect(0, i), x.sort(dim: 1).values, x.topk(2).indices,
                                Tensor.where(x.gt(0), x, -x)
                            )
                        }, Tensor.randn(4, 3), Tensor([0, 2]))
                }
            ),
            (
                "step",
                {
                    let model = Sequential(Linear(3, 4), Tanh(), Linear(4, 2))
                    let optimizer = AdamW(model.parameters())
                    let scheduler = SequentialLR(optimizer, milestones: [3]) {
                        [LinearLR($0, totalIters: 3), CosineAnnealingLR($0, tMax: 5)]
                    }
                    return try export(
                        { (x: Tensor) -> Tensor in
                            optimizer.zeroGrad()
                            let loss = model(x).square().mean()
                            loss.backward()
                            clipGradNorm(model.parameters(), maxNorm: 1)
                            optimizer.step()
                            scheduler.step()
                            return loss
                        }, Tensor.randn(5, 3))
                }
            ),
        ]
    }
}
