import Torchlight
import TorchlightIO

extension Replayer {
    /// Clips gradients: what they are afterwards, and what the function gives back.
    func replayClipping(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let call = Call(name: entry["function"]!.string!, args: nil, kwargs: entry["kwargs"], tensors: tensors)
        let parameters = try find(entry["grads"], tensors).map { gradient -> Tensor in
            let parameter = Parameter(Tensor.zeros(gradient.shape, dtype: gradient.dtype, device: ReplayDevice.current))
            parameter.grad = ReplayDevice.copy(gradient)
            return parameter
        }
        try checked {
            let answer: Answer
            switch call.name {
            case "nn.utils.clip_grad_norm_":
                answer = .tensor(
                    clipGradNorm(
                        parameters, maxNorm: try call.number(nil, "max_norm").scalar.asDouble,
                        normType: try call.double(nil, "norm_type", default: 2),
                        errorIfNonFinite: try call.bool(nil, "error_if_nonfinite")))
            case "nn.utils.clip_grad_value_":
                clipGradValue(parameters, try call.number(nil, "clip_value").scalar.asDouble)
                answer = .nothing
            default: throw NotSupported("\(call.name) is not mapped")
            }
            try call.finish()
            let tolerance = Tolerance(entry)
            if let returned = entry["returns"] {
                try tolerance.check(answer, returned, "what it returns", tensors: tensors)
            }
            for (i, wanted) in try find(entry["after"], tensors).enumerated() {
                guard let got = parameters[i].grad else { throw Difference(expected: "gradient \(i)", got: "none") }
                try tolerance.check(got, wanted, "gradient \(i)")
            }
        }
    }
}
