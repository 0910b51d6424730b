// Gradients of scalar functions. Swift cannot call a returned function with a parameter pack directly, so that each
// number of arguments has an overload.

/// Returns a function that computes the gradient of `function` with respect to its first argument.
///
///     let slope = grad { x in (x.sin() * x).sum() }
///     let g = slope(Tensor([1.0, 2.0]))
///
/// The function must return a 0-dimensional tensor. The first argument is a tensor or a ``TensorStructure`` such as an
/// array or a dictionary of tensors; the gradient has the same structure. The gradient of a tensor on which the result
/// does not depend is 0. Other arguments may have any type.
///
/// The gradient is differentiable, by another transformation and by `backward()` with respect to tensors that the
/// function captures. No `grad` property is changed.
public func grad(_ function: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
    { x0 in valueAndGradient("grad", x0) { function($0) }.gradient }
}

/// Returns a function that computes the gradient with respect to the first of two tensors; see ``grad(_:)``.
public func grad(_ function: @escaping (Tensor, Tensor) -> Tensor) -> (Tensor, Tensor) -> Tensor {
    { x0, x1 in valueAndGradient("grad", x0) { function($0, x1) }.gradient }
}

/// Returns a function that computes the gradient with respect to the first of three tensors; see ``grad(_:)``.
public func grad(_ function: @escaping (Tensor, Tensor, Tensor) -> Tensor) -> (Tensor, Tensor, Tensor) -> Tensor {
    { x0, x1, x2 in valueAndGradient("grad", x0) { function($0, x1, x2) }.gradient }
}

/// Returns a function that computes the gradient with respect to the first argument; see ``grad(_:)``.
public func grad<First: TensorStructure>(
    _ function: @escaping (First) -> Tensor
) -> (First) -> First {
    { x0 in valueAndGradient("grad", x0) { function($0) }.gradient }
}

/// Returns a function that computes the gradient with respect to the first argument; see ``grad(_:)``.
public func grad<First: TensorStructure, Second>(
    _ function: @escaping (First, Second) -> Tensor
) -> (First, Second) -> First {
    { x0, x1 in valueAndGradient("grad", x0) { function($0, x1) }.gradient }
}

/// Returns a function that computes the gradient with respect to the first argument; see ``grad(_:)``.
public func grad<First: TensorStructure, Second, Third>(
    _ function: @escaping (First, Second, Third) -> Tensor
) -> (First, Second, Third) -> First {
    { x0, x1, x2 in valueAndGradient("grad", x0) { function($0, x1, x2) }.gradient }
}

/// Returns a function that computes the value and the gradient with respect to the first argument; see `grad(_:)`.
public func valueAndGrad<First: TensorStructure>(
    _ function: @escaping (First) -> Tensor
) -> (First) -> (value: Tensor, gradient: First) {
    { x0 in valueAndGradient("valueAndGrad", x0) { function($0) } }
}

/// Returns a function that computes the value and the gradient with respect to the first argument; see `grad(_:)`.
public func valueAndGrad<First: TensorStructure, Second>(
    _ function: @escaping (First, Second) -> Tensor
) -> (First, Second) -> (value: Tensor, gradient: First) {
    { x0, x1 in valueAndGradient("valueAndGrad", x0) { function($0, x1) } }
}

/// Returns a function that computes the value and the gradient with respect to the first argument; see `grad(_:)`.
public func valueAndGrad<First: TensorStructure, Second, Third>(
    _ function: @escaping (First, Second, Third) -> Tensor
) -> (First, Second, Third) -> (value: Tensor, gradient: First) {
    { x0, x1, x2 in valueAndGradient("valueAndGrad", x0) { function($0, x1, x2) } }
}

/// Returns a function that computes the value and the gradient of a function of one tensor; see `grad(_:)`.
public func valueAndGrad(_ function: @escaping (Tensor) -> Tensor) -> (Tensor) -> (value: Tensor, gradient: Tensor) {
    { x in valueAndGradient("valueAndGrad", x) { function($0) } }
}

/// Returns a function that computes the gradient with respect to the first argument, and the auxiliary output, which is not
/// differentiated.
///
///     let step = grad(hasAux: { (weights: [String: Tensor]) in
///         let logits = model(weights, x)
///         return (crossEntropy(logits, labels), logits)
///     })
///     let (gradient, logits) = step(weights)
public func grad<First: TensorStructure, Auxiliary: TensorStructure>(
    hasAux function: @escaping (First) -> (Tensor, Auxiliary)
) -> (First) -> (gradient: First, auxiliary: Auxiliary) {
    { x0 in
        let all = valueGradientAndAuxiliary("grad", x0) { function($0) }
        return (all.gradient, all.auxiliary)
    }
}

/// Returns a function that computes the value, the gradient with respect to the first argument, and the auxiliary output.
public func valueAndGrad<First: TensorStructure, Auxiliary: TensorStructure>(
    hasAux function: @escaping (First) -> (Tensor, Auxiliary)
) -> (First) -> (value: Tensor, gradient: First, auxiliary: Auxiliary) {
    { x0 in valueGradientAndAuxiliary("valueAndGrad", x0) { function($0) } }
}

