/// A function of tensors as a list of calls of primitives, recorded on tensors without elements.
///
/// Each value is written once (static single assignment): an in-place operation returns a new value, from which the
/// other views of the memory are computed again. Operands are arguments, tensors from outside the function, keys of
/// random numbers, and results of earlier instructions.
///
/// The graph of a transformation has no side effects. The graph of a compiled function also changes tensors: the
/// instruction of an in-place operation names the value whose memory it writes (`destinations`), `states` has the final
/// values of the tensors from outside, and instructions with an `effect` run code of the program.
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
        /// A tensor whose elements never change: a Swift number, or a tensor from outside of a transformation.
        case constant(Tensor)
        /// A tensor from outside of a compiled function, whose elements are read in each run.
        case outside(Tensor)
        /// The gradient of a leaf at the start of the run.
        case gradient(of: Leaf)
        /// The key of a random operation, drawn from this generator in each run.
        case draw(Generator)
        /// Uninitialised memory, treated as zeros.
        case empty
        case result(instruction: Int)
    }

    /// A leaf whose gradient a compiled function reads or sets.
    package enum Leaf {
        case outside(Tensor)
        case argument(Int)
    }

    /// A tensor from outside, or an argument, that the function changes: its values before and after.
    package struct State {
        package var initial: ValueID
        package var final: ValueID

        package init(initial: ValueID, final: ValueID) {
            self.initial = initial
            self.final = final
        }
    }

    /// A use of a value.
    package struct Operand {
        package var value: ValueID
        /// Whether no gradient is propagated through this use.
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
        /// Whether autograd records the call if an operand requires a gradient.
        package var recordsGradient: Bool
        /// The path of the modules whose `forward` made the call.
        package var modulePath: String?
        /// For each result of an in-place operation, the value whose memory it overwrites, which is not read later; nil
        /// for a result in new memory. Empty for most instructions. The result is converted to the layout and dtype of
        /// that value.
        package var destinations: [ValueID?] = []
        /// Whether it is an in-place operation, whose operands may share memory with the target.
        package var isInPlace = false
        /// The code that runs instead of the primitive, which is then an `EffectCall`. Such an instruction is not
        /// removed and not moved across another one with an effect.
        package var effect: GraphEffect?
        /// Whether it computes gradients of the results of a compiled function. These instructions are last, and run in
        /// `backward()`.
        package var isGradient = false
        /// The number, from 1, of the recomputation of an activation checkpoint that made the call; 0 for other calls.
        /// It does not reuse results of other recomputations or of the first run.
        package var recomputation = 0

        package init(
            primitive: any Primitive, operands: [Operand], results: [ValueID], recordsGradient: Bool,
            modulePath: String?, destinations: [ValueID?] = [], effect: GraphEffect? = nil
        ) {
            self.primitive = primitive
            self.operands = operands
            self.results = results
            self.recordsGradient = recordsGradient
            self.modulePath = modulePath
            self.destinations = destinations
            self.effect = effect
        }
    }

    package var values: [Value] = []
    package var instructions: [Instruction] = []
    package var arguments: [ValueID] = []
    package var results: [Operand] = []
    /// The random keys in the order in which they are drawn.
    package var draws: [ValueID] = []
    /// The tensors that a compiled function changes, with their values.
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
            for case .some(let destination) in instruction.destinations { isRead[destination] = true }
        }
        for result in results { isRead[result.value] = true }
        for state in states { isRead[state.initial] = true }
        return isRead
    }

    /// For each instruction, whether a result of the graph, a final state or an effect depends on it. Writes to the
    /// memory of a gradient after it was set are states too.
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
            || instructions[i].destinations.contains(where: { $0.map { gradients.contains(memory.root[$0]) } == true })
        {
            used[i] = true
            for operand in instructions[i].operands { isUsed[operand.value] = true }
            for case .some(let destination) in instructions[i].destinations { isUsed[destination] = true }
        }
        return used
    }
}

extension Graph: CustomStringConvertible {
    /// One line per instruction: results, primitive, operands, and the modules whose `forward` made the call.
    package var description: String {
        var lines = ["(" + arguments.map(text).joined(separator: ", ") + ")"] + instructions.map(line)
        for state in states { lines.append("\(name(state.initial)) <- \(name(state.final))") }
        lines.append("return " + results.map { name($0.value) }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    /// The line of the instruction that computes a value; nil for values that no instruction computes.
    func line(for id: ValueID) -> String? {
        guard case .result(let instruction) = values[id].origin else { return nil }
        return line(instructions[instruction])
    }

    private func line(_ instruction: Instruction) -> String {
        let call =
            (instruction.effect?.name ?? instruction.primitive.publicName) + "("
            + instruction.operands.map { name($0.value) }.joined(separator: ", ") + ")"
        let destinations = instruction.destinations.compactMap { $0.map(name) }
        return
            (instruction.results.isEmpty
            ? call : instruction.results.map(text).joined(separator: ", ") + " = " + call)
            + (destinations.isEmpty ? "" : "  in the memory of " + destinations.joined(separator: ", "))
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
