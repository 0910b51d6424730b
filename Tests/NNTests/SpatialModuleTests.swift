import TestSupport
import Testing
import Torchlight
import TorchlightNN
import TorchlightIO

/// Replays PyTorch's recorded layers over signals, images and volumes, where the records lie beside the checkout.
@Suite struct SpatialModuleTests {
    @Test(arguments: Conformance.cases("modules"))
    func modulesConform(_ recorded: Conformance.Case) throws {
        let settings = Settings(recorded)
        guard let module = Self.makers[recorded["module"]!.string!]?(settings) else { return }
        var state: StateDict = [:]
        for entry in recorded["state"]!.elements! {
            state[entry["name"]!.string!] = recorded.tensor(entry["tensor"]?["tensor"] == nil ? entry : entry["tensor"])
        }
        try module.load(stateDict: state)
        module.train(recorded["mode"]!.string == "train")
        let inputs = recorded["args"]!.elements!.map { recorded.tensor($0)! }
        let output = settings.run(module, inputs)
        #expect(module.description == recorded["repr"]!.string!, "\(recorded.id)")
        recorded.expect(output, equals: recorded["outputs"]!.elements![0], "the output")
        if let seed = recorded["grad_outputs"]?.elements?.first, let gradient = recorded.tensor(seed) {
            output.backward(gradient: gradient)
        }
        for expected in recorded["grads"]?.elements ?? [] {
            let path = expected["input"]!.string!
            let got =
                path.hasPrefix("param.")
                ? module.namedParameters().first { $0.name == path.dropFirst(6) }?.tensor.grad
                : inputs[Int(path.dropFirst(5))!].grad
            recorded.expect(got, equals: expected, "the gradient of \(path)")
        }
    }

    @Test func lazyLayersSettleOnce() throws {
        let layer = LazyConv2d(4, kernelSize: 3, groups: 2)
        let weight = layer.weight
        #expect(weight.shape == [4, 0, 3, 3])
        #expect("\(layer)" == "LazyConv2d(0, 4, kernel_size=(3, 3), stride=(1, 1), groups=2)")
        #expect(layer(.ones(1, 6, 5, 5)).shape == [1, 4, 3, 3])
        #expect(layer.weight === weight && weight.shape == [4, 3, 3, 3] && weight.requiresGrad)
        #expect(layer.inChannels == 6)
        #expect(throws: TensorError.self) { try checked { layer(.ones(1, 4, 5, 5)) } }
    }

    @Test func wrongSettingsAreNamed() {
        expectRefusal(by: "Conv3d", .value) { Conv3d(2, 2, kernelSize: 1, padding: [1, 2]).weight }
        expectRefusal(by: "ReflectionPad2d", .value) { ReflectionPad2d([1, 2])(.ones(1, 1, 4, 4)) }
        expectRefusal(by: "interpolate", .value) {
            Upsample(size: [2], mode: .nearest, alignCorners: true)(.ones(1, 1, 4))
        }
    }

    /// The settings of a recorded module, by place or by name.
    struct Settings {
        let recorded: Conformance.Case
        let args: [JSON]

        init(_ recorded: Conformance.Case) {
            self.recorded = recorded
            args = recorded["constructor"]!["args"]?.elements ?? []
        }

        func value(_ place: Int, _ name: String) -> JSON? {
            let positional: JSON? = place < args.count ? args[place] : .none
            guard let found = recorded["constructor"]!["kwargs"]?[name] ?? positional else { return nil }
            return found["none"] != nil ? nil : found
        }
        func int(_ place: Int, _ name: String, _ missing: Int = 1) -> Int { value(place, name)?.int ?? missing }
        func flag(_ place: Int, _ name: String, _ missing: Bool = false) -> Bool {
            value(place, name)?.bool ?? missing
        }
        func sizes(_ place: Int, _ name: String) -> [Int]? {
            guard let found = value(place, name) else { return nil }
            return found.int.map { [$0] } ?? found.elements?.map { $0.int! }
        }
        func size1(_ place: Int, _ name: String, _ missing: Int) -> Int { sizes(place, name)?[0] ?? missing }
        func size2(_ place: Int, _ name: String) -> Size2? {
            sizes(place, name).map { $0.count == 1 ? Size2($0[0]) : Size2($0[0], $0[1]) }
        }
        func size3(_ place: Int, _ name: String) -> Size3? {
            sizes(place, name).map { $0.count == 1 ? Size3($0[0]) : Size3($0[0], $0[1], $0[2]) }
        }
        var padding: ConvPadding {
            value(4, "padding")?.string == "same" ? .same : ConvPadding(sizes(4, "padding") ?? [0])
        }
        var paddingMode: PadMode {
            let modes: [String: PadMode] = ["circular": .circular, "replicate": .replicate, "reflect": .reflect]
            return value(8, "padding_mode")?.string.flatMap { modes[$0] } ?? .constant
        }
        var adaptive: AdaptiveSize {
            let found = value(0, "output_size")!
            return found.int.map { AdaptiveSize($0) } ?? AdaptiveSize(found.elements!.map(\.int))
        }
        var widths: PadWidths { PadWidths(sizes(0, "padding")!) }
        func factors(_ place: Int, _ name: String) -> [Double]? {
            guard let found = value(place, name) else { return nil }
            return found.elements?.map { recorded.number($0)! } ?? recorded.number(found).map { [$0] }
        }

