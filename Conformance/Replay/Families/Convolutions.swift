import Torchlight

extension Registry {
    /// Convolutions, their transposes, and linear maps.
    mutating func registerConvolutions() {
        register("conv1d", "nn.functional.conv1d", tensor: Self.conv1)
        register("conv2d", "nn.functional.conv2d", tensor: Self.conv2)
        register("conv3d", "nn.functional.conv3d", tensor: Self.conv3)
        register("conv_transpose1d", "nn.functional.conv_transpose1d", tensor: Self.transposed1)
        register("conv_transpose2d", "nn.functional.conv_transpose2d", tensor: Self.transposed2)
        register("conv_transpose3d", "nn.functional.conv_transpose3d", tensor: Self.transposed3)
        register(
            "nn.functional.linear",
            tensor: { call in
                Torchlight.linear(
                    try call.tensor(0), try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"))
            })
        register(
            "nn.functional.bilinear",
            tensor: { call in
                Torchlight.bilinear(
                    try call.tensor(0, "input1"), try call.tensor(1, "input2"), try call.tensor(2, "weight"),
                    try call.optionalTensor(3, "bias"))
            })
        register(
            "nn.functional.unfold",
            tensor: { call in
                Torchlight.unfold(
                    try call.tensor(0), try call.size2(1, "kernel_size"),
                    dilation: try call.size2(2, "dilation", default: 1),
                    padding: try call.size2(3, "padding", default: 0), stride: try call.size2(4, "stride", default: 1))
            })
        register(
            "nn.functional.fold",
            tensor: { call in
                Torchlight.fold(
                    try call.tensor(0), try call.size2(1, "output_size"), try call.size2(2, "kernel_size"),
                    dilation: try call.size2(3, "dilation", default: 1),
                    padding: try call.size2(4, "padding", default: 0), stride: try call.size2(5, "stride", default: 1))
            })
    }

    /// Zeros by number, or by one of two words.
    private static func padding(_ call: Call) throws -> ConvPadding {
        switch call.value(4, "padding")?.string {
        case "same": .same
        case "valid": .valid
        default: ConvPadding(try call.ints(4, "padding", default: [0]))
        }
    }

    private static func conv1(_ call: Call) throws -> Tensor {
        Torchlight.conv1d(
            try call.tensor(0), try call.tensor(1, "weight"), bias: try call.optionalTensor(2, "bias"),
            stride: try call.size1(3, "stride", default: 1), padding: try padding(call),
            dilation: try call.size1(5, "dilation", default: 1), groups: try call.int(6, "groups", default: 1))
    }

    private static func conv2(_ call: Call) throws -> Tensor {
        Torchlight.conv2d(
            try call.tensor(0), try call.tensor(1, "weight"), bias: try call.optionalTensor(2, "bias"),
            stride: try call.size2(3, "stride", default: 1), padding: try padding(call),
            dilation: try call.size2(5, "dilation", default: 1), groups: try call.int(6, "groups", default: 1))
    }

    private static func conv3(_ call: Call) throws -> Tensor {
        Torchlight.conv3d(
            try call.tensor(0), try call.tensor(1, "weight"), bias: try call.optionalTensor(2, "bias"),
            stride: try call.size3(3, "stride", default: 1), padding: try padding(call),
            dilation: try call.size3(5, "dilation", default: 1), groups: try call.int(6, "groups", default: 1))
    }

    private static func transposed1(_ call: Call) throws -> Tensor {
        Torchlight.convTranspose1d(
            try call.tensor(0), try call.tensor(1, "weight"), bias: try call.optionalTensor(2, "bias"),
            stride: try call.size1(3, "stride", default: 1), padding: try call.size1(4, "padding", default: 0),
            outputPadding: try call.size1(5, "output_padding", default: 0),
            groups: try call.int(6, "groups", default: 1), dilation: try call.size1(7, "dilation", default: 1))
    }

    private static func transposed2(_ call: Call) throws -> Tensor {
        Torchlight.convTranspose2d(
            try call.tensor(0), try call.tensor(1, "weight"), bias: try call.optionalTensor(2, "bias"),
            stride: try call.size2(3, "stride", default: 1), padding: try call.size2(4, "padding", default: 0),
            outputPadding: try call.size2(5, "output_padding", default: 0),
            groups: try call.int(6, "groups", default: 1), dilation: try call.size2(7, "dilation", default: 1))
    }

    private static func transposed3(_ call: Call) throws -> Tensor {
        Torchlight.convTranspose3d(
            try call.tensor(0), try call.tensor(1, "weight"), bias: try call.optionalTensor(2, "bias"),
            stride: try call.size3(3, "stride", default: 1), padding: try call.size3(4, "padding", default: 0),
            outputPadding: try call.size3(5, "output_padding", default: 0),
            groups: try call.int(6, "groups", default: 1), dilation: try call.size3(7, "dilation", default: 1))
    }
}
