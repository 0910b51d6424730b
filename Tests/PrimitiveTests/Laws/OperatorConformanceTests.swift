import TestSupport
import Testing
import TorchlightIO

@testable import TorchlightCore

/// Replays PyTorch's recorded operators, where the records lie beside the checkout: results, result types, gradients and
/// refusals.
@Suite struct OperatorConformanceTests {
    @Test(arguments: [
        "pointwise_unary", "pointwise_binary", "pointwise_other", "nn_activation", "reductions", "type_promotion",
        "bfloat16", "linalg", "nn_conv", "nn_pool", "nn_vision",
    ])
    func conforms(_ family: String) {
        for recorded in Conformance.cases(family) {
            guard recorded["variant"]?.string != "inplace", !Self.departures.contains(recorded.id),
                let operation = Self.operations[recorded["op"]!.string!]
            else { continue }
            let call = Call(recorded)
            if recorded["raises"]?.bool == true {
                if recorded["optional"]?.bool == true || call.isInexpressible { continue }
                #expect(throws: TensorError.self, "\(recorded.id)") { _ = try checked { operation(call) } }
                continue
            }
            do {
                try replay(recorded, call, operation)
            } catch {
                Issue.record("\(recorded.id): \(error)")
            }
        }
    }

    private func replay(_ recorded: Conformance.Case, _ call: Call, _ operation: (Call) -> [Tensor]?) throws {
        try checked {
            guard let results = operation(call) else { return }
            let outputs = recorded["outputs"]!.elements!
            for (i, expected) in outputs.enumerated() where i < results.count {
                let comparison = recorded["compare"]?.elements?[i].string ?? "exact"
                if comparison == "shape" { continue }
                recorded.expect(
                    results[i], equals: expected, "result \(i)", magnitudes: comparison == "abs")
            }
            let seeds = recorded["grad_outputs"]?.elements ?? []
            var roots: [Tensor] = []
            var gradients: [Tensor] = []
            for (i, seed) in seeds.enumerated() {
                guard i < results.count, let gradient = recorded.tensor(seed), results[i].requiresGrad else { continue }
                roots.append(results[i])
                gradients.append(gradient)
            }
            for (root, gradient) in zip(roots, gradients) { root.backward(gradient: gradient, retainGraph: true) }
            for expected in recorded["grads"]?.elements ?? [] {
                let path = expected["input"]!.string!
                recorded.expect(call.leaf(path)?.grad, equals: expected, "the gradient of \(path)")
            }
        }
    }

    /// The arguments of a recorded call.
    struct Call {
        let recorded: Conformance.Case
        let args: [JSON]
        private let tensors: [Tensor?]

        init(_ recorded: Conformance.Case) {
            self.recorded = recorded
            args = recorded["args"]!.elements!
            tensors = args.map { recorded.tensor($0) }
        }

        func leaf(_ path: String) -> Tensor? {
            path.hasPrefix("args.") ? Int(path.dropFirst(5)).flatMap { tensors[$0] } : nil
        }

        /// A tensor, or a number as operators take it.
        func operand(_ i: Int) -> Tensor? {
            guard i < args.count else { return nil }
            if let tensor = tensors[i] { return tensor }
            return scalar(args[i]).map { .wrap($0) }
        }
        var x: Tensor { operand(0)! }

        func scalar(_ value: JSON?) -> Scalar? {
            guard let value else { return nil }
            if let bool = value.bool { return .bool(bool) }
            if let int = value.int { return .int(int) }
            return recorded.number(value).map { .double($0) }
        }