        /// The first result.
        func run(_ module: Module, _ inputs: [Tensor]) -> Tensor {
            let both = flag(9, "return_indices")
            switch module {
            case let pool as MaxPool1d where both: return pool.withIndices(inputs[0]).values
            case let pool as MaxPool2d where both: return pool.withIndices(inputs[0]).values
            case let pool as MaxPool3d where both: return pool.withIndices(inputs[0]).values
            case let layer as MaxUnpool1d: return layer(inputs[0], inputs[1])
            case let layer as MaxUnpool2d: return layer(inputs[0], inputs[1])
            case let layer as any Layer: return layer(inputs[0])
            default: fatalError("\(module) is not called here")
            }
        }
    }

    private static let makers: [String: @Sendable (Settings) -> Module] = convolutions.merging(pools) { a, _ in a }
        .merging(others) { a, _ in a }

    private static let convolutions: [String: @Sendable (Settings) -> Module] = [
        "Conv1d": {
            Conv1d(
                $0.int(0, ""), $0.int(1, ""), kernelSize: $0.size1(2, "", 1), stride: $0.size1(3, "stride", 1),
                padding: $0.padding, groups: $0.int(6, "groups"), bias: $0.flag(7, "bias", true),
                paddingMode: $0.paddingMode)
        },
        "Conv2d": {
            Conv2d(
                $0.int(0, ""), $0.int(1, ""), kernelSize: $0.size2(2, "")!, stride: $0.size2(3, "stride") ?? 1,
                padding: $0.padding, groups: $0.int(6, "groups"), bias: $0.flag(7, "bias", true),
                paddingMode: $0.paddingMode)
        },
        "Conv3d": {
            Conv3d(
                $0.int(0, ""), $0.int(1, ""), kernelSize: $0.size3(2, "")!, stride: $0.size3(3, "stride") ?? 1,
                padding: $0.padding, groups: $0.int(6, "groups"), bias: $0.flag(7, "bias", true),
                paddingMode: $0.paddingMode)
        },
        "ConvTranspose1d": {
            ConvTranspose1d(
                $0.int(0, ""), $0.int(1, ""), kernelSize: $0.size1(2, "", 1), stride: $0.size1(3, "stride", 1),
                padding: $0.size1(4, "padding", 0), outputPadding: $0.size1(5, "output_padding", 0),
                groups: $0.int(6, "groups"), bias: $0.flag(7, "bias", true))
        },
        "ConvTranspose2d": {
            ConvTranspose2d(
                $0.int(0, ""), $0.int(1, ""), kernelSize: $0.size2(2, "")!, stride: $0.size2(3, "stride") ?? 1,
                padding: $0.size2(4, "padding") ?? 0, outputPadding: $0.size2(5, "output_padding") ?? 0,
                groups: $0.int(6, "groups"), bias: $0.flag(7, "bias", true))
        },
        "ConvTranspose3d": {
            ConvTranspose3d(
                $0.int(0, ""), $0.int(1, ""), kernelSize: $0.size3(2, "")!, stride: $0.size3(3, "stride") ?? 1,
                padding: $0.size3(4, "padding") ?? 0, outputPadding: $0.size3(5, "output_padding") ?? 0,
                groups: $0.int(6, "groups"), bias: $0.flag(7, "bias", true))
        },
        "LazyConv1d": {
            LazyConv1d(
                $0.int(0, ""), kernelSize: $0.size1(1, "", 1),
                padding: $0.value(9, "padding")?.string == "same" ? .same : 0)
        },
        "LazyConv2d": {
            LazyConv2d(
                $0.int(0, ""), kernelSize: $0.size2(1, "")!,
                padding: $0.value(9, "padding")?.string == "same" ? .same : 0)
        },
        "LazyConv3d": {
            LazyConv3d(
                $0.int(0, ""), kernelSize: $0.size3(1, "")!,
                padding: $0.value(9, "padding")?.string == "same" ? .same : 0)
        },
        "LazyConvTranspose1d": { LazyConvTranspose1d($0.int(0, ""), kernelSize: $0.size1(1, "", 1)) },
        "LazyConvTranspose2d": { LazyConvTranspose2d($0.int(0, ""), kernelSize: $0.size2(1, "")!) },
        "LazyConvTranspose3d": { LazyConvTranspose3d($0.int(0, ""), kernelSize: $0.size3(1, "")!) },
    ]

