import TestSupport
import Testing
import Torchlight

@testable import TorchlightNN

/// Every module gives the same compiled, bit for bit: results, gradients of parameters and buffers.
@Suite struct CompiledModuleTests {
    @Test(arguments: [true, false]) func everyModuleEqualsEager(isTraining: Bool) {
        var failures: [String] = []
        // The same parameters, also of layers that make theirs in the first call.
        func calls() -> [ModuleCall] { Generator(seed: 3).asDefault { EveryModule.calls() } }
        for (eager, compiled) in zip(calls(), calls()) {
            [eager, compiled].forEach { $0.module.train(isTraining) }
            let step = compile { () throws in Self.step(compiled) }
            do {
                for i in 0..<5 {
                    let seed = UInt64(i)
                    let expected = Generator(seed: seed).asDefault { Self.step(eager) }
                    let got = try Generator(seed: seed).asDefault { try checked { try step() } }
                    if expected.count != got.count || !zip(expected, got).allSatisfy({ hasSameBits($0, $1) }) {
                        failures.append("\(eager.name), call \(i)")
                    }
                }
                if step.report.replays == 0 { failures.append("\(eager.name): \(step.report)") }
            } catch { failures.append("\(eager.name): \(error)") }
        }
        #expect(failures == [])
    }

    /// Calls the module and its gradient; everything that they give.
    private static func step(_ entry: ModuleCall) -> [Tensor] {
        let parameters = entry.module.parameters()
        for parameter in parameters { parameter.grad = nil }
        let results = entry.call().compactMap { $0 }
        let sums = results.filter { $0.requiresGrad && !$0.dtype.isComplex }.map { ($0 * 1.5).sum().to(.float32) }
        if !sums.isEmpty { stack(sums).sum().backward() }
        let gradients = parameters.compactMap(\.grad)
        return (results + gradients + entry.module.buffers()).map { $0.detach().clone() }
    }
}
