/// A function of tensors as the primitives that it calls, recorded on tensors without elements.
///
/// Each value is written once: an in-place operation gives a new value, and a tensor that shares memory with what was
/// written is computed from it again. The operands come from arguments, from tensors outside of the function, from the keys
/// of random numbers, and from earlier instructions.
package struct Graph {
    package typealias ValueID = Int

    package struct Value {
        package var spec: TensorSpec
        package var origin: Origin
    }

    package enum Origin {
        case argument(Int)
        /// A tensor from outside of the function.
        case constant(Tensor)
        /// The key of a random operation, drawn from this generator.
        case draw(Generator)
        /// Uninitialised memory, which counts as zeros.
        case empty
        case result(instruction: Int)
    }

    /// The use of a value.
    package struct Operand {
        package var value: ValueID
        /// Whether no gradient flows back to the value from this use.
        package var isDetached: Bool
    }

    package struct Instruction {
        package var primitive: any Primitive
        package var operands: [Operand]
        package var results: [ValueID]
        /// Whether autograd records the call, unless the operands need no gradient.
        package var recordsGradient: Bool
        /// The modules whose `forward` made the call.
        package var modulePath: String?
    }

    package internal(set) var values: [Value] = []
    package internal(set) var instructions: [Instruction] = []
    package internal(set) var arguments: [ValueID] = []
    package internal(set) var results: [Operand] = []
    /// The random keys in the order in which they are drawn.
    package internal(set) var draws: [ValueID] = []

    package init() {}

    mutating func add(_ spec: TensorSpec, _ origin: Origin) -> ValueID {
        values.append(Value(spec: spec, origin: origin))
        return values.count - 1
    }

    /// For each instruction, whether a result of the graph depends on it.
    package var used: [Bool] {
        var isUsed = [Bool](repeating: false, count: values.count)
        for result in results { isUsed[result.value] = true }
        var used = [Bool](repeating: false, count: instructions.count)
        for i in instructions.indices.reversed() where instructions[i].results.contains(where: { isUsed[$0] }) {
            used[i] = true
            for operand in instructions[i].operands { isUsed[operand.value] = true }
        }
        return used
    }
}

extension Graph: CustomStringConvertible {
    /// One line for each instruction: results, primitive and operands.
    package var description: String {
        func name(_ id: ValueID) -> String {
            switch values[id].origin {
            case .argument(let index): "argument\(index)"
            case .constant: "constant\(id)"
            case .draw: "key\(id)"
            case .empty: "empty\(id)"
            case .result: "v\(id)"
            }
        }
        func text(_ id: ValueID) -> String { "\(name(id)): \(values[id].spec.dtype) \(values[id].spec.sizes)" }
        var lines = ["(" + arguments.map(text).joined(separator: ", ") + ")"]
        for instruction in instructions {
            lines.append(
                instruction.results.map(text).joined(separator: ", ") + " = "
                    + instruction.primitive.publicName + "("
                    + instruction.operands.map { name($0.value) }.joined(separator: ", ") + ")")
        }
        lines.append("return " + results.map { name($0.value) }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }
}
