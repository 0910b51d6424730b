import Synchronization
import TorchlightCore
import TorchlightFiles
import TorchlightOptim

/// A recorded function that can be inspected, saved, loaded and run without its Swift code.
///
///     let program = try export({ (x: Tensor) in model(x) }, x, dynamic: ["batch": 1...512])
///     print(program)
///     try program.save("model.tlp")
///
///     let loaded = try Program.load("model.tlp")      // in any process
///     let y = loaded(x)
///
/// Results are equal to those of the function bit for bit. A program includes state: parameters, running statistics,
/// optimisers and generators that the function changes are changed by runs of the program, and ``save(_:)`` writes
/// their current values. Results have no gradients.
///
/// Runs are not recorded by `compile`, `vmap` or autograd. A program that changes no tensors may run on several
/// threads.
public final class Program: @unchecked Sendable, CustomStringConvertible {
    let form: ProgramForm
    let state: ProgramState
    private let plans = Mutex<[(sizes: [Int], plan: Plan)]>([])
    private static let planLimit = 16

    /// Validates the graph at the ends of the ranges of its sizes.
    init(_ form: ProgramForm, _ tensors: [Tensor], on device: Device) throws(ProgramProblem) {
        self.form = form
        state = try ProgramState(form, tensors, on: device)
        let ends = [form.sizes.map(\.range.lowerBound), form.sizes.map(\.range.upperBound)]
        for sizes in ends[0] == ends[1] ? [ends[0]] : ends {
            _ = try GraphReader.graph(form, state, sizes: sizes)
        }
    }

    // MARK: Description

    /// The inputs, in order.
    public var inputs: [ProgramInput] { form.inputs }

    /// The names of the outputs, in order.
    public var outputNames: [String] { form.outputNames }

    /// The dynamic sizes of the inputs and their ranges.
    public var sizes: [DynamicDimensions.Size] { form.sizes }

    /// The names and tensors of the program: parameters, buffers, constants and the state of optimisers. A run that
    /// changes state changes these tensors.
    public var tensors: [(name: String, tensor: Tensor)] {
        zip(form.tensors, state.tensors).map { ($0.name, $1.detach()) }
    }

    /// The operations, one per line: results with dtype and shape, operands, and the modules whose `forward` called
    /// them.
    public var description: String { ProgramText(form).text }

    /// The device on which the program runs.
    public var device: Device { state.device }

    // MARK: Running

    /// Runs a program with one output.
    ///
    /// - Parameter inputs: a tensor for each input, in order.
    public func callAsFunction(_ inputs: Tensor...) -> Tensor {
        guard outputNames.count == 1 else {
            return fail(
                TensorError(
                    .value, in: "Program", "the program has \(quantity(outputNames.count, "output"))",
                    expected: "one output",
                    fix: "use program.run([x])"))
        }
        return run(inputs)[0]
    }

    /// Runs the program.
    ///
    /// - Parameter inputs: the tensors by the names of the inputs.
    /// - Returns: the tensors by the names of the outputs.
    public func run(_ inputs: [String: Tensor]) -> [String: Tensor] {
        if let unknown = inputs.keys.sorted().first(where: { name in !self.inputs.contains { $0.name == name } }) {
            let placeholder = fail(
                TensorError(
                    .value, in: "Program.run", "the program has no input of this name", got: unknown,
                    expected: self.inputs.map(\.name).joined(separator: ", ")))
            return Dictionary(uniqueKeysWithValues: outputNames.map { ($0, placeholder) })
        }
        var list: [Tensor] = []
        for input in self.inputs {
            guard let tensor = inputs[input.name] else {
                let placeholder = fail(
                    TensorError(
                        .value, in: "Program.run", "an input is missing", expected: "\(input)",
                        fix: "pass [\"\(input.name)\": x]"))
                return Dictionary(uniqueKeysWithValues: outputNames.map { ($0, placeholder) })
            }
            list.append(tensor)
        }
        return Dictionary(uniqueKeysWithValues: zip(outputNames, run(list)))
    }

