import CKernels

/// Several element-wise operations, and reductions of rows, in one pass over memory: the same results, bit for bit, as its
/// steps give one after the other.
///
/// Operands and results are those of the steps. Values between the steps never reach memory.
package struct FusedGroup: PreparedPrimitive {
    package static let name = "fusedGroup"

    /// One operation. Operands are numbers of values: those of the group's operands come first, then the result of each step.
    package struct Step: Sendable, Hashable, Codable {
        package var primitive: AnyPrimitive
        package var operands: [Int]

        package init(_ primitive: any Primitive, _ operands: [Int]) {
            self.primitive = AnyPrimitive(primitive)
            self.operands = operands
        }
    }

    package let operandCount: Int
    package let steps: [Step]
    /// The values that are results.
    package let results: [Int]
    /// The program for the operands of the last call.
    private let programs = FusedProgramCache()

    package init(operandCount: Int, steps: [Step], results: [Int]) {
        self.operandCount = operandCount
        self.steps = steps
        self.results = results
    }

    /// The primitive of the step that computes a result.
    func primitive(ofResult index: Int) -> any Primitive { steps[results[index] - operandCount].primitive.value }

    // MARK: Description

    /// The program for operands of these descriptions.
    package func program(for inputs: Specs) throws(TensorError) -> FusedProgram {
        if let known = programs.program(for: inputs) { return known }
        let program = try FusedProgram(self, Array(inputs))
        programs.set(program)
        return program
    }

    /// The descriptions of all values for operands of these descriptions.
    func values(_ inputs: [TensorSpec]) throws(TensorError) -> [TensorSpec] {
        var values = inputs
        guard inputs.count == operandCount else { throw notAGroup(quantity(inputs.count, "operand")) }
        for step in steps {
            guard step.operands.allSatisfy(values.indices.contains) else { throw notAGroup("\(step.operands)") }
            let operands = Specs(step.operands.map { values[$0] })
            values.append(try inferResults(of: step.primitive.value, operands)[0])
        }
        guard results.allSatisfy(values.indices.contains) else { throw notAGroup("results \(results)") }
        return values
    }

    private func notAGroup(_ got: String) -> TensorError {
        TensorError(
            .value, in: Self.name, "a step or a result is not one of the values before it", got: got,
            expected: "\(quantity(operandCount, "operand")) and the results of earlier steps")
    }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let program = try program(for: inputs)
        return Few(results.map { ResultSpec(program.values[$0].layout.shape, program.values[$0].dtype) })
    }

    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout {
        guard let program = try? program(for: inputs),
            let result = results.first(where: { program.values[$0].layout.shape == shape })
        else { return Layout(shape: shape) }
        return program.values[result].layout
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(repeating: nil, count: operandCount)
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        var values = Array(inputs)
        for step in steps {
            values.append(try perform(step.primitive.value, Few(step.operands.map { values[$0] }))[0])
        }
        return Few(results.map { values[$0] })
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runDecomposition(of: self)
    }

    // MARK: Execution

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs.allSatisfy({ $0.count == 0 }) { return }
        let program = try program(for: Specs(of: inputs))
        guard program.isEncoded else { return try runSteps(inputs, into: outputs) }
        program.run { (arguments, i) in
            let tensor = i < results.count ? outputs[i] : inputs[program.arrays[i].operand]
            return arguments(tensor, program.layout(tensor.layout, as: program.arrays[i]))
        }
    }

    package func prepared(_ inputs: Specs, _ outputs: Specs) -> PreparedCall? {
        guard let program = try? program(for: inputs), program.isEncoded else { return nil }
        let resultCount = results.count
        let layouts = program.arrays.indices.map { i in
            let array = program.arrays[i]
            return program.layout(i < resultCount ? outputs[i].layout : inputs[array.operand].layout, as: array)
        }
        return { (inputs, outputs) throws(TensorError) in
            program.run { (arguments, i) in
                let tensor = i < resultCount ? outputs[i] : inputs[program.arrays[i].operand]
                return arguments(tensor, relative: layouts[i])
            }
        }
    }

    /// One step after the other, for operands for which there is no program: reductions of rows without elements.
    private func runSteps(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        var operands = Few<Tensor>()
        for input in inputs { operands.append(input.detach()) }
        guard let values = try decomposed(operands) else { return }
        for (value, output) in zip(values, outputs) { copyElements(from: value, layout: value.layout, to: output) }
    }

    // MARK: Equality and coding, without the programs

    package static func == (a: FusedGroup, b: FusedGroup) -> Bool {
        a.operandCount == b.operandCount && a.steps == b.steps && a.results == b.results
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(steps)
        hasher.combine(results)
    }

    private enum CodingKeys: CodingKey { case operandCount, steps, results }
}

extension FusedProgram {
    /// Runs the kernels on the arguments that the body returns for the arrays.
    @inline(__always)
    fileprivate func run(_ argument: (inout KernelArguments, Int) -> UnsafePointer<tl_tensor>?) {
        withKernelArguments { arguments in
            withUnsafeTemporaryAllocation(of: UnsafePointer<tl_tensor>?.self, capacity: arrays.count) { pointers in
                for i in arrays.indices { pointers.initializeElement(at: i, to: argument(&arguments, i)) }
                var code = code
                tl_fused_run(&code, pointers.baseAddress, Int32(arrays.count))
            }
        }
    }
}

/// A primitive of any type as an attribute of another one.
package struct AnyPrimitive: Sendable, Hashable, Codable {
    package let value: any Primitive

    package init(_ value: any Primitive) { self.value = value }

    package static func == (a: AnyPrimitive, b: AnyPrimitive) -> Bool { AnyHashable(a.value) == AnyHashable(b.value) }
    package func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }

    private enum CodingKeys: CodingKey { case name, attributes }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let name = try container.decode(String.self, forKey: .name)
        guard let type = AllPrimitives.all.first(where: { $0.name == name }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .name, in: container, debugDescription: "\(name) is not the name of a primitive")
        }
        value = try Self.decode(type, container)
    }

    private static func decode<P: Primitive>(
        _ type: P.Type, _ container: KeyedDecodingContainer<CodingKeys>
    ) throws -> any Primitive { try container.decode(P.self, forKey: .attributes) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type(of: value).name, forKey: .name)
        try container.encode(value, forKey: .attributes)
    }
}
