import TestSupport
import Testing
import Torchlight

/// A training step: a model, and what a step computes from the number of the step.
struct TrainingProgram {
    let model: Module
    /// Inputs of each step; they are used in turn.
    let inputs: [[Tensor]]
    let step: ([Tensor]) -> [Tensor]
    /// What changes between steps, such as the learning rate.
    var before: (Int) -> Void = { _ in }
}

/// Trains the same program eagerly and compiled, from the same seed, and compares everything bit for bit.
func expectCompiledEqualsEager(
    _ label: String, steps: Int = 5, graphs: Int? = nil, seed: UInt64 = 7, _ make: () -> TrainingProgram
) {
    func run(isCompiled: Bool) -> (results: [[Tensor]], state: [Tensor], report: CompileReport) {
        let generator = Generator(seed: seed)
        return generator.asDefault {
            let program = make()
            let step = compile { (inputs: [Tensor]) in program.step(inputs) }
            var results: [[Tensor]] = []
            for i in 0..<steps {
                program.before(i)
                let inputs = program.inputs[i % program.inputs.count]
                let result = isCompiled ? step(inputs) : program.step(inputs)
                results.append(result.map { $0.detach().clone() })
            }
            let parameters = program.model.parameters()
            let state = parameters + program.model.buffers() + parameters.compactMap(\.grad) + [Tensor.rand([3])]
            return (results, state.map { $0.detach().clone() }, step.report)
        }
    }
    let (eager, compiled) = (run(isCompiled: false), run(isCompiled: true))
    for (i, (a, b)) in zip(eager.results, compiled.results).enumerated() {
        #expect(a.count == b.count, "\(label), step \(i)")
        for (x, y) in zip(a, b) { #expect(hasSameBits(x, y), "\(label), result of step \(i), seed \(seed)") }
    }
    #expect(eager.state.count == compiled.state.count, "\(label)")
    for (i, (x, y)) in zip(eager.state, compiled.state).enumerated() {
        #expect(hasSameBits(x, y), "\(label), tensor \(i) of the state, \(x.shape), seed \(seed)")
    }
    #expect(compiled.report.replays > 0, "\(label): \(compiled.report)")
    if let graphs { #expect(compiled.report.graphs == graphs, "\(label): \(compiled.report)") }
}
