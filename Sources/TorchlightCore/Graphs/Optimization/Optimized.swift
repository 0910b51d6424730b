/// How the kernels of fused groups run.
package enum FusedKernels: Sendable, Hashable {
    /// Compiled in the background where there is a compiler, and interpreted until then.
    case automatic
    case interpreted
}

/// A graph of the same results, bit for bit, with fewer instructions: without those whose results are not read or that were computed
/// before, with computations on numbers done, without expanded operands of operations that broadcast, and with neighbouring operations
/// in groups that go through memory once.
///
/// Draws of random numbers, calls with side effects and the order of both stay as they are.
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

    /// What one run takes: the number of kernels, and the bytes that they read and write.
    package var cost: (kernels: Int, bytes: Int) {
        var kernels = 0
        var bytes = 0
        for instruction in instructions where instruction.primitive.fusion != .view {
            // Gradients are set, and checks of values read on the host, without a kernel of the graph.
            if let effect = instruction.effect, !effect.kind.isUpdate { continue }
            kernels += 1
            for id in Set(instruction.operands.map(\.value)).union(instruction.results) {
                bytes += values[id].spec.count * values[id].spec.dtype.byteSize
            }
        }
        return (kernels, bytes)
    }

    /// Whether the results of an instruction depend on its operands and attributes alone, so that it may be left out, done
    /// once for several uses, and done at another time.
    func isPure(_ instruction: Instruction) -> Bool {
        if instruction.primitive.hasSizeOfValues || instruction.effect != nil || !instruction.places.isEmpty {
            return false
        }
        switch instruction.primitive.effects {
        case .pure, .aliases: return true
        case .updates, .random: return false
        }
    }

    /// The same values with other instructions, whose results say which instruction makes them.
    mutating func setInstructions(_ new: [Instruction]) {
        instructions = new
        for (i, instruction) in new.enumerated() {
            for result in instruction.results { values[result].origin = .result(instruction: i) }
        }
    }
}
