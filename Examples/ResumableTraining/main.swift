// A training run that can be interrupted at any moment, by Ctrl-C or by a power failure. When it is started again, it
// resumes from the latest checkpoint and computes the same bits as an uninterrupted run.
//
//     ResumableTraining <directory> <epochs>
import Torchlight

final class Net: Module, Layer {
    let fc1 = Linear(64, 32)
    let drop = Dropout(0.2)
    let fc2 = Linear(32, 10)
    func forward(_ x: Tensor) -> Tensor { fc2(drop(relu(fc1(x)))) }
}

let folder = CommandLine.arguments.dropFirst().first ?? "checkpoints"
let epochs = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 3

manualSeed(7)
let loader = DataLoader(Digits(split: .train), batchSize: 64, shuffle: true)
let model = Net()
let optimizer = AdamW(model.parameters(), lr: 1e-2)
let scheduler = ExponentialLR(optimizer, gamma: 0.9)
let checkpoints = try CheckpointFolder(folder, keepLast: 2, best: .lowest)
var step = 0

if let found = try checkpoints.latest() {
    try found.state.restore(model: model, optimizer: optimizer, scheduler: scheduler, loader: loader)
    step = found.state.step
    print("going on after step \(step)")
}

// The loader counts the epochs; an interrupted epoch is continued.
while loader.state.epoch < epochs {
    var latest = 0.0
    for (images, labels) in loader {
        optimizer.zeroGrad()
        let loss = crossEntropy(model(images.flatten(from: 1)), labels)
        loss.backward()
        optimizer.step()
        latest = loss.item()
        step += 1
        if step % 5 == 0 {
            try checkpoints.saveInBackground(
                TrainingState(
                    step: step, model: model, optimizer: optimizer, scheduler: scheduler, loader: loader, score: latest)
            )
        }
    }
    scheduler.step()
    print("epoch \(loader.state.epoch): loss \(latest)")
}
try checkpoints.save(
    TrainingState(step: step, model: model, optimizer: optimizer, scheduler: scheduler, loader: loader))
