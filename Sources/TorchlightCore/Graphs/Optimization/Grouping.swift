import CKernels

/// Fusion: groups operations so that each group reads and writes memory in one pass.
///
/// A group contains element-wise operations of one shape, with broadcast operands, and reductions of its last
/// dimensions with the operations on their results. In-place operations join groups without reductions; of several
/// writes to the same memory, only the last is kept. An instruction joins the group of one of its operands unless an
/// instruction outside depends on the group and is an operand of it, directly or indirectly: the group would then form
/// a cycle. A group runs at the position of its last instruction.
package func withFusedGroups(_ graph: Graph) -> Graph {
    var grouping = Grouping(graph)
    return grouping.run()
}

private struct Grouping {
    /// The most steps of a group. The buffers of larger groups would not fit in the cache.
    static let mostSteps = 64
    static let mostArrays = 24
    /// The most elements of a row: one row of each array of a group should fit in the cache.
    static let longestRow = 16384

    let graph: Graph
    /// The group of each instruction.
    var groupOf: [Int?]
    var groups: [[Int]] = []
    /// The instruction that computes each value.
    var maker: [Int?]
    var users: [[Int]]
    let isResult: Set<Graph.ValueID>
    let memory: GraphMemory

    init(_ graph: Graph) {
        self.graph = graph
        groupOf = Array(repeating: nil, count: graph.instructions.count)
        maker = Array(repeating: nil, count: graph.values.count)
        users = Array(repeating: [], count: graph.values.count)
        for (i, instruction) in graph.instructions.enumerated() {
            for result in instruction.results { maker[result] = i }
            for operand in instruction.operands where users[operand.value].last != i {
                users[operand.value].append(i)
            }
            for case .some(let destination) in instruction.destinations where users[destination].last != i {
                users[destination].append(i)
            }
        }
        isResult = Set(graph.results.map(\.value)).union(graph.states.map(\.final))
        memory = GraphMemory(graph)
    }

    mutating func run() -> Graph {
        for i in graph.instructions.indices where canJoin(i) {
            var candidates: [Int] = []
            for operand in graph.instructions[i].operands {
                guard let maker = maker[operand.value], let group = groupOf[maker], !candidates.contains(group) else {
                    continue
                }
                candidates.append(group)
            }
            // Groups with results that this instruction reads are merged, if possible.
            var joined: [Int]?
            var members: [Int] = []
            for group in candidates {
                let union = (members + groups[group]).sorted()
                if isGroup(union + [i]) {
                    members = union
                    joined = (joined ?? []) + [group]
                }
            }
            if let joined {
                groups[joined[0]] = members + [i]
                for group in joined.dropFirst() { groups[group] = [] }
                for member in groups[joined[0]] { groupOf[member] = joined[0] }
            } else if isGroup([i]) {
                groups.append([i])
                groupOf[i] = groups.count - 1
            }
        }
        return rewritten()
    }

    /// Whether an instruction can be a step of a group.
    func canJoin(_ i: Int) -> Bool {
        let instruction = graph.instructions[i]
        guard graph.isPure(instruction) || isInPlace(instruction), instruction.results.count == 1 else { return false }
        let result = graph.values[instruction.results[0]].spec
        let operands = instruction.operands.map { graph.values[$0.value].spec }
        return result.count > 0 && instruction.primitive.scalarCode(Specs(operands)) != nil
    }

    /// Whether these instructions, in ascending order, can be fused.
    func isGroup(_ members: [Int]) -> Bool {
        if members.count > Self.mostSteps || !runsAtOnce(members) { return false }
        let (group, operands) = step(members)
        let specs = operands.map { graph.values[$0.value].spec }
        guard let program = try? FusedProgram(group, specs), program.isEncoded, program.arrays.count <= Self.mostArrays
        else { return false }
        // The results must have the same layouts as without the group.
        for (value, result) in zip(group.results, results(of: members)) {
            let (own, expected) = (program.values[value], graph.values[result].spec)
            guard own.layout.shape == expected.layout.shape, own.layout.strides == expected.layout.strides,
                own.dtype == expected.dtype
            else { return false }
        }
        if program.rowRank == 0 { return keepsOrder(members, program) }
        // Row programs read blocks again after results were written.
        return lastWrites(members).isEmpty && isRowProgram(members, program)
    }

