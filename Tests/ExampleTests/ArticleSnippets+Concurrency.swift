// The code of the article on concurrency, as ArticleSnippets.swift has it of the others.
import Torchlight

@MainActor private func mainFunctions(_ model: Linear) {
    func predict(_ model: Linear, _ x: Tensor) -> Tensor { model(x) }
    @MainActor func evaluate(_ x: Tensor) -> Tensor { predict(model, x) }
    _ = evaluate
}

private func tasks(_ batches: [Tensor], _ inputs: Tensor) async {
    do {
        let parts = await withTaskGroup(of: (Int, Tensor).self) { group in
            for (index, batch) in batches.enumerated() {
                group.addTask { (index, LinAlg.svdvals(batch)) }
            }
            return await group.reduce(into: [Int: Tensor]()) { $0[$1.0] = $1.1 }
        }
        _ = parts
    }
    let model = Linear(4, 2)
    let task = Task {
        let optimizer = SGD(model.parameters(), lr: 0.1)
        model(inputs).square().mean().backward()
        optimizer.step()
        return model.weight.detach()
    }
    let weight = await task.value
    _ = weight
    do {
        let layer = Linear(4, 2)
        let prediction = Task { noGrad { layer(inputs) } }
        _ = await prediction.value
    }
}

private func sharedModels() {
    actor Classifier {
        private let model: Sequential

        init(path: String) throws {
            model = Sequential(Linear(4, 16), ReLU(), Linear(16, 3))
            try model.load(path)
            model.eval()
        }

        func classes(of x: Tensor) -> Tensor { noGrad { model(x).argmax(dim: 1) } }
    }
    _ = Classifier.self
}

private func datasets() {
    final class Scaled: Dataset {
        let inputs: Tensor
        let transform: (@Sendable (Tensor) -> Tensor)?

        init(_ inputs: Tensor, transform: (@Sendable (Tensor) -> Tensor)? = nil) {
            self.inputs = inputs
            self.transform = transform
        }

        var count: Int { inputs.size(0) }
        subscript(index: Int) -> Tensor { transform?(inputs[index]) ?? inputs[index] }
    }
    _ = Scaled.self
}
