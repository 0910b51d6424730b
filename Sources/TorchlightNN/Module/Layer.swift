import TorchlightCore

/// A module that maps one tensor to another and is called like a function.
public protocol Layer: Module {
    /// Computes the result. Call the module itself (`model(x)`), which also runs hooks and names the place of errors.
    func forward(_ x: Tensor) -> Tensor
}

extension Layer {
    /// Runs `forward` with the module's hooks.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
        guard let hooks else { return forward(x) }
        return hooks.run(self, x) { forward($0) }
    }
}

extension Module {
    /// Runs the body as the forward pass of this module, so that errors inside name its path.
    ///
    /// For modules that take more than a tensor and so are no ``Layer``:
    ///
    ///     func callAsFunction(_ query: Tensor, _ memory: Tensor) -> Tensor {
    ///         scope { forward(query, memory) }
    ///     }
    public func scope<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let context = ThreadContext.current
        context.enter(self)
        defer { context.leave() }
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
