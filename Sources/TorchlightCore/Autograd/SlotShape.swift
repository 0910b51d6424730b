/// A shape in 25 bytes, where `Dims` takes 72: up to four sizes below 2^31 are stored inline, other shapes in an
/// object.
struct SlotShape {
    private var sizes: InlineArray<4, Int32>
    private var long: Long?
    private var count: UInt8

    private final class Long: Sendable {
        let dims: Dims
        init(_ dims: Dims) { self.dims = dims }
    }

    init(_ dims: Dims) {
        sizes = InlineArray(repeating: 0)
        count = UInt8(truncatingIfNeeded: dims.count)
        var fits = dims.count <= 4
        if fits {
            for i in 0..<dims.count {
                sizes[i] = Int32(truncatingIfNeeded: dims[i])
                if Int(sizes[i]) != dims[i] { fits = false }
            }
        }
        if !fits { long = Long(dims) }
    }

    var dims: Dims {
        if let long { return long.dims }
        var dims = Dims()
        for i in 0..<Int(count) { dims.append(Int(sizes[i])) }
        return dims
    }

    static func == (a: SlotShape, b: Dims) -> Bool {
        if let long = a.long { return long.dims == b }
        guard Int(a.count) == b.count else { return false }
        for i in 0..<b.count where Int(a.sizes[i]) != b[i] { return false }
        return true
    }
}