        /// An argument by place or by name; nil where it is left out or none.
        func value(_ place: Int, _ name: String) -> JSON? {
            let positional: JSON? = place < args.count ? args[place] : .none
            let found: JSON? = recorded["kwargs"]?[name] ?? positional
            guard let found else { return nil }
            if case .null = found.content { return nil }
            return found["none"] != nil ? nil : found
        }
        func number(_ place: Int, _ name: String) -> Double? { scalar(value(place, name))?.asDouble }
        func int(_ place: Int, _ name: String) -> Int? { value(place, name)?.int }
        func flag(_ place: Int, _ name: String) -> Bool? { value(place, name)?.bool }
        func dims(_ place: Int = 1) -> [Int] {
            guard let found = value(place, "dim") else { return [] }
            return found.int.map { [$0] } ?? found.elements?.map { $0.int! } ?? []
        }
        func dtype(_ place: Int = 99) -> DType? {
            guard let name = value(place, "dtype")?["dtype"]?.string else { return nil }
            return DType.allCases.first { "\($0)" == name }
        }

        /// Whether a wrong call cannot even be written, since the types forbid it.
        var isInexpressible: Bool {
            recorded["error_type"]?.string == "TypeError" || args.isEmpty || tensors.first.flatMap { $0 } == nil
                || dtype() != nil
        }
    }

    /// Where Torchlight gives another answer, and why.
    private static let departures: Set<String> = [
        // The limits at the infinities, where the recorded formulas give NaN.
        "nn.functional.gelu.float32.own.0", "nn.functional.silu.float32.own.0", "nn.functional.mish.float32.own.0",
        "nn.functional.silu.float32.0", "nn.functional.mish.float32.0", "nn.functional.silu.bfloat16.0",
        // A power of bool is refused whatever the exponent.
        "pow.bool.scalar.0",
    ]

    typealias Operation = @Sendable (Call) -> [Tensor]?

    static let operations: [String: Operation] = unary.mapValues { f -> Operation in { [f($0.x)] } }
        .merging(binary.mapValues { f -> Operation in { call in call.operand(1).map { [f(call.x, $0)] } } }) { a, _ in a
        }
        .merging(others) { a, _ in a }.merging(activations) { a, _ in a }.merging(reductions) { a, _ in a }
        .merging(LinAlgCalls.all) { a, _ in a }.merging(spatial) { a, _ in a }

    private static let unary: [String: @Sendable (Tensor) -> Tensor] = [
        "abs": { $0.abs() }, "absolute": { $0.abs() }, "acos": { $0.acos() }, "arccos": { $0.acos() },
        "acosh": { $0.acosh() }, "arccosh": { $0.acosh() }, "asin": { $0.asin() }, "asinh": { $0.asinh() },
        "atan": { $0.atan() }, "atanh": { $0.atanh() }, "bitwise_not": { ~$0 }, "ceil": { $0.ceil() },
        "cos": { $0.cos() }, "cosh": { $0.cosh() }, "deg2rad": { $0.deg2rad() }, "digamma": { $0.digamma() },
        "erf": { $0.erf() }, "erfc": { $0.erfc() }, "erfinv": { $0.erfinv() }, "exp": { $0.exp() },
        "exp2": { $0.exp2() }, "expm1": { $0.expm1() }, "fix": { $0.trunc() }, "floor": { $0.floor() },
        "frac": { $0.frac() }, "isfinite": { $0.isfinite() }, "isinf": { $0.isinf() }, "isnan": { $0.isnan() },
        "isneginf": { $0.isneginf() }, "isposinf": { $0.isposinf() }, "lgamma": { $0.lgamma() }, "log": { $0.log() },
        "log10": { $0.log10() }, "log1p": { $0.log1p() }, "log2": { $0.log2() }, "logical_not": { $0.logicalNot() },
        "neg": { -$0 }, "negative": { -$0 }, "positive": { $0.positive() }, "rad2deg": { $0.rad2deg() },
        "reciprocal": { $0.reciprocal() }, "rsqrt": { $0.rsqrt() }, "sgn": { $0.sign() }, "sigmoid": { $0.sigmoid() },
        "sign": { $0.sign() }, "signbit": { $0.signbit() }, "sin": { $0.sin() }, "sinc": { $0.sinc() },
        "sinh": { $0.sinh() }, "sqrt": { $0.sqrt() }, "square": { $0.square() }, "tan": { $0.tan() },
        "tanh": { $0.tanh() }, "trunc": { $0.trunc() }, "nn.functional.sigmoid": { $0.sigmoid() },
        "nn.functional.tanh": { $0.tanh() }, "special.erf": { $0.erf() }, "special.psi": { $0.digamma() },
        "nn.functional.relu": { $0.relu() }, "relu": { $0.relu() }, "nn.functional.relu6": { $0.relu6() },
        "nn.functional.silu": { $0.silu() }, "nn.functional.mish": { $0.mish() },
        "nn.functional.selu": { $0.selu() }, "nn.functional.logsigmoid": { $0.logsigmoid() },
        "nn.functional.hardsigmoid": { $0.hardsigmoid() }, "nn.functional.hardswish": { $0.hardswish() },
        "nn.functional.softsign": { $0.softsign() }, "nn.functional.tanhshrink": { $0.tanhshrink() },
    ]

