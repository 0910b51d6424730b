extension Primitive {
    /// A primitive recorded on tensors without elements, with the device that they represent.
    var onRepresentedDevice: any Primitive {
        guard let device = resultDevice, let represented = device.represented else { return self }
        if var creation = self as? any CreationPrimitive {
            creation.device = represented
            return creation
        }
        if var copy = self as? ToDevice {
            copy.device = represented
            copy.source = copy.source.represented ?? copy.source
            return copy
        }
        return self
    }
}

extension Graph {
    /// A graph recorded on tensors without elements, for the devices that they represent.
    func onRepresentedDevice() -> Graph {
        var graph = self
        for i in values.indices {
            graph.values[i].spec.device = values[i].spec.device.represented ?? values[i].spec.device
        }
        for i in instructions.indices {
            graph.instructions[i].primitive = instructions[i].primitive.onRepresentedDevice
        }
        return graph
    }

    /// The subgraph that computes some values, and the indices of the arguments that it uses.
    func part(computing results: [ValueID]) -> (graph: Graph, arguments: [Int]) {
        var graph = self
        graph.results = results.map { Operand(value: $0, isDetached: true) }
        let used = graph.used
        graph.setInstructions(instructions.indices.filter { used[$0] }.map { instructions[$0] })
        let isRead = graph.readValues
        graph.draws = draws.filter { isRead[$0] }
        let needed = arguments.indices.filter { isRead[arguments[$0]] }
        graph.arguments = needed.map { arguments[$0] }
        for (index, value) in graph.arguments.enumerated() { graph.values[value].origin = .argument(index) }
        return (graph.withoutUnusedValues(), needed)
    }

    /// The graph without unused instructions, with renumbered values. Arguments and draws are kept.
    package func withoutUnusedValues() -> Graph {
        var graph = self
        let used = graph.used
        graph.setInstructions(instructions.indices.filter { used[$0] }.map { instructions[$0] })
        var isUsed = graph.readValues
        for id in arguments + draws + graph.instructions.flatMap(\.results) + states.map(\.final) { isUsed[id] = true }
        var numbers = [ValueID](repeating: -1, count: values.count)
        var kept: [Value] = []
        for (id, value) in graph.values.enumerated() where isUsed[id] {
            numbers[id] = kept.count
            kept.append(value)
        }
        graph.values = kept
        for i in graph.instructions.indices {
            for k in graph.instructions[i].operands.indices {
                graph.instructions[i].operands[k].value = numbers[graph.instructions[i].operands[k].value]
            }
            graph.instructions[i].results = graph.instructions[i].results.map { numbers[$0] }
            graph.instructions[i].destinations = graph.instructions[i].destinations.map { $0.map { numbers[$0] } }
        }
        graph.arguments = arguments.map { numbers[$0] }
        graph.draws = graph.draws.map { numbers[$0] }
        for i in graph.results.indices { graph.results[i].value = numbers[graph.results[i].value] }
        graph.states = states.map { State(initial: numbers[$0.initial], final: numbers[$0.final]) }
        return graph
    }
}
