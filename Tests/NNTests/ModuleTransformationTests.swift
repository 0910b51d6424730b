import TestSupport
import Testing
import Torchlight

/// Function transformations of modules: their parameters are arguments by `functionalCall`.
@Suite struct ModuleTransformationTests {
    private typealias Weights = [String: Tensor]
    private let random = Generator(seed: 21)
    private func randn(_ shape: Int...) -> Tensor { Tensor.randn(shape, dtype: .float64, generator: random) }

    private func expectSame(_ got: Tensor, _ expected: Tensor, _ label: String, _ distance: Double = 1e-10) {
        expectClose(got, ReferenceArray(expected), .absolute(distance), label)
    }

    private func weights(of model: Module) -> Weights {
        var weights: Weights = [:]
        for (name, parameter) in model.namedParameters() { weights[name] = parameter.detach() }
        return weights
    }

    /// The modules whose gradients of single samples are compared, with a shape of one sample.
    private func models() -> [(String, any Layer, Tensor)] {
        let (g, type) = (random, DType.float64)
        return [
            (
                "linear",
                Sequential(Linear(4, 5, dtype: type, generator: g), Tanh(), Linear(5, 2, dtype: type, generator: g)),
                randn(3, 4)
            ),
            (
                "convolutions",
                Sequential(
                    Conv2d(2, 3, kernelSize: 3, padding: 1, dtype: type, generator: g),
                    BatchNorm2d(3, dtype: type).eval(),
                    ReLU(), MaxPool2d(2), Conv2d(3, 4, kernelSize: 2, groups: 1, dtype: type, generator: g), Flatten(),
                    Linear(16, 3, dtype: type, generator: g)), randn(2, 1, 2, 6, 6).expand([2, 1, 2, 6, 6])
            ),
            (
                "norms",
                Sequential(
                    LayerNorm(6, dtype: type), Linear(6, 6, dtype: type, generator: g), GELU(),
                    GroupNorm(2, 6, dtype: type), RMSNorm([6], dtype: type)), randn(3, 2, 6)
            ),
            (
                "transposed convolution",
                Sequential(
                    ConvTranspose1d(2, 3, kernelSize: 3, stride: 2, dtype: type, generator: g), SiLU(), AvgPool1d(2)),
                randn(3, 1, 2, 5)
            ),
        ]
    }

    @Test func gradientsOfSingleSamplesEqualALoop() {
        for (name, model, x) in models() {
            let weights = weights(of: model)
            let loss: (Weights, Tensor) -> Tensor = { functionalCall(model, $0, $1).square().sum() }
            let together = vmap(grad(loss), inDims: [nil, 0])(weights, x)
            for i in 0..<x.shape[0] {
                let alone = grad(loss)(weights, x[i])
                for key in weights.keys {
                    expectSame(together[key]![i], alone[key]!, "\(name), \(key), sample \(i)", 1e-9)
                }
            }
            // The sum over the samples is the gradient of one backward pass.
            model.zeroGrad()
            for i in 0..<x.shape[0] { (model(x[i]).square().sum()).backward() }
            for (key, parameter) in model.namedParameters() {
                expectSame(together[key]!.sum(dim: 0), parameter.grad!, "\(name), \(key), backward", 1e-9)
            }
        }
    }

    @Test func anEnsembleRunsAtOnce() {
        let models = (0..<3).map { _ in
            Sequential(
                Linear(4, 6, dtype: .float64, generator: random), BatchNorm1d(6, dtype: .float64), Tanh(),
                Linear(6, 2, dtype: .float64, generator: random))
        }
        let x = randn(5, 4)
        for model in models {
            _ = model(randn(8, 4))  // running statistics of its own
            model.eval()
        }
        let (parameters, buffers) = stackModuleState(models)
        #expect(parameters["0.weight"]?.shape == [3, 6, 4] && parameters["0.weight"]?.requiresGrad == true)
        #expect(buffers["1.running_mean"]?.shape == [3, 6])
        let run: (Weights, Weights, Tensor) -> Tensor = { p, b, x in
            functionalCall(models[0], p.merging(b) { p, _ in p }, x)
        }
        let outputs = vmap(run, inDims: [0, 0, nil])(parameters, buffers, x)
        expectSame(outputs, stack(models.map { $0(x) }, dim: 0), "one input for all")
        let inputs = randn(3, 5, 4)
        expectSame(
            vmap(run)(parameters, buffers, inputs), stack((0..<3).map { models[$0](inputs[$0]) }, dim: 0),
            "an input each")
        outputs.sum().backward()
        for model in models { model(x).sum().backward() }
        for (name, parameter) in parameters {
            let each = stack(
                models.map { model in model.namedParameters().first { $0.name == name }!.tensor.grad! }, dim: 0)
            expectSame(parameter.grad!, each, "gradient of \(name)")
        }
    }

