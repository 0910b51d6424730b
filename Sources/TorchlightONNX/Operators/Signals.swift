import Glibc
import TorchlightCore

func registerSignals(in table: inout OperatorTable) {
    table.add("DFT", since: 17, 1...3, dft)
    table.add("STFT", since: 17, 2...4, stft)
    table.add("HannWindow", since: 17, 1...1) { try window($0, [0.5, 0.5]) }
    table.add("HammingWindow", since: 17, 1...1) { try window($0, [25.0 / 46, 21.0 / 46]) }
    table.add("BlackmanWindow", since: 17, 1...1) { try window($0, [0.42, 0.5, 0.08]) }
    table.add("MelWeightMatrix", since: 17, 5...5, melWeights)
}

/// A cosine window: a sum of cosines with alternating signs.
private func window(_ call: Call, _ factors: [Double]) throws -> [ONNXValue] {
    let size = try call.integer(0)
    guard size >= 0 else { throw Problem("a window of \(quantity(size, "element"))") }
    try call.check(shape: [size], .float64)
    let type = try ONNXElementType.read(try call.int("output_datatype", 1), of: "the attribute output_datatype")
    let period = Double(try call.flag("periodic", true) ? size : max(size - 1, 1))
    let angles = Tensor.arange(0, size, dtype: .int64).to(.float64) * (2 * Double.pi / period)
    var sum = Tensor.zeros([size], dtype: .float64)
    for (index, factor) in factors.enumerated() {
        sum = sum + (angles * index).cos() * (index % 2 == 0 ? factor : -factor)
    }
    return [.tensor(.wrapping(sum, to: type))]
}

/// `[..., 1]` or `[..., 2]` as real or complex numbers.
private func signal(_ x: Tensor, _ dtype: DType) throws -> Tensor {
    let wide = x.dtype == dtype ? x : x.to(dtype)
    switch x.shape.last {
    case 1: return wide.squeeze(-1)
    case 2: return wide.contiguous().viewAsComplex()
    default: throw Problem("a signal of shape \(x.shape)", expected: "a last dimension of size 1 or 2")
    }
}

@Sendable private func dft(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    guard x.rank >= 2 else { throw Problem("a signal of shape \(x.shape)", expected: "at least 2 dimensions") }
    let axis: Int
    if call.version < 20 {
        axis = try call.int("axis", 1)
    } else {
        axis = call.has(2) ? try call.integer(2) : -2
    }
    let dim = try call.dim(axis, x.rank)
    guard dim < x.rank - 1 else { throw Problem("the axis \(axis) of real and imaginary parts") }
    // In float64: the test data of the standard require cancellation to zero.
    let values = try signal(x, .float64)
    var length = x.shape[dim]
    let isInverse = try call.flag("inverse")
    let isOnesided = try call.flag("onesided")
    if call.has(1) { length = try call.integer(1) } else if isInverse && isOnesided { length = 2 * (length - 1) }
    guard length > 0 else { throw Problem("a transform of \(quantity(length, "element"))") }
    try call.check(shape: [length], .complex128)
    if isInverse && isOnesided {
        return try call.like(0, FFT.irfft(values, n: length, dim: dim).unsqueeze(-1))
    }
    let result: Tensor
    if isInverse {
        result = FFT.ifft(values, n: length, dim: dim)
    } else if isOnesided, !values.isComplex {
        result = FFT.rfft(values, n: length, dim: dim)
    } else {
        let full = FFT.fft(values, n: length, dim: dim)
        result = isOnesided ? full.narrow(dim, start: 0, length: length / 2 + 1) : full
    }
    return try call.like(0, result.viewAsReal())
}

@Sendable private func stft(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let step = try call.integer(1)
    guard step > 0, (2...3).contains(x.rank) else { throw Problem("a signal of shape \(x.shape) in steps of \(step)") }
    let values = try signal(x.rank == 2 ? x.unsqueeze(-1) : x, x.dtype == .float64 ? .float64 : .float32)
    var size = call.has(3) ? try call.integer(3) : 0
    let window = try call.optional(2)
    if size == 0 { size = window?.count ?? 0 }
    guard size > 0, size <= values.shape[1] else {
        throw Problem("frames of \(quantity(size, "element")) of \(values.shape[1])")
    }
    var frames = values.unfold(1, size: size, step: step)
    if let window {
        guard window.count <= size else {
            throw Problem("a window of \(quantity(window.count, "element")) for frames of \(size)")
        }
        let missing = size - window.count
        frames = frames * window.to(frames.dtype.toReal).pad([missing / 2, missing - missing / 2])
    }
    let isOnesided = try call.flag("onesided", true)
    if frames.isComplex {
        let full = FFT.fft(frames, dim: -1)
        let part = isOnesided ? full.narrow(2, start: 0, length: size / 2 + 1) : full
        return try call.like(0, part.viewAsReal())
    }
    return try call.like(0, (isOnesided ? FFT.rfft(frames, dim: -1) : FFT.fft(frames, dim: -1)).viewAsReal())
}

@Sendable private func melWeights(_ call: Call) throws -> [ONNXValue] {
    let (bins, length) = (try call.integer(0), try call.integer(1))
    let (rate, low, high) = (try call.number(2), try call.number(3), try call.number(4))
    guard bins > 0, length > 1, rate > 0, low >= 0, high > low else {
        throw Problem(
            "\(quantity(bins, "bin")) of \(quantity(length, "point")) from \(low) to \(high) Hz at \(rate) Hz")
    }
    let rows = length / 2 + 1
    try call.check(shape: [rows, bins])
    func mel(_ frequency: Double) -> Double { 2595 * log10(1 + frequency / 700) }
    let step = (mel(high) - mel(low)) / Double(bins + 2)
    let edges = (0..<(bins + 2)).map { index -> Int in
        let frequency = 700 * (pow(10, (Double(index) * step + mel(low)) / 2595) - 1)
        return Int(saturating: (Double(length + 1) * frequency / rate).rounded(.down))
    }
    guard edges.allSatisfy({ $0 < 1 << 30 }) else { throw Problem("frequencies up to \(high) Hz at \(rate) Hz") }
    var weights = [Float](repeating: 0, count: rows * bins)
    for bin in 0..<bins {
        let (left, centre, right) = (edges[bin], edges[bin + 1], edges[bin + 2])
        func set(_ row: Int, _ value: Double) { if row < rows { weights[row * bins + bin] = Float(value) } }
        if centre == left {
            set(centre, 1)
        } else {
            for row in left..<(centre + 1) { set(row, Double(row - left) / Double(centre - left)) }
        }
        if right > centre { for row in centre..<right { set(row, Double(right - row) / Double(right - centre)) } }
    }
    let type = try ONNXElementType.read(try call.int("output_datatype", 1), of: "the attribute output_datatype")
    return [.tensor(.wrapping(Tensor(weights, shape: [rows, bins]), to: type))]
}
