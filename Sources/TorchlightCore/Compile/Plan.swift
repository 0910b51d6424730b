import CKernels

/// A graph with memory assigned to its values, ready to run.
///
/// A graph has one name for each value, and an in-place operation returns a new value. The plan assigns memory: views
/// and results of in-place operations use the memory of their operand, other results get new memory. An unchanged
/// recording thus runs the same kernels on the same memory as the function, without copies. If a transformation of the
/// graph moved a reader of the old value behind an in-place operation, that operation gets new memory, and the tensor
/// that it changes is updated by a copy at the end.
package final class Plan: @unchecked Sendable {
    enum Action {
        /// The result is a view of the first operand.
        case view
        /// Runs the primitive; results without an assigned value get new memory.
        case run
        /// Runs `preparedCall` on the CPU.
        case prepared
        /// Runs a binary primitive on contiguous operands of one shape and dtype on the CPU, without the general
        /// dispatch.
        case binary(tl_binary_op)
        /// Runs an in-place operation on the memory of its target.
        case overwrite(ResultSpec)
        case effect(GraphEffect)
    }

    /// An instruction with the memory of its results. A class, so that a run does not copy it.
    final class Step {
        let instruction: Int
        let action: Action
        let preparedCall: PreparedCall?
        let primitive: any Primitive
        let operands: [Graph.ValueID]
        let results: [Graph.ValueID]
        /// The descriptions of the results.
        let specs: [TensorSpec]
        /// For each result: the value whose memory it uses; nil for new memory. Empty if all results get new memory.
        let destinations: [Graph.ValueID?]
        /// The names of the operations that write results to the memory of other values, for errors.
        let writers: [String]
        /// The values that no later step reads.
        fileprivate(set) var dead: [Graph.ValueID] = []

        init(
            _ index: Int, _ instruction: Graph.Instruction, _ action: Action, _ preparedCall: PreparedCall?,
            isPlaced: Bool, _ graph: Graph
        ) {
            self.instruction = index
            self.action = action
            self.preparedCall = preparedCall
            primitive = instruction.primitive
            operands = instruction.operands.map(\.value)
            results = instruction.results
            specs = Self.specs(instruction, graph, isPlaced: isPlaced)
            destinations = isPlaced && instruction.effect == nil ? instruction.destinations : []
            writers = destinations.isEmpty ? [] : results.indices.map { Self.writer(of: $0, instruction) }
        }

        static func specs(_ instruction: Graph.Instruction, _ graph: Graph, isPlaced: Bool) -> [TensorSpec] {
            instruction.results.map { result in
                var spec = graph.values[result].spec
                // A result whose assigned memory cannot be used is contiguous in new memory.
                if !instruction.destinations.isEmpty && !isPlaced { spec.layout = Layout(shape: spec.layout.shape) }
                return spec
            }
        }

        private static func writer(of result: Int, _ instruction: Graph.Instruction) -> String {
            let group = instruction.primitive as? FusedGroup
            let primitive = group?.primitive(ofResult: result) ?? instruction.primitive
            if !instruction.isInPlace && group == nil { return primitive.publicName }
            return primitive is Cast ? "copy_" : primitive.publicName + "_"
        }
    }

    package let graph: Graph
    private(set) var steps: [Step] = []
    /// The states whose final value must be copied to the memory of the tensor.
    private(set) var copies: [Graph.State] = []
    /// For each value in the memory of an argument: the index of the argument.
    private(set) var argument: [Int?] = []
    /// For each result, whether its memory must not be changed by the caller, who gets a copy.
    private(set) var isConstant: [Bool] = []
    /// The initial values of each run: tensors from outside and constants.
    private(set) var initial: [Tensor?] = []
    /// The values that exist before the first step and differ in each run: gradients and uninitialised memory.
    private(set) var given: [Graph.ValueID] = []

    /// The number of steps, and of results, of the function without its gradients. Later steps compute the gradients of
    /// its results.
    private(set) var forwardSteps = 0
    let forwardResults: Int
    private let seedCount: Int
    /// The values that the gradient steps read and that the program can change before they run.
    private(set) var exposed: [Graph.ValueID] = []

    /// Creates a plan of a function whose results need no gradients.
    package convenience init(_ graph: Graph) throws(TensorError) { try self.init(graph, nil) }

    /// - Parameter backward: the gradients of the results; nil if none need gradients.
    init(_ graph: Graph, _ backward: CompiledBackward?) throws(TensorError) {
        self.graph = graph
        forwardResults = backward?.firstGradient ?? graph.results.count
        seedCount = backward?.outputs.count ?? 0
        let used = graph.used
        var root = Array(graph.values.indices)
        let lastUse = Plan.lastUses(of: graph, used)
        var lastUseOfRoot = lastUse
        for (i, instruction) in graph.instructions.enumerated() where used[i] {
            var isPlaced = false
            var action = Action.run
            if let effect = instruction.effect {
                action = .effect(effect)
                for (k, result) in instruction.results.enumerated() {
                    root[result] = root[instruction.operands[k].value]
                }
                isPlaced = true
            } else if instruction.primitive is any ViewPrimitive {
                action = .view
                root[instruction.results[0]] = root[instruction.operands[0].value]
            } else if instruction.primitive is ScatterView,
                root[instruction.operands[0].value] == root[instruction.operands[1].value],
                Plan.isInPlace(instruction, graph)
            {
                action = .view
                root[instruction.results[0]] = root[instruction.operands[0].value]
            } else if !instruction.destinations.isEmpty {
                isPlaced = zip(instruction.results, instruction.destinations).allSatisfy { result, destination in
                    guard let destination else { return true }
                    if case .constant = graph.values[root[destination]].origin { return false }
                    return lastUseOfRoot[root[destination]] <= i
                }
                if isPlaced {
                    for (result, destination) in zip(instruction.results, instruction.destinations) {
                        guard let destination else { continue }
                        root[result] = root[destination]
                        lastUseOfRoot[root[destination]] = -1
                    }
                }
                if instruction.isInPlace {
                    action = .overwrite(
                        try instruction.primitive.infer(
                            Specs(instruction.operands.map { graph.values[$0.value].spec }))[0])
                }
            } else if let binary = Plan.binary(instruction, graph) {
                action = .binary(binary)
            }
            for result in instruction.results {
                lastUseOfRoot[root[result]] = max(lastUseOfRoot[root[result]], lastUse[result])
            }
            var call: PreparedCall?
            if case .run = action { call = Plan.preparedCall(instruction, graph, isPlaced: isPlaced) }
            if call != nil { action = .prepared }
            steps.append(Step(i, instruction, action, call, isPlaced: isPlaced, graph))
        }
        argument = Array(repeating: nil, count: graph.values.count)
        isConstant = Array(repeating: false, count: graph.values.count)
        for (id, owner) in root.enumerated() {
            switch graph.values[owner].origin {
            case .argument(let index): argument[id] = index
            case .constant: isConstant[id] = true
            default: break
            }
        }
        copies = graph.states.filter { root[$0.final] != $0.initial }
        let isRead = graph.readValues
        initial = Array(repeating: nil, count: graph.values.count)
        for (id, value) in graph.values.enumerated() {
            switch value.origin {
            case .constant(let tensor): initial[id] = tensor
            case .outside(let tensor) where isRead[id]: initial[id] = tensor
            case .gradient where isRead[id], .empty where isRead[id]: given.append(id)
            default: break
            }
        }
        placeDeaths(used)
        forwardSteps = steps.count { !graph.instructions[$0.instruction].isGradient }
        findExposed(root)
    }

    /// The index of the first argument that is a gradient of a result.
    private var seedStart: Int { graph.arguments.count - seedCount }

    private func findExposed(_ root: [Graph.ValueID]) {
        if forwardSteps == steps.count { return }
        let results = Set(graph.results[..<forwardResults].map { root[$0.value] })
        var read = Set<Graph.ValueID>()
        for step in steps[forwardSteps...] {
            for operand in graph.instructions[step.instruction].operands {
                switch graph.values[root[operand.value]].origin {
                case .outside, .argument, .gradient: read.insert(root[operand.value])
                default: if results.contains(root[operand.value]) { read.insert(root[operand.value]) }
                }
            }
        }
        // The gradients of the results are only available in the backward pass.
        exposed = read.subtracting(graph.arguments.suffix(from: min(graph.arguments.count, seedStart))).sorted()
    }

    /// Whether a `ScatterView` writes a value to memory that contains it already.
    private static func isInPlace(_ instruction: Graph.Instruction, _ graph: Graph) -> Bool {
        guard let scatter = instruction.primitive as? ScatterView else { return false }
        return graph.values[instruction.operands[1].value].spec.layout == scatter.view
            && graph.values[instruction.operands[0].value].spec.layout == scatter.base
    }

    /// The last instruction that reads each value; `.max` for results. A `ScatterView` directly after an in-place
    /// operation does not count: in place it does not read the old base.
    private static func lastUses(of graph: Graph, _ used: [Bool]) -> [Int] {
        var last = Array(repeating: -1, count: graph.values.count)
        for (i, instruction) in graph.instructions.enumerated() where used[i] {
            for (k, operand) in instruction.operands.enumerated() {
                if k == 0 && i > 0 && instruction.primitive is ScatterView && isInPlace(instruction, graph)
                    && !graph.instructions[i - 1].destinations.isEmpty
                    && graph.instructions[i - 1].results.contains(instruction.operands[1].value)
                {
                    continue
                }
                last[operand.value] = i
            }
        }
        for result in graph.results { last[result.value] = .max }
        for state in graph.states { last[state.final] = .max }
        return last
    }

    /// The kernel of an instruction that `runContiguousBinary` computes.
    private static func binary(_ instruction: Graph.Instruction, _ graph: Graph) -> tl_binary_op? {
        guard let primitive = instruction.primitive as? any BinaryPrimitive, instruction.operands.count == 2 else {
            return nil
        }
        let (a, b) = (
            graph.values[instruction.operands[0].value].spec, graph.values[instruction.operands[1].value].spec
        )
        guard a.dtype == b.dtype, a.layout.isContiguous, b.layout.isContiguous, a.layout.shape == b.layout.shape,
            !a.isWrappedScalar, !b.isWrappedScalar, a.device.kind == .cpu, b.device.kind == .cpu,
            a.dtype.isComputedDirectly
        else { return nil }
        switch primitive.rule.domain {
        case .any, .number, .predicate: return primitive.rule.kernel
        case .floatingPoint where a.dtype.isFloatingPoint: return primitive.rule.kernel
        default: return nil
        }
    }

    /// The prepared call of an instruction; nil if its primitive has none, or if operands must be copied first.
    private static func preparedCall(
        _ instruction: Graph.Instruction, _ graph: Graph, isPlaced: Bool
    ) -> PreparedCall? {
        guard let primitive = instruction.primitive as? any PreparedPrimitive else { return nil }
        let inputs = instruction.operands.map { graph.values[$0.value].spec }
        let outputs = Step.specs(instruction, graph, isPlaced: isPlaced)
        guard (inputs + outputs).allSatisfy({ $0.device == .cpu }), outputs.contains(where: { $0.count != 0 }),
            inputs.indices.allSatisfy({
                inputs[$0].layout.isContiguous || primitive.accepts(inputs[$0].layout, ofOperand: $0)
            })
        else { return nil }
        func atOrigin(_ spec: TensorSpec) -> TensorSpec {
            var moved = spec
            moved.layout = spec.layout.moved(by: -spec.layout.offset)
            return moved
        }
        return primitive.prepared(Specs(inputs.map(atOrigin)), Specs(outputs.map(atOrigin)))
    }

    private func placeDeaths(_ used: [Bool]) {
        var seen = Array(repeating: false, count: graph.values.count)
        for result in graph.results { seen[result.value] = true }
        for state in copies {
            seen[state.initial] = true
            seen[state.final] = true
        }
        for k in steps.indices.reversed() {
            let instruction = graph.instructions[steps[k].instruction]
            let values =
                instruction.operands.map(\.value) + instruction.destinations.compactMap { $0 } + instruction.results
            for value in values where !seen[value] {
                seen[value] = true
                steps[k].dead.append(value)
            }
        }
    }
}
