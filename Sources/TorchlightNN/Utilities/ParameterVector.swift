import TorchlightCore

/// Joins parameters to one vector, as `torch.nn.utils.parameters_to_vector`: the elements of each parameter in row-major order,
/// one parameter after another. Gradients of the vector are gradients of the parameters.
///
/// An empty list is an error, and so are parameters on several devices.
public func parametersToVector(_ parameters: [Tensor]) -> Tensor { cat(parameters.map { $0.flatten() }) }

/// Copies the elements of a vector into parameters, as `torch.nn.utils.vector_to_parameters`: the inverse of
/// ``parametersToVector(_:)``.
///
/// The parameters keep their dtypes and stay the same tensors, so an optimiser may hold them. A vector with another number of
/// elements than the parameters together is an error.
public func vectorToParameters(_ vector: Tensor, _ parameters: [Tensor]) {
    if vector.isPlaceholder { return }
    let count = parameters.reduce(0) { $0 + $1.count }
    guard vector.rank == 1, vector.count == count else {
        reportFailure(
            TensorError(
                .shape, in: "vectorToParameters", "the vector does not have the elements of the parameters",
                expected: "[\(count)]", operands: [vector]))
        return
    }
    noGrad {
        var start = 0
        for parameter in parameters {
            parameter.copy_(vector.narrow(0, start: start, length: parameter.count).reshape(parameter.shape))
            start += parameter.count
        }
    }
}
