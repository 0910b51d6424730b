import Torchlight
import TorchlightNN

extension Call {
    fileprivate var widths: PaddingSize { get throws { PaddingSize(try ints(0, "padding")) } }

    /// The size of an adaptive pool's result; none keeps a dimension.
    fileprivate var adaptiveSize: AdaptiveSize {
        get throws {
            if let items = value(0, "output_size")?.list { return AdaptiveSize(items.map(\.int)) }
            return AdaptiveSize(try int(0, "output_size"))
        }
    }
}

extension ModuleRegistry {
    /// Pools of every kind, and what undoes the largest.
    mutating func registerPools() {
        registerMaxPools()
        registerMeanPools()
        layer("AdaptiveAvgPool1d") { s in AdaptiveAvgPool1d(try s.adaptiveSize) }
        layer("AdaptiveAvgPool2d") { s in AdaptiveAvgPool2d(try s.adaptiveSize) }
        layer("AdaptiveAvgPool3d") { s in AdaptiveAvgPool3d(try s.adaptiveSize) }
        register("AdaptiveMaxPool1d") { s in
            let pool = AdaptiveMaxPool1d(try s.adaptiveSize)
            return Self.pooled(try s.bool(1, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("AdaptiveMaxPool2d") { s in
            let pool = AdaptiveMaxPool2d(try s.adaptiveSize)
            return Self.pooled(try s.bool(1, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("AdaptiveMaxPool3d") { s in
            let pool = AdaptiveMaxPool3d(try s.adaptiveSize)
            return Self.pooled(try s.bool(1, "return_indices"), pool) { pool.withIndices($0) }
        }
    }

    /// The result of a pool, with the places of the largest elements where the constructor asked for them.
    private static func pooled(
        _ isAsked: Bool, _ pool: any Layer, _ both: @escaping (Tensor) -> (values: Tensor, indices: Tensor)
    ) -> (module: Module, forward: Forward) {
        (
            pool,
            { call in
                let x = try call.tensor(0)
                if !isAsked { return .tensor(pool(x)) }
                let result = both(x)
                return .tensors([result.values, result.indices])
            }
        )
    }

    private static func unpooled(
        _ layer: Module, _ forward: @escaping (Tensor, Tensor, [Int]?) -> Tensor
    ) -> (module: Module, forward: Forward) {
        (
            layer,
            { call in
                .tensor(
                    forward(
                        try call.tensor(0), try call.tensor(1, "indices"), try call.optionalInts(2, "output_size")))
            }
        )
    }

    private mutating func registerMaxPools() {
        register("MaxPool1d") { s in
            let pool = MaxPool1d(
                try s.size1(0, "kernel_size"), stride: try s.optionalSize1(1, "stride"),
                padding: try s.optionalSize1(2, "padding") ?? 0, dilation: try s.optionalSize1(3, "dilation") ?? 1,
                ceilMode: try s.bool(5, "ceil_mode"))
            return Self.pooled(try s.bool(4, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("MaxPool2d") { s in
            let pool = MaxPool2d(
                try s.size2(0, "kernel_size"), stride: try s.optionalSize2(1, "stride"),
                padding: try s.optionalSize2(2, "padding") ?? 0, dilation: try s.optionalSize2(3, "dilation") ?? 1,
                ceilMode: try s.bool(5, "ceil_mode"))
            return Self.pooled(try s.bool(4, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("MaxPool3d") { s in
            let pool = MaxPool3d(
                try s.size3(0, "kernel_size"), stride: try s.optionalSize3(1, "stride"),
                padding: try s.optionalSize3(2, "padding") ?? 0, dilation: try s.optionalSize3(3, "dilation") ?? 1,
                ceilMode: try s.bool(5, "ceil_mode"))
            return Self.pooled(try s.bool(4, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("FractionalMaxPool2d") { s in
            let pool = FractionalMaxPool2d(
                try s.size2(0, "kernel_size"), outputSize: try s.optionalSize2(1, "output_size"),
                outputRatio: try s.optionalDoubles(2, "output_ratio"),
                randomSamples: try s.optionalTensor(4, "_random_samples"))
            return Self.pooled(try s.bool(3, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("FractionalMaxPool3d") { s in
            let pool = FractionalMaxPool3d(
                try s.size3(0, "kernel_size"), outputSize: try s.optionalSize3(1, "output_size"),
                outputRatio: try s.optionalDoubles(2, "output_ratio"),
                randomSamples: try s.optionalTensor(4, "_random_samples"))
            return Self.pooled(try s.bool(3, "return_indices"), pool) { pool.withIndices($0) }
        }
        register("MaxUnpool1d") { s in
            let layer = MaxUnpool1d(
                try s.size1(0, "kernel_size"), stride: try s.optionalSize1(1, "stride"),
                padding: try s.optionalSize1(2, "padding") ?? 0)
            return Self.unpooled(layer) { layer($0, $1, outputSize: $2) }
        }
        register("MaxUnpool2d") { s in
            let layer = MaxUnpool2d(
                try s.size2(0, "kernel_size"), stride: try s.optionalSize2(1, "stride"),
                padding: try s.optionalSize2(2, "padding") ?? 0)
            return Self.unpooled(layer) { layer($0, $1, outputSize: $2) }
        }
        register("MaxUnpool3d") { s in
            let layer = MaxUnpool3d(
                try s.size3(0, "kernel_size"), stride: try s.optionalSize3(1, "stride"),
                padding: try s.optionalSize3(2, "padding") ?? 0)
            return Self.unpooled(layer) { layer($0, $1, outputSize: $2) }
        }
    }

    private mutating func registerMeanPools() {
        layer("AvgPool1d") { s in
            AvgPool1d(
                try s.size1(0, "kernel_size"), stride: try s.optionalSize1(1, "stride"),
                padding: try s.optionalSize1(2, "padding") ?? 0, ceilMode: try s.bool(3, "ceil_mode"),
                countIncludePad: try s.bool(4, "count_include_pad", default: true))
        }
        layer("AvgPool2d") { s in
            AvgPool2d(
                try s.size2(0, "kernel_size"), stride: try s.optionalSize2(1, "stride"),
                padding: try s.optionalSize2(2, "padding") ?? 0, ceilMode: try s.bool(3, "ceil_mode"),
                countIncludePad: try s.bool(4, "count_include_pad", default: true),
                divisorOverride: try s.optionalInt(5, "divisor_override"))
        }
        layer("AvgPool3d") { s in
            AvgPool3d(
                try s.size3(0, "kernel_size"), stride: try s.optionalSize3(1, "stride"),
                padding: try s.optionalSize3(2, "padding") ?? 0, ceilMode: try s.bool(3, "ceil_mode"),
                countIncludePad: try s.bool(4, "count_include_pad", default: true),
                divisorOverride: try s.optionalInt(5, "divisor_override"))
        }
        layer("LPPool1d") { s in
            LPPool1d(
                try s.number(0, "norm_type").scalar.asDouble,
                try s.size1(1, "kernel_size"), stride: try s.optionalSize1(2, "stride"),
                ceilMode: try s.bool(3, "ceil_mode"))
        }
        layer("LPPool2d") { s in
            LPPool2d(
                try s.number(0, "norm_type").scalar.asDouble,
                try s.size2(1, "kernel_size"), stride: try s.optionalSize2(2, "stride"),
                ceilMode: try s.bool(3, "ceil_mode"))
        }
        layer("LPPool3d") { s in
            LPPool3d(
                try s.number(0, "norm_type").scalar.asDouble,
                try s.size3(1, "kernel_size"), stride: try s.optionalSize3(2, "stride"),
                ceilMode: try s.bool(3, "ceil_mode"))
        }
    }

    /// Layers that add a border.
    mutating func registerBorders() {
        layer("ReflectionPad1d") { s in ReflectionPad1d(try s.widths) }
        layer("ReflectionPad2d") { s in ReflectionPad2d(try s.widths) }
        layer("ReflectionPad3d") { s in ReflectionPad3d(try s.widths) }
        layer("ReplicationPad1d") { s in ReplicationPad1d(try s.widths) }
        layer("ReplicationPad2d") { s in ReplicationPad2d(try s.widths) }
        layer("ReplicationPad3d") { s in ReplicationPad3d(try s.widths) }
        layer("CircularPad1d") { s in CircularPad1d(try s.widths) }
        layer("CircularPad2d") { s in CircularPad2d(try s.widths) }
        layer("CircularPad3d") { s in CircularPad3d(try s.widths) }
        layer("ZeroPad1d") { s in ZeroPad1d(try s.widths) }
        layer("ZeroPad2d") { s in ZeroPad2d(try s.widths) }
        layer("ZeroPad3d") { s in ZeroPad3d(try s.widths) }
        func constant<L: Layer>(_ s: Call, _ make: (PaddingSize, any TensorScalar) -> L) throws -> L {
            make(try s.widths, try s.number(1, "value"))
        }
        layer("ConstantPad1d") { s in try constant(s) { ConstantPad1d($0, $1) } }
        layer("ConstantPad2d") { s in try constant(s) { ConstantPad2d($0, $1) } }
        layer("ConstantPad3d") { s in try constant(s) { ConstantPad3d($0, $1) } }
    }

    /// Layers that change the size of images, or move elements between them and their channels.
    mutating func registerResizing() {
        layer("Upsample") { s in
            Upsample(
                size: try s.optionalInts(0, "size"), scaleFactor: try s.optionalDoubles(1, "scale_factor"),
                mode: try s.choice(2, "mode") ?? InterpolationMode.nearest,
                alignCorners: s.has(3, "align_corners") ? try s.bool(3, "align_corners") : nil,
                recomputeScaleFactor: s.has(4, "recompute_scale_factor")
                    ? try s.bool(4, "recompute_scale_factor") : nil)
        }
        layer("UpsamplingNearest2d") { s in
            UpsamplingNearest2d(
                size: try s.optionalInts(0, "size"), scaleFactor: try s.optionalDoubles(1, "scale_factor"))
        }
        layer("UpsamplingBilinear2d") { s in
            UpsamplingBilinear2d(
                size: try s.optionalInts(0, "size"), scaleFactor: try s.optionalDoubles(1, "scale_factor"))
        }
        layer("PixelShuffle") { s in PixelShuffle(try s.int(0, "upscale_factor")) }
        layer("PixelUnshuffle") { s in PixelUnshuffle(try s.int(0, "downscale_factor")) }
        layer("ChannelShuffle") { s in ChannelShuffle(try s.int(0, "groups")) }
        layer("Fold") { s in
            TorchlightNN.Fold(
                try s.size2(0, "output_size"),
                try s.size2(1, "kernel_size"),
                dilation: try s.optionalSize2(2, "dilation") ?? 1, padding: try s.optionalSize2(3, "padding") ?? 0,
                stride: try s.optionalSize2(4, "stride") ?? 1)
        }
        layer("Unfold") { s in
            TorchlightNN.Unfold(
                try s.size2(0, "kernel_size"),
                dilation: try s.optionalSize2(1, "dilation") ?? 1, padding: try s.optionalSize2(2, "padding") ?? 0,
                stride: try s.optionalSize2(3, "stride") ?? 1)
        }
    }
}