    private static let pools: [String: @Sendable (Settings) -> Module] = [
        "MaxPool1d": { MaxPool1d($0.size1(0, "kernel_size", 1), stride: $0.sizes(1, "stride")?.first) },
        "MaxPool2d": {
            MaxPool2d($0.size2(0, "kernel_size")!, stride: $0.size2(1, "stride"), padding: $0.size2(2, "padding") ?? 0)
        },
        "MaxPool3d": {
            MaxPool3d($0.size3(0, "kernel_size")!, stride: $0.size3(1, "stride"), padding: $0.size3(2, "padding") ?? 0)
        },
        "AvgPool1d": { AvgPool1d($0.size1(0, "kernel_size", 1), stride: $0.sizes(1, "stride")?.first) },
        "AvgPool2d": {
            AvgPool2d(
                $0.size2(0, "kernel_size")!, stride: $0.size2(1, "stride"), padding: $0.size2(2, "padding") ?? 0,
                divisorOverride: $0.value(5, "divisor_override")?.int)
        },
        "AvgPool3d": {
            AvgPool3d(
                $0.size3(0, "kernel_size")!, stride: $0.size3(1, "stride"), padding: $0.size3(2, "padding") ?? 0,
                divisorOverride: $0.value(5, "divisor_override")?.int)
        },
        "LPPool1d": { LPPool1d(Double($0.int(0, "")), $0.size1(1, "", 1), stride: $0.sizes(2, "stride")?.first) },
        "LPPool2d": { LPPool2d(Double($0.int(0, "")), $0.size2(1, "")!, stride: $0.size2(2, "stride")) },
        "LPPool3d": { LPPool3d(Double($0.int(0, "")), $0.size3(1, "")!, stride: $0.size3(2, "stride")) },
        "AdaptiveAvgPool1d": { AdaptiveAvgPool1d($0.adaptive) },
        "AdaptiveAvgPool2d": { AdaptiveAvgPool2d($0.adaptive) },
        "AdaptiveAvgPool3d": { AdaptiveAvgPool3d($0.adaptive) },
        "AdaptiveMaxPool1d": { AdaptiveMaxPool1d($0.adaptive) },
        "AdaptiveMaxPool2d": { AdaptiveMaxPool2d($0.adaptive) },
        "AdaptiveMaxPool3d": { AdaptiveMaxPool3d($0.adaptive) },
        "MaxUnpool1d": { MaxUnpool1d($0.size1(0, "kernel_size", 1)) },
        "MaxUnpool2d": { MaxUnpool2d($0.size2(0, "kernel_size")!) },
    ]

    private static let others: [String: @Sendable (Settings) -> Module] = [
        "ReflectionPad1d": { ReflectionPad1d($0.widths) }, "ReflectionPad2d": { ReflectionPad2d($0.widths) },
        "ReflectionPad3d": { ReflectionPad3d($0.widths) }, "ReplicationPad1d": { ReplicationPad1d($0.widths) },
        "ReplicationPad2d": { ReplicationPad2d($0.widths) }, "ReplicationPad3d": { ReplicationPad3d($0.widths) },
        "ZeroPad1d": { ZeroPad1d($0.widths) }, "ZeroPad2d": { ZeroPad2d($0.widths) },
        "ZeroPad3d": { ZeroPad3d($0.widths) }, "CircularPad1d": { CircularPad1d($0.widths) },
        "CircularPad2d": { CircularPad2d($0.widths) }, "CircularPad3d": { CircularPad3d($0.widths) },
        "ConstantPad1d": { ConstantPad1d($0.widths, $0.int(1, "value")) },
        "ConstantPad2d": { ConstantPad2d($0.widths, $0.int(1, "value")) },
        "ConstantPad3d": { ConstantPad3d($0.widths, $0.int(1, "value")) },
        "Upsample": {
            Upsample(
                size: $0.sizes(0, "size"), scaleFactor: $0.factors(1, "scale_factor"),
                mode: InterpolationMode(rawValue: $0.value(2, "mode")?.string ?? "nearest")!,
                alignCorners: $0.value(3, "align_corners")?.bool)
        },
        "UpsamplingNearest2d": {
            UpsamplingNearest2d(size: $0.sizes(0, "size"), scaleFactor: $0.factors(1, "scale_factor"))
        },
        "UpsamplingBilinear2d": {
            UpsamplingBilinear2d(size: $0.sizes(0, "size"), scaleFactor: $0.factors(1, "scale_factor"))
        },
        "PixelShuffle": { PixelShuffle($0.int(0, "")) }, "PixelUnshuffle": { PixelUnshuffle($0.int(0, "")) },
        "ChannelShuffle": { ChannelShuffle($0.int(0, "")) },
        "Fold": { TorchlightNN.Fold($0.size2(0, "")!, $0.size2(1, "")!) },
        "Unfold": {
            TorchlightNN.Unfold(
                $0.size2(0, "")!, padding: $0.size2(2, "padding") ?? 0, stride: $0.size2(3, "stride") ?? 1)
        },
    ]
}
