/// One run of a plan, with its values: several threads can run one plan at the same time.
package struct PlanRun {
    private let plan: Plan
    private var arguments: [Tensor]
    private var values: [Tensor?]

    /// Runs a plan without gradients. The arguments must match the plan.
    package static func results(
        of plan: Plan, _ arguments: [Tensor], defaultGenerator: Generator
    ) throws(TensorError) -> [Tensor] { try run(plan, arguments, defaultGenerator: defaultGenerator).results }

    /// Runs a plan. The arguments must match it. Returns the results of the function, and the run for the backward pass
    /// if the plan has one.
    static func run(
        _ plan: Plan, _ arguments: [Tensor], defaultGenerator: Generator
    ) throws(TensorError) -> (results: [Tensor], run: PlanRun) {
        try Self.inPlainMode { () throws(TensorError) in
            var run = PlanRun(plan, arguments)
            try run.begin(defaultGenerator)
            for step in plan.steps[..<plan.forwardSteps] { try run.execute(step) }
            for state in plan.copies {
                if let target = run.values[state.initial], let final = run.values[state.final] { target.copy_(final) }
            }
            return (try run.results(0..<plan.forwardResults), run)
        }
    }

    /// Runs the gradient steps, given the gradients of the results. May be called again on a copy.
    mutating func runBackward(_ seeds: [Tensor]) throws(TensorError) -> [Tensor] {
        try Self.inPlainMode { () throws(TensorError) in
            arguments += seeds
            for (value, seed) in zip(plan.graph.arguments.suffix(seeds.count), seeds) { values[value] = seed }
            for step in plan.steps[plan.forwardSteps...] { try execute(step) }
            return try results(plan.forwardResults..<plan.graph.results.count)
        }
    }

    /// The tensors that the gradient steps read and that the program can change before they run.
    var exposed: [Tensor] { plan.exposed.compactMap { values[$0] } }

    /// Turns off gradient mode and autocast: gradients and conversions are instructions of the graph.
    private static func inPlainMode<R>(_ body: () throws(TensorError) -> R) throws(TensorError) -> R {
        let state = threadState
        let (depth, autocast) = (state.pointee.grad_disabled, state.pointee.autocast)
        state.pointee.grad_disabled = depth + 1
        state.pointee.autocast = 0
        defer {
            state.pointee.grad_disabled = depth
            state.pointee.autocast = autocast
        }
        return try body()
    }

    private init(_ plan: Plan, _ arguments: [Tensor]) {
        self.plan = plan
        self.arguments = arguments
        values = plan.initial
    }

    private mutating func begin(_ defaultGenerator: Generator) throws(TensorError) {
        let graph = plan.graph
        for (value, argument) in zip(graph.arguments, arguments) { values[value] = argument }
        for id in plan.given {
            switch graph.values[id].origin {
            case .gradient(let leaf): values[id] = leaf.tensor(arguments).gradient
            case .empty:
                let spec = graph.values[id].spec
                values[id] = try Tensor(empty: spec.layout, dtype: spec.dtype, device: spec.device)
            default: break
            }
        }
        for id in graph.draws {
            guard case .draw(let generator) = graph.values[id].origin else { continue }
            let source = generator === defaultGenerator ? Generator.default : generator
            values[id] = try source.nextKey(on: graph.values[id].spec.device)
        }
    }

    @inline(__always)
    private func value(_ id: Graph.ValueID) -> Tensor {
        guard let value = values[id] else { preconditionFailure("a value of a graph is read before it is written") }
        return value
    }

    /// The layout of a value in the memory of another one.
    @inline(__always)
    private func layout(of id: Graph.ValueID, _ spec: TensorSpec) -> Layout {
        guard let argument = plan.argument[id] else { return spec.layout }
        let recorded = plan.graph.values[plan.graph.arguments[argument]].spec.layout.offset
        let distance = arguments[argument].layout.offset - recorded
        return distance == 0 ? spec.layout : spec.layout.moved(by: distance)
    }

    /// A tensor for result `i` of a step, in the memory of a value.
    @inline(__always)
    private func destination(_ step: Plan.Step, _ i: Int, in owner: Graph.ValueID) -> Tensor {
        Tensor(
            storage: value(owner).storage, layout: layout(of: step.results[i], step.specs[i]),
            dtype: step.specs[i].dtype)
    }

    private mutating func execute(_ step: Plan.Step) throws(TensorError) {
        try compute(step)
        for id in step.dead { values[id] = nil }
    }

    @inline(__always)
    private mutating func compute(_ step: Plan.Step) throws(TensorError) {
        switch step.action {
        case .view: values[step.results[0]] = destination(step, 0, in: step.operands[0])
        case .binary(let kernel):
            let layout = step.specs[0].layout
            let dtype = step.specs[0].dtype
            let out = Tensor(
                storage: try Storage(byteCount: layout.count &* dtype.byteSize, device: .cpu), layout: layout,
                dtype: dtype)
            threadState.pointee.kernels &+= 1
            runContiguousBinary(kernel, value(step.operands[0]), value(step.operands[1]), out)
            values[step.results[0]] = out
        case .run: try call(step)
        case .prepared: try call(step, step.preparedCall)
        case .overwrite(let spec): try overwrite(step, spec)
        case .effect(let effect): try perform(effect, step)
        }
    }

    @inline(__always)
    private func operands(of step: Plan.Step) -> Few<Tensor> {
        let ids = step.operands
        switch ids.count {
        case 1: return Few(value(ids[0]))
        case 2: return Few(value(ids[0]), value(ids[1]))
        case 3: return Few(value(ids[0]), value(ids[1]), value(ids[2]))
        default: return Few(ids.map { value($0) })
        }
    }

    /// Result `i` of a step: in the memory of another value, or in new memory.
    @inline(__always)
    private func output(_ step: Plan.Step, _ i: Int) throws(TensorError) -> Tensor {
        if !step.destinations.isEmpty, let destination = step.destinations[i] {
            return self.destination(step, i, in: destination)
        }
        return try Tensor(empty: step.specs[i].layout, dtype: step.specs[i].dtype, device: step.specs[i].device)
    }

    @inline(__always)
    private mutating func call(_ step: Plan.Step, _ prepared: PreparedCall? = nil) throws(TensorError) {
        let inputs = operands(of: step)
        var outputs = step.results.isEmpty ? Few<Tensor>() : Few(try output(step, 0))
        for i in step.results.indices.dropFirst() { outputs.append(try output(step, i)) }
        if let prepared {
            threadState.pointee.kernels &+= 1
            try prepared(inputs, outputs)
        } else if step.specs[0].device.hasValues {
            // Devices without values have only descriptions.
            try step.primitive.validate(inputs)
            try TorchlightCore.execute(
                step.primitive, try withAcceptedLayouts(inputs, of: step.primitive), into: outputs,
                on: step.specs[0].device)
        }
        for i in step.results.indices {
            if !step.destinations.isEmpty && step.destinations[i] != nil {
                outputs[i].storage.bumpVersion(by: step.writers[i])
            }
            values[step.results[i]] = outputs[i]
        }
    }

    private mutating func overwrite(_ step: Plan.Step, _ spec: ResultSpec) throws(TensorError) {
        let inputs = operands(of: step)
        let target: Tensor
        if let destination = step.destinations.first ?? nil {
            target = self.destination(step, 0, in: destination)
        } else {
            target = try Tensor(empty: step.specs[0].layout, dtype: step.specs[0].dtype, device: step.specs[0].device)
        }
        if step.specs[0].device.hasValues {
            try step.primitive.validate(inputs)
            try executeInPlace(step.primitive, inputs, on: target, spec, step.specs[0].device)
        }
        target.storage.bumpVersion(by: step.writers.first ?? step.primitive.publicName)
        values[step.results[0]] = target
    }

    private mutating func perform(_ effect: GraphEffect, _ step: Plan.Step) throws(TensorError) {
        if case .setGradient(let leaf) = effect.kind {
            var gradient: Tensor?
            if let operand = step.operands.first {
                gradient = plan.isConstant[operand] ? try value(operand).copied() : value(operand)
            }
            leaf.tensor(arguments).gradient = gradient
            return
        }
        try effect.body(step.operands.map { value($0) })
        try throwPendingError()
        // An update changes its first operands in place.
        for (result, operand) in zip(step.results, step.operands) { values[result] = value(operand) }
    }

    private func results(_ range: Range<Int>) throws(TensorError) -> [Tensor] {
        var results: [Tensor] = []
        for result in plan.graph.results[range] {
            let tensor = value(result.value)
            results.append(plan.isConstant[result.value] ? try tensor.copied() : tensor)
        }
        return results
    }

    // MARK: Comparison

    /// Copies of the initial values with equal memory layouts, with the next keys of the generators, whose states do
    /// not change. The gradients of the results are 1.
    static func copiedInputs(
        of plan: Plan, _ arguments: [Tensor], _ defaultGenerator: Generator
    ) throws(TensorError) -> [Graph.ValueID: Tensor] {
        let graph = plan.graph
        var inputs: [Graph.ValueID: Tensor] = [:]
        for (value, argument) in zip(graph.arguments, arguments) { inputs[value] = try argument.copiedStorage() }
        for value in graph.arguments.dropFirst(arguments.count) {
            let spec = graph.values[value].spec
            inputs[value] = try Tensor.filled(1, shape: spec.layout.shape, dtype: spec.dtype, device: spec.device)
        }
        for (id, value) in graph.values.enumerated() {
            switch value.origin {
            case .outside(let tensor): inputs[id] = try tensor.copiedStorage()
            case .gradient(let leaf): inputs[id] = try leaf.tensor(arguments).gradient?.copiedStorage()
            case .empty:
                inputs[id] = try Tensor(empty: value.spec.layout, dtype: value.spec.dtype, device: value.spec.device)
                    .zero_()
            default: break
            }
        }
        var generators: [ObjectIdentifier: Generator] = [:]
        for id in graph.draws {
            guard case .draw(let generator) = graph.values[id].origin else { continue }
            let source = generator === defaultGenerator ? Generator.default : generator
            let copy = generators[ObjectIdentifier(source)] ?? Generator(state: source.state)
            generators[ObjectIdentifier(source)] = copy
            inputs[id] = try copy.draw().tensor(on: graph.values[id].spec.device)
        }
        return inputs
    }

    /// Runs a plan on copies of the inputs, without effects, and passes each result to `body` until it returns false.
    static func observe(
        _ plan: Plan, _ arguments: [Tensor], _ inputs: [Graph.ValueID: Tensor],
        _ body: (Graph.ValueID, Tensor) throws(TensorError) -> Bool
    ) throws(TensorError) {
        try Self.inPlainMode { () throws(TensorError) in
            var run = PlanRun(plan, arguments)
            for (id, tensor) in inputs { run.values[id] = try tensor.copiedStorage() }
            for seed in plan.graph.arguments.dropFirst(arguments.count) { run.arguments.append(run.value(seed)) }
            for step in plan.steps {
                if case .effect = step.action {
                    for (result, operand) in zip(step.results, step.operands) {
                        run.values[result] = run.value(operand)
                    }
                } else {
                    try run.compute(step)
                    for id in step.results {
                        guard try body(id, run.value(id)) else { return }
                    }
                }
                for id in step.dead { run.values[id] = nil }
            }
        }
    }
}

extension Tensor {
    /// A tensor of the same layout in a copy of the storage.
    fileprivate func copiedStorage() throws(TensorError) -> Tensor {
        if isWrappedScalar { return self }
        let count = storage.byteCount / dtype.byteSize
        let whole = Tensor(storage: storage, layout: Layout(shape: [count]), dtype: dtype)
        return Tensor(storage: try whole.copied().storage, layout: layout, dtype: dtype)
    }
}