    /// Whether the reduced dimensions are contiguous, so that reductions have the same order as without fusion, and the
    /// rows fit in the cache.
    private func isRowProgram(_ members: [Int], _ program: FusedProgram) -> Bool {
        if program.shape.suffix(program.rowRank).reduce(1, *) > Self.longestRow { return false }
        for i in members {
            let instruction = graph.instructions[i]
            for id in instruction.results where !graph.values[id].spec.layout.isContiguous { return false }
            let operands = instruction.operands.map { graph.values[$0.value].spec }
            guard let code = instruction.primitive.scalarCode(Specs(operands)) else { return false }
            if FusedInstruction.Operation.scalar(code).readsRows || looksAround(code) {
                guard operands.allSatisfy(\.layout.isContiguous) else { return false }
            }
            // Blocks begin at whole rows; with one number per row, that is not at a multiple of 256.
            if looksAround(code) && graph.values[instruction.results[0]].spec.layout.shape != program.shape {
                return false
            }
        }
        return true
    }

    /// Whether all values have the same order of dimensions in memory, and operands are read in that order.
    private func keepsOrder(_ members: [Int], _ program: FusedProgram) -> Bool {
        let layout = graph.values[graph.instructions[members[0]].results[0]].spec.layout
        guard
            let inner = (0..<layout.rank).filter({ layout.shape[$0] > 1 }).min(by: {
                layout.strides[$0] < layout.strides[$1]
            })
        else { return true }
        for i in members {
            let instruction = graph.instructions[i]
            if graph.values[instruction.results[0]].spec.layout.strides != layout.strides { return false }
            let operands = instruction.operands.map { graph.values[$0.value].spec }
            guard let code = instruction.primitive.scalarCode(Specs(operands)) else { return false }
            for operand in operands {
                let own = operand.layout.expanded(to: layout.shape)
                // A transposed operand would load a cache line per element; the unfused operation reads it in tiles.
                if own.strides[inner] != 1 && own.strides[inner] != 0 && operand.count > 4096
                    && (0..<own.rank).contains(where: { own.strides[$0] == 1 && own.shape[$0] >= 4 })
                {
                    return false
                }
                if looksAround(code) && own.strides != layout.strides { return false }
            }
        }
        return true
    }

    /// Whether the loop of an operation depends on neighbouring elements, so that the bits of its results depend on the
    /// position in a block.
    private func looksAround(_ code: ScalarCode) -> Bool {
        guard case .unary(let operation) = code.kind, code.compute == .float32 else { return false }
        return tl_scalar_function_of(Int32(TL_FUSED_UNARY.rawValue), operation).small_limit > 0
    }

    /// Whether no instruction outside both depends on a member and is needed by another one, all members are treated
    /// equally by autograd, and all belong either to the function or to the gradients of its results.
    private func runsAtOnce(_ members: [Int]) -> Bool {
        let own = Set(members)
        let first = graph.instructions[members[0]]
        let recordsGradient = first.recordsGradient
        for i in members {
            let instruction = graph.instructions[i]
            if instruction.recordsGradient != recordsGradient || instruction.isGradient != first.isGradient {
                return false
            }
            for operand in instruction.operands where operand.isDetached && recordsGradient {
                // A gradient between the steps of a group could not be recorded.
                if let maker = maker[operand.value], own.contains(maker), needsGradient(maker) { return false }
            }
            if !readsTheSame(i, at: members[members.count - 1], but: own) { return false }
        }
        return writesTogether(members, own) && !comesBack(own, last: members[members.count - 1])
    }

    /// Whether the operands of an instruction are unchanged at a later position, except for the writes of the
    /// instructions in `own`.
    private func readsTheSame(_ i: Int, at later: Int, but own: Set<Int> = []) -> Bool {
        graph.instructions[i].operands.allSatisfy { operand in
            !memory.isWritten(operand.value, from: i, to: later, but: own)
        }
    }

