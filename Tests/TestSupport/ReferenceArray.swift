import TorchlightCore

/// A dense array of doubles with the few slow and obvious operations that references are written with.
package struct ReferenceArray: Sendable {
    package var shape: [Int]
    /// Row-major.
    package var values: [Double]

    package init(_ values: [Double], shape: [Int]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values for the shape \(shape)")
        self.values = values
        self.shape = shape
    }

    package init(shape: [Int], _ value: ([Int]) -> Double) {
        self.shape = shape
        values = Self.indices(of: shape).map(value)
    }

    package init(_ tensor: Tensor) {
        self.init(tensor.detach().toArray(Double.self), shape: tensor.shape)
    }

    /// The numbers in a dtype, as `to` converts those that it does not hold.
    package func tensor(_ dtype: DType) -> Tensor { Tensor(values, shape: shape, dtype: .float64).to(dtype) }

    /// All indices of a shape in row-major order.
    package static func indices(of shape: [Int]) -> [[Int]] {
        var all: [[Int]] = [[]]
        for size in shape { all = all.flatMap { index in (0..<size).map { index + [$0] } } }
        return all
    }

    package subscript(index: [Int]) -> Double {
        get { values[position(index)] }
        set { values[position(index)] = newValue }
    }

    private func position(_ index: [Int]) -> Int {
        var position = 0
        for (i, size) in zip(index, shape) { position = position * size + i }
        return position
    }

    /// A dimension counted from the front.
    package func dim(_ dim: Int) -> Int { dim < 0 ? dim + max(shape.count, 1) : dim }

    package func map(_ f: (Double) -> Double) -> ReferenceArray { ReferenceArray(values.map(f), shape: shape) }

    package func broadcast(to target: [Int]) -> ReferenceArray {
        let lead = target.count - shape.count
        return ReferenceArray(shape: target) { index in
            self[zip(index.dropFirst(lead), shape).map { $1 == 1 ? 0 : $0 }]
        }
    }

    /// `f` of the elements in equal places after broadcasting.
    package static func combine(_ arrays: [ReferenceArray], _ f: ([Double]) -> Double) -> ReferenceArray {
        let rank = arrays.map(\.shape.count).max() ?? 0
        var shape = [Int](repeating: 1, count: rank)
        for array in arrays {
            for (back, size) in array.shape.reversed().enumerated() where size != 1 { shape[rank - 1 - back] = size }
        }
        let expanded = arrays.map { $0.broadcast(to: shape) }
        let count = shape.reduce(1, *)
        return ReferenceArray((0..<count).map { i in f(expanded.map { $0.values[i] }) }, shape: shape)
    }

    /// `f` of the elements along the dimensions (all for none), in row-major order.
    package func fold(_ dims: [Int], keepdim: Bool = false, _ f: ([Double]) -> Double) -> ReferenceArray {
        let folded = dims.isEmpty ? Array(shape.indices) : dims.map(dim)
        let kept = shape.indices.filter { !folded.contains($0) }
        let outer = kept.map { shape[$0] }
        let inner = folded.sorted().filter { $0 < shape.count }
        let innerIndices = Self.indices(of: inner.map { shape[$0] })
        let result = ReferenceArray(shape: outer) { index in
            var full = [Int](repeating: 0, count: shape.count)
            for (place, i) in zip(kept, index) { full[place] = i }
            return f(
                innerIndices.map { inside in
                    for (place, i) in zip(inner, inside) { full[place] = i }
                    return self[full]
                })
        }
        guard keepdim else { return result }
        return ReferenceArray(
            result.values, shape: shape.indices.map { folded.contains($0) ? 1 : shape[$0] })
    }

    /// `f` of each line along a dimension, which gives a line of any one length.
    package func mapLines(along requested: Int, _ f: ([Double]) -> [Double]) -> ReferenceArray {
        if shape.isEmpty { return ReferenceArray(f(values), shape: []) }
        let d = dim(requested)
        var outer = shape
        outer.remove(at: d)
        var lines: [[Int]: [Double]] = [:]
        var length = f([Double](repeating: 0, count: shape[d])).count
        for index in Self.indices(of: outer) {
            let line = (0..<shape[d]).map { i -> Double in
                var full = index
                full.insert(i, at: d)
                return self[full]
            }
            let result = f(line)
            length = result.count
            lines[index] = result
        }
        var target = shape
        target[d] = length
        return ReferenceArray(shape: target) { index in
            var rest = index
            let i = rest.remove(at: d)
            return lines[rest]![i]
        }
    }

    package func permuted(_ order: [Int]) -> ReferenceArray {
        ReferenceArray(shape: order.map { shape[$0] }) { index in
            var source = [Int](repeating: 0, count: shape.count)
            for (i, from) in order.enumerated() { source[from] = index[i] }
            return self[source]
        }
    }

    package func reshaped(_ target: [Int]) -> ReferenceArray { ReferenceArray(values, shape: target) }
}
