/// The memory layout of a tensor: shape, strides and storage offset, all in elements.
///
/// Element `[i, j, ...]` is at `offset + i * strides[0] + j * strides[1] + ...` in the storage. A view is another
/// layout of the same storage.
package struct Layout: Sendable, Hashable {
    package private(set) var shape: Dims
    package private(set) var strides: Dims
    package private(set) var offset: Int
    /// The number of elements.
    package private(set) var count: Int
    /// Whether the elements are contiguous in row-major order.
    package private(set) var isContiguous: Bool

    /// The contiguous row-major layout.
    package init(shape: Dims, offset: Int = 0) {
        self.shape = shape
        self.offset = offset
        var strides = shape
        var step = 1
        var i = shape.count - 1
        while i >= 0 {
            strides[i] = step
            // Sizes of 0 count as 1 in strides, as in PyTorch.
            step &*= Swift.max(shape[i], 1)
            i -= 1
        }
        self.strides = strides
        count = shape.product
        isContiguous = true
    }

    /// Whether the elements along the last dimension are contiguous.
    var hasDenseRows: Bool { rank == 0 || shape[rank - 1] <= 1 || strides[rank - 1] == 1 }

    package init(shape: Dims, strides: Dims, offset: Int) {
        precondition(shape.count == strides.count)
        self.shape = shape
        self.strides = strides
        self.offset = offset
        count = shape.product
        isContiguous = Self.isDense(shape, strides)
    }

    private static func isDense(_ shape: Dims, _ strides: Dims) -> Bool {
        var step = 1
        for i in stride(from: shape.count - 1, through: 0, by: -1) {
            if shape[i] == 0 { return true }
            if shape[i] != 1 {
                if strides[i] != step { return false }
                step &*= shape[i]
            }
        }
        return true
    }

    package var rank: Int { shape.count }

    /// Whether every element has its own memory and all of it is one block without gaps, in any order of dimensions.
    package var isDenseInSomeOrder: Bool {
        if isContiguous { return true }
        let order = (0..<rank).filter { shape[$0] != 1 }.sorted { strides[$0] < strides[$1] }
        var step = 1
        for i in order {
            if strides[i] != step { return false }
            step &*= shape[i]
        }
        return true
    }

    /// Whether two indices may refer to the same memory, as in an expanded tensor.
    package var mayOverlap: Bool {
        if isContiguous || count == 0 { return false }
        let order = (0..<rank).filter { shape[$0] != 1 }
            .sorted { strides[$0].saturatingMagnitude < strides[$1].saturatingMagnitude }
        var reach = 0
        for i in order {
            let step = strides[i].saturatingMagnitude
            if step <= reach { return true }
            reach +|= step *| (shape[i] - 1)
        }
        return false
    }

    /// The range of storage indices that the layout uses, clamped to the range of Int.
    package var extent: Range<Int> {
        if count == 0 { return offset..<offset }
        var low = offset
        var high = offset
        for i in 0..<rank {
            let reach = strides[i] *| (shape[i] - 1)
            if reach < 0 { low +|= reach } else { high +|= reach }
        }
        return low..<(high +| 1)
    }
}

// MARK: - Memory order of results

extension Layout {
    /// The dense layout of a result of shape `shape` whose dimensions are in the memory order of the operands, as in
    /// PyTorch's element-wise operations: the result for a transposed matrix is transposed too, so that both are read
    /// and written in memory order.
    ///
    /// The first operand whose strides of two dimensions differ decides which dimension is inner. A broadcast dimension
    /// (stride 0) decides nothing. With equal strides the smaller dimension is inner.
    package static func following(_ operands: Specs, shape: Dims) -> Layout {
        let rank = shape.count
        let rowMajor = Layout(shape: shape)
        if rank < 2 || rowMajor.count == 0 { return rowMajor }
        let first = operands[0].layout
        if first.shape == shape && first.isDenseInSomeOrder
            && operands.allSatisfy({ $0.layout.shape == shape && $0.layout.strides == first.strides })
        {
            return Layout(shape: shape, strides: first.strides, offset: 0)
        }
        /// The stride of an operand along a dimension of the result; 0 if the operand is broadcast along it.
        func step(_ operand: Layout, _ dim: Int) -> Int {
            let own = dim - (rank - operand.rank)
            return own < 0 || operand.shape[own] != shape[dim] ? 0 : operand.strides[own]
        }
        /// Negative if `a` is the inner dimension, positive if `b` is, 0 if no operand decides.
        func order(_ a: Int, _ b: Int) -> Int {
            for operand in operands {
                let (stepA, stepB) = (step(operand.layout, a), step(operand.layout, b))
                if stepA == 0 || stepB == 0 { continue }
                if stepA != stepB { return stepA < stepB ? -1 : 1 }
                if shape[a] > shape[b] { return 1 }
            }
            return 0
        }
        // From the innermost dimension outwards, starting from row-major order, which is kept where no operand decides.
        var inner = (0..<rank).map { rank - 1 - $0 }
        for i in 1..<rank {
            var moving = i
            for j in stride(from: i - 1, through: 0, by: -1) {
                let decision = order(inner[j], inner[moving])
                if decision < 0 { break }
                if decision > 0 {
                    inner.swapAt(j, moving)
                    moving = j
                }
            }
        }
        var strides = Dims(repeating: 1, count: rank)
        var reach = 1
        for dim in inner {
            strides[dim] = reach
            reach *|= shape[dim]
        }
        return Layout(shape: shape, strides: strides, offset: 0)
    }

