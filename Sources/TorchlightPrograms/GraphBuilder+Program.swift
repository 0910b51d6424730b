import TorchlightCore
import TorchlightFiles

extension GraphBuilder {
    /// Returns a program that computes tensors of the graph. Its inputs are the placeholders on which these depend.
    ///
    ///     try graph.program(["y": y]).save("model.tlp")
    ///
    /// - Parameter outputs: the tensors by the names of the outputs.
    /// - Throws: `TensorError` if a tensor does not belong to this graph.
    public func program(_ outputs: KeyValuePairs<String, Tensor>) throws -> Program {
        let (recording, inputs) = try part(computing: outputs.map(\.value))
        let specs = recording.graph.arguments.map { recording.graph.values[$0].spec }
        let device = specs.first?.device ?? .current
        var table = ProgramTensors(names: [], defaultGenerator: recording.defaultGenerator)
        do throws(ProgramProblem) {
            let (body, _) = try ProgramWriter.encode(recording, into: &table, on: device)
            let (state, entries) = ProgramWriter.state(
                tensors: table.entries, generators: table.generators, optimizers: [], schedulers: [], gradients: [])
            let json = JSON.object(
                [
                    ("format", .string(ProgramWriter.format)), ("version", .int(ProgramWriter.version)), ("sizes", []),
                    (
                        "inputs",
                        .array(
                            zip(inputs, specs).map { name, spec in
                                [
                                    "name": .string(name), "dtype": .string("\(spec.dtype)"),
                                    "shape": .array(spec.sizes.map(JSON.int)),
                                ]
                            })
                    ), ("outputs", .array(outputs.map { .string($0.key) })),
                ] + state + [("graph", body)])
            return try Program(
                try ProgramForm(json), entries.map { entry in noGrad { entry.tensor.detach().clone().contiguous() } },
                on: device)
        } catch { throw error.error(in: "GraphBuilder.program") }
    }
}
