import Synchronization

/// A computation graph that is built first and run later, as in TensorFlow 1.
///
///     let graph = GraphBuilder()
///     let x = graph.placeholder("x", [2, 3])
///     let w = Tensor.randn(3, 4)
///     let y = graph.build { relu(x.matmul(w)) }
///     print(graph)
///     let result = graph.run(y, feed: ["x": Tensor.ones(2, 3)])
///
/// Inside ``build(_:)``, operations on placeholders and on results of earlier operations are added to the graph. These
/// tensors have a shape and a dtype but no elements, so that wrong shapes are errors while the graph is built. Tensors
/// with elements are constants of the graph; operations on constants alone run at once.
///
/// `grad`, `vjp` and `backward()` in ``build(_:)`` add gradients to the graph. Tensors from outside cannot be changed
/// in it.
public final class GraphBuilder: @unchecked Sendable, CustomStringConvertible {
    private let recorder = GraphRecorder("GraphBuilder", .same, outer: nil)
    /// The default generator while the graph was built; a run uses the current default generator instead.
    private let defaultGenerator = Generator.default
    /// The names, in order, and the tensors of the placeholders.
    private var placeholders: [(name: String, tensor: Tensor)] = []
    private var plans: [[Graph.ValueID]: (plan: Plan, arguments: [Int])] = [:]
    private let lock = Mutex(())

    /// Creates a graph without operations.
    public init() {}

    /// Adds a placeholder: a tensor whose elements are passed to `run`.
    ///
    /// - Parameters:
    ///   - name: the name in `feed`. Each name may be used once.
    ///   - shape: the shape.
    ///   - dtype: the dtype. Default: the default dtype.
    ///   - device: the device of the tensor in `feed`. Default: the default device.
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

    /// Runs the body and adds its operations on tensors of the graph to the graph. May be called several times.
    ///
    /// - Returns: the tensors of the graph that the body returns.
    public func build<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        try recordingCalls(with: recorder) { () throws(E) in try body() }
    }

    /// Runs the graph and returns a tensor of it.
    ///
    /// - Parameters:
    ///   - tensor: the tensor.
    ///   - feed: the tensors for the placeholders on which `tensor` depends, by name. Others are ignored.
    public func run(_ tensor: Tensor, feed: [String: Tensor] = [:]) -> Tensor {
        run([tensor], feed: feed).first ?? .placeholder(shape: Dims())
    }

    /// Runs the graph once and returns several tensors of it.
    ///
    /// - Parameters:
    ///   - tensors: the tensors.
    ///   - feed: the tensors for the placeholders on which the results depend, by name. Others are ignored.
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

    /// The subgraph that computes some tensors, and the names of the placeholders that it reads.
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
                    .value, in: "GraphBuilder", "the tensor does not belong to this graph",
                    expected: "placeholders and results of operations inside build { }", operands: [tensor])
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
                .value, in: "GraphBuilder.run", "feed has no tensor for the placeholder \(name)",
                expected: "\(placeholder.dtype) \(placeholder.shape)", fix: "pass feed: [\"\(name)\": x]")
        }
        let device = placeholder.device.represented ?? placeholder.device
        guard given.layout.shape == placeholder.layout.shape, given.dtype == placeholder.dtype, given.device == device
        else {
            throw TensorError(
                .shape, in: "GraphBuilder.run",
                "the tensor for the placeholder \(name) has another shape, dtype or device",
                expected: "\(placeholder.dtype) \(placeholder.shape) on \(device)", operands: [given])
        }
        return noGrad { given.detach().contiguous() }
    }

    /// One line per operation: results with dtype and shape, operands, and the modules whose `forward` called it.
    public var description: String { recorder.graph.description }
}
