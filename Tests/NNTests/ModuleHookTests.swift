import Foundation
import TestSupport
import Testing
import Torchlight

@Suite struct ModuleHookTests {
    /// The classes of the library whose superclasses lead to `Module`.
    private static func moduleClasses() throws -> Set<String> {
        let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../Sources/TorchlightNN")
            .standardizedFileURL
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        let declaration = /(?m)^(?:public |open |package )?(?:final )?class (?<name>\w+)(?:<.*?>)?\s*:\s*(?<base>\w+)/
        var bases: [String: String] = [:]
        for case let file as URL in files where file.pathExtension == "swift" {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: declaration) {
                bases[String(match.output.name)] = String(match.output.base)
            }
        }
        func isModule(_ name: String) -> Bool { name == "Module" || bases[name].map(isModule) ?? false }
        return Set(bases.keys.filter(isModule))
    }

    @Test func everyModuleIsListed() throws {
        let declared = try Self.moduleClasses()
        let listed = Set(EveryModule.calls().map(\.name)).union(EveryModule.bases)
        #expect(declared.count > 150)
        #expect(declared.subtracting(listed).sorted() == [], "add a call to Tests/NNTests/EveryModule.swift")
        #expect(
            listed.subtracting(declared).sorted() == [], "listed in EveryModule.swift, but no class of TorchlightNN")
    }

    @Test func forwardHooksRunOnceOnEveryModule() {
        for entry in EveryModule.calls() {
            var (before, after) = (0, 0)
            entry.module.registerForwardPreHook { module, _ in
                #expect(module === entry.module)
                before += 1
                return nil
            }
            entry.module.registerForwardHook { _, _, _ in
                after += 1
                return nil
            }
            for call in 1...2 {
                _ = entry.call()
                #expect(before == call && after == call, "\(entry.name): \(before) and \(after) calls of hooks")
            }
        }
    }

    @Test func hooksReplaceArgumentsAndResultsOfEveryModule() {
        for entry in EveryModule.calls() {
            var (given, results): ([Tensor?], [Tensor?]) = ([], [])
            let before = entry.module.registerForwardPreHook(.all) { _, inputs in
                given = inputs.map { $0?.clone() }
                return given
            }
            let after = entry.module.registerForwardHook(.all) { _, inputs, outputs in
                let same = inputs.count == given.count && zip(inputs, given).allSatisfy { $0 === $1 }
                #expect(same, "\(entry.name): the module was called with other arguments than the hook's")
                results = outputs.map { $0.map { Tensor.zeros($0.shape, dtype: $0.dtype) } }
                return results
            }
            let got = entry.call()
            let same = got.count == results.count && zip(got, results).allSatisfy { $0 === $1 }
            #expect(same, "\(entry.name): the results are not those of the hook")
            before.remove()
            after.remove()
            let plain = entry.call()
            #expect(!zip(plain, results).contains { $0 != nil && $0 === $1 }, "\(entry.name): a removed hook ran")
        }
    }

    @Test func backwardHooksRunOnceOnEveryModule() {
        for entry in EveryModule.calls() {
            var calls: [(inputs: [Tensor?], outputs: [Tensor?])] = []
            var early = 0
            entry.module.registerFullBackwardPreHook { _, _ in
                early += 1
                return nil
            }
            entry.module.registerFullBackwardHook(.all) { _, inputs, outputs in
                calls.append((inputs, outputs))
                return nil
            }
            let outputs = entry.call()
            let sums = outputs.compactMap { $0 }.filter(\.requiresGrad).map { $0.sum() }
            guard let first = sums.first else {
                Issue.record("\(entry.name): nothing to differentiate")
                continue
            }
            sums.dropFirst().reduce(first, +).backward()
            #expect(calls.count == 1 && early == 1, "\(entry.name): \(calls.count) and \(early) calls of hooks")
            guard let call = calls.first else { continue }
            #expect(
                call.outputs.map { $0?.shape } == outputs.map { $0?.requiresGrad == true ? $0?.shape : nil },
                "\(entry.name)")
        }
    }

    @Test func gradientsAreThoseWithoutHooks() {
        let lstm = LSTM(3, 4, generator: Generator(seed: 1))
        let x = ModuleCall.input([5, 2, 3])
        func gradients() -> [Tensor] {
            for tensor in lstm.parameters() + [x] { tensor.grad = nil }
            let (output, state) = lstm(x)
            (output.sum() + (state.c * state.c).sum()).backward()
            return (lstm.parameters() + [x]).map { $0.grad!.clone() }
        }
        let plain = gradients()
        lstm.registerFullBackwardHook { _, _, _ in nil }
        for (a, b) in zip(plain, gradients()) { #expect(a.equal(b)) }
    }

    @Test func backwardHooksReplaceGradientsOfEveryArgument() {
        let layer = Bilinear(2, 2, 1)
        let (a, b) = (ModuleCall.input([3, 2]), ModuleCall.input([3, 2]))
        layer.registerFullBackwardPreHook { _, gradient in gradient * 2 }
        layer.registerFullBackwardHook(.all) { _, inputs, outputs in
            #expect(inputs.count == 2 && outputs.count == 1)
            #expect(outputs[0]?.toArray(Double.self) == [2, 2, 2])
            return [Tensor.full([3, 2], 5), nil]
        }
        layer(a, b).sum().backward()
        #expect(a.grad?.toArray(Double.self) == [5, 5, 5, 5, 5, 5])
        #expect(b.grad!.allclose(2 * a.detach().matmul(layer.weight[0].detach())))
        #expect(layer.bias!.grad!.item() == 6)
    }

    @Test func modulesInsideOthersRunTheirHooks() {
        let encoder = TransformerEncoder(TransformerEncoderLayer(4, 2, dimFeedforward: 5), numLayers: 2)
        var names: [String] = []
        for (name, module) in encoder.namedModules() where !(module is Dropout) {
            module.registerForwardHook { _, _, _ in
                names.append(name)
                return nil
            }
        }
        _ = encoder(ModuleCall.input([3, 2, 4]), mask: Transformer.generateSquareSubsequentMask(3))
        let layer = ["self_attn", "norm1", "linear1", "linear2", "norm2"]
        #expect(names == (0...1).flatMap { i in (layer.map { "layers.\(i).\($0)" } + ["layers.\(i)"]) } + [""])
    }

    @Test func hooksOfTheWrongLengthAreRefused() {
        let layer = Linear(2, 2)
        let hook = layer.registerForwardPreHook(.all) { _, inputs in inputs + [nil] }
        expectRefusal(by: "registerForwardPreHook") { layer(Tensor.ones(1, 2)) }
        hook.remove()
        layer.registerForwardHook(.all) { _, _, _ in [] }
        expectRefusal(by: "registerForwardHook") { layer(Tensor.ones(1, 2)) }
    }

    /// A user's module that names its tensors to `scope`, and one that does not.
    @Test func modulesOfUsersRunHooksOrRefuseThem() throws {
        final class Gate: Module {
            let linear = Linear(3, 3)
            func callAsFunction(_ x: Tensor, _ y: Tensor) -> (open: Tensor, closed: Tensor) {
                scope(x, y) { x, y in (linear(x) * y, linear(x) * (1 - y)) }
            }
        }
        final class Hidden: Module {
            func callAsFunction(_ x: Tensor) -> Tensor { scope { x * 2 } }
        }
        final class Text: Module {
            func callAsFunction(_ x: Tensor) -> String { scope { "\(x.shape)" } }
        }
        let x = ModuleCall.input([2, 3])
        let gate = Gate()
        gate.registerForwardHook { _, _, output in output * 0 }
        #expect(gate(x, x).open.abs().sum().item() == 0)
        #expect(gate(x, x).closed.abs().sum().item() > 0)
        let hidden = Hidden()
        #expect(hidden(x).equal(x * 2))
        hidden.registerForwardPreHook { _, _ in nil }
        #expect(throws: TensorError.self) { try checked { _ = hidden(x) } }
        let text = Text()
        #expect(text(x) == "[2, 3]")
        let hook = text.registerForwardHook { _, _, _ in nil }
        #expect(throws: TensorError.self) { try checked { _ = text(x) } }
        hook.remove()
        #expect(text(x) == "[2, 3]")
    }

    @Test func summariesKnowTheShapesOfEveryModule() {
        final class Opaque: Module {
            func callAsFunction(_ x: Tensor) -> String { scope { "\(x.shape)" } }
        }
        final class Model: Module, Layer {
            let lstm = LSTM(3, 4)
            let attention = MultiheadAttention(4, 2)
            let opaque = Opaque()
            func forward(_ x: Tensor) -> Tensor {
                let y = lstm(x).output
                #expect(opaque(y) == "[5, 2, 4]")
                return attention(y, y, y).output
            }
        }
        let rows = Model().summary(input: [5, 2, 3]).rows
        #expect(rows.first { $0.name == "lstm" }?.outputShape == [5, 2, 4])
        #expect(rows.first { $0.name == "attention" }?.outputShape == [5, 2, 4])
    }
}