    @Test func statesThatDoNotFitAreRefused() {
        let small = Linear(2, 3), large = Linear(2, 4)
        expectRefusal(by: "stackModuleState", .value, "none") { stackModuleState([]) }
        expectRefusal(by: "stackModuleState", .value, "shapes") { stackModuleState([small, large]) }
        expectRefusal(by: "stackModuleState", .value, "classes") { stackModuleState([small, ReLU()]) }
        expectRefusal(by: "stackModuleState", .value, "modes") { stackModuleState([small, Linear(2, 3).eval()]) }
    }

    @Test func dropoutDrawsForEachExample() {
        let x = randn(4, 50)
        let mapped = Sequential(Dropout(0.5, generator: Generator(seed: 3)))
        let looped = Sequential(Dropout(0.5, generator: Generator(seed: 3)))
        let different = vmap({ mapped($0) }, randomness: .different)(x)
        expectSame(different, stack((0..<4).map { looped(x[$0]) }, dim: 0), "different")
        let same = vmap({ mapped($0) }, randomness: .same)(Tensor.ones([4, 50], dtype: .float64))
        for i in 1..<4 { expectSame(same[i], same[0], "same") }
        expectRefusal(by: "vmap", .value, "randomness is .error") { vmap { mapped($0) }(x) }
    }

    @Test func sequencesAndAttention() {
        let x = randn(2, 1, 5, 4)
        let lstm = LSTM(4, 3, batchFirst: true, dtype: .float64, generator: random)
        let run: (Tensor) -> Tensor = { lstm($0).output }
        expectSame(vmap(run)(x), stack((0..<2).map { run(x[$0]) }, dim: 0), "lstm")
        let weights = weights(of: lstm)
        let loss: (Weights, Tensor) -> Tensor = { w, x in functionalCall(lstm, w) { $0(x).output }.square().sum() }
        let gradients = vmap(grad(loss), inDims: [nil, 0])(weights, x)
        for i in 0..<2 {
            let alone = grad(loss)(weights, x[i])
            for key in weights.keys { expectSame(gradients[key]![i], alone[key]!, "lstm, \(key)") }
        }
        let attention = TransformerEncoderLayer(
            4, 2, dimFeedforward: 6, dropout: 0, batchFirst: true, dtype: .float64, generator: random)
        let attend: (Tensor) -> Tensor = { attention($0) }
        expectSame(vmap(attend)(x), stack((0..<2).map { attend(x[$0]) }, dim: 0), "transformer")
        expectSame(
            vmap(grad { attend($0).square().sum() })(x),
            stack((0..<2).map { grad { attend($0).square().sum() }(x[$0]) }, dim: 0), "gradients of a transformer", 1e-8
        )
    }

    @Test func theModuleKeepsItsState() {
        let model = Sequential(Linear(3, 2, dtype: .float64, generator: random))
        let before = model.parameters().map { $0.detach().clone() }
        _ = vmap(grad { (w: Weights, x: Tensor) in functionalCall(model, w, x).sum() }, inDims: [nil, 0])(
            weights(of: model), randn(4, 3))
        for (parameter, old) in zip(model.parameters(), before) {
            #expect(parameter.grad == nil && parameter.detach().equal(old))
        }
        let norm = BatchNorm1d(3, dtype: .float64)
        // In training mode it writes its running statistics.
        expectRefusal(by: "vmap", .value, "running statistics") { vmap { norm($0) }(randn(2, 4, 3)) }
        // And only a model in evaluation mode, or one that keeps none, can be mapped.
        norm.eval()
        #expect(vmap { norm($0) }(randn(2, 4, 3)).shape == [2, 4, 3])
    }
}
