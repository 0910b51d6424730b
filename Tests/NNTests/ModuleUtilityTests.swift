import TestSupport
import Testing
import Torchlight

@Suite struct ModuleUtilityTests {
    @Test func parametersGoIntoAVectorAndBack() {
        let model = Sequential(Linear(3, 2, generator: Generator(seed: 1)), Linear(2, 1, generator: Generator(seed: 2)))
        let vector = parametersToVector(model.parameters())
        #expect(vector.shape == [11])
        vector.square().sum().backward()
        #expect(model.parameters().allSatisfy { $0.grad!.allclose($0.detach() * 2) })
        let parameters = model.parameters()
        vectorToParameters(vector.detach() * 3, parameters)
        #expect(parametersToVector(parameters).allclose(vector * 3))
        #expect(zip(parameters, model.parameters()).allSatisfy { $0 === $1 }, "the tensors stay the same")
        #expect(throws: TensorError.self) { try checked { vectorToParameters(Tensor.zeros(10), parameters) } }
    }

    private static func trained(_ norm: BatchNorm) -> BatchNorm {
        noGrad {
            let generator = Generator(seed: 3)
            norm.runningMean!.normal_(generator: generator)
            norm.runningVar!.uniform_(from: 0.5, to: 2, generator: generator)
            norm.weight!.normal_(generator: generator)
            norm.bias!.normal_(generator: generator)
        }
        norm.eval()
        return norm
    }

    @Test func fusedConvolutionsComputeTheSame() {
        let generator = Generator(seed: 4)
        let x = Tensor.randn([2, 4, 5, 5], dtype: .float64, generator: generator)
        for bias in [true, false] {
            for groups in [1, 2] {
                let conv = Conv2d(
                    4, 6, kernelSize: 3, groups: groups, bias: bias, dtype: .float64, generator: generator
                ).eval()
                let norm = Self.trained(BatchNorm2d(6, dtype: .float64))
                let fused = fuseConvBNEval(conv, norm)
                #expect(fused(x).allclose(norm(conv(x))), "bias: \(bias), groups: \(groups)")
                #expect(fused !== conv && fused.bias != nil)
                let transposed = ConvTranspose2d(
                    4, 6, kernelSize: 3, groups: groups, bias: bias, dtype: .float64, generator: generator
                ).eval()
                let fusedTransposed = fuseConvBNEval(transposed, norm)
                #expect(
                    fusedTransposed(x).allclose(norm(transposed(x))), "transposed, bias: \(bias), groups: \(groups)")
            }
            let linear = Linear(4, 6, bias: bias, dtype: .float64, generator: generator).eval()
            let norm = Self.trained(BatchNorm1d(6, dtype: .float64))
            let y = Tensor.randn([3, 4], dtype: .float64, generator: generator)
            #expect(fuseLinearBNEval(linear, norm)(y).allclose(norm(linear(y))), "bias: \(bias)")
        }
        #expect(throws: TensorError.self) {
            try checked { fuseConvBNEval(Conv1d(2, 3, kernelSize: 2), BatchNorm1d(3)) }
        }
    }

    private final class Net: Module, Layer {
        let first = Linear(3, 3, generator: Generator(seed: 1))
        let norm = BatchNorm1d(3)
        var weights = [Parameter(Tensor.ones(3)), Parameter(Tensor.full([3], 2.0))]
        var named = ["scale": Parameter(Tensor.ones(3))]
        func forward(_ x: Tensor) -> Tensor { norm(first(x)) * weights[0] * weights[1] * named["scale"]! }
    }

    @Test func aFunctionalCallReplacesEveryTensor() throws {
        let (model, other) = (Net(), Net())
        let generator = Generator(seed: 5)
        noGrad { for parameter in other.parameters() { parameter.normal_(generator: generator) } }
        let x = Tensor.randn([4, 3], generator: generator)
        model.eval()
        other.eval()
        let before = model(x)
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in other.namedBuffers() { tensors[name] = tensor.clone() }
        for (name, tensor) in other.namedParameters() { tensors[name] = tensor.detach().clone().requiresGrad_() }
        let result = functionalCall(model, tensors, x, strict: true)
        #expect(result.allclose(other(x)))
        result.sum().backward()
        for name in ["first.weight", "norm.bias", "weights.1", "named.scale"] {
            #expect(tensors[name]?.grad != nil, "\(name)")
        }
        #expect(model.parameters().allSatisfy { $0.grad == nil })
        #expect(model(x).allclose(before), "the module has its own tensors again")
        let wide = functionalCall(model, ["weights.0": Tensor.zeros(3)]) { $0(x) }
        #expect(wide.abs().max().item() == 0)
    }

    @Test func aFunctionalCallReachesParametrisedAndPrunedParameters() {
        let x = Tensor.randn([2, 3], generator: Generator(seed: 6))
        let normed = Linear(3, 3, generator: Generator(seed: 1)).weightNorm()
        let zero = Tensor.zeros(3, 1)
        let result = functionalCall(normed, ["parametrizations.weight.original0": zero, "bias": Tensor.ones(3)], x)
        #expect(result.allclose(Tensor.ones(2, 3)))
        let pruned = Prune.l1Unstructured(Linear(3, 3, generator: Generator(seed: 1)), amount: 2)
        let masked = functionalCall(pruned, ["weight_mask": Tensor.zeros(3, 3), "bias": Tensor.ones(3)], x)
        #expect(masked.allclose(Tensor.ones(2, 3)))
    }

    private final class Tied: Module, Layer {
        var a: Tensor
        var b: Tensor
        override init() {
            a = Parameter(Tensor(2.0))
            b = a
            super.init()
        }
        func forward(_ x: Tensor) -> Tensor { x * a + b }
    }

    @Test func tiedTensorsAreReplacedTogether() {
        let x = Tensor(3.0)
        #expect(functionalCall(Tied(), ["a": Tensor(5.0)], x).item() == 20)
        #expect(functionalCall(Tied(), ["a": Tensor(5.0)], x, tieWeights: false).item() == 17)
        #expect(functionalCall(Tied(), ["a": Tensor(5.0), "b": Tensor(1.0)], x).item() == 16)
        #expect(throws: TensorError.self) { try checked { functionalCall(Tied(), ["c": x], x) } }
        #expect(throws: TensorError.self) { try checked { functionalCall(Net(), [:], x, strict: true) } }
    }

    @Test func skippedInitialisationGivesMemory() {
        let layer = skipInit { Linear(3, 2, generator: Generator(seed: 7)) }
        #expect(layer.weight.device == .cpu && layer.weight.shape == [2, 3] && layer.weight.requiresGrad)
    }

    @Test func sequencesArePaddedOnEitherSideAndUnpadded() {
        let sequences = [Tensor([1.0, 2, 3]), Tensor([4.0])]
        #expect(padSequence(sequences, batchFirst: true).equal(Tensor([[1.0, 2, 3], [4, 0, 0]])))
        #expect(
            padSequence(sequences, batchFirst: true, paddingValue: -1, paddingSide: .left)
                .equal(Tensor([[1.0, 2, 3], [-1, -1, 4]])))
        for batchFirst in [false, true] {
            let padded = padSequence(sequences, batchFirst: batchFirst)
            let back = unpadSequence(padded, lengths: [3, 1], batchFirst: batchFirst)
            #expect(zip(back, sequences).allSatisfy { $0.equal($1) }, "batchFirst: \(batchFirst)")
        }
        #expect(throws: TensorError.self) { try checked { unpadSequence(Tensor.zeros(3, 2), lengths: [4, 1]) } }
    }
}