    private static let binary: [String: @Sendable (Tensor, Tensor) -> Tensor] = [
        "__radd__": { $1 + $0 }, "__rmul__": { $1 * $0 }, "__rdiv__": { $1 / $0 }, "__rsub__": { $1 - $0 },
        "__rpow__": { $1.pow($0) }, "__rmod__": { $1 % $0 }, "__rfloordiv__": { $1.floorDivide($0) },
        "__rand__": { $1 & $0 }, "__ror__": { $1 | $0 }, "__rxor__": { $1 ^ $0 }, "mul": { $0 * $1 },
        "multiply": { $0 * $1 }, "true_divide": { $0 / $1 }, "atan2": { $0.atan2($1) }, "arctan2": { $0.atan2($1) },
        "bitwise_and": { $0 & $1 }, "bitwise_or": { $0 | $1 }, "bitwise_xor": { $0 ^ $1 },
        "bitwise_left_shift": { $0 << $1 }, "bitwise_right_shift": { $0 >> $1 }, "copysign": { $0.copysign($1) },
        "eq": { $0 .== $1 }, "ne": { $0 .!= $1 }, "lt": { $0 < $1 }, "le": { $0 <= $1 }, "gt": { $0 > $1 },
        "ge": { $0 >= $1 }, "float_power": { $0.floatPower($1) }, "floor_divide": { $0.floorDivide($1) },
        "fmax": { $0.fmax($1) }, "fmin": { $0.fmin($1) }, "fmod": { $0.fmod($1) }, "heaviside": { $0.heaviside($1) },
        "hypot": { $0.hypot($1) }, "logaddexp": { $0.logaddexp($1) }, "logical_and": { $0.logicalAnd($1) },
        "logical_or": { $0.logicalOr($1) }, "logical_xor": { $0.logicalXor($1) }, "maximum": { $0.maximum($1) },
        "minimum": { $0.minimum($1) }, "pow": { $0.pow($1) }, "remainder": { $0 % $1 }, "xlogy": { $0.xlogy($1) },
    ]

