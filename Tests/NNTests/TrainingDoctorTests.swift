import TestSupport
import Testing
import Torchlight

/// One after the other: what was reported is kept for the whole process.
@Suite(.serialized) struct TrainingDoctorTests {
    @Test func probabilitiesInPlaceOfLogitsAreNoticed() {
        TrainingDoctor.reset()
        let x = Tensor([[1.0, 2.0]], requiresGrad: true)
        _ = crossEntropy(x, Tensor([0]))
        _ = crossEntropy(logSoftmax(x, dim: 1), Tensor([0]))
        #expect(TrainingDoctor.hints[.activationBeforeLoss] == nil)
        _ = crossEntropy(softmax(x, dim: 1), Tensor([0]))
        #expect(TrainingDoctor.hints[.activationBeforeLoss]?.contains("softmax") == true)
        TrainingDoctor.reset()
        _ = binaryCrossEntropyWithLogits(sigmoid(x), Tensor([[0.0, 1.0]]))
        #expect(TrainingDoctor.hints[.activationBeforeLoss]?.contains("sigmoid") == true)
    }

    @Test func predictionsInTrainingModeAreNoticed() {
        TrainingDoctor.reset()
        let model = Sequential(Linear(2, 2), Dropout(0.5))
        noGrad { for _ in 0..<7 { _ = model(Tensor.ones(1, 2)) } }
        #expect(TrainingDoctor.hints[.forgottenEval] == nil)
        noGrad { _ = model(Tensor.ones(1, 2)) }
        #expect(TrainingDoctor.hints[.forgottenEval]?.contains("model.eval()") == true)
        TrainingDoctor.reset()
        model.eval()
        noGrad { for _ in 0..<20 { _ = model(Tensor.ones(1, 2)) } }
        #expect(TrainingDoctor.hints[.forgottenEval] == nil)
    }

    @Test func aForgottenZeroGradIsNoticed() {
        TrainingDoctor.reset()
        let model = Linear(2, 1)
        let optimizer = SGD(model.parameters(), lr: 1e-6)
        var findings: [TrainingDoctor.Mistake] = []
        let doctor = TrainingDoctor(model) { findings.append($0.mistake) }
        for _ in 0..<12 {
            let loss = model(Tensor.ones(4, 2)).sum()
            loss.backward()
            doctor.observe(loss)
            optimizer.step()
        }
        #expect(findings == [.forgottenZeroGrad])
        #expect(TrainingDoctor.hints[.forgottenZeroGrad]?.contains("zeroGrad()") == true)
        TrainingDoctor.reset()
        for _ in 0..<30 {
            optimizer.zeroGrad()
            // Gradients that are gathered over several batches are no mistake.
            for _ in 0..<2 { model(Tensor.ones(4, 2)).sum().backward() }
            optimizer.step()
        }
        #expect(TrainingDoctor.hints[.forgottenZeroGrad] == nil)
    }

    @Test func brokenStepsAreNamed() {
        let model = Net()
        var findings: [TrainingDoctor.Finding] = []
        let doctor = TrainingDoctor(model) { findings.append($0) }
        let loss = model.fc1(Tensor.ones(1, 784)).sum() * Double.nan
        loss.backward()
        doctor.observe(loss)
        #expect(findings.map(\.mistake) == [.lossNotFinite, .parameterWithoutGradient])
        #expect(findings[0].description.contains("fc1.weight"))
        #expect(findings[1].description.contains("fc2.weight, fc2.bias"))
        let report = model.gradientReport()
        #expect(report.missing == ["fc2.weight", "fc2.bias"])
        #expect(report.notFinite == ["fc1.weight", "fc1.bias"])
        #expect(report.description.contains("no gradient"))
    }
}
