import Torchlight

extension Call {
    /// How much a convolution adds around its input.
    fileprivate func convPadding(_ place: Int) throws -> ConvPadding {
        switch value(place, "padding")?.string {
        case nil: return ConvPadding(try ints(place, "padding", default: [0]))
        case "same": return .same
        case "valid": return .valid
        case let other?: throw NotSupported("padding cannot be \(other)")
        }
    }

    fileprivate func padMode(_ place: Int) throws -> PadMode {
        switch try optionalString(place, "padding_mode") {
        case nil, "zeros": return .constant
        case "reflect": return .reflect
        case "replicate": return .replicate
        case "circular": return .circular
        case let other?: throw NotSupported("padding_mode cannot be \(other)")
        }
    }

    fileprivate func groups(_ place: Int) throws -> Int { try int(place, "groups", default: 1) }
    fileprivate func bias(_ place: Int) throws -> Bool { try bool(place, "bias", default: true) }
    fileprivate var inChannels: Int { get throws { try int(0, "in_channels") } }
    fileprivate func outChannels(_ place: Int) throws -> Int { try int(place, "out_channels") }
    fileprivate func kernel1(_ place: Int) throws -> Int {
        try size1(place, "kernel_size")
    }
    fileprivate func kernel2(_ place: Int) throws -> Size2 {
        try size2(place, "kernel_size")
    }
    fileprivate func kernel3(_ place: Int) throws -> Size3 {
        try size3(place, "kernel_size")
    }
}

extension ModuleRegistry {
    /// Convolutions and transposed convolutions.
    mutating func registerConvolutions() {
        layer("Conv1d") { s in
            Conv1d(
                try s.inChannels, try s.outChannels(1), kernelSize: try s.kernel1(2),
                stride: try s.optionalSize1(3, "stride") ?? 1, padding: try s.convPadding(4),
                dilation: try s.optionalSize1(5, "dilation") ?? 1, groups: try s.groups(6), bias: try s.bias(7),
                paddingMode: try s.padMode(8))
        }
        layer("Conv2d") { s in
            Conv2d(
                try s.inChannels, try s.outChannels(1), kernelSize: try s.kernel2(2),
                stride: try s.optionalSize2(3, "stride") ?? 1, padding: try s.convPadding(4),
                dilation: try s.optionalSize2(5, "dilation") ?? 1, groups: try s.groups(6), bias: try s.bias(7),
                paddingMode: try s.padMode(8))
        }
        layer("Conv3d") { s in
            Conv3d(
                try s.inChannels, try s.outChannels(1), kernelSize: try s.kernel3(2),
                stride: try s.optionalSize3(3, "stride") ?? 1, padding: try s.convPadding(4),
                dilation: try s.optionalSize3(5, "dilation") ?? 1, groups: try s.groups(6), bias: try s.bias(7),
                paddingMode: try s.padMode(8))
        }
        layer("ConvTranspose1d") { s in
            ConvTranspose1d(
                try s.inChannels, try s.outChannels(1), kernelSize: try s.kernel1(2),
                stride: try s.optionalSize1(3, "stride") ?? 1, padding: try s.optionalSize1(4, "padding") ?? 0,
                outputPadding: try s.optionalSize1(5, "output_padding") ?? 0, groups: try s.groups(6),
                bias: try s.bias(7),
                dilation: try s.optionalSize1(8, "dilation") ?? 1)
        }
        layer("ConvTranspose2d") { s in
            ConvTranspose2d(
                try s.inChannels, try s.outChannels(1), kernelSize: try s.kernel2(2),
                stride: try s.optionalSize2(3, "stride") ?? 1, padding: try s.optionalSize2(4, "padding") ?? 0,
                outputPadding: try s.optionalSize2(5, "output_padding") ?? 0, groups: try s.groups(6),
                bias: try s.bias(7),
                dilation: try s.optionalSize2(8, "dilation") ?? 1)
        }
        layer("ConvTranspose3d") { s in
            ConvTranspose3d(
                try s.inChannels, try s.outChannels(1), kernelSize: try s.kernel3(2),
                stride: try s.optionalSize3(3, "stride") ?? 1, padding: try s.optionalSize3(4, "padding") ?? 0,
                outputPadding: try s.optionalSize3(5, "output_padding") ?? 0, groups: try s.groups(6),
                bias: try s.bias(7),
                dilation: try s.optionalSize3(8, "dilation") ?? 1)
        }
    }

    /// Convolutions that learn the number of their input channels from the first input.
    mutating func registerLazyConvolutions() {
        layer("LazyConv1d") { s in
            LazyConv1d(
                try s.outChannels(0), kernelSize: try s.kernel1(1), stride: try s.optionalSize1(2, "stride") ?? 1,
                padding: try s.convPadding(3), dilation: try s.optionalSize1(4, "dilation") ?? 1,
                groups: try s.groups(5),
                bias: try s.bias(6), paddingMode: try s.padMode(7))
        }
        layer("LazyConv2d") { s in
            LazyConv2d(
                try s.outChannels(0), kernelSize: try s.kernel2(1), stride: try s.optionalSize2(2, "stride") ?? 1,
                padding: try s.convPadding(3), dilation: try s.optionalSize2(4, "dilation") ?? 1,
                groups: try s.groups(5),
                bias: try s.bias(6), paddingMode: try s.padMode(7))
        }
        layer("LazyConv3d") { s in
            LazyConv3d(
                try s.outChannels(0), kernelSize: try s.kernel3(1), stride: try s.optionalSize3(2, "stride") ?? 1,
                padding: try s.convPadding(3), dilation: try s.optionalSize3(4, "dilation") ?? 1,
                groups: try s.groups(5),
                bias: try s.bias(6), paddingMode: try s.padMode(7))
        }
        layer("LazyConvTranspose1d") { s in
            LazyConvTranspose1d(
                try s.outChannels(0), kernelSize: try s.kernel1(1), stride: try s.optionalSize1(2, "stride") ?? 1,
                padding: try s.optionalSize1(3, "padding") ?? 0,
                outputPadding: try s.optionalSize1(4, "output_padding") ?? 0,
                groups: try s.groups(5), bias: try s.bias(6), dilation: try s.optionalSize1(7, "dilation") ?? 1)
        }
        layer("LazyConvTranspose2d") { s in
            LazyConvTranspose2d(
                try s.outChannels(0), kernelSize: try s.kernel2(1), stride: try s.optionalSize2(2, "stride") ?? 1,
                padding: try s.optionalSize2(3, "padding") ?? 0,
                outputPadding: try s.optionalSize2(4, "output_padding") ?? 0,
                groups: try s.groups(5), bias: try s.bias(6), dilation: try s.optionalSize2(7, "dilation") ?? 1)
        }
        layer("LazyConvTranspose3d") { s in
            LazyConvTranspose3d(
                try s.outChannels(0), kernelSize: try s.kernel3(1), stride: try s.optionalSize3(2, "stride") ?? 1,
                padding: try s.optionalSize3(3, "padding") ?? 0,
                outputPadding: try s.optionalSize3(4, "output_padding") ?? 0,
                groups: try s.groups(5), bias: try s.bias(6), dilation: try s.optionalSize3(7, "dilation") ?? 1)
        }
    }
}
