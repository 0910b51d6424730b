import TorchlightCore

// What convolutions of one to three dimensions share.

extension Size2 {
    var pair: [Int] { [height, width] }
}

extension Size3 {
    var triple: [Int] { [depth, height, width] }
}

extension ConvPadding {
    /// A number for each of so many dimensions; nil for `.same`. That the numbers fit was said when the layer was made.
    func each(_ spatial: Int) -> [Int]? {
        sizes.map { sizes in (0..<spatial).map { sizes.isEmpty ? 0 : sizes[min($0, sizes.count - 1)] } }
    }
}

/// The border that a convolution adds itself where it is not of zeros, as `pad` takes it: the last dimension first.
/// Without a padding, as much as keeps the size.
func borderWidths(kernel: [Int], dilation: [Int], padding: [Int]?) -> [Int] {
    kernel.indices.reversed().flatMap { i in
        if let padding { return [padding[i], padding[i]] }
        let total = dilation[i] * (kernel[i] - 1)
        return [total / 2, total - total / 2]
    }
}

/// What convolutions of all ranks refuse when they are made.
func checkConvolution(
    _ name: String, _ inChannels: Int, _ outChannels: Int, _ kernel: [Int], _ padding: ConvPadding, _ groups: Int
) {
    if let sizes = padding.sizes, sizes.count != 1 && sizes.count != kernel.count {
        reportFailure(
            TensorError(
                .value, in: name, "the padding is not for \(kernel.count) dimensions", got: "\(padding)",
                expected: kernel.count == 1 ? "one number" : "one number or \(kernel.count)"))
    }
    let isWhole = groups > 0 && inChannels % groups == 0 && outChannels % groups == 0
    if !isWhole {
        reportFailure(
            TensorError(
                .value, in: name, "the channels do not fall into equal groups",
                got: "\(inChannels) and \(outChannels) channels, \(groups) groups",
                expected: "multiples of the number of groups"))
    } else if kernel.contains(where: { $0 < 1 }) {
        reportFailure(
            TensorError(.value, in: name, "the kernel is empty", got: "\(kernel)", expected: "sizes of at least 1"))
    }
}

/// The settings of a convolution as PyTorch prints them: those at their defaults are left out.
func describeConvolution(
    _ inChannels: Int, _ outChannels: Int, kernel: [Int], stride: [Int], padding: [Int]?, dilation: [Int], groups: Int,
    bias: Bool, paddingMode: PadMode, outputPadding: [Int] = []
) -> String {
    var text = "\(inChannels), \(outChannels), kernel_size=\(Printed.tuple(kernel)), stride=\(Printed.tuple(stride))"
    if let padding {
        if padding.contains(where: { $0 != 0 }) { text += ", padding=\(Printed.tuple(padding))" }
    } else {
        text += ", padding=same"
    }
    if dilation.contains(where: { $0 != 1 }) { text += ", dilation=\(Printed.tuple(dilation))" }
    if outputPadding.contains(where: { $0 != 0 }) { text += ", output_padding=\(Printed.tuple(outputPadding))" }
    if groups != 1 { text += ", groups=\(groups)" }
    if !bias { text += ", bias=False" }
    if paddingMode != .constant { text += ", padding_mode=\(paddingMode)" }
    return text
}
