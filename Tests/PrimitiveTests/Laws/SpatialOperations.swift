import TestSupport
import TorchlightIO

@testable import TorchlightCore

// The recorded operators over images, signals and volumes: convolutions, pools, resampling, borders.

extension OperatorConformanceTests.Call {
    /// A list of whole numbers, or one; nil where it is left out.
    fileprivate func sizes(_ place: Int, _ name: String) -> [Int]? {
        guard let found = value(place, name) else { return nil }
        return found.int.map { [$0] } ?? found.elements?.map { $0.int ?? -1 }
    }
    /// The same for each of so many dimensions.
    fileprivate func each(_ spatial: Int, _ place: Int, _ name: String, _ missing: Int) -> [Int] {
        let found = sizes(place, name) ?? [missing]
        return found.count == spatial ? found : Array(repeating: found.first ?? missing, count: spatial)
    }
    fileprivate func size1(_ place: Int, _ name: String, _ missing: Int = 0) -> Int { each(1, place, name, missing)[0] }
    fileprivate func size2(_ place: Int, _ name: String, _ missing: Int = 0) -> Size2 {
        let found = each(2, place, name, missing)
        return Size2(found[0], found[1])
    }
    fileprivate func size3(_ place: Int, _ name: String, _ missing: Int = 0) -> Size3 {
        let found = each(3, place, name, missing)
        return Size3(found[0], found[1], found[2])
    }
    fileprivate func isGiven(_ place: Int, _ name: String) -> Bool { !(sizes(place, name) ?? []).isEmpty }
    fileprivate func stride1() -> Int? { isGiven(2, "stride") ? size1(2, "stride") : nil }
    fileprivate func stride2() -> Size2? { isGiven(2, "stride") ? size2(2, "stride") : nil }
    fileprivate func stride3() -> Size3? { isGiven(2, "stride") ? size3(2, "stride") : nil }
    fileprivate var bias: Tensor? { value(2, "bias") == nil ? nil : operand(2) }
    fileprivate var padding: ConvPadding {
        switch value(4, "padding")?.string {
        case "same": .same
        case "valid": .valid
        default: ConvPadding(sizes(4, "padding") ?? [0])
        }
    }
    fileprivate var adaptive: AdaptiveSize {
        guard let found = value(1, "output_size") else { return 1 }
        return found.int.map { AdaptiveSize($0) } ?? AdaptiveSize(found.elements!.map(\.int))
    }
    fileprivate func factors(_ place: Int, _ name: String) -> [Double]? {
        guard let found = value(place, name) else { return nil }
        return found.elements?.compactMap { scalar($0)?.asDouble } ?? scalar(found).map { [$0.asDouble] }
    }
    fileprivate var wantsIndices: Bool { flag(6, "return_indices") ?? false }
}

extension OperatorConformanceTests {
    private static func results(_ pair: (values: Tensor, indices: Tensor), _ both: Bool) -> [Tensor] {
        both ? [pair.values, pair.indices] : [pair.values]
    }

    static let spatial: [String: Operation] = convolutions.merging(pools) { a, _ in a }.merging(images) { a, _ in a }

    private static let convolutions: [String: Operation] = {
        let conv1: Operation = { call in
            [
                conv1d(
                    call.x, call.operand(1)!, bias: call.bias, stride: call.size1(3, "stride", 1),
                    padding: call.padding, dilation: call.size1(5, "dilation", 1), groups: call.int(6, "groups") ?? 1)
            ]
        }
        let conv2: Operation = { call in
            [
                conv2d(
                    call.x, call.operand(1)!, bias: call.bias, stride: call.size2(3, "stride", 1),
                    padding: call.padding, dilation: call.size2(5, "dilation", 1), groups: call.int(6, "groups") ?? 1)
            ]
        }
        let conv3: Operation = { call in
            [
                conv3d(
                    call.x, call.operand(1)!, bias: call.bias, stride: call.size3(3, "stride", 1),
                    padding: call.padding, dilation: call.size3(5, "dilation", 1), groups: call.int(6, "groups") ?? 1)
            ]
        }
        let transposed1: Operation = { call in
            [
                convTranspose1d(
                    call.x, call.operand(1)!, bias: call.bias, stride: call.size1(3, "stride", 1),
                    padding: call.size1(4, "padding"), outputPadding: call.size1(5, "output_padding"),
                    groups: call.int(6, "groups") ?? 1, dilation: call.size1(7, "dilation", 1))
            ]
        }
        let transposed2: Operation = { call in
            [
                convTranspose2d(
                    call.x, call.operand(1)!, bias: call.bias, stride: call.size2(3, "stride", 1),
                    padding: call.size2(4, "padding"), outputPadding: call.size2(5, "output_padding"),
                    groups: call.int(6, "groups") ?? 1, dilation: call.size2(7, "dilation", 1))
            ]
        }
        let transposed3: Operation = { call in
            [
                convTranspose3d(
                    call.x, call.operand(1)!, bias: call.bias, stride: call.size3(3, "stride", 1),
                    padding: call.size3(4, "padding"), outputPadding: call.size3(5, "output_padding"),
                    groups: call.int(6, "groups") ?? 1, dilation: call.size3(7, "dilation", 1))
            ]
        }
        return [
            "conv1d": conv1, "nn.functional.conv1d": conv1, "conv2d": conv2, "nn.functional.conv2d": conv2,
            "conv3d": conv3, "nn.functional.conv3d": conv3, "conv_transpose1d": transposed1,
            "nn.functional.conv_transpose1d": transposed1, "conv_transpose2d": transposed2,
            "nn.functional.conv_transpose2d": transposed2, "conv_transpose3d": transposed3,
            "nn.functional.conv_transpose3d": transposed3,
        ]
    }()

