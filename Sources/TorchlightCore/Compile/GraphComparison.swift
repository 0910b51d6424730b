extension Graph {
    /// Throws an error with the first difference, unless another recording of the function has the same operations on
    /// the same values.
    func check(sameAs other: Graph) throws(TensorError) {
        for i in 0..<Swift.max(instructions.count, other.instructions.count) {
            let (old, new) = (line(i), other.line(i))
            if let old, let new, old == new, i < instructions.count,
                isSame(instructions[i], other.instructions[i], other)
            {
                continue
            }
            throw TensorError(
                .value, in: "compile", "the operations of the function differ from the recorded ones",
                got: "\(new ?? "nothing") as operation \(i)", expected: old ?? "nothing",
                fix: "pass the changed value as an argument, or compile a function for each case")
        }
        guard results.map(\.value) == other.results.map(\.value) else {
            throw TensorError(
                .value, in: "compile", "the results of the function differ from the recorded ones",
                fix: "pass the changed value as an argument, or compile a function for each case")
        }
    }

    private func isSame(_ a: Instruction, _ b: Instruction, _ other: Graph) -> Bool {
        AnyHashable(a.primitive) == AnyHashable(b.primitive) && a.destinations == b.destinations
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

    /// The line of one instruction in the text of the graph, without the modules.
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
