import TorchlightCore

/// A module that maps one tensor to another and is called like a function.
public protocol Layer: Module {
    /// Computes the result. Call the module itself (`model(x)`), which also runs hooks and names the module in errors.
    func forward(_ x: Tensor) -> Tensor
}

extension Layer {
    /// Runs `forward` with the module's hooks.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        guard let hooks else { return forward(x) }
        return hooks.run(
            self, x, forward: { forward($0) }, slots: { $0.tensorSlots },
            replacing: { $0.replacingTensors(from: &$1) })
    }
}

extension Module {
    /// Runs the body as the forward pass of this module: with the module's hooks, which see the tensors of the arguments and
    /// results and may replace them, and so that errors inside name its path.
    ///
    /// For modules that take more than a tensor and so are no ``Layer``:
    ///
    ///     func callAsFunction(_ query: Tensor, _ memory: Tensor) -> Tensor {
    ///         scope(query, memory) { query, memory in forward(query, memory) }
    ///     }
    ///
    /// - Parameters:
    ///   - arguments: what is made of tensors; hooks may replace it.
    ///   - body: the forward pass of the arguments that it is given. Two or three results are a tuple.
    @inline(__always)
    public func scope<each Argument: TensorStructure, Result: TensorStructure, E: Error>(
        _ arguments: repeat each Argument, body: (repeat each Argument) throws(E) -> Result
    ) throws(E) -> Result {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        guard let hooks else { return try body(repeat each arguments) }
        return try hooks.run(
            self, repeat each arguments, forward: body, slots: { $0.tensorSlots },
            replacing: { $0.replacingTensors(from: &$1) })
    }

    /// The forward pass of a module with two results; see ``scope(_:body:)``.
    @inline(__always)
    public func scope<
        each Argument: TensorStructure, First: TensorStructure, Second: TensorStructure, E: Error
    >(
        _ arguments: repeat each Argument, body: (repeat each Argument) throws(E) -> (First, Second)
    ) throws(E) -> (First, Second) {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        guard let hooks else { return try body(repeat each arguments) }
        return try hooks.run(
            self, repeat each arguments, forward: body, slots: { $0.0.tensorSlots + $0.1.tensorSlots },
            replacing: { ($0.0.replacingTensors(from: &$1), $0.1.replacingTensors(from: &$1)) })
    }

    /// The forward pass of a module with three results; see ``scope(_:body:)``.
    @inline(__always)
    public func scope<
        each Argument: TensorStructure, First: TensorStructure, Second: TensorStructure, Third: TensorStructure,
        E: Error
    >(
        _ arguments: repeat each Argument, body: (repeat each Argument) throws(E) -> (First, Second, Third)
    ) throws(E) -> (First, Second, Third) {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        guard let hooks else { return try body(repeat each arguments) }
        return try hooks.run(
            self, repeat each arguments, forward: body,
            slots: { $0.0.tensorSlots + $0.1.tensorSlots + $0.2.tensorSlots },
            replacing: {
                (
                    $0.0.replacingTensors(from: &$1), $0.1.replacingTensors(from: &$1),
                    $0.2.replacingTensors(from: &$1)
                )
            })
    }

    /// Runs the body as the forward pass of this module, so that errors inside name its path, where its results are not
    /// made of tensors. Hooks cannot see such a call: one on a module with hooks is an error.
    @_disfavoredOverload
    public func scope<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        if let hooks, !hooks.isEmpty {
            reportFailure(
                TensorError(
                    .value, in: "\(type(of: self))",
                    "the module has hooks, and its call does not show them its tensors",
                    fix: "hand arguments and results made of tensors to scope, as in scope(x, y) { x, y in ... }"))
        }
        return try body()
    }
}

extension Module: PathElement {
    package func name(of inner: any PathElement) -> String {
        for (name, module) in namedModules() where module === inner { return name }
        // Not held in a property that reflection follows: its type says at least what it is.
        return "\(type(of: inner))"
    }
}
