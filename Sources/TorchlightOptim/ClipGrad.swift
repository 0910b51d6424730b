import CKernels
import TorchlightCore

/// Clips the norm of the gradients of the parameters: scales all gradients in place by
/// `min(1, maxNorm / (norm + 1e-6))`, where `norm` is the p-norm of all gradients as one vector (Pascanu et al., 2013).
///
/// Call it between `backward()` and `step()`. Parameters without a gradient are ignored.
///
///     loss.backward()
///     clipGradNorm(model.parameters(), maxNorm: 1)
///     optimizer.step()
///
/// - Parameters:
///   - parameters: the parameters whose gradients are clipped.
///   - maxNorm: the upper bound of the norm, at least 0.
///   - normType: the p of the norm, above 0; infinity is the maximum norm. Default: 2.
///   - errorIfNonFinite: whether an infinite or NaN norm is an error. Default: false; the gradients then become NaN or
///     0.
/// - Returns: the norm before clipping, a 0-dimensional tensor.
@discardableResult
public func clipGradNorm(
    _ parameters: [Tensor], maxNorm: Double, normType: Double = 2, errorIfNonFinite: Bool = false
) -> Tensor {
    guard normType > 0, maxNorm >= 0 else {
        return fail(
            TensorError(
                .value, in: "clipGradNorm", "an argument is out of range",
                got: "maxNorm \(maxNorm), normType \(normType)",
                expected: "maxNorm at least 0 and normType above 0"))
    }
    return noGrad {
        let gradients = denseGradients(of: parameters)
        let norm = jointNorm(of: gradients, normType, "clipGradNorm")
        if norm.isPlaceholder { return norm }
        if errorIfNonFinite, let error = finiteError(norm, "clipGradNorm") { return fail(error) }
        scale(gradients, by: clipFactor(maxNorm, norm), "clipGradNorm")
        return norm.to(parameters.first?.dtype ?? .default)
    }
}

/// Scales the gradients of the parameters in place by `min(1, maxNorm / (totalNorm + 1e-6))`, given their norm, as
/// `torch.nn.utils.clip_grads_with_norm_`.
///
/// ``clipGradNorm(_:maxNorm:normType:errorIfNonFinite:)`` is this function with the norm of the same gradients. Parameters without
/// a gradient are ignored.
///
/// - Parameters:
///   - parameters: the parameters whose gradients are clipped.
///   - maxNorm: the upper bound of the norm, at least 0.
///   - totalNorm: the norm of the gradients, a tensor with one element; see ``getTotalNorm(_:normType:errorIfNonFinite:)``.
public func clipGradsWithNorm(_ parameters: [Tensor], maxNorm: Double, totalNorm: Tensor) {
    if totalNorm.isPlaceholder { return }
    guard maxNorm >= 0, totalNorm.count == 1 else {
        reportFailure(
            TensorError(
                .value, in: "clipGradsWithNorm", "maxNorm is negative, or totalNorm is not a scalar",
                got: "maxNorm \(maxNorm)", expected: "maxNorm at least 0 and a tensor with one element",
                operands: [totalNorm]))
        return
    }
    noGrad {
        let gradients = denseGradients(of: parameters)
        guard let device = gradients.first?.device else { return }
        let norm = totalNorm.detach().reshape([]).to(device).to(.float64)
        scale(gradients, by: clipFactor(maxNorm, norm), "clipGradsWithNorm")
    }
}

