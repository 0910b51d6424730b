import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightONNX

/// A model that is exported, with examples for two choices of its dynamic sizes.
struct ExportCase {
    let model: Module
    /// The names of the leading dimensions.
    let dynamic: DynamicDimensions
    let inputNames: [String]
    let opset: Int
    /// By how much results may differ; nil for the tolerance of the dtype.
    let tolerance: Double?
    let example: [Tensor]
    let larger: [Tensor]
    let run: ([Tensor]) throws -> [Tensor]

    /// - Parameters:
    ///   - sizes: the dynamic sizes of the example, and other ones.
    ///   - inputs: makes the inputs of the dynamic sizes.
    init(
        _ model: Module, dynamic: DynamicDimensions = ["batch"], opset: Int = 20, tolerance: Double? = nil,
        _ sizes: [Int] = [2],
        _ larger: [Int] = [5], inputs: ([Int]) -> [Tensor], run: @escaping ([Tensor]) throws -> [Tensor]
    ) {
        model.eval()
        self.model = model
        self.dynamic = dynamic
        self.opset = opset
        self.tolerance = tolerance
        example = inputs(sizes)
        self.larger = inputs(larger)
        inputNames = example.indices.map { "x\($0)" }
        self.run = run
    }

    func export(to path: String, verify: Bool = false) throws {
        try exportONNX(
            model, example, to: path, opset: opset, dynamic: dynamic, inputNames: inputNames, verify: verify
        ) { try run($0) }
    }

    func tolerance(_ dtype: DType) -> Double {
        tolerance ?? (dtype == .float16 ? 1e-2 : dtype == .bfloat16 ? 5e-2 : 1e-3)
    }

    /// The results of the model itself.
    func expected(_ inputs: [Tensor]) throws -> [Tensor] { try noGrad { try run(inputs) } }

    func named(_ inputs: [Tensor]) -> [String: Tensor] {
        Dictionary(uniqueKeysWithValues: zip(inputNames, inputs).map { ($0, $1) })
    }

    /// Numbers between 0.1 and 0.9, in the domain of every layer.
    static func numbers(_ shape: [Int]) -> Tensor {
        Tensor.empty(shape).uniform_(from: 0.1, to: 0.9, generator: Generator(seed: 5))
    }

    static func tokens(_ shape: [Int], below limit: Int) -> Tensor {
        Tensor.randint(1, limit, shape, generator: Generator(seed: 7))
    }
}

/// A case by name; the model is made when it is needed.
struct NamedCase: Sendable, CustomTestStringConvertible {
    let name: String
    let make: @Sendable () throws -> ExportCase
    var testDescription: String { name }

    init(_ name: String, _ make: @escaping @Sendable () throws -> ExportCase) {
        self.name = name
        self.make = make
    }

    /// A layer on inputs `[batch] + shape`.
    static func layer(
        _ name: String, _ shape: [Int], opset: Int = 20, _ make: @escaping @Sendable () -> any Layer
    ) -> NamedCase {
        NamedCase(name) {
            let layer = make()
            // A lazy layer gets its parameters from the first call.
            layer.eval()
            noGrad { _ = layer(ExportCase.numbers([2] + shape)) }
            return ExportCase(
                layer, opset: opset, inputs: { [ExportCase.numbers([$0[0]] + shape)] }, run: { [layer($0[0])] })
        }
    }

    static var all: [NamedCase] { ExportedLayers.all + ExportedFunctions.all + ExportedModels.all }
}
