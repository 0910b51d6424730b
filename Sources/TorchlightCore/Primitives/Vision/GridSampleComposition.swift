/// `GridSample` in operations that have gradients of any order: each coordinate gives elements with weights along its
/// dimension, and a point is the sum over all combinations, with the products of the weights.
extension GridSample {
    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let dtype = inputs[0].dtype
        let (x, grid) = (inputs[0].to(dtype.computeType), inputs[1].to(dtype.computeType))
        let sizes = Array(x.shape.dropFirst(2))
        let (images, channels, spatial) = (x.shape[0], x.shape[1], sizes.count)
        let points = grid.shape.dropFirst().dropLast().reduce(1, *)
        let coordinates = grid.reshape([images, points, spatial])
        var taps: [Tap] = []
        for (d, size) in sizes.enumerated() {
            // The last dimension of the grid has the coordinate along the last dimension of the image first.
            let along = self.taps(coordinates.select(2, spatial - 1 - d), size: size)
            taps =
                taps.isEmpty
                ? along
                : taps.flatMap { outer in
                    along.map {
                        Tap(
                            index: outer.index * size + $0.index, isInside: outer.isInside.logicalAnd($0.isInside),
                            weight: outer.weight * $0.weight)
                    }
                }
        }
        let elements = x.reshape([images, channels, sizes.reduce(1, *)])
        let shape = [images, channels, points]
        var sum: Tensor?
        for tap in taps {
            let read = elements.gather(2, tap.index.unsqueeze(1).expand(shape))
            let part = Tensor.where(tap.isInside.unsqueeze(1), read, 0) * tap.weight.unsqueeze(1)
            sum = sum.map { $0 + part } ?? part
        }
        return Few(sum!.reshape([images, channels] + grid.shape.dropFirst().dropLast()).to(dtype))
    }

    /// One element along a dimension that every point reads, `[N, points]`: its index, 0 if it is outside the image,
    /// and its weight.
    private struct Tap {
        var index: Tensor
        var isInside: Tensor
        var weight: Tensor

        init(index: Tensor, isInside: Tensor, weight: Tensor) {
            (self.index, self.isInside, self.weight) = (index, isInside, weight)
        }

        init(_ index: Tensor, size: Int, weight: Tensor) {
            let isInside = noGrad { (index >= 0).logicalAnd(index < Double(size)) }
            self.isInside = isInside
            self.index = noGrad { Tensor.where(isInside, index, 0).to(.int64) }
            self.weight = weight
        }
    }

    /// The elements with weights at coordinates of a dimension that go from -1 to 1.
    private func taps(_ at: Tensor, size: Int) -> [Tap] {
        let n = Double(size)
        let coordinate = alignCorners ? (at + 1) / 2 * (n - 1) : ((at + 1) * n - 1) / 2
        if mode == .bicubic {
            let c = countable(coordinate)
            let first = noGrad { c.floor() }
            let t = c - first
            // Keys's cubic with a = -3/4; the border mode applies to each of its four elements.
            let a = -0.75
            func near(_ x: Tensor) -> Tensor { (x * (a + 2) - (a + 3)) * x * x + 1 }
            func far(_ x: Tensor) -> Tensor { ((x * a - 5 * a) * x + 8 * a) * x - 4 * a }
            let weights = [far(t + 1), near(t), near(1 - t), far(2 - t)]
            return weights.enumerated().map { k, weight in
                Tap(noGrad { bordered(first + Double(k - 1), size: size).trunc() }, size: size, weight: weight)
            }
        }
        let c = countable(bordered(coordinate, size: size))
        if mode == .nearest { return [Tap(noGrad { c.round() }, size: size, weight: Tensor.ones(like: c.detach()))] }
        let first = noGrad { c.floor() }
        let t = c - first
        return [Tap(first, size: size, weight: 1 - t), Tap(noGrad { first + 1 }, size: size, weight: t)]
    }

    /// Coordinates after clamping or reflection at the border.
    private func bordered(_ coordinate: Tensor, size: Int) -> Tensor {
        var c = coordinate
        let last = Double(size - 1)
        switch border {
        case .zeros: return c
        case .border: break
        case .reflection:
            let (low, span) = alignCorners ? (0, last) : (-0.5, last + 1)
            if span == 0 {
                c = c * 0
                break
            }
            let distance = (c - low).abs()
            let turns = noGrad { (distance / span).floor() }
            let extra = distance - turns * span
            let isEven = noGrad { turns.remainder(2) .== 0 }
            c = Tensor.where(isEven, extra, span - extra) + low
        }
        c = Tensor.where(noGrad { c > 0 }, c, 0)
        return Tensor.where(noGrad { c < last }, c, last)
    }

    /// Coordinates that an integer can hold: NaN and magnitudes of 1e9 or more become -100, which is outside of the image.
    private func countable(_ c: Tensor) -> Tensor { Tensor.where(noGrad { c.abs() < 1e9 }, c, -100) }
}
