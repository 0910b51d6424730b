// Jacobians and Hessians. Each number of arguments has an overload, as in Grad.swift.

/// Returns a function that computes the Jacobian of `function` with respect to its first argument by reverse-mode
/// differentiation, all rows at once.
///
/// For a result of shape `out` and an argument of shape `in`, the Jacobian has shape `out + in`. It has the structure
/// of the first argument. Reverse mode is faster if the result has fewer elements than the argument,
/// `jacfwd(_:chunkSize:)` otherwise.
///
/// - Parameter chunkSize: the number of rows that are computed at once. Default: all.
public func jacrev(
    _ function: @escaping (Tensor) -> Tensor, chunkSize: Int? = nil
) -> (Tensor) -> Tensor {
    { x0 in Jacobian.jacrev(x0, chunkSize) { [function($0)] }[0] }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacrev(_:chunkSize:)``.
public func jacrev<First: TensorStructure>(
    _ function: @escaping (First) -> Tensor, chunkSize: Int? = nil
) -> (First) -> First {
    { x0 in Jacobian.jacrev(x0, chunkSize) { [function($0)] }[0] }
}

/// Returns a function that computes the Jacobian of each result with respect to the first argument.
public func jacrev<First: TensorStructure>(
    _ function: @escaping (First) -> [Tensor], chunkSize: Int? = nil
) -> (First) -> [First] {
    { x0 in Jacobian.jacrev(x0, chunkSize) { function($0) } }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacrev(_:chunkSize:)``.
public func jacrev(
    _ function: @escaping (Tensor, Tensor) -> Tensor, chunkSize: Int? = nil
) -> (Tensor, Tensor) -> Tensor {
    { x0, x1 in Jacobian.jacrev(x0, chunkSize) { [function($0, x1)] }[0] }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacrev(_:chunkSize:)``.
public func jacrev<First: TensorStructure, Second>(
    _ function: @escaping (First, Second) -> Tensor, chunkSize: Int? = nil
) -> (First, Second) -> First {
    { x0, x1 in Jacobian.jacrev(x0, chunkSize) { [function($0, x1)] }[0] }
}

/// Returns a function that computes the Jacobian of each result with respect to the first argument.
public func jacrev<First: TensorStructure, Second>(
    _ function: @escaping (First, Second) -> [Tensor], chunkSize: Int? = nil
) -> (First, Second) -> [First] {
    { x0, x1 in Jacobian.jacrev(x0, chunkSize) { function($0, x1) } }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacrev(_:chunkSize:)``.
public func jacrev(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, chunkSize: Int? = nil
) -> (Tensor, Tensor, Tensor) -> Tensor {
    { x0, x1, x2 in Jacobian.jacrev(x0, chunkSize) { [function($0, x1, x2)] }[0] }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacrev(_:chunkSize:)``.
public func jacrev<First: TensorStructure, Second, Third>(
    _ function: @escaping (First, Second, Third) -> Tensor, chunkSize: Int? = nil
) -> (First, Second, Third) -> First {
    { x0, x1, x2 in Jacobian.jacrev(x0, chunkSize) { [function($0, x1, x2)] }[0] }
}

/// Returns a function that computes the Jacobian of each result with respect to the first argument.
public func jacrev<First: TensorStructure, Second, Third>(
    _ function: @escaping (First, Second, Third) -> [Tensor], chunkSize: Int? = nil
) -> (First, Second, Third) -> [First] {
    { x0, x1, x2 in Jacobian.jacrev(x0, chunkSize) { function($0, x1, x2) } }
}

/// Returns a function that computes the Jacobian with respect to one argument; a negative number counts from the last.
public func jacrev(
    _ function: @escaping (Tensor) -> Tensor, argnums: Int, chunkSize: Int? = nil
) -> (Tensor) -> Tensor {
    { Jacobian.jacrev([$0], [argnums], chunkSize) { function($0[0]) }[0] }
}

/// Returns a function that computes the Jacobians with respect to several arguments.
public func jacrev(
    _ function: @escaping (Tensor) -> Tensor, argnums: [Int], chunkSize: Int? = nil
) -> (Tensor) -> [Tensor] {
    { Jacobian.jacrev([$0], argnums, chunkSize) { function($0[0]) } }
}

/// Returns a function that computes the Jacobian with respect to one argument; a negative number counts from the last.
public func jacrev(
    _ function: @escaping (Tensor, Tensor) -> Tensor, argnums: Int, chunkSize: Int? = nil
) -> (Tensor, Tensor) -> Tensor {
    { Jacobian.jacrev([$0, $1], [argnums], chunkSize) { function($0[0], $0[1]) }[0] }
}

/// Returns a function that computes the Jacobians with respect to several arguments.
public func jacrev(
    _ function: @escaping (Tensor, Tensor) -> Tensor, argnums: [Int], chunkSize: Int? = nil
) -> (Tensor, Tensor) -> [Tensor] {
    { Jacobian.jacrev([$0, $1], argnums, chunkSize) { function($0[0], $0[1]) } }
}

/// Returns a function that computes the Jacobian with respect to one argument; a negative number counts from the last.
public func jacrev(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: Int, chunkSize: Int? = nil
) -> (Tensor, Tensor, Tensor) -> Tensor {
    { Jacobian.jacrev([$0, $1, $2], [argnums], chunkSize) { function($0[0], $0[1], $0[2]) }[0] }
}

/// Returns a function that computes the Jacobians with respect to several arguments.
public func jacrev(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: [Int], chunkSize: Int? = nil
) -> (Tensor, Tensor, Tensor) -> [Tensor] {
    { Jacobian.jacrev([$0, $1, $2], argnums, chunkSize) { function($0[0], $0[1], $0[2]) } }
}

/// Returns a function that computes the Jacobian of `function` with respect to its first argument by forward-mode
/// differentiation, all columns at once; see `jacrev(_:chunkSize:)`.
///
/// - Parameter chunkSize: the number of columns that are computed at once. Default: all.
public func jacfwd(
    _ function: @escaping (Tensor) -> Tensor, chunkSize: Int? = nil
) -> (Tensor) -> Tensor {
    { x0 in Jacobian.jacfwd(x0, chunkSize) { [function($0)] }[0] }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacfwd(_:chunkSize:)``.
public func jacfwd<First: TensorStructure>(
    _ function: @escaping (First) -> Tensor, chunkSize: Int? = nil
) -> (First) -> First {
    { x0 in Jacobian.jacfwd(x0, chunkSize) { [function($0)] }[0] }
}

/// Returns a function that computes the Jacobian of each result with respect to the first argument.
public func jacfwd<First: TensorStructure>(
    _ function: @escaping (First) -> [Tensor], chunkSize: Int? = nil
) -> (First) -> [First] {
    { x0 in Jacobian.jacfwd(x0, chunkSize) { function($0) } }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacfwd(_:chunkSize:)``.
public func jacfwd(
    _ function: @escaping (Tensor, Tensor) -> Tensor, chunkSize: Int? = nil
) -> (Tensor, Tensor) -> Tensor {
    { x0, x1 in Jacobian.jacfwd(x0, chunkSize) { [function($0, x1)] }[0] }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacfwd(_:chunkSize:)``.
public func jacfwd<First: TensorStructure, Second>(
    _ function: @escaping (First, Second) -> Tensor, chunkSize: Int? = nil
) -> (First, Second) -> First {
    { x0, x1 in Jacobian.jacfwd(x0, chunkSize) { [function($0, x1)] }[0] }
}

/// Returns a function that computes the Jacobian of each result with respect to the first argument.
public func jacfwd<First: TensorStructure, Second>(
    _ function: @escaping (First, Second) -> [Tensor], chunkSize: Int? = nil
) -> (First, Second) -> [First] {
    { x0, x1 in Jacobian.jacfwd(x0, chunkSize) { function($0, x1) } }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacfwd(_:chunkSize:)``.
public func jacfwd(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, chunkSize: Int? = nil
) -> (Tensor, Tensor, Tensor) -> Tensor {
    { x0, x1, x2 in Jacobian.jacfwd(x0, chunkSize) { [function($0, x1, x2)] }[0] }
}

/// Returns a function that computes the Jacobian with respect to the first argument; see ``jacfwd(_:chunkSize:)``.
public func jacfwd<First: TensorStructure, Second, Third>(
    _ function: @escaping (First, Second, Third) -> Tensor, chunkSize: Int? = nil
) -> (First, Second, Third) -> First {
    { x0, x1, x2 in Jacobian.jacfwd(x0, chunkSize) { [function($0, x1, x2)] }[0] }
}

/// Returns a function that computes the Jacobian of each result with respect to the first argument.
public func jacfwd<First: TensorStructure, Second, Third>(
    _ function: @escaping (First, Second, Third) -> [Tensor], chunkSize: Int? = nil
) -> (First, Second, Third) -> [First] {
    { x0, x1, x2 in Jacobian.jacfwd(x0, chunkSize) { function($0, x1, x2) } }
}

/// Returns a function that computes the Jacobian with respect to one argument; a negative number counts from the last.
public func jacfwd(
    _ function: @escaping (Tensor) -> Tensor, argnums: Int, chunkSize: Int? = nil
) -> (Tensor) -> Tensor {
    { Jacobian.jacfwd([$0], [argnums], chunkSize) { function($0[0]) }[0] }
}

/// Returns a function that computes the Jacobians with respect to several arguments.
public func jacfwd(
    _ function: @escaping (Tensor) -> Tensor, argnums: [Int], chunkSize: Int? = nil
) -> (Tensor) -> [Tensor] {
    { Jacobian.jacfwd([$0], argnums, chunkSize) { function($0[0]) } }
}

/// Returns a function that computes the Jacobian with respect to one argument; a negative number counts from the last.
public func jacfwd(
    _ function: @escaping (Tensor, Tensor) -> Tensor, argnums: Int, chunkSize: Int? = nil
) -> (Tensor, Tensor) -> Tensor {
    { Jacobian.jacfwd([$0, $1], [argnums], chunkSize) { function($0[0], $0[1]) }[0] }
}

/// Returns a function that computes the Jacobians with respect to several arguments.
public func jacfwd(
    _ function: @escaping (Tensor, Tensor) -> Tensor, argnums: [Int], chunkSize: Int? = nil
) -> (Tensor, Tensor) -> [Tensor] {
    { Jacobian.jacfwd([$0, $1], argnums, chunkSize) { function($0[0], $0[1]) } }
}

/// Returns a function that computes the Jacobian with respect to one argument; a negative number counts from the last.
public func jacfwd(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: Int, chunkSize: Int? = nil
) -> (Tensor, Tensor, Tensor) -> Tensor {
    { Jacobian.jacfwd([$0, $1, $2], [argnums], chunkSize) { function($0[0], $0[1], $0[2]) }[0] }
}

/// Returns a function that computes the Jacobians with respect to several arguments.
public func jacfwd(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: [Int], chunkSize: Int? = nil
) -> (Tensor, Tensor, Tensor) -> [Tensor] {
    { Jacobian.jacfwd([$0, $1, $2], argnums, chunkSize) { function($0[0], $0[1], $0[2]) } }
}

/// Returns a function that computes the Hessian of `function` with respect to its first argument, by `jacfwd` of
/// `jacrev`.
///
/// For a result of shape `out` and an argument of shape `in`, the Hessian has shape `out + in + in`.
public func hessian(_ function: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
    jacfwd(jacrev(function))
}

/// Returns a function that computes the Hessian with respect to the first argument; see ``hessian(_:)``.
public func hessian(_ function: @escaping (Tensor, Tensor) -> Tensor) -> (Tensor, Tensor) -> Tensor {
    jacfwd(jacrev(function))
}

/// Returns a function that computes the Hessian with respect to the first argument; see ``hessian(_:)``.
public func hessian(_ function: @escaping (Tensor, Tensor, Tensor) -> Tensor) -> (Tensor, Tensor, Tensor) -> Tensor {
    jacfwd(jacrev(function))
}

/// Returns a function that computes the Hessian with respect to one argument; a negative number counts from the last.
public func hessian(_ function: @escaping (Tensor) -> Tensor, argnums: Int) -> (Tensor) -> Tensor {
    { Jacobian.hessian([$0], [argnums]) { function($0[0]) }[0][0] }
}

/// Returns a function that computes the blocks of the Hessian with respect to several arguments: element `[i][j]` is
/// the derivative with respect to argument `j` of the derivative with respect to argument `i`.
public func hessian(_ function: @escaping (Tensor) -> Tensor, argnums: [Int]) -> (Tensor) -> [[Tensor]] {
    { Jacobian.hessian([$0], argnums) { function($0[0]) } }
}

/// Returns a function that computes the Hessian with respect to one argument; a negative number counts from the last.
public func hessian(_ function: @escaping (Tensor, Tensor) -> Tensor, argnums: Int) -> (Tensor, Tensor) -> Tensor {
    { Jacobian.hessian([$0, $1], [argnums]) { function($0[0], $0[1]) }[0][0] }
}

/// Returns a function that computes the blocks of the Hessian with respect to several arguments: element `[i][j]` is
/// the derivative with respect to argument `j` of the derivative with respect to argument `i`.
public func hessian(_ function: @escaping (Tensor, Tensor) -> Tensor, argnums: [Int]) -> (Tensor, Tensor) -> [[Tensor]]
{
    { Jacobian.hessian([$0, $1], argnums) { function($0[0], $0[1]) } }
}

/// Returns a function that computes the Hessian with respect to one argument; a negative number counts from the last.
public func hessian(_ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: Int) -> (Tensor, Tensor, Tensor)
    -> Tensor
{
    { Jacobian.hessian([$0, $1, $2], [argnums]) { function($0[0], $0[1], $0[2]) }[0][0] }
}

/// Returns a function that computes the blocks of the Hessian with respect to several arguments: element `[i][j]` is
/// the derivative with respect to argument `j` of the derivative with respect to argument `i`.
public func hessian(_ function: @escaping (Tensor, Tensor, Tensor) -> Tensor, argnums: [Int]) -> (
    Tensor, Tensor, Tensor
) -> [[Tensor]] {
    { Jacobian.hessian([$0, $1, $2], argnums) { function($0[0], $0[1], $0[2]) } }
}