    private static let pools: [String: Operation] = [
        "nn.functional.max_pool1d": { call in
            results(
                maxPool1dWithIndices(
                    call.x, call.size1(1, "kernel_size"), stride: call.stride1(), padding: call.size1(3, "padding"),
                    dilation: call.size1(4, "dilation", 1), ceilMode: call.flag(5, "ceil_mode") ?? false),
                call.wantsIndices)
        },
        "nn.functional.max_pool2d": { call in
            results(
                maxPool2dWithIndices(
                    call.x, call.size2(1, "kernel_size"), stride: call.stride2(), padding: call.size2(3, "padding"),
                    dilation: call.size2(4, "dilation", 1), ceilMode: call.flag(5, "ceil_mode") ?? false),
                call.wantsIndices)
        },
        "nn.functional.max_pool3d": { call in
            results(
                maxPool3dWithIndices(
                    call.x, call.size3(1, "kernel_size"), stride: call.stride3(), padding: call.size3(3, "padding"),
                    dilation: call.size3(4, "dilation", 1), ceilMode: call.flag(5, "ceil_mode") ?? false),
                call.wantsIndices)
        },
        "nn.functional.avg_pool1d": { call in
            [
                avgPool1d(
                    call.x, call.size1(1, "kernel_size"), stride: call.stride1(), padding: call.size1(3, "padding"),
                    ceilMode: call.flag(4, "ceil_mode") ?? false,
                    countIncludePad: call.flag(5, "count_include_pad") ?? true)
            ]
        },
        "nn.functional.avg_pool2d": { call in
            [
                avgPool2d(
                    call.x, call.size2(1, "kernel_size"), stride: call.stride2(), padding: call.size2(3, "padding"),
                    ceilMode: call.flag(4, "ceil_mode") ?? false,
                    countIncludePad: call.flag(5, "count_include_pad") ?? true,
                    divisorOverride: call.int(6, "divisor_override"))
            ]
        },
        "nn.functional.avg_pool3d": { call in
            [
                avgPool3d(
                    call.x, call.size3(1, "kernel_size"), stride: call.stride3(), padding: call.size3(3, "padding"),
                    ceilMode: call.flag(4, "ceil_mode") ?? false,
                    countIncludePad: call.flag(5, "count_include_pad") ?? true,
                    divisorOverride: call.int(6, "divisor_override"))
            ]
        },
        "nn.functional.lp_pool1d": { call in
            [
                lpPool1d(
                    call.x, call.number(1, "norm_type")!, call.size1(2, "kernel_size"),
                    stride: call.sizes(3, "stride")?.first, ceilMode: call.flag(4, "ceil_mode") ?? false)
            ]
        },
        "nn.functional.lp_pool2d": { call in
            [
                lpPool2d(
                    call.x, call.number(1, "norm_type")!, call.size2(2, "kernel_size"),
                    stride: call.isGiven(3, "stride") ? call.size2(3, "stride") : nil,
                    ceilMode: call.flag(4, "ceil_mode") ?? false)
            ]
        },
        "nn.functional.lp_pool3d": { call in
            [
                lpPool3d(
                    call.x, call.number(1, "norm_type")!, call.size3(2, "kernel_size"),
                    stride: call.isGiven(3, "stride") ? call.size3(3, "stride") : nil,
                    ceilMode: call.flag(4, "ceil_mode") ?? false)
            ]
        },
        "nn.functional.max_unpool1d": { call in
            [
                maxUnpool1d(
                    call.x, call.operand(1)!, call.size1(2, "kernel_size"),
                    stride: call.isGiven(3, "stride") ? call.size1(3, "stride") : nil,
                    padding: call.size1(4, "padding"), outputSize: call.sizes(5, "output_size"))
            ]
        },
        "nn.functional.max_unpool2d": { call in
            [
                maxUnpool2d(
                    call.x, call.operand(1)!, call.size2(2, "kernel_size"),
                    stride: call.isGiven(3, "stride") ? call.size2(3, "stride") : nil,
                    padding: call.size2(4, "padding"), outputSize: call.sizes(5, "output_size"))
            ]
        },
        "nn.functional.max_unpool3d": { call in
            [
                maxUnpool3d(
                    call.x, call.operand(1)!, call.size3(2, "kernel_size"),
                    stride: call.isGiven(3, "stride") ? call.size3(3, "stride") : nil,
                    padding: call.size3(4, "padding"), outputSize: call.sizes(5, "output_size"))
            ]
        },
        "nn.functional.adaptive_avg_pool1d": { call in [adaptiveAvgPool1d(call.x, call.adaptive)] },
        "nn.functional.adaptive_avg_pool2d": { call in [adaptiveAvgPool2d(call.x, call.adaptive)] },
        "nn.functional.adaptive_avg_pool3d": { call in [adaptiveAvgPool3d(call.x, call.adaptive)] },
        "nn.functional.adaptive_max_pool1d": { call in
            results(
                adaptiveMaxPool1dWithIndices(call.x, call.adaptive), call.flag(2, "return_indices") ?? false)
        },
        "nn.functional.adaptive_max_pool2d": { call in
            results(
                adaptiveMaxPool2dWithIndices(call.x, call.adaptive), call.flag(2, "return_indices") ?? false)
        },
        "nn.functional.adaptive_max_pool3d": { call in
            results(
                adaptiveMaxPool3dWithIndices(call.x, call.adaptive), call.flag(2, "return_indices") ?? false)
        },
    ]