/// Returns the p-norm of tensors as one vector, as `torch.nn.utils.get_total_norm`: a 0-dimensional tensor in the dtype
/// of the first one, without a gradient. The norm of an empty list is 0.
///
///     let norm = getTotalNorm(model.parameters().compactMap(\.grad))
///
/// - Parameters:
///   - tensors: floating-point tensors on one device, such as gradients.
///   - normType: the p of the norm; infinity is the maximum norm. For p at most 0, the result is the norm of the norms
///     of the tensors. Default: 2.
///   - errorIfNonFinite: whether an infinite or NaN norm is an error. Default: false.
public func getTotalNorm(_ tensors: [Tensor], normType: Double = 2, errorIfNonFinite: Bool = false) -> Tensor {
    noGrad {
        guard let first = tensors.first else { return Tensor.zeros([], device: .current) }
        if let placeholder = tensors.first(where: \.isPlaceholder) { return placeholder }
        if let other = tensors.first(where: { !$0.dtype.isFloatingPoint || $0.device != first.device }) {
            return fail(
                TensorError(
                    .dtype, in: "getTotalNorm", "a tensor is not floating point, or on another device than the first",
                    expected: "floating-point tensors on \(first.device)", operands: [other]))
        }
        let norm =
            normType > 0
            ? jointNorm(of: tensors.map { $0.detach().contiguous() }, normType, "getTotalNorm")
            : LinAlg.vectorNorm(stack(tensors.map { LinAlg.vectorNorm($0, ord: normType) }), ord: normType)
        if norm.isPlaceholder { return norm }
        if errorIfNonFinite, let error = finiteError(norm, "getTotalNorm") { return fail(error) }
        return norm.to(first.dtype)
    }
}

/// The error of an infinite or NaN norm.
private func finiteError(_ norm: Tensor, _ operation: String) -> TensorError? {
    do throws(TensorError) {
        try checkValues(operation, [norm]) { tensors throws(TensorError) in
            let value: Double = tensors[0].item()
            if value.isFinite { return }
            throw TensorError(
                .notFinite, in: operation, "the norm of the gradients is not finite", got: "\(value)",
                fix: "print model.gradientReport(), or run the step inside detectAnomalies { }")
        }
        return nil
    } catch { return error }
}

/// The factor that clips gradients of this norm. `clamp` returns NaN for NaN; the gradients are then already NaN.
private func clipFactor(_ maxNorm: Double, _ norm: Tensor) -> Tensor { (maxNorm / (norm + 1e-6)).clamp(max: 1) }

/// Scales gradients in place. The factor, float64 and 0-dimensional, is on their device.
private func scale(_ gradients: [Tensor], by factor: Tensor, _ operation: String) {
    guard let device = gradients.first?.device else { return }
    performUpdate(ScaleGradients(), in: operation, of: gradients, reading: [factor], on: device)
}

/// The p-norm of all gradients as one vector for p > 0, 0-dimensional and float64, on the device of the first gradient.
private func jointNorm(of gradients: [Tensor], _ p: Double, _ operation: String) -> Tensor {
    let norm = Tensor.zeros([], dtype: .float64, device: gradients.first?.device ?? .cpu)
    if norm.isPlaceholder { return norm }
    if p == 2 {
        performUpdate(JointNorm(), in: operation, of: [norm], reading: gradients, on: norm.device)
        return norm
    }
    // There is no largest of no elements.
    let gradients = gradients.filter { $0.count > 0 }
    if gradients.isEmpty { return norm }
    // The norm of one gradient can lie outside the range of its dtype, unless it is the largest element.
    return stack(gradients.map { (p == .infinity ? $0 : $0.to(.float64)).norm(p: p).to(.float64) }).norm(p: p)
}

/// Clips every element of the gradients of the parameters to `[-limit, limit]`, in place.
///
/// NaN stays NaN. A negative limit is an error.
public func clipGradValue(_ parameters: [Tensor], _ limit: Double) {
    guard limit >= 0 else {
        reportFailure(
            TensorError(.value, in: "clipGradValue", "the limit is negative", got: "\(limit)", expected: "at least 0"))
        return
    }
    let gradients = noGrad { denseGradients(of: parameters) }
    if gradients.isEmpty { return }
    performUpdate(
        ClampGradients(limit: limit), in: "clipGradValue", of: gradients, reading: [], on: gradients[0].device)
}

/// The gradients of the parameters; those that are not contiguous are replaced by contiguous copies.
private func denseGradients(of parameters: [Tensor]) -> [Tensor] {
    parameters.compactMap { parameter in
        guard let gradient = parameter.grad, !gradient.isPlaceholder else { return nil }
        if !gradient.isContiguous { parameter.grad = gradient.contiguous() }
        return parameter.grad
    }
}
