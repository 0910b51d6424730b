import TestSupport
import Testing
import Torchlight

@Suite struct LayerTests {
    @Test func weightsStartWithinTheirBounds() {
        let generator = Generator(seed: 7)
        let layer = Linear(100, 50, generator: generator)
        for tensor in [layer.weight, layer.bias!] {
            let values = tensor.detach().toArray(Double.self)
            #expect(values.allSatisfy { abs($0) <= 0.1 })
            #expect(values.contains { abs($0) > 0.07 })
        }
        let conv = Conv2d(4, 8, kernelSize: 3, groups: 2, generator: generator)
        #expect(conv.weight.shape == [8, 2, 3, 3])
        #expect(conv.weight.detach().toArray(Double.self).allSatisfy { abs($0) <= 1 / 18.0.squareRoot() })
        // The same seed gives the same weights.
        #expect(
            Linear(9, 3, generator: Generator(seed: 1)).weight.equal(Linear(9, 3, generator: Generator(seed: 1)).weight)
        )
    }

    @Test func initialisersHaveTheirDeviations() {
        let generator = Generator(seed: 3)
        func deviation(_ fill: (Tensor) -> Tensor) -> Double {
            let values = fill(Tensor.zeros(200, 100)).toArray(Double.self)
            return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
        }
        func expectDeviation(_ expected: Double, _ fill: (Tensor) -> Tensor) {
            let got = deviation(fill)
            #expect(abs(got - expected) < 0.03 * expected, "seed 3: \(got), expected \(expected)")
        }
        expectDeviation((2.0 / 300).squareRoot()) { Initializers.xavierUniform_($0, generator: generator) }
        expectDeviation((2.0 / 300).squareRoot()) { Initializers.xavierNormal_($0, generator: generator) }
        expectDeviation((2.0 / 100).squareRoot()) { Initializers.kaimingUniform_($0, generator: generator) }
        expectDeviation((2.0 / 200).squareRoot()) {
            Initializers.kaimingNormal_($0, mode: .fanOut, nonlinearity: .relu, generator: generator)
        }
        let truncated = Initializers.truncNormal_(Tensor.zeros(1000), generator: generator).toArray(Double.self)
        #expect(truncated.allSatisfy { abs($0) <= 2 })
        expectRefusal(by: "xavierUniform_") { Initializers.xavierUniform_(Tensor.zeros(3)) }
    }

    @Test func identitiesHandOnTheirInput() {
        #expect(Initializers.eye_(Tensor.ones(2, 3)).toNestedArray(Int.self) == [[1, 0, 0], [0, 1, 0]])
        let kernel = Initializers.dirac_(Tensor.ones(4, 2, 3, 3), groups: 2)
        let x = Tensor.arange(0.0, 100).reshape(1, 4, 5, 5)
        expectClose(conv2d(x, kernel, padding: 1, groups: 2), ReferenceArray(x))
        expectRefusal(by: "eye_", .shape) { Initializers.eye_(Tensor.ones(3)) }
        expectRefusal(by: "dirac_", .value) { Initializers.dirac_(Tensor.ones(4, 2, 3), groups: 3) }
    }

    @Test func sparseColumnsHaveTheirZeros() {
        let w = Initializers.sparse_(Tensor.ones(10, 400), sparsity: 0.25, std: 2, generator: Generator(seed: 3))
        // 2.5 zeros, rounded up, in each column, and in no row for sure.
        #expect((w .== 0).sum(dim: 0).toArray(Int.self).allSatisfy { $0 == 3 })
        #expect((w .== 0).sum(dim: 1).toArray(Int.self).allSatisfy { (80...160).contains($0) })
        #expect(abs(w.maskedSelect(w .!= 0).std().item() - 2) < 0.1)
        #expect((Initializers.sparse_(Tensor.ones(2, 2), sparsity: 0) .!= 0).all().item() == 1)
        expectRefusal(by: "sparse_", .shape) { Initializers.sparse_(Tensor.ones(3), sparsity: 0.5) }
        expectRefusal(by: "sparse_", .value) { Initializers.sparse_(Tensor.ones(3, 3), sparsity: 1.5) }
        #expect(Initializers.calculateGain(.tanh) == 5.0 / 3)
    }

    @Test func orthogonalWeightsKeepLengths() {
        let generator = Generator(seed: 3)
        let tall = Initializers.orthogonal_(Tensor.zeros(6, 2, 2), generator: generator).reshape(6, 4)
        #expect(tall.mT.matmul(tall).allclose(Tensor.eye(4), atol: 1e-5))
        let wide = Initializers.orthogonal_(Tensor.zeros([3, 5], dtype: .bfloat16), gain: 2, generator: generator)
            .to(.float32)
        #expect(wide.matmul(wide.mT).allclose(Tensor.eye(3) * 4, atol: 0.1))
        expectRefusal(by: "orthogonal_") { Initializers.orthogonal_(Tensor.zeros(3)) }
    }

    @Test func sequentialsAreListsOfLayers() {
        let deep = true
        let model = Sequential {
            Flatten()
            for width in [4, 4] { Linear(width, 4) }
            if deep { ReLU() }
            Linear(4, 2)
        }
        #expect(model.count == 5)
        #expect(
            model.namedParameters().map(\.name) == [
                "1.weight", "1.bias", "2.weight", "2.bias", "4.weight", "4.bias",
            ])
        #expect(model(Tensor.ones(3, 2, 2)).shape == [3, 2])
    }

    @Test func dropoutDropsInTrainingOnly() {
        let layer = Dropout(0.5, generator: Generator(seed: 5))
        let x = Tensor.ones(1000)
        let values = Set(layer(x).toArray(Float.self))
        #expect(values == [0, 2])
        #expect(layer.eval()(x) === x)
        expectRefusal(by: "Dropout") { Dropout(1.5) }
    }

    @Test func embeddingsLookUpAndSpareThePadding() {
        let layer = Embedding(4, 2, paddingIdx: 0, generator: Generator(seed: 5))
        let y = layer(Tensor([[0, 3], [3, 1]]))
        #expect(y.shape == [2, 2, 2])
        #expect(Array(y.toArray(Float.self)[0..<2]) == [0, 0])
        y.sum().backward()
        #expect(layer.weight.grad!.toArray(Float.self) == [0, 0, 1, 1, 0, 0, 2, 2])
        expectRefusal(by: "Embedding") { Embedding(4, 2, paddingIdx: 4) }
    }

    @Test func namesOfPyTorchAreUnderstood() {
        let table = Embedding(4, 2, paddingIdx: -1)
        #expect(table.numEmbeddings == 4 && table.embeddingDim == 2 && table.paddingIdx == 3)
        #expect(table.numEmbeddings == 4 && table.embeddingDim == 2 && table.paddingIdx == 3)
        let bag = EmbeddingBag(4, 2, paddingIdx: 0)
        #expect(bag.numEmbeddings == 4 && bag.embeddingDim == 2 && bag.paddingIdx == 0)
        #expect(BatchNorm1d(3).numFeatures == 3 && InstanceNorm1d(3).numFeatures == 3)
        #expect(Transformer(dModel: 4, nhead: 2, numEncoderLayers: 1, dimFeedforward: 4, device: .cpu).dModel == 4)
    }

    @Test func biasesMayBeLabelled() {
        let generator = Generator(seed: 11)
        func draw(_ shape: Int...) -> Tensor { Tensor.randn(shape, generator: generator) }
        let (x, weight, bias) = (draw(4, 3), draw(2, 3), draw(2))
        #expect(linear(x, weight, bias: bias).equal(linear(x, weight, bias)))
        let form = draw(2, 3, 3)
        #expect(bilinear(x, x, form, bias: bias).equal(bilinear(x, x, form, bias)))
        let (scale, shift) = (draw(3), draw(3))
        #expect(layerNorm(x, [3], scale, bias: shift).equal(layerNorm(x, [3], scale, shift)))
        #expect(groupNorm(x, 3, scale, bias: shift, eps: 1e-3).equal(groupNorm(x, 3, scale, shift, eps: 1e-3)))
        let normed = batchNorm(x, nil, nil, scale, bias: shift, training: true)
        #expect(normed.equal(batchNorm(x, nil, nil, scale, shift, training: true)))
        let images = draw(2, 3, 4)
        #expect(
            instanceNorm(images, nil, nil, scale, bias: shift).equal(instanceNorm(images, nil, nil, scale, shift)))
    }

    @Test func batchNormTracksItsStatistics() {
        let layer = BatchNorm1d(2)
        let x = Tensor([[1.0, 10.0], [3.0, 30.0]])
        let y = layer(x)
        // The batch's deviations are 1 and 10.
        let (a, b) = (1 / (1 + 1e-5).squareRoot(), 10 / (100 + 1e-5).squareRoot())
        expectClose(y, [-a, -b, a, b])
        #expect(
            layer.stateDict().keys.sorted() == ["bias", "num_batches_tracked", "running_mean", "running_var", "weight"])
        expectClose(layer.runningMean!, [0.2, 2])
        expectClose(layer.runningVar!, [0.9 + 0.1 * 2, 0.9 + 0.1 * 200])
        #expect(layer.numBatchesTracked!.item(Int.self) == 1)
        layer.eval()
        let before = layer.runningMean!.clone()
        _ = layer(x)
        #expect(layer.runningMean!.equal(before))
        expectRefusal(by: "BatchNorm2d", .shape) { BatchNorm2d(2)(Tensor.ones(2, 2)) }
        let average = BatchNorm1d(1, momentum: nil)
        for value in [1.0, 2.0, 6.0] { _ = average(Tensor([[value], [value]])) }
        expectClose(average.runningMean!, [3])
    }

    @Test func convolutionsRefuseUnequalGroups() {
        expectRefusal(by: "Conv2d") { Conv2d(3, 4, kernelSize: 3, groups: 2) }
        expectRefusal(by: "Conv1d") { Conv1d(3, 4, kernelSize: 0) }
    }
}