    private static func padded(_ x: Tensor, _ widths: [Int], _ mode: PadMode, _ value: Scalar) -> Tensor {
        switch value {
        case .bool(let value): x.pad(widths, mode: mode, value: value)
        case .int(let value): x.pad(widths, mode: mode, value: value)
        case .double(let value): x.pad(widths, mode: mode, value: value)
        }
    }

    private static let images: [String: Operation] = [
        "constant_pad_nd": { call in
            [padded(call.x, call.sizes(1, "pad")!, .constant, call.scalar(call.value(2, "value")) ?? .int(0))]
        },
        "nn.functional.pad": { call in
            let modes: [String: PadMode] = [
                "constant": .constant, "reflect": .reflect, "replicate": .replicate, "circular": .circular,
            ]
            return [
                padded(
                    call.x, call.sizes(1, "pad")!, modes[call.value(2, "mode")?.string ?? "constant"]!,
                    call.scalar(call.value(3, "value")) ?? .int(0))
            ]
        },
        "nn.functional.interpolate": { call in
            [
                interpolate(
                    call.x, size: call.sizes(1, "size"), scaleFactor: call.factors(2, "scale_factor"),
                    mode: InterpolationMode(rawValue: call.value(3, "mode")?.string ?? "nearest")!,
                    alignCorners: call.flag(4, "align_corners"),
                    recomputeScaleFactor: call.flag(5, "recompute_scale_factor"),
                    antialias: call.flag(6, "antialias") ?? false)
            ]
        },
        "nn.functional.upsample_nearest": { call in
            [upsampleNearest(call.x, size: call.sizes(1, "size"), scaleFactor: call.factors(2, "scale_factor"))]
        },
        "nn.functional.upsample_bilinear": { call in
            [upsampleBilinear(call.x, size: call.sizes(1, "size"), scaleFactor: call.factors(2, "scale_factor"))]
        },
        "nn.functional.grid_sample": { call in
            [
                gridSample(
                    call.x, call.operand(1)!,
                    mode: GridSampleMode(rawValue: call.value(2, "mode")?.string ?? "bilinear")!,
                    paddingMode: GridSampleBorder(rawValue: call.value(3, "padding_mode")?.string ?? "zeros")!,
                    alignCorners: call.flag(4, "align_corners") ?? false)
            ]
        },
        "nn.functional.affine_grid": { call in
            [affineGrid(call.x, call.sizes(1, "size")!, alignCorners: call.flag(2, "align_corners") ?? false)]
        },
        "nn.functional.pixel_shuffle": { call in [pixelShuffle(call.x, call.int(1, "upscale_factor")!)] },
        "nn.functional.pixel_unshuffle": { call in [pixelUnshuffle(call.x, call.int(1, "downscale_factor")!)] },
        "nn.functional.channel_shuffle": { call in [channelShuffle(call.x, call.int(1, "groups")!)] },
        "nn.functional.unfold": { call in
            [
                unfold(
                    call.x, call.size2(1, "kernel_size"), dilation: call.size2(2, "dilation", 1),
                    padding: call.size2(3, "padding"), stride: call.size2(4, "stride", 1))
            ]
        },
        "nn.functional.fold": { call in
            [
                fold(
                    call.x, call.size2(1, "output_size"), call.size2(2, "kernel_size"),
                    dilation: call.size2(3, "dilation", 1), padding: call.size2(4, "padding"),
                    stride: call.size2(5, "stride", 1))
            ]
        },
    ]
}
