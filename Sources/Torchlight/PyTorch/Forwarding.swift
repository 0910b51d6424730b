// Modules whose forward pass takes or returns something else than one tensor, made callable: `let (y, h) = model(x, h)`.

/// A module whose forward pass has one argument of any type and any result, such as a tuple.
///
///     final class VAE: Module, Forward1 {
///         func forward(_ x: Tensor) -> (Tensor, Tensor, Tensor) { ... }
///     }
///     let (reconstruction, mean, logVariance) = vae(x)
///
/// A module from one tensor to one tensor is a `Layer`.
public protocol Forward1<Input, Output>: Module {
    /// The argument of the forward pass.
    associatedtype Input
    /// The result of the forward pass.
    associatedtype Output
    /// The forward pass. Call the module itself: that also names the module in errors.
    func forward(_ input: Input) -> Output
}

/// A module whose forward pass has two arguments of any types and any result, such as a tuple.
///
///     final class Decoder: Module, Forward2 {
///         func forward(_ x: Tensor, _ state: LSTM.State?) -> (Tensor, LSTM.State) { ... }
///     }
///     let (y, state) = decoder(x, nil)
public protocol Forward2<First, Second, Output>: Module {
    /// The first argument of the forward pass.
    associatedtype First
    /// The second argument of the forward pass.
    associatedtype Second
    /// The result of the forward pass.
    associatedtype Output
    /// The forward pass. Call the module itself: that also names the module in errors.
    func forward(_ first: First, _ second: Second) -> Output
}

/// A module whose forward pass has three arguments of any types and any result, such as a tuple.
public protocol Forward3<First, Second, Third, Output>: Module {
    /// The first argument of the forward pass.
    associatedtype First
    /// The second argument of the forward pass.
    associatedtype Second
    /// The third argument of the forward pass.
    associatedtype Third
    /// The result of the forward pass.
    associatedtype Output
    /// The forward pass. Call the module itself: that also names the module in errors.
    func forward(_ first: First, _ second: Second, _ third: Third) -> Output
}

// Hooks see tensors, arrays of tensors and optional tensors, and tuples of two or three tensors as results. A forward pass
// with other types runs without hooks, and having hooks is then an error.

extension Forward1 {
    /// Returns `forward(input)`.
    @_disfavoredOverload
    public func callAsFunction(_ input: Input) -> Output { scope { forward(input) } }
}
extension Forward1 where Input: TensorStructure, Output: TensorStructure {
    /// Returns `forward(input)`, and runs the hooks of the module.
    public func callAsFunction(_ input: Input) -> Output { scope(input) { forward($0) } }
}
extension Forward1 where Input: TensorStructure, Output == (Tensor, Tensor) {
    /// Returns `forward(input)`, and runs the hooks of the module.
    public func callAsFunction(_ input: Input) -> Output { scope(input) { forward($0) } }
}
extension Forward1 where Input: TensorStructure, Output == (Tensor, Tensor, Tensor) {
    /// Returns `forward(input)`, and runs the hooks of the module.
    public func callAsFunction(_ input: Input) -> Output { scope(input) { forward($0) } }
}

extension Forward2 {
    /// Returns `forward(first, second)`.
    @_disfavoredOverload
    public func callAsFunction(_ first: First, _ second: Second) -> Output { scope { forward(first, second) } }
}
extension Forward2 where First: TensorStructure, Second: TensorStructure, Output: TensorStructure {
    /// Returns `forward(first, second)`, and runs the hooks of the module.
    public func callAsFunction(_ first: First, _ second: Second) -> Output {
        scope(first, second) { forward($0, $1) }
    }
}
extension Forward2 where First: TensorStructure, Second: TensorStructure, Output == (Tensor, Tensor) {
    /// Returns `forward(first, second)`, and runs the hooks of the module.
    public func callAsFunction(_ first: First, _ second: Second) -> Output {
        scope(first, second) { forward($0, $1) }
    }
}

extension Forward3 {
    /// Returns `forward(first, second, third)`.
    @_disfavoredOverload
    public func callAsFunction(_ first: First, _ second: Second, _ third: Third) -> Output {
        scope { forward(first, second, third) }
    }
}
extension Forward3
where First: TensorStructure, Second: TensorStructure, Third: TensorStructure, Output: TensorStructure {
    /// Returns `forward(first, second, third)`, and runs the hooks of the module.
    public func callAsFunction(_ first: First, _ second: Second, _ third: Third) -> Output {
        scope(first, second, third) { forward($0, $1, $2) }
    }
}
