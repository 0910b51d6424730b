import Torchlight

extension Registry {
    /// Largest, average and power means of windows, and the way back.
    mutating func registerPooling() {
        registerMaxPooling()
        registerAveragePooling()
        registerPowerPooling()
        registerAdaptivePooling()
        registerUnpooling()
    }

    /// The values, with the indices where they were asked for.
    private static func results(_ pair: (values: Tensor, indices: Tensor), _ wantsIndices: Bool) -> Answer {
        wantsIndices ? .tensors([pair.values, pair.indices]) : .tensor(pair.values)
    }

    private mutating func registerMaxPooling() {
        register(
            "nn.functional.max_pool1d",
            answer: { call in
                let pooled = Torchlight.maxPool1dWithIndices(
                    try call.tensor(0), try call.size1(1, "kernel_size"), stride: try call.optionalSize1(2, "stride"),
                    padding: try call.size1(3, "padding", default: 0),
                    dilation: try call.size1(4, "dilation", default: 1), ceilMode: try call.bool(5, "ceil_mode"))
                return Self.results(pooled, try call.bool(6, "return_indices"))
            })
        register(
            "nn.functional.max_pool2d",
            answer: { call in
                let pooled = Torchlight.maxPool2dWithIndices(
                    try call.tensor(0), try call.size2(1, "kernel_size"), stride: try call.optionalSize2(2, "stride"),
                    padding: try call.size2(3, "padding", default: 0),
                    dilation: try call.size2(4, "dilation", default: 1), ceilMode: try call.bool(5, "ceil_mode"))
                return Self.results(pooled, try call.bool(6, "return_indices"))
            })
        register(
            "nn.functional.max_pool3d",
            answer: { call in
                let pooled = Torchlight.maxPool3dWithIndices(
                    try call.tensor(0), try call.size3(1, "kernel_size"), stride: try call.optionalSize3(2, "stride"),
                    padding: try call.size3(3, "padding", default: 0),
                    dilation: try call.size3(4, "dilation", default: 1), ceilMode: try call.bool(5, "ceil_mode"))
                return Self.results(pooled, try call.bool(6, "return_indices"))
            })
    }

    private mutating func registerAveragePooling() {
        register(
            "nn.functional.avg_pool1d",
            tensor: { call in
                Torchlight.avgPool1d(
                    try call.tensor(0), try call.size1(1, "kernel_size"), stride: try call.optionalSize1(2, "stride"),
                    padding: try call.size1(3, "padding", default: 0), ceilMode: try call.bool(4, "ceil_mode"),
                    countIncludePad: try call.bool(5, "count_include_pad", default: true))
            })
        register(
            "nn.functional.avg_pool2d",
            tensor: { call in
                Torchlight.avgPool2d(
                    try call.tensor(0), try call.size2(1, "kernel_size"), stride: try call.optionalSize2(2, "stride"),
                    padding: try call.size2(3, "padding", default: 0), ceilMode: try call.bool(4, "ceil_mode"),
                    countIncludePad: try call.bool(5, "count_include_pad", default: true),
                    divisorOverride: try call.optionalInt(6, "divisor_override"))
            })
        register(
            "nn.functional.avg_pool3d",
            tensor: { call in
                Torchlight.avgPool3d(
                    try call.tensor(0), try call.size3(1, "kernel_size"), stride: try call.optionalSize3(2, "stride"),
                    padding: try call.size3(3, "padding", default: 0), ceilMode: try call.bool(4, "ceil_mode"),
                    countIncludePad: try call.bool(5, "count_include_pad", default: true),
                    divisorOverride: try call.optionalInt(6, "divisor_override"))
            })
    }