    // MARK: In-place operations

    /// Whether an instruction overwrites the memory of one operand with a function of its operands alone.
    private func isInPlace(_ instruction: Graph.Instruction) -> Bool {
        guard instruction.isInPlace, instruction.effect == nil, case .some(.some) = instruction.destinations.first
        else {
            return false
        }
        var unplaced = instruction
        unplaced.destinations = []
        return graph.isPure(unplaced)
    }

    /// The last member that writes to each memory.
    private func lastWrites(_ members: [Int]) -> [Graph.ValueID: Int] {
        var last: [Graph.ValueID: Int] = [:]
        for i in members where !graph.instructions[i].destinations.isEmpty {
            last[memory.root[graph.instructions[i].results[0]]] = i
        }
        return last
    }

    /// Whether the writes of the members may be delayed to the last one: no other instruction reads or writes the
    /// memory between them or needs its content, and the members read it element by element, in the order of the
    /// writes.
    private func writesTogether(_ members: [Int], _ own: Set<Int>) -> Bool {
        let last = lastWrites(members)
        if last.isEmpty { return true }
        for i in members where !graph.instructions[i].destinations.isEmpty {
            let value = graph.instructions[i].results[0]
            let root = memory.root[value]
            // Memory that a member allocates and that instructions outside read: these must read it after the write.
            if case .some(.some(let destination)) = graph.instructions[i].destinations.first,
                let maker = maker[destination],
                own.contains(maker), !users[destination].allSatisfy(own.contains) || isResult.contains(destination)
            {
                return false
            }
            if last[root] != i && (isResult.contains(value) || !users[value].allSatisfy(own.contains)) { return false }
            let spec = graph.values[value].spec
            for member in members {
                for operand in graph.instructions[member].operands where memory.root[operand.value] == root {
                    let other = graph.values[operand.value].spec
                    if other.layout != spec.layout || other.dtype != spec.dtype { return false }
                }
            }
            for other in (i + 1)..<max(i + 1, members[members.count - 1]) where !own.contains(other) {
                if touches(graph.instructions[other], root) { return false }
            }
        }
        return true
    }

    /// Whether an instruction reads or writes memory. Code of the program may access any memory.
    private func touches(_ instruction: Graph.Instruction, _ root: Graph.ValueID) -> Bool {
        if case .call = instruction.effect?.kind { return true }
        return instruction.operands.contains { memory.root[$0.value] == root }
            || instruction.destinations.contains { $0.map { memory.root[$0] } == root }
    }

    private func needsGradient(_ i: Int) -> Bool {
        graph.instructions[i].recordsGradient && graph.instructions[i].operands.contains { !$0.isDetached }
    }

    /// Whether an instruction outside depends on the members, directly or through groups, and is needed by one of them,
    /// or has an effect and would be delayed after the last member: the order of effects is kept.
    private func comesBack(_ own: Set<Int>, last: Int) -> Bool {
        var visited = own
        var waiting = Array(own)
        /// Visits an instruction; returns false if it cannot be delayed after the last member.
        func follow(_ i: Int) -> Bool {
            guard visited.insert(i).inserted else { return true }
            waiting.append(i)
            return i > last || graph.isPure(graph.instructions[i]) && readsTheSame(i, at: last)
        }
        while let next = waiting.popLast() {
            let isOwn = own.contains(next)
            for result in graph.instructions[next].results {
                for user in users[result] where !(isOwn && own.contains(user)) {
                    if own.contains(user) || !follow(user) { return true }
                    // A group runs as a whole.
                    guard let group = groupOf[user] else { continue }
                    for member in groups[group] where !own.contains(member) && !follow(member) { return true }
                }
            }
        }
        return false
    }

