import TestSupport
import Torchlight
@testable import TorchlightONNX

/// Functions of tensors that together need every translation, in the dtypes that they have.
enum ExportedFunctions {
    static let all = pointwise + pairs + reductions + orders + indexing + shapes + images + dtypes + quantized + edges

    /// A function of `[batch, 3]` numbers between -2 and 2, without 0.
    private static func function(
        _ name: String, opset: Int = 20, _ function: @escaping @Sendable (Tensor) -> Tensor
    ) -> NamedCase {
        several(name, opset: opset) { [function($0)] }
    }

    private static func several(
        _ name: String, opset: Int = 20, _ function: @escaping @Sendable (Tensor) -> [Tensor]
    ) -> NamedCase {
        NamedCase(name) {
            ExportCase(
                Module(), opset: opset, inputs: { [(ExportCase.numbers([$0[0], 3]) - 0.5) * 5 + 0.013] },
                run: { function($0[0]) })
        }
    }

    /// A function of two tensors of a dtype, `[batch, 3]` and `[3]`, with numbers from -6 to 6 that are not 0.
    private static func binary(
        _ name: String, _ dtype: DType, opset: Int = 20, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> NamedCase {
        NamedCase("\(name)_\(dtype)") {
            func numbers(_ shape: [Int], _ seed: UInt64) -> Tensor {
                let sizes = Tensor.randint(1, 7, shape, generator: Generator(seed: seed))
                let signs = Tensor.randint(0, 2, shape, generator: Generator(seed: seed + 1)) * 2 - 1
                return (dtype == .uint8 || dtype == .bool ? sizes - (dtype == .bool ? 3 : 0) : sizes * signs).to(dtype)
            }
            return ExportCase(
                Module(), dynamic: ["x0": [0: "batch"]], opset: opset,
                inputs: { [numbers([$0[0], 3], 3), numbers([3], 9)] }, run: { [function($0[0], $0[1])] })
        }
    }

    private static let pointwise: [NamedCase] = [
        function("abs") { $0.abs() }, function("trigonometric") { $0.sin() + $0.cos() + $0.tan() },
        function("inverse") { x in (x / 3).asin() + (x / 3).acos() + x.atan() + x.asinh() + (x / 3).atanh() },
        function("acosh") { ($0.abs() + 1).acosh() }, function("hyperbolic") { $0.sinh() + $0.cosh() + $0.tanh() },
        function("erf") { $0.erf() + $0.erfc() }, function("expm1") { $0.expm1() + $0.exp2() },
        function("logs") { x in
            let y = x.abs() + 0.5
            return y.log() + y.log2() + y.log10() + y.log1p() + y.rsqrt() + y.reciprocal() + y.sqrt()
        },
        function("roundings") { ($0 * 3).floor() + ($0 * 3).ceil() + ($0 * 3).round() * 7 + ($0 * 3).trunc() * 11 },
        function("frac") { $0.frac() + $0.round(decimals: 1) + ($0 * 100).round(decimals: -1) },
        function("signs") { $0.sign() + $0.sgn() + $0.neg() + $0.square() },
        function("logit") { $0.sigmoid().logit() }, function("sinc") { $0.sinc() },
        function("predicates") { x in
            let y = Tensor.where(x .> 1, Double.infinity, Tensor.where(x .< -1, Double.nan, x))
            return stack([y.isnan(), y.isinf(), y.isfinite(), y.signbit()], dim: 1)
        },
        function("activations") { x in
            x.relu() + leakyRelu(x, 0.2) + elu(x, alpha: 0.5) + gelu(x) + hardtanh(x) + silu(x) + mish(x) + celu(x)
        },
        function("activations13", opset: 13) { x in gelu(x) + gelu(x, approximate: .tanh) + hardswish(x) + mish(x) },
        function("softplus") { softplus($0, beta: 2, threshold: 1) + logsigmoid($0) },
        function("nanToNum") { x in Tensor.where(x .> 1, Double.nan, x).nanToNum(nan: 2) },
        function("cumulative") { $0.cumsum(0) + $0.cumprod(0) + $0.logcumsumexp(0) + $0.cummax(0).values },
    ]

    private static let pairs: [NamedCase] =
        [DType.float32, .float64, .int64, .int32, .int16, .int8, .uint8].flatMap { dtype in
            [
                binary("arithmetic", dtype) { $0 + $1 * $0 - $1 },
                binary("extremes", dtype) { $0.maximum($1) * $0.minimum($1) },
                binary("floorDivide", dtype) { $0.floorDivide($1) },
                binary("truncDivide", dtype) { $0.div($1, rounding: .trunc) },
                binary("remainder", dtype) { $0.remainder($1) }, binary("fmod", dtype) { $0.fmod($1) },
                binary("comparisons", dtype) { x, y in
                    stack([x .< y, x .<= y, x .> y, x .>= y, x .== y, x .!= y], dim: 1)
                },
                binary("division", dtype) { $0 / $1 }, binary("choice", dtype) { Tensor.where($0 .> $1, $0, $1) },
                binary("clamp", dtype) { $0.clamp(min: 2, max: 4) + $0.clamp(min: $1) },
                binary("addcmul", dtype) { $0.addcmul($0, $1, value: 2) + $0.add($1, alpha: 3) },
                binary("sums", dtype) { x, y in x.sum() + x.sum(dim: 1).amax() + x.prod(dim: 1).amin() + y.cumsum(0)[0]
                },
                binary("orders", dtype) { x, y in x.argmax(dim: 1) + x.sort(dim: 1).values.to(.int64)[0..., 0] },
                binary("matmul", dtype) { x, y in x.matmul(y) },
                binary("mixed", dtype) { x, y in x.to(.float32) + y * 0.5 },
            ]
        } + [
            binary("power", .float32) { $0.pow(3) + $0.abs().pow($1) },
            binary("powerOfIntegers", .int64) { x, _ in x.pow(2) + x.pow(3) },
            binary("extremesIgnoringNaN", .float32) { x, y in
                Tensor.where(x .> 2, Double.nan, x).fmax(y) + Tensor.where(x .> 2, Double.nan, x).fmin(y)
            },
            binary("hypot", .float32) { $0.hypot($1) + $0.copysign($1) + $0.atan2($1) },
            binary("exponents", .float32) { x, y in x.logaddexp(y) + x.logaddexp2(y) + x.xlogy(y.abs()) },
            binary("lerp", .float32) { x, y in x.lerp(y, 0.3) + x.addcdiv(x, y, value: 2) },
            binary("logic", .bool) { x, y in
                stack([x & y, x | y, x ^ y, x.logicalNot(), x .== y, x.logicalAnd(y), Tensor.where(x, y, x)], dim: 1)
            },
            binary("bits", .int64) { x, y in (x & y) + (x | y) * 3 + (x ^ y) * 5 + x.bitwiseNot() },
            binary("bits", .uint8) { x, y in (x & y) + (x | y) * 3 + (x ^ y) * 5 + x.bitwiseNot() },
            binary("shifts", .int32) { x, y in (x << y.abs()) + (x >> y.abs()) },
            binary("truth", .bool) { x, y in x.all(dim: 1) & x.any(dim: 1) & y.any() },
        ]

    private static let reductions: [NamedCase] = [
        function("means") { $0.mean() + $0.mean(dim: 1, keepdim: true) },
        function("norms") { $0.norm(dim: 1) + $0.norm() + $0.norm(p: 1, dim: 1) },
        function("logsumexp") { $0.logsumexp(dim: 1) },
        function("variance") { $0.var(dim: [0]) + $0.std(dim: [1]).sum() },
        several("maxima") { [$0.max(dim: 1).values, $0.max(dim: 1).indices, $0.min(dim: 0).values, $0.argmin()] },
        several("varMean") { x in
            let result = x.varMean(dim: [1])
            return [result.variance, result.mean]
        },
        function("softmax") { $0.softmax(dim: 1) + $0.logSoftmax(dim: 1) },
        function("reductions13", opset: 13) { $0.mean(dim: 1) + $0.amax(dim: 1) + $0.sum(dim: 1) + $0.prod(dim: 1) },
        function("distances") { x in cdist(x, x) + cdist(x, x, p: 1) },
        function("determinant") { x in (x.unsqueeze(2) * x.unsqueeze(1) + Tensor.eye(3)).det() },
    ]

    private static let orders: [NamedCase] = [
        several("sort") { [$0.sort(dim: 1).values, $0.sort(dim: 1, descending: true).indices, $0.argsort(dim: 1)] },
        several("topk") { [$0.topk(2).values, $0.topk(2).indices, $0.topk(1, dim: 1, largest: false).values] },
        function("searchsorted") { searchsorted(Tensor([-1.0, 0, 1]), $0) },
        function("oneHot") { oneHot($0.argmax(dim: 1), 3) },
    ]

    private static let indexing: [NamedCase] = [
        function("gather") { x in x.gather(1, x.argsort(dim: 1)) },
        function("scatter") { x in x.scatter(1, x.argsort(dim: 1), x * 2) },
        function("scatterAdd") { x in x.scatterAdd(1, (x .> 0).to(.int64), x) },
        function("indexSelect") { x in x.indexSelect(1, Tensor([2, 0])) },
        function("indexTensors") { x in x[Tensor([0, 1, 0]), Tensor([2, 1, 0])] },
        function("indexAdd") { x in Tensor.zeros([3, 3]).indexAdd(0, x.argmax(dim: 1), x) },
        function("maskedFill") { x in x.maskedFill(x .> 0, -1) },
        function("maskedScatter") { x in x.maskedScatter(x .> 0, x * 2) },
        function("written") { x in
            let y = x.clone()
            y[0..., 1] = x[0..., 0]
            y[0] = Tensor.zeros([3])
            return y
        },
        function("takeAlongDim") { x in x.take(x.argmax(dim: 1)) }, function("roll") { $0.roll(1, dims: 1) },
        function("embedding") { x in embedding(x.argmax(dim: 1), Tensor.arange(12).reshape([3, 4]).to(.float32)) },
    ]

    private static let shapes: [NamedCase] = [
        function("cat") { x in cat([x, x * 2, Tensor.ones([1, 3])], dim: 0) },
        function("stacked") { x in stack([x, -x], dim: 1).flatten(1) },
        several("split") { x in x.split(1, dim: 1) }, several("chunk") { x in x.chunk(2, dim: 1) },
        function("triangles") { x in x.t().matmul(x).tril() + x.t().matmul(x).triu(1) },
        function("triangles13", opset: 13) { x in x.t().matmul(x).tril(-1) + x.t().matmul(x).triu(1) },
        function("diagonals") { x in x.t().matmul(x).diagonal() }, function("flip") { $0.flip([0, 1]) },
        function("repeat") { $0.repeat(2, 3) }, function("repeatInterleave") { $0.repeatInterleave(2, dim: 1) },
        function("tile") { $0.tile([1, 2]) }, function("expand") { $0.unsqueeze(1).expand([$0.shape[0], 4, 3]) },
        function("pads") { x in pad(x.unsqueeze(1), [1, 2], mode: .reflect) },
        function("circular") { x in pad(x.unsqueeze(1), [1, 2], mode: .circular) },
        function("negativePad") { x in x.pad([-1, 1], value: 2) }, function("meshgrid") { x in x.outer() },
        function("einsum") { x in einsum("bi,bj->ij", x, x) }, function("movedim") { $0.movedim(0, 1).contiguous() },
        function("unfold") { $0.unfold(1, size: 2, step: 1) }, function("linspace") { $0 + Tensor.linspace(0, 1, 3) },
        function("strided") { x in x.contiguous().asStrided([3, 2], stride: [1, 3]) },
        function("fullLike") { x in Tensor.full(like: x, 2.5) * x + Tensor.ones(like: x) + Tensor.eye(3)[0] },
    ]

    /// A function of images `[batch, 2, 5, 6]`.
    private static func images(
        _ name: String, opset: Int = 20, _ function: @escaping @Sendable (Tensor) -> Tensor
    ) -> NamedCase {
        NamedCase(name) {
            ExportCase(
                Module(), opset: opset, inputs: { [ExportCase.numbers([$0[0], 2, 5, 6])] }, run: { [function($0[0])] })
        }
    }

    private static let images: [NamedCase] = [
        images("nearest") { interpolate($0, size: [7, 4]) },
        images("nearestExact") { interpolate($0, size: [7, 4], mode: .nearestExact) },
        images("bilinear") { interpolate($0, size: [7, 4], mode: .bilinear) },
        images("bilinearAligned") { interpolate($0, scaleFactor: [2, 2], mode: .bilinear, alignCorners: true) },
        images("bicubic") { interpolate($0, size: [9, 4], mode: .bicubic) },
        images("area") { interpolate($0, size: [3, 4], mode: .area) },
        images("antialias") { interpolate($0, size: [3, 4], mode: .bilinear, antialias: true) },
        images("gridSample") { x in
            let grid = affineGrid(
                Tensor([[[0.8, 0.1, 0], [0.2, 0.9, 0.1]]]).expand([x.shape[0], 2, 3]), [x.shape[0], 2, 4, 4])
            return gridSample(x, grid) + gridSample(x, grid, mode: .nearest, paddingMode: .border)
        },
        images("gridSample16", opset: 16) { x in
            let grid = affineGrid(
                Tensor([[[0.8, 0.1, 0], [0.2, 0.9, 0.1]]]).expand([x.shape[0], 2, 3]), [x.shape[0], 2, 4, 4])
            return gridSample(x, grid, alignCorners: true)
        },
        images("fold") { x in fold(unfold(x, [2, 3]), [5, 6], [2, 3]) },
        images("meanOfChannels") { $0.mean(dim: [2, 3]) },
    ]

    /// Networks in other dtypes.
    private static func network(
        _ name: String, _ dtype: DType, opset: Int = 20, tolerance: Double? = nil,
        _ make: @escaping @Sendable () -> Sequential
    ) -> NamedCase {
        NamedCase(name) {
            let model = make()
            model.eval()
            _ = model.to(dtype)
            return ExportCase(
                model, opset: opset, tolerance: tolerance,
                inputs: { [ExportCase.numbers([$0[0], 1, 8, 8]).to(dtype)] },
                run: { [model($0[0])] })
        }
    }

    private static let dtypes: [NamedCase] = [
        network("network_float16", .float16) { convolutional },
        // ONNX Runtime has no convolution of float64.
        network("network_float64", .float64) {
            Sequential(Flatten(), Linear(64, 8), LayerNorm(8), SiLU(), Linear(8, 3), Softmax(dim: 1))
        },
        NamedCase("network_bfloat16") {
            let model = convolutional
            model.eval()
            _ = model.to(.bfloat16)
            // NumPy has no bfloat16.
            return ExportCase(
                model, tolerance: 0.02, inputs: { [ExportCase.numbers([$0[0], 1, 8, 8])] },
                run: { [model($0[0].to(.bfloat16)).to(.float32)] })
        },
        NamedCase("lstm_bfloat16") {
            let lstm = LSTM(3, 4, dtype: .bfloat16)
            return ExportCase(
                lstm, dynamic: ["length", "batch"], tolerance: 0.02, [5, 2], [7, 3],
                inputs: { [ExportCase.numbers([$0[0], $0[1], 3])] },
                run: { [lstm($0[0].to(.bfloat16)).output.to(.float32)] })
        },
    ]

    private static var convolutional: Sequential {
        Sequential(
            Conv2d(1, 4, kernelSize: 3, padding: 1), BatchNorm2d(4), GELU(), MaxPool2d(2), Flatten(), Linear(64, 8),
            LayerNorm(8), SiLU(), Linear(8, 3), Softmax(dim: 1))
    }

    private static func quantizedNetwork(
        _ name: String, _ scheme: WeightQuantization, opset: Int
    ) -> NamedCase {
        network(name, .float32, opset: opset, tolerance: scheme.inputs == .int8 ? 0.05 : nil) {
            let model = Sequential(Flatten(), Linear(64, 96), ReLU(), Linear(96, 5, bias: false))
            return quantize(model, scheme)
        }
    }

    private static let quantized: [NamedCase] = [
        quantizedNetwork("int8", .int8(inputs: .float), opset: 20),
        quantizedNetwork("int8Rounded", .int8(), opset: 20),
        quantizedNetwork("int8Offsets", .int8(symmetric: false, inputs: .float), opset: 17),
        quantizedNetwork("int8Groups", .int8(group: 32, inputs: .float), opset: 21),
        quantizedNetwork("int4", .int4(group: 32, inputs: .float), opset: 21),
        quantizedNetwork("int4Offsets", .int4(group: 64, symmetric: false, inputs: .float), opset: 21),
        quantizedNetwork("int4Before21", .int4(group: 64, inputs: .float), opset: 20),
    ]

    private static let edges: [NamedCase] = [
        NamedCase("scalars") {
            ExportCase(
                Module(), dynamic: [], inputs: { _ in [Tensor.full([], 0.7), Tensor.full([], 3)] },
                run: { [$0[0] * $0[1], $0[0].softmax(dim: 0), $0[0].sum(), $0[1].sort(dim: 0).values] })
        },
        NamedCase("empty") {
            ExportCase(
                Module(), dynamic: [], inputs: { _ in [Tensor.ones([0, 3]), Tensor.ones([2, 3])] },
                run: { [cat([$0[0], $0[1]], dim: 0), $0[0] * 2, $0[0].sum(dim: 0), $0[0].reshape([3, 0])] })
        },
        NamedCase("integers") {
            ExportCase(
                Module(),
                inputs: { [ExportCase.tokens([$0[0], 3], below: 9), Tensor.ones([$0[0], 3], dtype: .bool)] },
                run: { [$0[0] * 2, $0[1].logicalNot(), $0[0].to(.float32) / 2, Tensor.where($0[1], $0[0], 7)] })
        },
        // An input as output, an output twice, a constant and a parameter as output, an input that nothing reads.
        NamedCase("outputs") {
            let linear = Linear(3, 2)
            return ExportCase(
                linear, inputs: { [ExportCase.numbers([$0[0], 3]), ExportCase.numbers([$0[0], 2])] },
                run: { inputs in
                    let y = linear(inputs[0])
                    return [inputs[0], y, y, linear.weight.detach(), Tensor([1, 2]), y.relu()]
                })
        },
        NamedCase("names") {
            let model = CollidingNames()
            return ExportCase(model, inputs: { [ExportCase.numbers([$0[0], 3])] }, run: { [model($0[0])] })
        },
        NamedCase("sharedParameters") {
            let model = TiedWeights()
            return ExportCase(model, inputs: { [ExportCase.tokens([$0[0], 4], below: 6)] }, run: { [model($0[0])] })
        },
    ]
}

extension Tensor {
    /// The products of all pairs of elements of the first row.
    fileprivate func outer() -> Tensor {
        let grids = meshgrid([self[0], self[0]], indexing: .ij)
        return grids[0] * grids[1]
    }
}

/// A parameter with the name of the input, and one with that of a node.
private final class CollidingNames: Module, Layer {
    @Key var x0: Tensor
    @Key var output: Tensor

    override init() {
        _x0 = Key(wrappedValue: Parameter(ExportCase.numbers([3])), "x0")
        _output = Key(wrappedValue: Parameter(ExportCase.numbers([3]) + 1), "output")
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { (x * x0 + output).exp() }
}

/// An embedding and a linear layer with one weight.
private final class TiedWeights: Module, Layer {
    let table = Embedding(6, 3)
    let head = Linear(3, 6, bias: false)

    override init() {
        super.init()
        head.weight = table.weight
    }

    func forward(_ x: Tensor) -> Tensor { head(table(x)) }
}