    /// Runs the program.
    ///
    /// - Parameter inputs: one tensor per input, in order, with its dtype and shape, on the device of the program.
    /// - Returns: the outputs, in order.
    public func run(_ inputs: [Tensor]) -> [Tensor] {
        if let placeholder = inputs.first(where: \.isPlaceholder) { return outputNames.map { _ in placeholder } }
        do throws(TensorError) { return try results(inputs) } catch {
            let placeholder = fail(error)
            return outputNames.map { _ in placeholder }
        }
    }

    private func results(_ inputs: [Tensor]) throws(TensorError) -> [Tensor] {
        guard activeRecorder == nil else {
            throw TensorError(
                .unsupported, in: "Program",
                "a program runs inside a function that is being recorded, as in compile or vmap",
                expected: "a call outside the function",
                fix: "call the program outside, or compile the function that was exported")
        }
        let plan = try plan(for: try sizes(of: inputs))
        try state.checkGradients(form)
        let arguments = noGrad { inputs.map { $0.detach().contiguous() } }
        let results = try PlanRun.results(of: plan, arguments, defaultGenerator: state.defaultGenerator)
        let shared = state.storages.union(arguments.map { ObjectIdentifier($0.storage) })
        return noGrad { results.map { shared.contains(ObjectIdentifier($0.storage)) ? $0.clone() : $0 } }
    }

    private func plan(for sizes: [Int]) throws(TensorError) -> Plan {
        if let known = plans.withLock({ $0.first { $0.sizes == sizes }?.plan }) { return known }
        let graph: Graph
        do throws(ProgramProblem) { graph = try GraphReader.graph(form, state, sizes: sizes) } catch {
            throw error.error(in: "Program")
        }
        let plan = try Plan(optimized(graph))
        plans.withLock { plans in
            plans.insert((sizes, plan), at: 0)
            if plans.count > Self.planLimit { plans.removeLast() }
        }
        return plan
    }

    /// The dynamic sizes of the inputs, after all checks.
    private func sizes(of inputs: [Tensor]) throws(TensorError) -> [Int] {
        guard inputs.count == form.inputs.count else {
            throw TensorError(
                .value, in: "Program", "the number of inputs is wrong", got: "\(inputs.count)",
                expected: "\(form.inputs.count): " + form.inputs.map(\.description).joined(separator: ", "))
        }
        var sizes = [Int?](repeating: nil, count: form.sizes.count)
        for (input, tensor) in zip(form.inputs, inputs) {
            guard tensor.dtype == input.dtype, tensor.device == device, tensor.rank == input.shape.count else {
                throw TensorError(
                    tensor.dtype == input.dtype ? .shape : .dtype, in: "Program",
                    "the input \(input.name) has another dtype, device or rank",
                    expected: "\(input.type) on \(device)", operands: [tensor])
            }
            for (dim, size) in zip(input.shape, tensor.shape) {
                switch dim {
                case .fixed(let wanted):
                    guard size == wanted else {
                        throw TensorError(
                            .shape, in: "Program", "the input \(input.name) has another shape", expected: input.type,
                            operands: [tensor])
                    }
                case .dynamic(let name):
                    let index = form.sizes.firstIndex { $0.name == name }!
                    guard form.sizes[index].range.contains(size) else {
                        throw TensorError(
                            .shape, in: "Program",
                            "the size \(name) of the input \(input.name) is outside its range",
                            got: "\(size)", expected: "\(form.sizes[index])",
                            fix: "export with a larger range in dynamic:")
                    }
                    if let known = sizes[index], known != size {
                        throw TensorError(
                            .shape, in: "Program", "the inputs differ in the size \(name)", got: "\(known) and \(size)",
                            expected: "one size \(name)")
                    }
                    sizes[index] = size
                }
            }
        }
        return zip(sizes, form.sizes).map { $0 ?? $1.range.lowerBound }
    }
}
