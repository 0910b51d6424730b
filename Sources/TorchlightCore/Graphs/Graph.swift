/// A function of tensors as the primitives that it calls, recorded on tensors without elements.
///
/// Each value is written once: an in-place operation gives a new value, and a tensor that shares memory with what was
/// written is computed from it again. The operands come from arguments, from tensors outside of the function, from the keys
/// of random numbers, and from earlier instructions.
///
/// The graph of a transformation is a function without side effects. That of a compiled function also changes tensors: the
/// instruction of an in-place operation names the value whose memory it writes (`places`), `states` says which values the
/// tensors from outside have at the end, and instructions with an `effect` run code of the program.
package struct Graph {
    package typealias ValueID = Int

    package struct Value {
        package var spec: TensorSpec
        package var origin: Origin

        package init(spec: TensorSpec, origin: Origin) {
            self.spec = spec
            self.origin = origin
        }
    }

    package enum Origin {
        case argument(Int)
        /// A tensor whose elements never change: a number of the program, or a tensor from outside of a transformation.
        case constant(Tensor)
        /// A tensor from outside of a compiled function, whose elements are those that it has when the graph runs.
        case outside(Tensor)
        /// The gradient that a leaf has when the graph runs.
        case gradient(of: Leaf)
        /// The key of a random operation, drawn from this generator.
        case draw(Generator)
        /// Uninitialised memory, which counts as zeros.
        case empty
        case result(instruction: Int)
    }

    /// A leaf whose gradient a compiled function reads or sets.
    package enum Leaf {
        case outside(Tensor)
        case argument(Int)
    }

    /// A tensor from outside, or an argument, that the function changes: what it holds before and after.
    package struct State {
        package var initial: ValueID
        package var final: ValueID

        package init(initial: ValueID, final: ValueID) {
            self.initial = initial
            self.final = final
        }
    }

    /// The use of a value.
    package struct Operand {
        package var value: ValueID
        /// Whether no gradient flows back to the value from this use.
        package var isDetached: Bool

        package init(value: ValueID, isDetached: Bool) {
            self.value = value
            self.isDetached = isDetached
        }
    }

    package struct Instruction {
        package var primitive: any Primitive
        package var operands: [Operand]
        package var results: [ValueID]
        /// Whether autograd records the call, unless the operands need no gradient.
        package var recordsGradient: Bool
        /// The modules whose `forward` made the call.
        package var modulePath: String?
        /// For each result of an in-place operation, the value whose memory holds it, which is not read later. nil for a
        /// result in new memory. Empty for most instructions. The layout and dtype of such a result are those of that value, to
        /// which the result of the primitive is converted.
        package var places: [ValueID?] = []
        /// Whether it is an in-place operation, whose operands may share memory with the place.
        package var isInPlace = false
        /// The code that runs in place of the primitive, which is an `EffectCall`. Such an instruction is neither removed nor moved
        /// across another one with an effect.
        package var effect: GraphEffect?
        /// Whether it computes gradients of the results of a compiled function. Such instructions come last: they run when the program
        /// calls `backward()`.
        package var isGradient = false
        /// The recomputation of an activation checkpoint that made the call, counted from 1; 0 for other calls. The results of another
        /// recomputation, and of the first run, are not kept for it.
        package var recomputation = 0

        package init(
            primitive: any Primitive, operands: [Operand], results: [ValueID], recordsGradient: Bool,
            modulePath: String?, places: [ValueID?] = [], effect: GraphEffect? = nil
        ) {
            self.primitive = primitive
            self.operands = operands
            self.results = results
            self.recordsGradient = recordsGradient
            self.modulePath = modulePath
            self.places = places
            self.effect = effect
        }
    }

    package var values: [Value] = []
    package var instructions: [Instruction] = []
    package var arguments: [ValueID] = []
    package var results: [Operand] = []
    /// The random keys in the order in which they are drawn.
    package var draws: [ValueID] = []
    /// The tensors that a compiled function changes.
    package var states: [State] = []

    package init() {}

    package mutating func add(_ spec: TensorSpec, _ origin: Origin) -> ValueID {
        values.append(Value(spec: spec, origin: origin))
        return values.count - 1
    }

    /// For each value, whether an instruction, a result or a state uses it.
    package var readValues: [Bool] {
        var isRead = [Bool](repeating: false, count: values.count)
        for instruction in instructions {
            for operand in instruction.operands { isRead[operand.value] = true }
            for case .some(let place) in instruction.places { isRead[place] = true }
        }
        for result in results { isRead[result.value] = true }
        for state in states { isRead[state.initial] = true }
        return isRead
    }

    /// For each instruction, whether a result of the graph, the state that it leaves, or an effect depends on it. What is written to the
    /// memory of a gradient after that was set counts as state.
    package var used: [Bool] {
        let memory = GraphMemory(self)
        var gradients = Set<ValueID>()
        for instruction in instructions {
            guard case .setGradient? = instruction.effect?.kind else { continue }
            for operand in instruction.operands { gradients.insert(memory.root[operand.value]) }
        }
        var isUsed = [Bool](repeating: false, count: values.count)
        for result in results { isUsed[result.value] = true }
        for state in states { isUsed[state.final] = true }
        var used = [Bool](repeating: false, count: instructions.count)
        for i in instructions.indices.reversed()
        where instructions[i].effect != nil || instructions[i].results.contains(where: { isUsed[$0] })
            || instructions[i].places.contains(where: { $0.map { gradients.contains(memory.root[$0]) } == true })
        {
            used[i] = true
            for operand in instructions[i].operands { isUsed[operand.value] = true }
            for case .some(let place) in instructions[i].places { isUsed[place] = true }
        }
        return used
    }
}

extension Graph: CustomStringConvertible {
    /// One line for each instruction: results, primitive, operands, and the modules whose `forward` made the call.
    package var description: String {
        var lines = ["(" + arguments.map(text).joined(separator: ", ") + ")"] + instructions.map(line)
        for state in states { lines.append("\(name(state.initial)) <- \(name(state.final))") }
        lines.append("return " + results.map { name($0.value) }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    /// The line of the instruction that computes a value; nil for values that none computes.
    func line(for id: ValueID) -> String? {
        guard case .result(let instruction) = values[id].origin else { return nil }
        return line(instructions[instruction])
    }

    private func line(_ instruction: Instruction) -> String {
        let call =
            (instruction.effect?.name ?? instruction.primitive.publicName) + "("
            + instruction.operands.map { name($0.value) }.joined(separator: ", ") + ")"
        let places = instruction.places.compactMap { $0.map(name) }
        return
            (instruction.results.isEmpty
            ? call : instruction.results.map(text).joined(separator: ", ") + " = " + call)
            + (places.isEmpty ? "" : "  in the memory of " + places.joined(separator: ", "))
            + (instruction.modulePath.map { "  // " + $0 } ?? "")
    }

    private func name(_ id: ValueID) -> String {
        switch values[id].origin {
        case .argument(let index): "argument\(index)"
        case .constant(let tensor): tensor.wrappedScalar.map(Self.text) ?? "constant\(id)"
        case .outside: "tensor\(id)"
        case .gradient: "gradient\(id)"
        case .draw: "key\(id)"
        case .empty: "empty\(id)"
        case .result: "v\(id)"
        }
    }

    private func text(_ id: ValueID) -> String { "\(name(id)): \(values[id].spec.dtype) \(values[id].spec.sizes)" }

    private static func text(_ scalar: Scalar) -> String {
        switch scalar {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .complex(let value): "\(value)"
        }
    }
}