    private static let others: [String: Operation] = [
        "add": { call in call.operand(1).map { [call.x.addScaled($0, call.scalar(call.value(9, "alpha")))] } },
        "sub": { call in call.operand(1).map { [call.x.subScaled($0, call.scalar(call.value(9, "alpha")))] } },
        "rsub": { call in call.operand(1).map { [$0.subScaled(call.x, call.scalar(call.value(9, "alpha")))] } },
        "div": { call in
            guard let other = call.operand(1) else { return nil }
            let rounding = call.value(9, "rounding_mode")?.string
            return [call.x.div(other, rounding: rounding == "floor" ? .floor : rounding == "trunc" ? .trunc : .none)]
        },
        "isclose": { call in
            [
                call.x.isclose(
                    call.operand(1)!, rtol: call.number(2, "rtol") ?? 1e-5, atol: call.number(3, "atol") ?? 1e-8,
                    equalNan: call.flag(4, "equal_nan") ?? false)
            ]
        },
        "where": { call in
            call.args.count == 3 ? [Tensor.where(call.x, call.operand(1)!, call.operand(2)!)] : nil
        },
        "clamp": { call in [call.x.clamp(min: call.bound(1, "min"), max: call.bound(2, "max"))] },
        "clamp_min": { call in call.bound(1, "min").map { [call.x.clampMin($0)] } },
        "clamp_max": { call in call.bound(1, "max").map { [call.x.clampMax($0)] } },
        "masked_fill": { call in [call.x.maskedFill(call.operand(1)!, call.operand(2)!)] },
        "lerp": { call in [call.x.lerp(call.operand(1)!, weight: call.operand(2)!)] },
        "addcmul": { call in
            [call.x.addcmul(call.operand(1)!, call.operand(2)!, value: call.number(3, "value") ?? 1)]
        },
        "addcdiv": { call in
            [call.x.addcdiv(call.operand(1)!, call.operand(2)!, value: call.number(3, "value") ?? 1)]
        },
        "round": { call in call.value(9, "decimals") == nil ? [call.x.round()] : nil },
        "nan_to_num": { call in
            [
                call.x.nanToNum(
                    nan: call.number(1, "nan") ?? 0, posinf: call.number(2, "posinf"), neginf: call.number(3, "neginf"))
            ]
        },
        "logit": { call in call.number(1, "eps").map { [call.x.logit(eps: $0)] } },
    ]

    private static let activations: [String: Operation] = [
        "nn.functional.elu": { [$0.x.elu(alpha: $0.number(1, "alpha") ?? 1)] },
        "nn.functional.celu": { [$0.x.celu(alpha: $0.number(1, "alpha") ?? 1)] },
        "nn.functional.gelu": {
            [$0.x.gelu(approximate: $0.value(9, "approximate")?.string == "tanh" ? .tanh : .none)]
        },
        "nn.functional.leaky_relu": { [$0.x.leakyRelu(negativeSlope: $0.number(1, "negative_slope") ?? 0.01)] },
        "nn.functional.hardtanh": {
            [$0.x.hardtanh(min: $0.number(1, "min_val") ?? -1, max: $0.number(2, "max_val") ?? 1)]
        },
        "nn.functional.softplus": {
            [$0.x.softplus(beta: $0.number(1, "beta") ?? 1, threshold: $0.number(2, "threshold") ?? 20)]
        },
        "nn.functional.threshold": { [$0.x.threshold($0.number(1, "threshold")!, value: $0.number(2, "value")!)] },
        "nn.functional.hardshrink": { [$0.x.hardshrink(lambda: $0.number(1, "lambd") ?? 0.5)] },
        "nn.functional.softshrink": { [$0.x.softshrink(lambda: $0.number(1, "lambd") ?? 0.5)] },
        "nn.functional.glu": { [$0.x.glu(dim: $0.int(1, "dim") ?? -1)] },
    ]

