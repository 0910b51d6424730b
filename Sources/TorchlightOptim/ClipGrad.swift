import CKernels
import Glibc
import TorchlightCore

/// Scales the gradients of the parameters down together so that their joint norm is at most `maxNorm` (Pascanu et al.
/// 2013). Call it between `backward()` and the optimiser's step.
///
/// - Parameters:
///   - normType: the p of the norm; infinity takes the largest magnitude.
///   - errorIfNonFinite: make a norm that is infinite or NaN an error; otherwise the gradients become NaN or 0.
/// - Returns: the norm before, a single number.
@discardableResult
public func clipGradNorm(
    _ parameters: [Tensor], maxNorm: Double, normType: Double = 2, errorIfNonFinite: Bool = false
) -> Tensor {
    guard normType > 0, maxNorm >= 0 else {
        return fail(
            TensorError(
                .value, in: "clipGradNorm", "a setting is out of range",
                got: "maxNorm \(maxNorm), normType \(normType)",
                expected: "maxNorm of at least 0 and normType above 0"))
    }
    return noGrad {
        let gradients = denseGradients(of: parameters)
        let norm: Double
        if normType == 2 {
            norm = withEntries(gradients) { tl_optim_squared_norm($0, $1) }.squareRoot()
        } else if normType == .infinity {
            norm = gradients.reduce(0) { Swift.max($0, $1.count == 0 ? 0 : $1.abs().max().item()) }
        } else {
            norm = Glibc.pow(gradients.reduce(0) { $0 + $1.abs().pow(normType).sum().item() }, 1 / normType)
        }
        if errorIfNonFinite && !norm.isFinite {
            return fail(
                TensorError(
                    .notFinite, in: "clipGradNorm", "the norm of the gradients is not finite", got: "\(norm)",
                    fix: "look at model.gradientReport(), or run the step under detectAnomalies { }"))
        }
        let factor = maxNorm / (norm + 1e-6)
        // A NaN norm passes through, as elsewhere: the gradients are spoilt already.
        if !(factor >= 1) && !gradients.isEmpty {
            withEntries(gradients) { tl_optim_scale_gradients($0, $1, factor) }
            for gradient in gradients { gradient.storage.noteWrite(by: "clipGradNorm") }
        }
        return Tensor([norm], shape: [], dtype: parameters.first?.dtype ?? .default)
    }
}

/// Holds every element of every gradient to [−limit, limit].
public func clipGradValue(_ parameters: [Tensor], _ limit: Double) {
    guard limit >= 0 else {
        reportFailure(
            TensorError(.value, in: "clipGradValue", "the limit is negative", got: "\(limit)", expected: "at least 0"))
        return
    }
    let gradients = noGrad { denseGradients(of: parameters) }
    if gradients.isEmpty { return }
    withEntries(gradients) { tl_optim_clamp_gradients($0, $1, limit) }
    for gradient in gradients { gradient.storage.noteWrite(by: "clipGradValue") }
}

/// The gradients, those made dense that are not.
private func denseGradients(of parameters: [Tensor]) -> [Tensor] {
    parameters.compactMap { parameter in
        guard let gradient = parameter.grad, !gradient.isPlaceholder else { return nil }
        if !gradient.isContiguous { parameter.grad = gradient.contiguous() }
        return parameter.grad
    }
}

private func withEntries<R>(_ gradients: [Tensor], _ body: (UnsafePointer<tl_optim_entry>, Int64) -> R) -> R {
    let entries = gradients.map { gradient in
        var entry = tl_optim_entry()
        entry.gradient = UnsafeRawPointer(gradient.data)
        entry.count = Int64(gradient.count)
        entry.dtype = gradient.dtype.rawValue
        return entry
    }
    // One entry more than is used, so that there is an address for none.
    return (entries + [tl_optim_entry()]).withUnsafeBufferPointer { body($0.baseAddress!, Int64(entries.count)) }
}
