import Torchlight

extension Registry {
    /// Reductions over some dimensions or all.
    mutating func registerReductions() {
        register(
            "sum",
            tensor: { call in
                try call.tensor(0).sum(
                    dim: try Self.dims(call), keepdim: try Self.keepdim(call), dtype: try call.optionalDType(nil))
            })
        register(
            "nansum",
            tensor: { call in
                try call.tensor(0).nansum(
                    dim: try Self.dims(call), keepdim: try Self.keepdim(call), dtype: try call.optionalDType(nil))
            })
        register(
            "mean",
            tensor: { call in
                try call.tensor(0).mean(
                    dim: try Self.dims(call), keepdim: try Self.keepdim(call), dtype: try call.optionalDType(nil))
            })
        register(
            "prod",
            tensor: { call in
                try call.tensor(0).prod(
                    dim: try Self.dims(call), keepdim: try Self.keepdim(call), dtype: try call.optionalDType(nil))
            })
        register(
            "nanmean",
            tensor: { call in
                try call.tensor(0).nanmean(dim: try Self.dims(call), keepdim: try Self.keepdim(call))
            })
        register(
            "amax",
            tensor: { call in
                try call.tensor(0).amax(dim: try Self.dims(call), keepdim: try Self.keepdim(call))
            })
        register(
            "amin",
            tensor: { call in
                try call.tensor(0).amin(dim: try Self.dims(call), keepdim: try Self.keepdim(call))
            })
        register(
            "any",
            tensor: { call in
                try call.tensor(0).any(dim: try Self.dims(call), keepdim: try Self.keepdim(call))
            })
        register(
            "all",
            tensor: { call in
                try call.tensor(0).all(dim: try Self.dims(call), keepdim: try Self.keepdim(call))
            })
        register(
            "logsumexp", "special.logsumexp",
            tensor: { call in
                try call.tensor(0).logsumexp(dim: try Self.dims(call), keepdim: try Self.keepdim(call))
            })
        register(
            "argmax",
            tensor: { call in
                try call.tensor(0).argmax(dim: try call.optionalInt(1, "dim"), keepdim: try Self.keepdim(call))
            })
        register(
            "argmin",
            tensor: { call in
                try call.tensor(0).argmin(dim: try call.optionalInt(1, "dim"), keepdim: try Self.keepdim(call))
            })
        register("count_nonzero", tensor: { call in try call.tensor(0).countNonzero(dim: try Self.dims(call)) })
        register("trace", tensor: { call in try call.tensor(0).trace() })
        register(
            "norm",
            tensor: { call in
                let name = call.value(1, "p")?.string
                if let name, name != "fro" { throw NotSupported("the norm \(name)") }
                return try call.tensor(0).norm(
                    p: name == nil ? try call.double(1, "p", default: 2) : 2,
                    dim: try call.ints(2, "dim", default: []), keepdim: try call.bool(3, "keepdim"),
                    dtype: try call.optionalDType(nil))
            })
        register("max", answer: Self.extreme({ $0.max() }, { $0.maximum($1) }) { $0.max(dim: $1, keepdim: $2) })
        register("min", answer: Self.extreme({ $0.min() }, { $0.minimum($1) }) { $0.min(dim: $1, keepdim: $2) })
        register(
            "aminmax",
            tensors: { call in
                let (low, high) = try call.tensor(0).aminmax(
                    dim: try call.optionalInt(nil, "dim"), keepdim: try call.bool(nil, "keepdim"))
                return [low, high]
            })
        register(
            "var",
            tensor: { call in
                let (dims, correction, keepdim) = try Self.moments(call)
                return try call.tensor(0).var(dim: dims, correction: correction, keepdim: keepdim)
            })
        register(
            "std",
            tensor: { call in
                let (dims, correction, keepdim) = try Self.moments(call)
                return try call.tensor(0).std(dim: dims, correction: correction, keepdim: keepdim)
            })
        register(
            "var_mean",
            tensors: { call in
                let (dims, correction, keepdim) = try Self.moments(call)
                let (variance, mean) = try call.tensor(0).varMean(dim: dims, correction: correction, keepdim: keepdim)
                return [variance, mean]
            })
        register(
            "std_mean",
            tensors: { call in
                let (dims, correction, keepdim) = try Self.moments(call)
                let (deviation, mean) = try call.tensor(0).stdMean(dim: dims, correction: correction, keepdim: keepdim)
                return [deviation, mean]
            })
    }

    /// Running reductions, and what puts elements in order.
    mutating func registerScans() {
        register(
            "cumsum",
            tensor: { call in
                try call.tensor(0).cumsum(dim: try call.int(1, "dim"), dtype: try call.optionalDType(nil))
            })
        register(
            "cumprod",
            tensor: { call in
                try call.tensor(0).cumprod(dim: try call.int(1, "dim"), dtype: try call.optionalDType(nil))
            })
        register(
            "cummax",
            tensors: { call in
                let (values, indices) = try call.tensor(0).cummax(dim: try call.int(1, "dim"))
                return [values, indices]
            })
        register(
            "cummin",
            tensors: { call in
                let (values, indices) = try call.tensor(0).cummin(dim: try call.int(1, "dim"))
                return [values, indices]
            })
        register(
            "sort",
            tensors: { call in
                _ = try call.bool(nil, "stable")
                let (values, indices) = try call.tensor(0).sort(
                    dim: try call.int(1, "dim", default: -1), descending: try call.bool(2, "descending"))
                return [values, indices]
            })
        register(
            "argsort",
            tensor: { call in
                _ = try call.bool(nil, "stable")
                return try call.tensor(0).argsort(
                    dim: try call.int(1, "dim", default: -1), descending: try call.bool(2, "descending"))
            })
        register(
            "topk",
            tensors: { call in
                _ = try call.bool(4, "sorted", default: true)
                let (values, indices) = try call.tensor(0).topk(
                    try call.int(1, "k"), dim: try call.int(2, "dim", default: -1),
                    largest: try call.bool(3, "largest", default: true))
                return [values, indices]
            })
    }

    private static func dims(_ call: Call) throws -> [Int] { try call.ints(1, "dim", default: []) }
    private static func keepdim(_ call: Call) throws -> Bool { try call.bool(2, "keepdim") }

    private static func extreme(
        _ whole: @escaping (Tensor) -> Tensor, _ pair: @escaping (Tensor, Tensor) -> Tensor,
        _ along: @escaping (Tensor, Int, Bool) -> (values: Tensor, indices: Tensor)
    ) -> Operation {
        { call in
            let x = try call.tensor(0)
            if call.isTensor(1, "other") { return .tensor(pair(x, try call.tensor(1, "other"))) }
            guard let dim = try call.optionalInt(1, "dim") else { return .tensor(whole(x)) }
            let (values, indices) = along(x, dim, try call.bool(2, "keepdim"))
            return .tensors([values, indices])
        }
    }

    /// The dimensions, the correction and whether they are kept, in PyTorch's old and new forms.
    private static func moments(_ call: Call) throws -> ([Int], Int, Bool) {
        if call.value(1, "dim")?.bool != nil {
            return ([], try call.bool(1, "unbiased") ? 1 : 0, try call.bool(nil, "keepdim"))
        }
        if call.has(2, "unbiased") {
            return (try dims(call), try call.bool(2, "unbiased") ? 1 : 0, try call.bool(3, "keepdim"))
        }
        let correction = try call.double(nil, "correction", default: 1)
        guard correction == correction.rounded() else { throw NotSupported("a correction of \(correction)") }
        return (try dims(call), Int(correction), try call.bool(nil, "keepdim"))
    }
}
