import TestSupport
import Testing
import Torchlight

@Suite struct LossTests {
    @Test func crossEntropyIsTheNegativeLogShare() {
        let logits = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], requiresGrad: true)
        let loss = crossEntropy(logits, Tensor([2, 0]))
        // -log(e^3 / (e + e^2 + e^3)) = 0.40760596, -log(1/3) = 1.09861229
        expectClose(loss, [(0.40760596444438 + 1.0986122886681098) / 2])
        loss.backward()
        expectClose(
            logits.grad!,
            [0.04501528655, 0.1223642355, -0.167379522, -1.0 / 3, 1.0 / 6, 1.0 / 6])
    }

    @Test func targetsMayBeOfAnyIntegerTypeOrProbabilities() {
        let logits = Tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0]])
        let expected = crossEntropy(logits, Tensor([2, 1])).item()
        for dtype in [DType.uint8, .int32, .int16] {
            #expect(crossEntropy(logits, Tensor([2, 1], dtype: dtype)).item() == expected)
        }
        let hot = Tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
        #expect(abs(crossEntropy(logits, hot).item() - expected) < 1e-6)
        for smoothing in [0.1, 0.5] {
            let a = crossEntropy(logits, Tensor([2, 1]), labelSmoothing: smoothing)
            let b = crossEntropy(logits, hot, labelSmoothing: smoothing)
            #expect(abs(a.item() - b.item()) < 1e-6)
        }
        #expect(abs(nllLoss(logSoftmax(logits, dim: 1), Tensor([2, 1])).item() - expected) < 1e-6)
    }

    @Test func ignoredRowsAndWeightsCountAsTheyShould() {
        let logits = Tensor([[1.0, 2.0], [3.0, 1.0], [0.0, 5.0]])
        let weight = Tensor([0.25, 2.0])
        let rows = crossEntropy(logits, Tensor([1, -100, 0]), weight: weight, reduction: .none).toArray(Double.self)
        #expect(rows[1] == 0)
        let mean = crossEntropy(logits, Tensor([1, -100, 0]), weight: weight).item()
        #expect(abs(mean - (rows[0] + rows[2]) / 2.25) < 1e-6)
        let nll = nllLoss(logSoftmax(logits, dim: 1), Tensor([1, -100, 0]), weight: weight).item()
        #expect(abs(nll - mean) < 1e-6)
    }

    @Test func imagesHaveAClassAPixel() {
        let logits = Tensor.arange(24.0).reshape(2, 3, 2, 2).sin()
        let labels = Tensor([[[0, 1], [2, 0]], [[1, 1], [2, 0]]])
        let losses = crossEntropy(logits, labels, reduction: .none)
        #expect(losses.shape == [2, 2, 2])
        let expected = nllLoss(logSoftmax(logits, dim: 1), labels, reduction: .none)
        expectClose(losses, expected.toArray(Double.self))
    }

    @Test func labelsOutsideTheClassesAreNamed() {
        let logits = Tensor.zeros(3, 4)
        for loss in [{ crossEntropy(logits, Tensor([0, 7, 1])) }, { nllLoss(logits, Tensor([0, 7, 1])) }] {
            let error = #expect(throws: TensorError.self) { try checked { _ = loss() } }
            #expect(error?.description.contains("7") == true)
            #expect(error?.description.contains("row 1") == true)
        }
    }

    @Test func lossesRefuseToBroadcast() {
        let error = expectRefusal(by: "mseLoss", .shape) { mseLoss(Tensor.ones(4, 1), Tensor.ones(4)) }
        #expect(error?.fix?.contains("output.squeeze(-1)") == true)
        #expect(
            expectRefusal(by: "l1Loss") { l1Loss(Tensor.ones(4), Tensor.ones(4, 1)) }?.fix?.contains("target.squeeze")
                == true)
        expectRefusal(by: "huberLoss") { huberLoss(Tensor.ones(4), Tensor.ones(1)) }
        expectRefusal(by: "smoothL1Loss") { smoothL1Loss(Tensor.ones(4), Tensor.ones(2, 2)) }
        expectRefusal(by: "binaryCrossEntropyWithLogits") {
            binaryCrossEntropyWithLogits(Tensor.ones(4, 1), Tensor.ones(4))
        }
        expectRefusal(by: "crossEntropy") { crossEntropy(Tensor.ones(4, 2), Tensor.zeros([4, 1], dtype: .int64)) }
    }

    @Test func labelsAreNoQuantities() {
        let error = expectRefusal(by: "mseLoss", .dtype) { mseLoss(Tensor.ones(3), Tensor([0, 1, 2])) }
        #expect(error?.description.contains("class labels") == true)
        #expect(error?.fix?.contains("crossEntropy") == true)
        expectRefusal(by: "crossEntropy") { crossEntropy(Tensor.ones(3, 2), Tensor([0.0, 1.0, 1.0])) }
    }

    @Test func elementwiseLossesFollowTheirFormulas() {
        let (x, y) = (Tensor([0.5, 2.0, -3.0]), Tensor([0.0, 0.0, 0.0]))
        expectClose(mseLoss(x, y), [(0.25 + 4 + 9) / 3])
        expectClose(l1Loss(x, y, reduction: .sum), [5.5])
        expectClose(smoothL1Loss(x, y, reduction: .none), [0.125, 1.5, 2.5])
        expectClose(smoothL1Loss(x, y, reduction: .none, beta: 0), [0.5, 2, 3])
        expectClose(huberLoss(x, y, reduction: .none, delta: 2), [0.125, 2, 4])
        let p = Tensor([0.25, 0.5])
        expectClose(binaryCrossEntropy(p, Tensor([1.0, 0.0]), reduction: .none), [1.3862943611, 0.6931471806])
        expectRefusal(by: "binaryCrossEntropy") { binaryCrossEntropy(x, y) }
    }

    @Test func binaryCrossEntropyIsFiniteAtTheEnds() {
        let p = Tensor([0.0, 1.0, 0.0], requiresGrad: true)
        let loss = binaryCrossEntropy(p, Tensor([0.0, 1.0, 1.0]), reduction: .sum)
        #expect(loss.item() == 100)
        loss.backward()
        #expect(p.grad!.isfinite().all().item() == 1)
        let logits = Tensor([100.0, -100.0, 1000.0], requiresGrad: true)
        let stable = binaryCrossEntropyWithLogits(logits, Tensor([1.0, 0.0, 0.0]), reduction: .sum)
        #expect(stable.item() == 1000)
        stable.backward()
        expectClose(logits.grad!, [0, 0, 1])
    }

    @Test func oneRowOfScoresHasOneClass() {
        let scores = Tensor([0.5, 2, -1])
        let loss = multiMarginLoss(scores, Tensor(1))
        expectClose(multiMarginLoss(scores, Tensor([1])), [loss.item()])
        expectRefusal(by: "multiMarginLoss", .shape) { multiMarginLoss(scores, Tensor([1, 2])) }
        expectRefusal(by: "linearCrossEntropy", .shape) {
            linearCrossEntropy(.ones(3), .ones(2, 4, 3), .ones(2, 4))
        }
    }
}

