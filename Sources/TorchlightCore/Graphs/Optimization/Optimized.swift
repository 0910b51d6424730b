/// The execution of the kernels of fused groups.
package enum FusedKernels: Sendable, Hashable {
    /// Compiled in the background if a compiler is installed, and interpreted until then.
    case automatic
    case interpreted
}

/// Optimises a graph: dead code elimination, constant folding of scalars, broadcast forwarding, common subexpression
/// elimination and fusion. The results are equal bit for bit.
///
/// Draws of random numbers and calls with side effects are kept, in order.
package func optimized(_ graph: Graph, kernels: FusedKernels = .automatic) -> Graph {
    var result = withoutDeadCode(graph)
    result = withFoldedScalars(result)
    result = withForwardedBroadcasts(result)
    result = withoutCommonSubexpressions(result)
    result = withoutDeadCode(result)
    result = withFusedGroups(result)
    if kernels == .automatic { KernelCompiler.shared.compile(result.fusedPrograms) }
    return result
}

extension Graph {
    /// The programs of its fused groups.
    package var fusedPrograms: [FusedProgram] {
        instructions.compactMap { instruction in
            guard let group = instruction.primitive as? FusedGroup else { return nil }
            return try? group.program(for: Specs(instruction.operands.map { values[$0.value].spec }))
        }
    }

    /// The cost of one run: the number of kernels, and the bytes that they read and write.
    package var cost: (kernels: Int, bytes: Int) {
        var kernels = 0
        var bytes = 0
        for instruction in instructions where instruction.primitive.fusion != .view {
            // Assignments of gradients and checks of values run no kernel of the graph.
            if let effect = instruction.effect, !effect.kind.isUpdate { continue }
            kernels += 1
            for id in Set(instruction.operands.map(\.value)).union(instruction.results) {
                bytes += values[id].spec.count * values[id].spec.dtype.byteSize
            }
        }
        return (kernels, bytes)
    }

    /// Whether the results of an instruction depend on its operands and attributes alone, so that it may be removed,
    /// merged with equal ones or moved.
    func isPure(_ instruction: Instruction) -> Bool {
        if instruction.primitive.hasSizeOfValues || instruction.effect != nil || !instruction.destinations.isEmpty {
            return false
        }
        switch instruction.primitive.effects {
        case .pure, .aliases: return true
        case .updates, .random: return false
        }
    }

    /// Replaces the instructions, and updates the defining instruction of each value.
    mutating func setInstructions(_ new: [Instruction]) {
        instructions = new
        for (i, instruction) in new.enumerated() {
            for result in instruction.results { values[result].origin = .result(instruction: i) }
        }
    }
}
