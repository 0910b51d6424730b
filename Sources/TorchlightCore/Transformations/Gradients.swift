/// A function with arguments of which some are replaced by other tensors.
struct PartialCall<Result> {
    let arguments: Slots
    private let function: (ArraySlice<Tensor?>) -> Result

    init<each Argument: TensorStructure>(
        _ function: @escaping (repeat each Argument) -> Result, _ argument: repeat each Argument
    ) {
        var arguments = Slots()
        for value in repeat each argument { arguments.append(value) }
        self.arguments = arguments
        let all = (repeat each argument)
        self.function = { slots in
            var slots = slots
            return function(repeat (each all).replacingTensors(from: &slots))
        }
    }

    /// The result with all tensors of the arguments replaced.
    func callAsFunction(_ tensors: [Tensor]) -> Result { function(arguments.replacing(tensors)) }
}

extension TensorStructure {
    /// The tensors of the arguments of a transformation.
    var slots: Slots {
        var slots = Slots()
        slots.append(self)
        return slots
    }

    /// The arguments with other tensors for those that are present.
    func replacing(_ tensors: [Tensor]) -> Self {
        var replaced = slots.replacing(tensors)
        return replacingTensors(from: &replaced)
    }
}

/// The value and the gradient of a scalar function.
func valueAndGradient<Point: TensorStructure>(
    _ operation: String, _ point: Point, _ function: (Point) -> Tensor
) -> (value: Tensor, gradient: Point) {
    let all = valueGradientAndAuxiliary(operation, point) { (function($0), [Tensor]()) }
    return (all.value, all.gradient)
}

func valueGradientAndAuxiliary<Point: TensorStructure, Auxiliary: TensorStructure>(
    _ operation: String, _ point: Point, _ function: (Point) -> (Tensor, Auxiliary)
) -> (value: Tensor, gradient: Point, auxiliary: Auxiliary) {
    var auxiliary: Auxiliary?
    do throws(TensorError) {
        let (value, gradients) = try gradients(operation, point.slots.tensors) { variables in
            let (output, other) = function(point.replacing(variables))
            auxiliary = other
            return output
        }
        let rest = auxiliary ?? function(point).1
        return (value, point.replacing(gradients), rest.replacing(rest.slots.tensors.map { $0.detach() }))
    } catch {
        return (fail(error), point, auxiliary ?? function(point).1)
    }
}

/// The value of a scalar function of several tensors, and its gradients with respect to some of them.
func valueAndGradients(
    _ operation: String, _ arguments: [Tensor], _ argnums: [Int], _ function: ([Tensor]) -> Tensor
) -> (value: Tensor, gradients: [Tensor]) {
    do throws(TensorError) {
        let argumentIndices = try resolve(argnums, of: arguments, in: operation)
        return try gradients(operation, argumentIndices.map { arguments[$0] }) { variables in
            function(arguments.replacing(variables, at: argumentIndices))
        }
    } catch {
        let failed = fail(error)
        return (failed, argnums.map { _ in failed })
    }
}

private func gradients(
    _ operation: String, _ arguments: [Tensor], _ function: ([Tensor]) throws(TensorError) -> Tensor
) throws(TensorError) -> (value: Tensor, gradients: [Tensor]) {
    if let placeholder = arguments.first(where: \.isPlaceholder) { return (placeholder, arguments) }
    let point = try Linearization(operation, arguments) { variables throws(TensorError) in [try function(variables)] }
    let output = point.outputs[0]
    if output.isPlaceholder { return (output, arguments) }
    guard output.rank == 0 else {
        throw TensorError(
            .shape, in: operation, "the function does not return a scalar", expected: "a tensor of shape []",
            fix: "reduce it, as with sum(), or use jacrev or vjp", operands: [output])
    }
    guard !output.dtype.isComplex else {
        throw TensorError(
            .dtype, in: operation, "the function returns a complex number", expected: "a real number",
            fix: "use vjp, or the real part or the magnitude", operands: [output])
    }
    let one = try Tensor.filled(1, shape: Dims(), dtype: output.dtype, device: output.device)
    return (point.value(0), try point.pullback([one], retainGraph: point.dependsOnOthers))
}

/// The indices of the named arguments, without negative ones.
func resolve(_ argnums: [Int], of arguments: [Tensor], in operation: String) throws(TensorError) -> [Int] {
    var resolved: [Int] = []
    for argnum in argnums {
        let i = argnum < 0 ? argnum + arguments.count : argnum
        guard i >= 0 && i < arguments.count else {
            throw TensorError(
                .index, in: operation, "the argument \(argnum) does not exist",
                got: quantity(arguments.count, "argument"),
                expected: "\(-arguments.count) ... \(arguments.count - 1)")
        }
        guard !resolved.contains(i) else {
            throw TensorError(.index, in: operation, "an argument is repeated in argnums", got: "\(argnums)")
        }
        resolved.append(i)
    }
    return resolved
}

extension [Tensor] {
    /// The list with the tensors at some indices replaced.
    func replacing(_ tensors: [Tensor], at argumentIndices: [Int]) -> [Tensor] {
        var all = self
        for (tensor, argumentIndex) in zip(tensors, argumentIndices) { all[argumentIndex] = tensor }
        return all
    }
}
