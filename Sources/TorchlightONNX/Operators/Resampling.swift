import TorchlightCore

func registerResampling(in table: inout OperatorTable) {
    table.add("Resize", since: 10, 1...4) { try $0.moved(0, ResizeSettings($0).run) }
    table.add("Upsample", since: 7, 1...2) { call in
        let x = try call.tensor(0)
        let scales = call.version < 9 ? (try call.floats("scales") ?? []).map(Double.init) : try call.numbers(1)
        var settings = ResizeSettings(mode: try call.choice("mode", "nearest", of: ["nearest", "linear"]))
        try settings.apply(scales: scales, to: x, axes: Array(0..<x.rank))
        return try call.moved(0, settings.run)
    }
    table.add("GridSample", since: 16, 2...2) { call in
        let (x, grid) = (try call.tensor(0), try call.tensor(1))
        let modes = ["bilinear", "linear", "nearest", "bicubic", "cubic"]
        let name = try call.choice("mode", call.version < 20 ? "bilinear" : "linear", of: modes)
        let mode: GridSampleMode = name == "nearest" ? .nearest : name.hasSuffix("cubic") ? .bicubic : .bilinear
        let border: GridSampleBorder =
            switch try call.choice("padding_mode", "zeros", of: ["zeros", "border", "reflection"]) {
            case "border": .border
            case "reflection": .reflection
            default: .zeros
            }
        return try call.like(
            0,
            gridSample(
                x, grid.to(x.dtype), mode: mode, paddingMode: border, alignCorners: try call.flag("align_corners")))
    }
    table.add("AffineGrid", since: 20, 2...2) { call in
        let size = try call.integers(1)
        try call.check(shape: size)
        return try call.like(
            0, affineGrid(try call.tensor(0), size, alignCorners: try call.flag("align_corners")))
    }
    table.add("Pad", 1...4, pad)
}

@Sendable private func pad(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let mode = try call.choice("mode", "constant", of: ["constant", "reflect", "edge", "wrap"])
    let pads = call.version < 11 ? try call.ints("pads") ?? [] : try call.integers(1)
    var axes = Array(0..<x.rank)
    if let given = try call.optionalIntegers(3) { axes = try given.map { try call.dim($0, x.rank) } }
    guard pads.count == 2 * axes.count else {
        throw Problem(
            "\(quantity(pads.count, "padding")) for \(quantity(axes.count, "dimension"))", expected: "\(2 * axes.count)"
        )
    }
    var (before, after) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
    for (index, dim) in axes.enumerated() { (before[dim], after[dim]) = (pads[index], pads[axes.count + index]) }
    guard pads.allSatisfy({ $0 > -(1 << 40) && $0 < 1 << 40 }) else {
        throw Problem("the paddings \(pads.prefix(8))", expected: "numbers of elements")
    }
    let shape = (0..<x.rank).map { x.shape[$0] +| before[$0] +| after[$0] }
    try call.check(shape: shape, x.dtype)
    if mode == "constant" {
        let widths = (0..<x.rank).reversed().flatMap { [before[$0], after[$0]] }
        if call.has(2) {
            let value = try call.typed(2).tensor
            guard value.count == 1 else { throw Problem("a constant of shape \(value.shape)", expected: "1 element") }
            if value.dtype.isFloatingPoint {
                return try call.like(0, x.pad(widths, value: value.to(.float64).item()))
            }
            if value.dtype == .bool {
                return try call.like(0, x.to(.uint8).pad(widths, value: value.item(Bool.self) ? 1 : 0))
            }
            return try call.like(0, x.pad(widths, value: value.item(Int.self)))
        }
        return try call.like(0, x.pad(widths, value: try call.float("value", 0)))
    }
    return try call.moved(0) { x in
        var result = x
        for dim in 0..<x.rank where before[dim] != 0 || after[dim] != 0 {
            let size = x.shape[dim]
            guard size > 0 else { throw Problem("a dimension of size 0 is padded with \(mode)") }
            let indices = (-before[dim]..<max(size + after[dim], -before[dim])).map { index -> Int in
                switch mode {
                case "edge": return min(max(index, 0), size - 1)
                case "wrap": return ((index % size) + size) % size
                default:
                    if size == 1 { return 0 }
                    let period = 2 * (size - 1)
                    let position = ((index % period) + period) % period
                    return position < size ? position : period - position
                }
            }
            result = result.indexSelect(dim, Tensor(indices, shape: [indices.count]))
        }
        return result
    }
}