    private static let reductions: [String: Operation] = [
        "sum": { [$0.x.sum(dim: $0.dims(), keepdim: $0.keepdim, dtype: $0.dtype())] },
        "nansum": { [$0.x.nansum(dim: $0.dims(), keepdim: $0.keepdim, dtype: $0.dtype())] },
        "mean": { [$0.x.mean(dim: $0.dims(), keepdim: $0.keepdim, dtype: $0.dtype())] },
        "nanmean": { [$0.x.nanmean(dim: $0.dims(), keepdim: $0.keepdim)] },
        "prod": { [$0.x.prod(dim: $0.dims(), keepdim: $0.keepdim, dtype: $0.dtype())] },
        "amax": { [$0.x.amax(dim: $0.dims(), keepdim: $0.keepdim)] },
        "amin": { [$0.x.amin(dim: $0.dims(), keepdim: $0.keepdim)] },
        "any": { [$0.x.any(dim: $0.dims(), keepdim: $0.keepdim)] },
        "all": { [$0.x.all(dim: $0.dims(), keepdim: $0.keepdim)] },
        "argmax": { [$0.x.argmax(dim: $0.int(1, "dim"), keepdim: $0.keepdim)] },
        "argmin": { [$0.x.argmin(dim: $0.int(1, "dim"), keepdim: $0.keepdim)] },
        "count_nonzero": { [$0.x.countNonzero(dim: $0.dims())] },
        "logsumexp": { [$0.x.logsumexp(dim: $0.dims(), keepdim: $0.keepdim)] },
        "cumsum": { [$0.x.cumsum(dim: $0.int(1, "dim")!, dtype: $0.dtype())] },
        "cumprod": { [$0.x.cumprod(dim: $0.int(1, "dim")!, dtype: $0.dtype())] },
        "cummax": { call in
            let (values, indices) = call.x.cummax(dim: call.int(1, "dim")!)
            return [values, indices]
        },
        "cummin": { call in
            let (values, indices) = call.x.cummin(dim: call.int(1, "dim")!)
            return [values, indices]
        },
        "max": { extreme($0, true) }, "min": { extreme($0, false) },
        "aminmax": { call in
            let (low, high) = call.x.aminmax(dim: call.int(1, "dim"), keepdim: call.keepdim)
            return [low, high]
        },
        "var": { call in call.moments.map { [call.x.var(dim: $0, correction: $1, keepdim: call.keepdim)] } },
        "std": { call in call.moments.map { [call.x.std(dim: $0, correction: $1, keepdim: call.keepdim)] } },
        "var_mean": { call in
            call.moments.map {
                let (variance, mean) = call.x.varMean(dim: $0, correction: $1, keepdim: call.keepdim)
                return [variance, mean]
            }
        },
        "std_mean": { call in
            call.moments.map {
                let (deviation, mean) = call.x.stdMean(dim: $0, correction: $1, keepdim: call.keepdim)
                return [deviation, mean]
            }
        },
        "norm": { call in
            let order = call.value(1, "p")
            if let name = order?.string, name != "fro" { return nil }
            if call.dtype() != nil { return nil }
            return [
                call.x.norm(p: call.number(1, "p") ?? 2, dim: call.dims(2), keepdim: call.flag(3, "keepdim") ?? false)
            ]
        },
    ]

    private static func extreme(_ call: Call, _ isLargest: Bool) -> [Tensor]? {
        if let other = call.operand(1), call.value(1, "other")?["tensor"] != nil {
            return [isLargest ? call.x.maximum(other) : call.x.minimum(other)]
        }
        guard let dim = call.int(1, "dim") else { return [isLargest ? call.x.max() : call.x.min()] }
        let (values, indices) =
            isLargest
            ? call.x.max(dim: dim, keepdim: call.keepdim) : call.x.min(dim: dim, keepdim: call.keepdim)
        return [values, indices]
    }
}

extension OperatorConformanceTests.Call {
    var keepdim: Bool { flag(2, "keepdim") ?? false }

    func bound(_ place: Int, _ name: String) -> Tensor? {
        if let tensor = recorded.tensor(value(place, name)) { return operand(place) ?? tensor }
        return scalar(value(place, name)).map { .wrap($0) }
    }

    /// The dimensions and the correction of a variance, in PyTorch's old and new forms.
    var moments: ([Int], Double)? {
        if let isUnbiased = args.count > 1 ? args[1].bool : nil { return ([], isUnbiased ? 1 : 0) }
        let correction = flag(2, "unbiased").map { $0 ? 1.0 : 0.0 } ?? number(9, "correction") ?? 1
        return (dims(), correction)
    }
}

extension Tensor {
    fileprivate func addScaled(_ other: Tensor, _ alpha: Scalar?) -> Tensor {
        alpha.map { self + other * .wrap($0) } ?? self + other
    }

    fileprivate func subScaled(_ other: Tensor, _ alpha: Scalar?) -> Tensor {
        alpha.map { self - other * .wrap($0) } ?? self - other
    }
}