    private mutating func registerPowerPooling() {
        register(
            "nn.functional.lp_pool1d",
            tensor: { call in
                Torchlight.lpPool1d(
                    try call.tensor(0), try call.number(1, "norm_type").scalar.asDouble,
                    try call.size1(2, "kernel_size"), stride: try call.optionalSize1(3, "stride"),
                    ceilMode: try call.bool(4, "ceil_mode"))
            })
        register(
            "nn.functional.lp_pool2d",
            tensor: { call in
                Torchlight.lpPool2d(
                    try call.tensor(0), try call.number(1, "norm_type").scalar.asDouble,
                    try call.size2(2, "kernel_size"), stride: try call.optionalSize2(3, "stride"),
                    ceilMode: try call.bool(4, "ceil_mode"))
            })
        register(
            "nn.functional.lp_pool3d",
            tensor: { call in
                Torchlight.lpPool3d(
                    try call.tensor(0), try call.number(1, "norm_type").scalar.asDouble,
                    try call.size3(2, "kernel_size"), stride: try call.optionalSize3(3, "stride"),
                    ceilMode: try call.bool(4, "ceil_mode"))
            })
    }

    /// One size, or one for each dimension, where none keeps that of the input.
    private static func outputSize(_ call: Call) throws -> AdaptiveSize {
        guard let given = call.value(1, "output_size") else { throw NotSupported("needs output_size") }
        if let single = given.int { return AdaptiveSize(single) }
        guard let sizes = given.list else { throw NotSupported("output_size cannot be \(given.text())") }
        return AdaptiveSize(sizes.map(\.int))
    }

    private mutating func registerAdaptivePooling() {
        register(
            "nn.functional.adaptive_avg_pool1d",
            tensor: { call in Torchlight.adaptiveAvgPool1d(try call.tensor(0), try Self.outputSize(call)) })
        register(
            "nn.functional.adaptive_avg_pool2d",
            tensor: { call in Torchlight.adaptiveAvgPool2d(try call.tensor(0), try Self.outputSize(call)) })
        register(
            "nn.functional.adaptive_avg_pool3d",
            tensor: { call in Torchlight.adaptiveAvgPool3d(try call.tensor(0), try Self.outputSize(call)) })
        register(
            "nn.functional.adaptive_max_pool1d",
            answer: { call in
                let pooled = Torchlight.adaptiveMaxPool1dWithIndices(try call.tensor(0), try Self.outputSize(call))
                return Self.results(pooled, try call.bool(2, "return_indices"))
            })
        register(
            "nn.functional.adaptive_max_pool2d",
            answer: { call in
                let pooled = Torchlight.adaptiveMaxPool2dWithIndices(try call.tensor(0), try Self.outputSize(call))
                return Self.results(pooled, try call.bool(2, "return_indices"))
            })
        register(
            "nn.functional.adaptive_max_pool3d",
            answer: { call in
                let pooled = Torchlight.adaptiveMaxPool3dWithIndices(try call.tensor(0), try Self.outputSize(call))
                return Self.results(pooled, try call.bool(2, "return_indices"))
            })
    }

    private mutating func registerUnpooling() {
        register(
            "nn.functional.max_unpool1d",
            tensor: { call in
                Torchlight.maxUnpool1d(
                    try call.tensor(0), try call.tensor(1, "indices"), try call.size1(2, "kernel_size"),
                    stride: try call.optionalSize1(3, "stride"), padding: try call.size1(4, "padding", default: 0),
                    outputSize: try call.optionalInts(5, "output_size"))
            })
        register(
            "nn.functional.max_unpool2d",
            tensor: { call in
                Torchlight.maxUnpool2d(
                    try call.tensor(0), try call.tensor(1, "indices"), try call.size2(2, "kernel_size"),
                    stride: try call.optionalSize2(3, "stride"), padding: try call.size2(4, "padding", default: 0),
                    outputSize: try call.optionalInts(5, "output_size"))
            })
        register(
            "nn.functional.max_unpool3d",
            tensor: { call in
                Torchlight.maxUnpool3d(
                    try call.tensor(0), try call.tensor(1, "indices"), try call.size3(2, "kernel_size"),
                    stride: try call.optionalSize3(3, "stride"), padding: try call.size3(4, "padding", default: 0),
                    outputSize: try call.optionalInts(5, "output_size"))
            })
    }
}
