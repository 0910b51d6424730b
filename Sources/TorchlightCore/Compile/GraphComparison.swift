extension Graph {
    /// Throws, naming the first difference, unless another recording of the function did the same operations on the same values.
    func check(sameAs other: Graph) throws(TensorError) {
        for i in 0..<Swift.max(instructions.count, other.instructions.count) {
            let (old, new) = (line(i), other.line(i))
            if let old, let new, old == new, i < instructions.count,
                isSame(instructions[i], other.instructions[i], other)
            {
                continue
            }
            throw TensorError(
                .value, in: "compile", "the function does something other than what was recorded",
                got: "\(new ?? "nothing") as operation \(i)", expected: old ?? "nothing",
                fix: "pass what changed as an argument, or compile a function for each case")
        }
        guard results.map(\.value) == other.results.map(\.value) else {
            throw TensorError(
                .value, in: "compile", "the function returns other values than those that were recorded",
                fix: "pass what changed as an argument, or compile a function for each case")
        }
    }

    private func isSame(_ a: Instruction, _ b: Instruction, _ other: Graph) -> Bool {
        AnyHashable(a.primitive) == AnyHashable(b.primitive) && a.places == b.places
            && zip(a.operands, b.operands).allSatisfy { isSame($0.value, as: $1.value, of: other) }
    }

    private func isSame(_ a: ValueID, as b: ValueID, of other: Graph) -> Bool {
        guard a == b, values[a].spec == other.values[b].spec else { return false }
        switch (values[a].origin, other.values[b].origin) {
        case (.constant(let x), .constant(let y)):
            return withoutRecording {
                noGrad {
                    x.dtype == y.dtype && (x .== y).logicalOr((x .!= x).logicalAnd(y .!= y)).all().item(Bool.self)
                }
            }
        case (.outside(let x), .outside(let y)): return x.storage === y.storage
        default: return true
        }
    }

    /// The line of the graph as text for one instruction, without the modules.
    private func line(_ index: Int) -> String? {
        guard index < instructions.count else { return nil }
        let instruction = instructions[index]
        let operands = instruction.operands.map { operand in
            let value = values[operand.value]
            if case .constant(let tensor) = value.origin, let scalar = tensor.wrappedScalar { return "\(scalar)" }
            return "\(value.spec.dtype) \(value.spec.sizes)"
        }
        return "\(instruction.effect?.name ?? instruction.primitive.publicName)(\(operands.joined(separator: ", ")))"
    }
}
