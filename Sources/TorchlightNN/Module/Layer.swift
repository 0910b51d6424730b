import TorchlightCore

/// A module whose forward pass takes one tensor and returns one tensor.
public protocol Layer: Module {
    /// The forward pass. Call the module itself, `model(x)`: that also runs the hooks and names the module in errors.
    func forward(_ x: Tensor) -> Tensor
}

extension Layer {
    /// Returns `forward(x)`, and runs the hooks of the module.
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
    /// Runs a closure as the forward pass of this module: runs the module's hooks on the tensors of its arguments and results,
    /// and adds the module's path to errors.
    ///
    /// Use it in modules whose inputs or outputs are not a single tensor, which cannot be a ``Layer``:
    ///
    ///     func callAsFunction(_ query: Tensor, _ memory: Tensor) -> Tensor {
    ///         scope(query, memory) { query, memory in forward(query, memory) }
    ///     }
    ///
    /// - Parameters:
    ///   - arguments: The inputs. Hooks may replace their tensors.
    ///   - body: The forward pass; it receives the inputs after the hooks. Two or three results are a tuple.
    /// - Returns: The results of `body` after the hooks.
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

    /// Runs a closure with two results as the forward pass of this module; see ``scope(_:body:)``.
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

    /// Runs a closure with three results as the forward pass of this module; see ``scope(_:body:)``.
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

    /// Runs a closure as the forward pass of this module without passing its tensors to hooks, and adds the module's path to
    /// errors.
    ///
    /// Use it where inputs or outputs do not conform to ``TensorStructure``. Hooks cannot run: a call of a module that has
    /// hooks is an error.
    @_disfavoredOverload
    public func scope<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        if let hooks, !hooks.isEmpty {
            reportFailure(
                TensorError(
                    .value, in: "\(type(of: self))",
                    "the module has hooks, but its forward pass does not pass its tensors to them",
                    fix: "pass the input tensors to scope, as in scope(x, y) { x, y in ... }"))
        }
        return try body()
    }
}

extension Module: PathElement {
    package func name(of inner: any PathElement) -> String {
        for (name, module) in namedModules() where module === inner { return name }
        // The module is in no property that reflection finds: name its type.
        return "\(type(of: inner))"
    }

    package var trainingModes: [Bool] { modules().map(\.isTraining) }

    package func contentsCheck() -> () -> Bool {
        let contents = TreeContents(self)
        return { contents.areUnchanged }
    }
}
