import Synchronization

/// A graph of operations that is built first and run later, as in TensorFlow 1.
///
///     let graph = GraphBuilder()
///     let x = graph.placeholder("x", [2, 3])
///     let w = Tensor.randn(3, 4)
///     let y = graph.build { relu(x.matmul(w)) }
///     print(graph)
///     let result = graph.run(y, feed: ["x": Tensor.ones(2, 3)])
///
/// Inside ``build(_:)`` the operations of the library add themselves to the graph when they are called on tensors of the graph:
/// placeholders and results of earlier operations. These have a shape and a dtype, and no elements, so wrong shapes are errors while the
/// graph is built. Tensors with elements are constants of the graph; operations on them alone run at once.
///
/// Gradients are operations too: call `grad`, `vjp` or `backward()` in ``build(_:)``. Tensors from outside cannot be changed in it.
public final class GraphBuilder: @unchecked Sendable, CustomStringConvertible {
    private let recorder = GraphRecorder("GraphBuilder", .same, outer: nil)
    /// What was the default generator; at a run, the one of then takes its place.
    private let defaultGenerator = Generator.default
    /// The names, in order, and the tensors of the placeholders.
    private var placeholders: [(name: String, tensor: Tensor)] = []
    private var plans: [[Graph.ValueID]: (plan: Plan, arguments: [Int])] = [:]
    private let lock = Mutex(())

    /// Creates a graph without operations.
    public init() {}

    /// Adds a placeholder: a tensor that gets its elements when the graph runs.
    ///
    /// - Parameters:
    ///   - name: the name in `feed`. Each name may be used once.
    ///   - shape: the shape.
    ///   - dtype: the dtype. Default: the default dtype.
    ///   - device: the device of the tensor that is fed. Default: the default device.
    public func placeholder(
        _ name: String, _ shape: [Int], dtype: DType = .default, device: Device = .current
    ) -> Tensor {
        do throws(TensorError) {
            guard !placeholders.contains(where: { $0.name == name }) else {
                throw TensorError(
                    .value, in: "placeholder", "the graph has a placeholder of this name", got: name,
                    expected: "each name once")
            }
            try checkShape(Dims(shape), in: "placeholder")
            let tensor = try recorder.argument(TensorSpec(Layout(shape: Dims(shape)), dtype, device: device))
            placeholders.append((name, tensor))
            return tensor
        } catch { return fail(error) }
    }

    /// Runs the body, whose operations on tensors of the graph are added to the graph. May be called several times.
    ///
    /// - Returns: what the body returns: tensors of the graph.
    public func build<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        try recordingCalls(with: recorder) { () throws(E) in try body() }
    }

    /// Computes a tensor of the graph.
    ///
    /// - Parameters:
    ///   - tensor: the tensor.
    ///   - feed: the elements of the placeholders that it depends on, by name. Others are not read.
    public func run(_ tensor: Tensor, feed: [String: Tensor] = [:]) -> Tensor {
        run([tensor], feed: feed).first ?? .placeholder(shape: Dims())
    }

    /// Computes tensors of the graph in one run.
    ///
    /// - Parameters:
    ///   - tensors: the tensors.
    ///   - feed: the elements of the placeholders that they depend on, by name. Others are not read.
    public func run(_ tensors: [Tensor], feed: [String: Tensor] = [:]) -> [Tensor] {
        do throws(TensorError) {
            if tensors.contains(where: \.isPlaceholder) || feed.values.contains(where: \.isPlaceholder) {
                return tensors.map { _ in Tensor.placeholder(shape: Dims()) }
            }
            let values = try ids(of: tensors)
            let (plan, needed) = try plan(for: values)
            var arguments: [Tensor] = []
            for index in needed {
                let (name, tensor) = placeholders[index]
                arguments.append(try fed(feed[name], name, tensor))
            }
            for name in feed.keys.sorted() where !placeholders.contains(where: { $0.name == name }) {
                throw TensorError(
                    .value, in: "GraphBuilder.run", "the graph has no placeholder of this name", got: name,
                    expected: "one of " + placeholders.map(\.name).joined(separator: ", "))
            }
            return try PlanRun.results(of: plan, arguments, defaultGenerator: defaultGenerator)
        } catch {
            let placeholder = fail(error)
            return tensors.map { _ in placeholder }
        }
    }

    /// The part of the graph that computes some tensors, and the names of the placeholders that it reads.
    package func part(
        computing tensors: [Tensor]
    ) throws(TensorError) -> (recording: FunctionRecording, inputs: [String]) {
        let (graph, needed) = recorder.graph.onRepresentedDevice().part(computing: try ids(of: tensors))
        return (
            FunctionRecording(graph: graph, defaultGenerator: defaultGenerator), needed.map { placeholders[$0].name }
        )
    }

    private func ids(of tensors: [Tensor]) throws(TensorError) -> [Graph.ValueID] {
        var values: [Graph.ValueID] = []
        for tensor in tensors {
            guard let value = recorder.known(tensor) else {
                throw TensorError(
                    .value, in: "GraphBuilder", "the tensor is not one of this graph",
                    expected: "placeholders and results of operations inside of build { }", operands: [tensor])
            }
            values.append(value)
        }
        return values
    }

    private func plan(for values: [Graph.ValueID]) throws(TensorError) -> (plan: Plan, arguments: [Int]) {
        if let known = lock.withLock({ _ in plans[values] }) { return known }
        let (graph, arguments) = recorder.graph.onRepresentedDevice().part(computing: values)
        let made = (try Plan(optimized(graph)), arguments)
        lock.withLock { _ in plans[values] = made }
        return made
    }

    private func fed(_ given: Tensor?, _ name: String, _ placeholder: Tensor) throws(TensorError) -> Tensor {
        guard let given else {
            throw TensorError(
                .value, in: "GraphBuilder.run", "the placeholder \(name) has no elements",
                expected: "\(placeholder.dtype) \(placeholder.shape)", fix: "pass feed: [\"\(name)\": x]")
        }
        let device = placeholder.device.represented ?? placeholder.device
        guard given.layout.shape == placeholder.layout.shape, given.dtype == placeholder.dtype, given.device == device
        else {
            throw TensorError(
                .shape, in: "GraphBuilder.run", "the tensor for the placeholder \(name) is another one",
                expected: "\(placeholder.dtype) \(placeholder.shape) on \(device)", operands: [given])
        }
        return noGrad { given.detach().contiguous() }
    }

    /// One line for each operation: results with dtype and shape, operands, and the modules whose `forward` called it.
    public var description: String { recorder.graph.description }
}