/// The domains of losses are checked where PyTorch checks them.
@Suite struct LossDomainTests {
    @Test func probabilitiesLieBetweenZeroAndOne() {
        let inside = Tensor([0.5, 0.1]), outside: [[Double]] = [[255, 0], [-1, 1], [0, 2], [.nan, 0]]
        for values in outside {
            expectRefusal(by: "binaryCrossEntropy", .value, "target \(values)") {
                binaryCrossEntropy(inside, Tensor(values))
            }
            expectRefusal(by: "binaryCrossEntropy", .value, "prediction \(values)") {
                binaryCrossEntropy(Tensor(values), inside)
            }
        }
        #expect(binaryCrossEntropy(Tensor([0.0, 1]), Tensor([0.0, 1])).item() == 0)
        #expect(binaryCrossEntropy(Tensor([Float]()), Tensor([Float]()), reduction: .sum).item() == 0)
    }

    @Test func variancesAreNotNegative() {
        let x = Tensor([1.0, 2])
        expectRefusal(by: "gaussianNLLLoss", .value) { gaussianNLLLoss(x, x, Tensor([1.0, -0.5])) }
    }

    @Test(arguments: [3, 20, 100])
    func multilabelMarginsOfManyClasses(_ classes: Int) {
        var random = TestRandom("multilabel \(classes)")
        let x = Tensor(random.values(2 * classes, in: -2...2), shape: [2, classes], dtype: .float64)
        var labels = [[Int]](repeating: Array(repeating: -1, count: classes), count: 2)
        labels[0][0...1] = [2, 0]
        labels[1] = Array(0..<classes)
        let target = Tensor(labels.flatMap { $0 }, shape: [2, classes])
        let rows = x.toArray(Double.self)
        let own = [0, 2]
        var expected = 0.0
        for y in own {
            for i in 0..<classes where !own.contains(i) { expected += max(0, 1 - (rows[y] - rows[i])) }
        }
        let losses = multilabelMarginLoss(x, target, reduction: .none)
        expectClose(losses, [expected / Double(classes), 0], .sums, "seed: \(TestRandom.seed)")
        if classes < 30 {
            expectGradients(order: 1, at: [x], label: "\(classes) classes") {
                [multilabelMarginLoss($0[0], target, reduction: .none)]
            }
        }
    }

    @Test func cosinesOfLargeAndSmallVectors() {
        let a = Tensor([[3.0, 4]], dtype: .float32), b = Tensor([[4.0, 3]], dtype: .float32)
        for scale in [1.0, 1e20] {
            let loss = cosineEmbeddingLoss(a * scale, b * scale, Tensor([1]))
            expectClose(loss, [1 - 0.96], .sums, "scale: \(scale)")
        }
    }

    /// The square near zero is no part of the gradient of what is far off.
    @Test func infiniteErrorsHaveTheSlopeOfTheLine() {
        let zero = Tensor.zeros([3], dtype: .float64)
        func slopes(_ loss: (Tensor) -> Tensor) -> [Double] {
            let x = Tensor([Double.infinity, -.infinity, 1e300], dtype: .float64, requiresGrad: true)
            loss(x).backward()
            return x.grad!.toArray(Double.self)
        }
        #expect(slopes { smoothL1Loss($0, zero, reduction: .sum) } == [1, -1, 1])
        #expect(slopes { huberLoss($0, zero, reduction: .sum, delta: 2) } == [2, -2, 2])
    }
}
