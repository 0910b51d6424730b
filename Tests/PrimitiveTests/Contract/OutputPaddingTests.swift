import TestSupport
import Testing

@testable import TorchlightCore

/// Output paddings up to the larger of stride and dilation, also those of the stride or more, which are no convolution's
/// gradient.
@Suite struct OutputPaddingTests {
    private struct Setting: CustomStringConvertible {
        var stride: Int
        var outputPadding: Int
        var dilation: Int
        var padding: Int
        var groups: Int
        var description: String {
            "stride \(stride), outputPadding \(outputPadding), dilation \(dilation), padding \(padding), groups \(groups)"
        }
    }

    private static let settings: [Setting] = [
        (1, 1, 2), (1, 2, 3), (2, 2, 3), (2, 3, 4), (1, 3, 4), (2, 1, 3), (3, 2, 1),
    ]
    .flatMap { stride, extra, dilation in
        [(0, 1), (1, 2), (2, 1)].map {
            Setting(
                stride: stride, outputPadding: extra, dilation: dilation, padding: $0.0, groups: $0.1)
        }
    }

    /// Each element of x times each weight, added at its place.
    private static func reference(
        _ x: ReferenceArray, _ weight: ReferenceArray, _ bias: ReferenceArray, _ s: Setting
    ) -> ReferenceArray {
        let spatial = x.shape.count - 2
        let filters = weight.shape[1]
        var shape = [x.shape[0], filters * s.groups]
        for d in 0..<spatial {
            shape.append(
                (x.shape[d + 2] - 1) * s.stride - 2 * s.padding + s.dilation * (weight.shape[d + 2] - 1)
                    + s.outputPadding + 1)
        }
        var out = ReferenceArray(shape: shape) { bias.values[$0[1]] }
        for place in ReferenceArray.indices(of: x.shape) {
            for entry in ReferenceArray.indices(of: weight.shape) where entry[0] == place[1] {
                let group = place[1] / (x.shape[1] / s.groups)
                var target = [place[0], group * filters + entry[1]]
                for d in 0..<spatial {
                    target.append(place[d + 2] * s.stride + entry[d + 2] * s.dilation - s.padding)
                }
                guard zip(target, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else { continue }
                out[target] += x[place] * weight[entry]
            }
        }
        return out
    }

    private static func call(_ x: [Tensor], _ s: Setting) -> Tensor {
        switch x[0].rank {
        case 3:
            convTranspose1d(
                x[0], x[1], bias: x[2], stride: s.stride, padding: s.padding, outputPadding: s.outputPadding,
                groups: s.groups, dilation: s.dilation)
        case 4:
            convTranspose2d(
                x[0], x[1], bias: x[2], stride: Size2(s.stride), padding: Size2(s.padding),
                outputPadding: Size2(s.outputPadding), groups: s.groups, dilation: Size2(s.dilation))
        default:
            convTranspose3d(
                x[0], x[1], bias: x[2], stride: Size3(s.stride), padding: Size3(s.padding),
                outputPadding: Size3(s.outputPadding), groups: s.groups, dilation: Size3(s.dilation))
        }
    }

    @Test(arguments: [1, 2, 3])
    func everyOutputPadding(_ spatial: Int) {
        for setting in Self.settings {
            let label = "\(spatial)-d, \(setting), seed: \(TestRandom.seed)"
            var random = TestRandom(label)
            let sizes = Array([4, 3, 3].prefix(spatial)), kernel = Array([3, 2, 2].prefix(spatial))
            let shapes = [[2, 2] + sizes, [2, 2] + kernel, [2 * setting.groups]]
            let inputs = shapes.map { Tensor(random.values($0.reduce(1, *), in: -2...2), shape: $0, dtype: .float64) }
            let arrays = inputs.map { ReferenceArray($0) }
            let expected = Self.reference(arrays[0], arrays[1], arrays[2], setting)
            for dtype in [DType.float64, .float32] {
                expectClose(Self.call(inputs.map { $0.to(dtype) }, setting), expected, .sums, "\(dtype), \(label)")
            }
            if spatial < 3 {
                expectGradients(order: 2, at: inputs, label: label) { [Self.call($0, setting)] }
            }
            let whole = inputs.map { ($0 * 3).round().to(.int64) }
            let wholeArrays = whole.map { ReferenceArray($0) }
            expectClose(
                Self.call(whole, setting), Self.reference(wholeArrays[0], wholeArrays[1], wholeArrays[2], setting),
                .exact, "int64, \(label)")
        }
    }
}