/// The sizes and coordinates of an interpolation, which is separable: one dimension is interpolated at a time.
private struct ResizeSettings {
    let mode: String
    var coordinates = "asymmetric"
    var nearest = "floor"
    var cubic = -0.75
    var excludesOutside = false
    var isAntialiased = false
    var extrapolation = 0.0
    var scales: [Double] = []
    var sizes: [Int] = []
    var regions: [(start: Double, end: Double)] = []

    init(mode: String) { self.mode = mode }

    init(_ call: Call) throws {
        mode = try call.choice("mode", "nearest", of: ["nearest", "linear", "cubic"])
        let x = try call.value(0)
        let shape = try TorchlightONNX.shape(of: x)
        guard call.version >= 11 else {
            try apply(scales: try call.numbers(1), to: shape, axes: Array(shape.indices))
            return
        }
        coordinates = try call.choice(
            "coordinate_transformation_mode", "half_pixel",
            of: [
                "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                "tf_crop_and_resize", "tf_half_pixel_for_nn",
            ])
        nearest = try call.choice(
            "nearest_mode", "round_prefer_floor", of: ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
        cubic = try call.float("cubic_coeff_a", -0.75)
        excludesOutside = try call.flag("exclude_outside")
        isAntialiased = try call.flag("antialias")
        extrapolation = try call.float("extrapolation_value", 0)
        let axes = try call.ints("axes").map { try $0.map { try call.dim($0, shape.count) } } ?? Array(shape.indices)
        if call.has(3), let wanted = try call.optionalIntegers(3), !wanted.isEmpty {
            try apply(sizes: wanted, to: shape, axes, try call.string("keep_aspect_ratio_policy", "stretch"))
        } else {
            try apply(scales: try call.numbers(2), to: shape, axes: axes)
        }
        regions = shape.map { _ in (0, 1) }
        if coordinates == "tf_crop_and_resize" {
            let roi = try call.numbers(1)
            guard roi.count == 2 * axes.count else { throw Problem("a roi of \(quantity(roi.count, "number"))") }
            for (index, dim) in axes.enumerated() { regions[dim] = (roi[index], roi[axes.count + index]) }
        }
        try call.check(shape: sizes)
    }

    mutating func apply(scales given: [Double], to x: Tensor, axes: [Int]) throws {
        try apply(scales: given, to: x.shape, axes: axes)
    }

    private mutating func apply(scales given: [Double], to shape: [Int], axes: [Int]) throws {
        guard given.count == axes.count, given.allSatisfy({ $0 > 0 && $0 < 1e9 }) else {
            throw Problem(
                "the scales \(given.prefix(8)) for \(quantity(axes.count, "dimension"))", expected: "positive numbers")
        }
        scales = shape.map { _ in 1 }
        sizes = shape
        for (scale, dim) in zip(given, axes) {
            scales[dim] = scale
            sizes[dim] = Int(saturating: (Double(shape[dim]) * scale).rounded(.down))
        }
    }

    private mutating func apply(sizes wanted: [Int], to shape: [Int], _ axes: [Int], _ policy: String) throws {
        guard wanted.count == axes.count, wanted.allSatisfy({ $0 >= 0 }), axes.allSatisfy({ shape[$0] > 0 }) else {
            throw Problem("the sizes \(wanted.prefix(8)) for a tensor of shape \(shape)")
        }
        scales = shape.map { _ in 1 }
        sizes = shape
        var factors = zip(wanted, axes).map { Double($0) / Double(shape[$1]) }
        if policy != "stretch" {
            let factor = (policy == "not_larger" ? factors.min() : factors.max()) ?? 1
            factors = factors.map { _ in factor }
        }
        for (index, dim) in axes.enumerated() {
            scales[dim] = factors[index]
            sizes[dim] =
                policy == "stretch"
                ? wanted[index] : Int(saturating: (factors[index] * Double(shape[dim]) + 0.5).rounded(.down))
        }
    }

    @Sendable func run(_ x: Tensor) throws -> Tensor {
        guard sizes.count == x.rank else {
            throw Problem("\(quantity(sizes.count, "size")) for a tensor of shape \(x.shape)")
        }
        var result = x.dtype.isFloatingPoint || mode == "nearest" ? x : x.to(.float32)
        for dim in 0..<x.rank {
            let isSame = sizes[dim] == x.shape[dim] && scales[dim] == 1
            if isSame && coordinates != "tf_crop_and_resize" { continue }
            if isSame && regions[dim] == (0, 1) { continue }
            result = resized(result, dim)
        }
        if result.dtype != x.dtype { result = result.round().to(x.dtype) }
        return result
    }

    /// The coordinate in the input for each element of the result.
    private func coordinates(_ size: Int, _ dim: Int) -> [Double] {
        let (scale, count) = (scales[dim], sizes[dim])
        let width = scale * Double(size)
        return (0..<count).map { index in
            let x = Double(index)
            switch coordinates {
            case "align_corners": return width == 1 ? 0 : x * Double(size - 1) / (width - 1)
            case "asymmetric": return x / scale
            case "tf_crop_and_resize":
                let (start, end) = regions[dim]
                let last = Double(size - 1)
                return width == 1
                    ? (start + end) * last / 2 : start * last + x * (end - start) * last / (width - 1)
            case "pytorch_half_pixel": return width == 1 ? -0.5 : (x + 0.5) / scale - 0.5
            case "half_pixel_symmetric":
                return Double(size) / 2 * (1 - Double(count) / width) + (x + 0.5) / scale - 0.5
            case "tf_half_pixel_for_nn": return (x + 0.5) / scale
            default: return (x + 0.5) / scale - 0.5
            }
        }
    }

    private func resized(_ x: Tensor, _ dim: Int) -> Tensor {
        let size = x.shape[dim]
        if size == 0 { return x }
        let points = coordinates(size, dim)
        var result: Tensor
        var shape = [Int](repeating: 1, count: x.rank)
        shape[dim] = points.count
        if mode == "nearest" {
            let indices = points.map { point in
                let position =
                    switch nearest {
                    case "round_prefer_floor": (point - 0.5).rounded(.up)
                    case "round_prefer_ceil": (point + 0.5).rounded(.down)
                    case "floor": point.rounded(.down)
                    default: point.rounded(.up)
                    }
                return min(max(Int(saturating: position), 0), size - 1)
            }
            result = x.indexSelect(dim, Tensor(indices, shape: [indices.count]))
        } else {
            result = Tensor.zeros(like: x.narrow(dim, start: 0, length: 1))
            // One pass per neighbour of the coordinates.
            let taps = points.map { weights(at: $0, scale: scales[dim], size: size) }
            for tap in 0..<(taps.first?.weights.count ?? 0) {
                let indices = taps.map { min(max($0.first + tap, 0), size - 1) }
                let factors = Tensor(taps.map { $0.weights[tap] }, shape: shape, dtype: x.dtype)
                result = result + x.indexSelect(dim, Tensor(indices, shape: [indices.count])) * factors
            }
        }
        guard coordinates == "tf_crop_and_resize" else { return result }
        let isOutside = points.map { $0 < 0 || $0 > Double(size - 1) }
        return Tensor.where(Tensor(isOutside, shape: shape), Tensor.full([], extrapolation, dtype: x.dtype), result)
    }

    /// The weights of the neighbours of a coordinate, and the index of the first.
    private func weights(at point: Double, scale: Double, size: Int) -> (first: Int, weights: [Double]) {
        // For integer coordinates the left neighbour is the element before.
        let floor = point.rounded(.down)
        let whole = Int(saturating: min(max(floor, -0x1p40), 0x1p40))
        let (base, ratio) = point == floor ? (whole - 1, 1.0) : (whole, point - floor)
        let factor = isAntialiased ? min(scale, 1) : 1
        let reach = mode == "linear" ? 1.0 : 2.0
        let start = Int((-reach / factor).rounded(.down)) + 1
        var weights = (start..<(2 - start)).map { kernel(((Double($0) - ratio) * factor).magnitude) }
        if excludesOutside {
            for index in weights.indices where !(0..<size).contains(base + start + index) { weights[index] = 0 }
        }
        if excludesOutside || isAntialiased {
            let sum = weights.reduce(0, +)
            weights = weights.map { $0 / sum }
        }
        return (base + start, weights)
    }

    private func kernel(_ x: Double) -> Double {
        if mode == "linear" { return max(0, 1 - x) }
        if x <= 1 { return ((cubic + 2) * x - (cubic + 3)) * x * x + 1 }
        return x < 2 ? ((x - 5) * x + 8) * x * cubic - 4 * cubic : 0
    }
}