/// Returns a function that computes the gradient with respect to the first argument, and the auxiliary output.
public func grad<First: TensorStructure, Second, Auxiliary: TensorStructure>(
    hasAux function: @escaping (First, Second) -> (Tensor, Auxiliary)
) -> (First, Second) -> (gradient: First, auxiliary: Auxiliary) {
    { x0, x1 in
        let all = valueGradientAndAuxiliary("grad", x0) { function($0, x1) }
        return (all.gradient, all.auxiliary)
    }
}

/// Returns a function that computes the value, the gradient with respect to the first argument, and the auxiliary output.
public func valueAndGrad<First: TensorStructure, Second, Auxiliary: TensorStructure>(
    hasAux function: @escaping (First, Second) -> (Tensor, Auxiliary)
) -> (First, Second) -> (value: Tensor, gradient: First, auxiliary: Auxiliary) {
    { x0, x1 in valueGradientAndAuxiliary("valueAndGrad", x0) { function($0, x1) } }
}

/// Returns a function that computes the gradient with respect to the first argument, and the auxiliary output.
public func grad<First: TensorStructure, Second, Third, Auxiliary: TensorStructure>(
    hasAux function: @escaping (First, Second, Third) -> (Tensor, Auxiliary)
) -> (First, Second, Third) -> (gradient: First, auxiliary: Auxiliary) {
    { x0, x1, x2 in
        let all = valueGradientAndAuxiliary("grad", x0) { function($0, x1, x2) }
        return (all.gradient, all.auxiliary)
    }
}

/// Returns a function that computes the value, the gradient with respect to the first argument, and the auxiliary output.
public func valueAndGrad<First: TensorStructure, Second, Third, Auxiliary: TensorStructure>(
    hasAux function: @escaping (First, Second, Third) -> (Tensor, Auxiliary)
) -> (First, Second, Third) -> (value: Tensor, gradient: First, auxiliary: Auxiliary) {
    { x0, x1, x2 in valueGradientAndAuxiliary("valueAndGrad", x0) { function($0, x1, x2) } }
}

/// Returns a function that computes the gradient with respect to one argument.
///
/// - Parameter argnums: the index of the argument; a negative index counts from the last.
public func grad(_ function: @escaping (Tensor) -> Tensor, argnums: Int) -> (Tensor) -> Tensor {
    { valueAndGradients("grad", [$0], [argnums]) { function($0[0]) }.gradients[0] }
}

/// Returns a function that computes the gradients with respect to several arguments.
public func grad(_ function: @escaping (Tensor) -> Tensor, argnums: [Int]) -> (Tensor) -> [Tensor] {
    { valueAndGradients("grad", [$0], argnums) { function($0[0]) }.gradients }
}

/// Returns a function that computes the value and the gradients with respect to several arguments.
public func valueAndGrad(
    _ function: @escaping (Tensor) -> Tensor, argnums: [Int]
) -> (Tensor) -> (value: Tensor, gradients: [Tensor]) {
    { valueAndGradients("valueAndGrad", [$0], argnums) { function($0[0]) } }
}

/// Returns a function that computes the gradient with respect to one of two arguments.
public func grad(_ function: @escaping (Tensor, Tensor) -> Tensor, argnums: Int) -> (Tensor, Tensor) -> Tensor {
    { valueAndGradients("grad", [$0, $1], [argnums]) { function($0[0], $0[1]) }.gradients[0] }
}

/// Returns a function that computes the gradients with respect to several arguments.
public func grad(_ function: @escaping (Tensor, Tensor) -> Tensor, argnums: [Int]) -> (Tensor, Tensor) -> [Tensor] {
    { valueAndGradients("grad", [$0, $1], argnums) { function($0[0], $0[1]) }.gradients }
}

/// Returns a function that computes the value and the gradients with respect to several arguments.
public func valueAndGrad(
    _ function: @escaping (Tensor, Tensor) -> Tensor, argnums: [Int]
) -> (Tensor, Tensor) -> (value: Tensor, gradients: [Tensor]) {
    { valueAndGradients("valueAndGrad", [$0, $1], argnums) { function($0[0], $0[1]) } }
}

/// Returns a function that computes the gradient with respect to one of three arguments.
public func grad(_ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: Int) -> (Tensor, Tensor, Tensor) ->
    Tensor
{
    { valueAndGradients("grad", [$0, $1, $2], [argnums]) { function($0[0], $0[1], $0[2]) }.gradients[0] }
}

/// Returns a function that computes the gradients with respect to several arguments.
public func grad(_ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: [Int]) -> (Tensor, Tensor, Tensor)
    -> [Tensor]
{
    { valueAndGradients("grad", [$0, $1, $2], argnums) { function($0[0], $0[1], $0[2]) }.gradients }
}

/// Returns a function that computes the value and the gradients with respect to several arguments.
public func valueAndGrad(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: [Int]
) -> (Tensor, Tensor, Tensor) -> (value: Tensor, gradients: [Tensor]) {
    { valueAndGradients("valueAndGrad", [$0, $1, $2], argnums) { function($0[0], $0[1], $0[2]) } }
}
