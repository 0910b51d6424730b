import Torchlight

extension Registry {
    /// Borders, sizes and grids of images.
    mutating func registerResampling() {
        register(
            "constant_pad_nd",
            tensor: { call in
                let (x, value) = (try call.tensor(0), try call.optionalNumber(2, "value") ?? 0)
                return x.pad(try call.ints(1, "pad"), value: value)
            })
        register(
            "nn.functional.pad",
            tensor: { call in
                let modes: [String: PadMode] = [
                    "constant": .constant, "reflect": .reflect, "replicate": .replicate, "circular": .circular,
                ]
                let (x, value) = (try call.tensor(0), try call.optionalNumber(3, "value") ?? 0)
                return x.pad(
                    try call.ints(1, "pad"), mode: try call.choice(2, "mode", modes) ?? .constant, value: value)
            })
        register(
            "nn.functional.interpolate",
            tensor: { call in
                Torchlight.interpolate(
                    try call.tensor(0), size: try call.optionalInts(1, "size"), scaleFactor: try Self.factors(call),
                    mode: try call.choice(3, "mode") ?? .nearest, alignCorners: try Self.flag(call, 4, "align_corners"),
                    recomputeScaleFactor: try Self.flag(call, 5, "recompute_scale_factor"),
                    antialias: try call.bool(6, "antialias"))
            })
        register(
            "nn.functional.upsample_nearest",
            tensor: { call in
                Torchlight.upsampleNearest(
                    try call.tensor(0), size: try call.optionalInts(1, "size"), scaleFactor: try Self.factors(call))
            })
        register(
            "nn.functional.upsample_bilinear",
            tensor: { call in
                Torchlight.upsampleBilinear(
                    try call.tensor(0), size: try call.optionalInts(1, "size"), scaleFactor: try Self.factors(call))
            })
        register(
            "nn.functional.grid_sample",
            tensor: { call in
                Torchlight.gridSample(
                    try call.tensor(0), try call.tensor(1, "grid"), mode: try call.choice(2, "mode") ?? .bilinear,
                    paddingMode: try call.choice(3, "padding_mode") ?? .zeros,
                    alignCorners: try call.bool(4, "align_corners"))
            })
        register(
            "nn.functional.affine_grid",
            tensor: { call in
                Torchlight.affineGrid(
                    try call.tensor(0, "theta"), try call.ints(1, "size"),
                    alignCorners: try call.bool(2, "align_corners"))
            })
        register(
            "nn.functional.pixel_shuffle",
            tensor: { call in Torchlight.pixelShuffle(try call.tensor(0), try call.int(1, "upscale_factor")) })
        register(
            "nn.functional.pixel_unshuffle",
            tensor: { call in Torchlight.pixelUnshuffle(try call.tensor(0), try call.int(1, "downscale_factor")) })
        register(
            "nn.functional.channel_shuffle",
            tensor: { call in Torchlight.channelShuffle(try call.tensor(0), try call.int(1, "groups")) })
    }

    /// The scale of each dimension, or one for all.
    private static func factors(_ call: Call) throws -> [Double]? {
        guard let given = call.value(2, "scale_factor") else { return nil }
        if let single = given.number { return [single.scalar.asDouble] }
        guard let items = given.list else { throw NotSupported("scale_factor cannot be \(given.text())") }
        return try items.map { item in
            guard let factor = item.number else { throw NotSupported("scale_factor cannot be \(given.text())") }
            return factor.scalar.asDouble
        }
    }

    /// A flag that may be left open.
    private static func flag(_ call: Call, _ place: Int, _ name: String) throws -> Bool? {
        call.has(place, name) ? try call.bool(place, name) : nil
    }
}
