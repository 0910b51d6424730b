import Torchlight
import TorchlightIO

extension Replayer {
    static let distributionPrefix = "distributions."

    /// Calls a member of a distribution or transform, or a divergence: the result and gradients, or the refusal.
    func replayDistribution(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let name = entry["op"]!.string!
        let call = Call(name: name, args: entry["args"], kwargs: entry["kwargs"], tensors: tensors)
        let mustRaise = entry["raises"]?.bool == true
        do {
            let answer = try checked {
                try withDevice(ReplayDevice.current) { () throws -> Answer in try result(of: entry, call) }
            }
            if mustRaise {
                // Without values, what is wrong with them does not show.
                if entry["optional"]?.bool == true || !ReplayDevice.hasValues { return }
                throw Difference(expected: "a refusal", got: "an answer")
            }
            try checked { try compare(answer, call, entry, tensors) }
        } catch is TensorError where mustRaise {
        }
    }

    private func result(of entry: JSON, _ call: Call) throws -> Answer {
        let member = call.name.split(separator: ".").last.map(String.init) ?? ""
        let arguments = entry["args"]?.elements ?? []
        switch entry["variant"]?.string {
        case "kl":
            let (p, q) = (
                try call.distribution(arguments[0], at: "args.0"), try call.distribution(arguments[1], at: "args.1")
            )
            return .tensor(klDivergence(p, q))
        case "transform":
            let transform = try call.transform(entry["constructor"] ?? JSON(.null), at: "constructor")
            return try answer(
                member, of: transform, call, isNumber: entry["outputs"]?.elements?.first?["tensor"] == nil)
        default:
            let distribution = try call.distribution(entry["constructor"] ?? JSON(.null), at: "constructor")
            return try answer(member, of: distribution, call)
        }
    }

    private func answer(_ member: String, of distribution: any Distribution, _ call: Call) throws -> Answer {
        switch member {
        case "constructor": return .nothing
        case "log_prob": return .tensor(distribution.logProb(try call.tensor(0, "value")))
        case "cdf": return .tensor(distribution.cdf(try call.tensor(0, "value")))
        case "icdf": return .tensor(distribution.icdf(try call.tensor(0, "value")))
        case "entropy": return .tensor(distribution.entropy())
        case "enumerate_support":
            return .tensor(distribution.enumerateSupport(expand: try call.bool(0, "expand", default: true)))
        case "mean": return .tensor(distribution.mean)
        case "variance": return .tensor(distribution.variance)
        case "stddev": return .tensor(distribution.stddev)
        case "mode": return .tensor(distribution.mode)
        case "has_rsample": return .number(.bool(distribution.hasRSample))
        case "has_enumerate_support": return .number(.bool(distribution.hasEnumerateSupport))
        case "shapes": return .list([.ints(distribution.batchShape), .ints(distribution.eventShape)])
        case "probs": return .tensor(try probabilities(distribution).probs)
        case "logits": return .tensor(try probabilities(distribution).logits)
        case "covariance_matrix", "precision_matrix", "scale_tril": return .tensor(try matrix(member, of: distribution))
        default: throw NotSupported("\(member) is not mapped")
        }
    }

    private func probabilities(_ distribution: any Distribution) throws -> any HasProbabilities {
        guard let distribution = distribution as? any HasProbabilities else {
            throw NotSupported("\(type(of: distribution)) has no probabilities")
        }
        return distribution
    }

    private func matrix(_ member: String, of distribution: any Distribution) throws -> Tensor {
        guard let distribution = distribution as? any HasCovariance else {
            throw NotSupported("\(type(of: distribution)) has no covariance matrix")
        }
        switch member {
        case "covariance_matrix": return distribution.covarianceMatrix
        case "precision_matrix": return distribution.precisionMatrix
        default: return distribution.scaleTril
        }
    }

    private func answer(
        _ member: String, of transform: any DistributionTransform, _ call: Call, isNumber: Bool
    ) throws -> Answer {
        switch member {
        case "forward": return .tensor(transform.forward(try call.tensor(0, "x")))
        case "inverse": return .tensor(transform.inverse(try call.tensor(0, "y")))
        case "log_abs_det_jacobian": return .tensor(transform.logAbsDetJacobian(try call.tensor(0, "x")))
        case "forward_shape": return .list([.ints(transform.forwardShape(try call.ints(0, "shape")))])
        case "inverse_shape": return .list([.ints(transform.inverseShape(try call.ints(0, "shape")))])
        case "bijective": return .number(.bool(transform.bijective))
        // PyTorch gives a number where the sign depends on no parameter.
        case "sign": return isNumber ? .number(.int(Int(transform.sign.item()))) : .tensor(transform.sign)
        default: throw NotSupported("\(member) is not mapped")
        }
    }
}

/// The distributions with probabilities and logits.
private protocol HasProbabilities {
    var probs: Tensor { get }
    var logits: Tensor { get }
}
extension Bernoulli: HasProbabilities {}
extension Geometric: HasProbabilities {}
extension Binomial: HasProbabilities {}
extension NegativeBinomial: HasProbabilities {}
extension ContinuousBernoulli: HasProbabilities {}
extension RelaxedBernoulli: HasProbabilities {}
extension Categorical: HasProbabilities {}
extension OneHotCategorical: HasProbabilities {}
extension OneHotCategoricalStraightThrough: HasProbabilities {}
extension RelaxedOneHotCategorical: HasProbabilities {}
extension Multinomial: HasProbabilities {}

/// The distributions with a covariance matrix.
private protocol HasCovariance {
    var covarianceMatrix: Tensor { get }
    var precisionMatrix: Tensor { get }
    var scaleTril: Tensor { get }
}
extension MultivariateNormal: HasCovariance {}
extension LowRankMultivariateNormal: HasCovariance {}