    /// The values of members that instructions outside read.
    func results(of members: [Int]) -> [Graph.ValueID] {
        let own = Set(members)
        let last = lastWrites(members)
        return members.filter { i in
            let value = graph.instructions[i].results[0]
            if !graph.instructions[i].destinations.isEmpty { return last[memory.root[value]] == i }
            return isResult.contains(value) || memory.isWritten(value, from: 0, to: .max, but: own)
                || users[value].contains { !own.contains($0) } || users[value].isEmpty
        }.map { graph.instructions[$0].results[0] }
    }

    /// For each result of members, the value whose memory it overwrites: the one that the first member overwrites. nil
    /// for writes to memory that another member allocates.
    private func destinations(of members: [Int]) -> [Graph.ValueID?] {
        var first: [Graph.ValueID: Graph.ValueID] = [:]
        for i in members {
            guard case .some(.some(let destination)) = graph.instructions[i].destinations.first else { continue }
            if first[memory.root[destination]] == nil { first[memory.root[destination]] = destination }
        }
        let destinations = results(of: members).map { value -> Graph.ValueID? in
            guard !graph.instructions[maker[value]!].destinations.isEmpty, let destination = first[memory.root[value]]
            else {
                return nil
            }
            return maker[destination].map(members.contains) == true ? nil : destination
        }
        return destinations.contains { $0 != nil } ? destinations : []
    }

    /// The group of members, and its operands.
    func step(_ members: [Int]) -> (group: FusedGroup, operands: [Graph.Operand]) {
        var operands: [Graph.Operand] = []
        var made: Set<Graph.ValueID> = []
        for i in members {
            for operand in graph.instructions[i].operands where !made.contains(operand.value) {
                if !operands.contains(where: { $0.value == operand.value && $0.isDetached == operand.isDetached }) {
                    operands.append(operand)
                }
            }
            made.formUnion(graph.instructions[i].results)
        }
        var number: [Graph.ValueID: Int] = [:]
        for (k, i) in members.enumerated() { number[graph.instructions[i].results[0]] = operands.count + k }
        let steps = members.map { i in
            FusedGroup.Step(
                graph.instructions[i].primitive,
                graph.instructions[i].operands.map { operand in
                    number[operand.value]
                        ?? operands.firstIndex { $0.value == operand.value && $0.isDetached == operand.isDetached }!
                })
        }
        let results = results(of: members).map { number[$0]! }
        return (FusedGroup(operandCount: operands.count, steps: steps, results: results), operands)
    }

    /// The graph with one instruction per group, in topological order, otherwise in the order of the recording.
    func rewritten() -> Graph {
        var result = graph
        var code: [Graph.Instruction] = []
        var isDone = [Bool](repeating: false, count: graph.values.count)
        var delayed: [Graph.Instruction] = []
        func emit(_ instruction: Graph.Instruction) -> Bool {
            let read = instruction.operands.map(\.value) + instruction.destinations.compactMap { $0 }
            guard read.allSatisfy({ maker[$0] == nil || isDone[$0] }) else { return false }
            code.append(instruction)
            for value in instruction.results { isDone[value] = true }
            return true
        }
        for i in graph.instructions.indices {
            guard let instruction = unit(endingAt: i) else { continue }
            guard emit(instruction) else {
                delayed.append(instruction)
                continue
            }
            while let ready = delayed.firstIndex(where: { emit($0) }) { delayed.remove(at: ready) }
        }
        result.setInstructions(code)
        return result
    }

    /// The instruction at this position: itself, or the group of which it is the last member; nil for other members.
    private func unit(endingAt i: Int) -> Graph.Instruction? {
        guard let number = groupOf[i], groups[number].count > 1 else { return graph.instructions[i] }
        let members = groups[number]
        guard i == members.last else { return nil }
        let (group, operands) = step(members)
        _ = try? group.program(for: Specs(operands.map { graph.values[$0.value].spec }))
        let last = graph.instructions[i]
        var instruction = Graph.Instruction(
            primitive: group, operands: operands, results: results(of: members),
            recordsGradient: last.recordsGradient, modulePath: last.modulePath)
        instruction.isGradient = last.isGradient
        instruction.destinations = destinations(of: members)
        return instruction
    }
}