    /// Whether the layout is channels-last: `[N, C, H, W]` or `[N, C, D, H, W]` with the channel dimension innermost
    /// and the other dimensions in order. False if sizes of 1 leave it ambiguous.
    package var isChannelsLast: Bool {
        guard rank == 4 || rank == 5, strides[1] != 0 else { return false }
        var reach = 0
        for dim in [1] + (2..<rank).reversed() + [0] {
            if shape[dim] == 0 || strides[dim] < reach || (dim == 0 && reach == strides[1]) { return false }
            reach = strides[dim] *| shape[dim]
        }
        return true
    }

    /// The channels-last layout of a shape of four or five dimensions.
    package static func channelsLast(_ shape: Dims) -> Layout {
        var strides = Dims(repeating: 1, count: shape.count)
        var reach = shape[1]
        for dim in (2..<shape.count).reversed() + [0] {
            strides[dim] = reach
            reach *|= shape[dim]
        }
        return Layout(shape: shape, strides: strides, offset: 0)
    }
}

// MARK: - Views

extension Layout {
    /// The same layout with the offset increased by `distance`.
    package func moved(by distance: Int) -> Layout {
        Layout(shape: shape, strides: strides, offset: offset +| distance)
    }
}

extension Layout {
    package func permuted(_ order: Dims) -> Layout {
        var shape = shape
        var strides = strides
        for (i, from) in order.enumerated() {
            shape[i] = self.shape[from]
            strides[i] = self.strides[from]
        }
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    package func transposed(_ a: Int, _ b: Int) -> Layout {
        var shape = shape
        var strides = strides
        shape.swapAt(a, b)
        strides.swapAt(a, b)
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    /// The slice of `count` elements of a dimension from index `start` with step `step`, which may be negative.
    package func sliced(_ dim: Int, start: Int, count: Int, step: Int = 1) -> Layout {
        var shape = shape
        var strides = strides
        let offset = count > 0 ? offset +| start *| strides[dim] : offset
        shape[dim] = count
        // With at most one index the stride is never used, so any step is allowed.
        strides[dim] *|= step
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    package func selected(_ dim: Int, _ index: Int) -> Layout {
        var shape = shape
        var strides = strides
        let offset = offset +| index *| strides[dim]
        shape.remove(at: dim)
        strides.remove(at: dim)
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    package func unsqueezed(_ dim: Int) -> Layout {
        var shape = shape
        var strides = strides
        let step = dim < rank ? shape[dim] *| strides[dim] : 1
        shape.insert(1, at: dim)
        strides.insert(step, at: dim)
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    package func squeezed(_ dims: some Collection<Int>) -> Layout {
        var shape = Dims()
        var strides = Dims()
        for i in 0..<rank where !dims.contains(i) {
            shape.append(self.shape[i])
            strides.append(self.strides[i])
        }
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    /// The layout expanded to a larger shape: dimensions of size 1 and new leading ones are repeated with stride 0. The
    /// shape must be one that `broadcast` allows.
    package func expanded(to target: Dims) -> Layout {
        if target == shape { return self }
        var strides = Dims(repeating: 0, count: target.count)
        let lead = target.count - rank
        for i in 0..<rank {
            strides[lead + i] = shape[i] == 1 && target[lead + i] != 1 ? 0 : self.strides[i]
        }
        // A new dimension of size 1 is not repeated: its stride spans the dimensions after it, as in unsqueeze.
        if rank > 0 {
            for i in (0..<lead).reversed() where target[i] == 1 { strides[i] = strides[i + 1] *| target[i + 1] }
        }
        return Layout(shape: target, strides: strides, offset: offset)
    }

    /// The layout of the same elements in another shape of the same count, or nil if this requires a copy.
    package func viewed(as target: Dims) -> Layout? {
        if isContiguous { return Layout(shape: target, offset: offset) }
        if count == 0 { return Layout(shape: target, offset: offset) }
        var strides = Dims(repeating: 0, count: target.count)
        var t = target.count - 1
        var i = rank - 1
        // Goes through both shapes from the last dimension in groups of equal element counts. Within a group of the
        // source, the dimensions must be contiguous with each other.
        while i >= 0 {
            var groupCount = shape[i]
            let step = self.strides[i]
            while i > 0 && (shape[i - 1] == 1 || self.strides[i - 1] == step &* groupCount) {
                i -= 1
                groupCount *= shape[i]
            }
            var run = 1
            while t >= 0 && (run < groupCount || target[t] == 1) {
                strides[t] = step &* run
                run &*= target[t]
                t -= 1
            }
            if run != groupCount { return nil }
            i -= 1
        }
        return t < 0 ? Layout(shape: target, strides: strides, offset: offset) : nil
    }

    /// The broadcast shape of two shapes, or nil if they do not broadcast.
    package static func broadcast(_ a: Dims, _ b: Dims) -> Dims? {
        if a == b { return a }
        var result = a.count >= b.count ? a : b
        let shorter = a.count >= b.count ? b : a
        let lead = result.count - shorter.count
        for i in 0..<shorter.count {
            let x = result[lead + i]
            let y = shorter[i]
            if x == y { continue }
            if x == 1 { result[lead + i] = y } else if y != 1 { return nil }
        }
        return result
    }
}
