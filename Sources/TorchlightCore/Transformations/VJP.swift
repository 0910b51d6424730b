/// Returns the result of a function, and a function that computes vector-Jacobian products. Its argument, the
/// cotangent, has the structure of the result.
///
///     let (y, pullback) = vjp({ (x: Tensor, w: Tensor) in x.matmul(w) }, x, w)
///     let (gx, gw) = pullback(Tensor.ones(like: y))
///
/// The pullback can be called several times. It is linear in the cotangent and differentiable.
public func vjp<each Argument: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (repeat each Argument) -> Result, _ argument: repeat each Argument
) -> (value: Result, pullback: (Result) -> (repeat each Argument)) {
    let call = PartialCall(function, repeat each argument)
    let all = (repeat each argument)
    func rebuilt(_ tensors: [Tensor]) -> (repeat each Argument) {
        var slots = call.arguments.replacing(tensors)
        return (repeat (each all).replacingTensors(from: &slots))
    }
    var result: Result?
    do throws(TensorError) {
        let point = try Linearization("vjp", call.arguments.tensors) { variables in
            result = call(variables)
            return result!.slots.tensors
        }
        let value = result!.replacing(point.outputs.indices.map { point.value($0) })
        func pullback(_ cotangent: Result) -> (repeat each Argument) {
            do throws(TensorError) {
                let cotangents = cotangent.slots.tensors
                try checkTangents(cotangents, of: point.outputs, "cotangent", in: "vjp")
                return rebuilt(try point.pullback(cotangents, retainGraph: true))
            } catch {
                let failed = fail(error)
                return rebuilt(call.arguments.tensors.map { _ in failed })
            }
        }
        return (value, pullback)
    } catch {
        _ = fail(error)
        return (result ?? function(repeat each argument), { _ in (repeat each all) })
    }
}

/// Returns the result of a function, and its Jacobian-vector product with tangents, which have the structure of the
/// arguments.
///
///     let (y, dy) = jvp({ x in x.sin() }, primals: x, tangents: dx)
///
/// The function runs once and records its computation graph; the tangents are computed in one pass through the graph.
/// The result is differentiable.
public func jvp<each Argument: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (repeat each Argument) -> Result, primals: (repeat each Argument),
    tangents: (repeat each Argument)
) -> (value: Result, tangent: Result) {
    var slots = Slots()
    for tangent in repeat each tangents { slots.append(tangent) }
    let (value, pushforward) = linearize("jvp", PartialCall(function, repeat each primals))
    return (value, pushforward(slots.tensors))
}

/// Returns the result of a function of one tensor, and its Jacobian-vector product with a tangent.
public func jvp(
    _ function: @escaping (Tensor) -> Tensor, primals: Tensor, tangents: Tensor
) -> (value: Tensor, tangent: Tensor) {
    let (value, pushforward) = linearize("jvp", PartialCall(function, primals))
    return (value, pushforward([tangents]))
}

/// Returns the result of a function at a point, and its derivative there as a linear function of a tangent, which has
/// the structure of the point.
///
///     let (y, derivative) = linearize({ x in x.sin() }, x)
///     let dy = derivative(dx)
///
/// Each call of the derivative is one pass through the computation graph. It can be called several times.
public func linearize<Point: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (Point) -> Result, _ point: Point
) -> (value: Result, derivative: (Point) -> Result) {
    let (value, pushforward) = linearize("linearize", PartialCall(function, point))
    return (value, { pushforward($0.slots.tensors) })
}

private func linearize<Result: TensorStructure>(
    _ operation: String, _ call: PartialCall<Result>
) -> (value: Result, pushforward: ([Tensor]) -> Result) {
    var result: Result?
    do throws(TensorError) {
        let arguments = call.arguments.tensors
        let point = try Linearization(operation, arguments) { variables in
            result = call(variables)
            return result!.slots.tensors
        }
        let pushforward = try Pushforward(point)
        let value = result!.replacing(point.outputs.indices.map { point.value($0) })
        return (
            value,
            { tangents in
                do throws(TensorError) {
                    try checkTangents(tangents, of: arguments, "tangent", in: operation)
                    return value.replacing(try pushforward.tangents(tangents))
                } catch {
                    let failed = fail(error)
                    return value.replacing(point.outputs.map { _ in failed })
                }
            }
        )
    } catch {
        _ = fail(error)
        let value = result ?? call(call.arguments.tensors)
        return (value, { _ in value })
    }
}

/// Returns the gradient of a scalar function, and the Hessian-vector product with a tangent.
///
///     let (g, hv) = hvp({ x in (x * x * x).sum() }, primals: x, tangents: v)
public func hvp<Point: TensorStructure>(
    _ function: @escaping (Point) -> Tensor, primals: Point, tangents: Point
) -> (gradient: Point, product: Point) {
    let (value, pushforward) = linearize("hvp", PartialCall(grad(function), primals))
    return (value, pushforward(tangents.slots.tensors))
}

/// Returns the gradient of a scalar function of one tensor, and the Hessian-vector product with a tangent.
public func hvp(
    _ function: @escaping (Tensor) -> Tensor, primals: Tensor, tangents: Tensor
) -> (gradient: Tensor, product: Tensor) {
    let (value, pushforward) = linearize("hvp", PartialCall(grad(function), primals))
    return (value, pushforward([tangents]))
}
