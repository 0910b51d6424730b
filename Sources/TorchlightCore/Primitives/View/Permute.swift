/// Dimensions in another order.
package struct Permute: ViewPrimitive {
    package static let name = "permute"
    package var order: Dims

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        guard order.count == input.rank, isPermutation else {
            throw TensorError(
                .index, in: Self.name, "the order does not name every dimension once", got: "\(order)",
                expected: quantity(input.rank, "dimension"), operands: [input])
        }
        return input.layout.permuted(order)
    }

    /// Whether each dimension is named once; a tensor has at most 64.
    private var isPermutation: Bool {
        var seen: UInt64 = 0
        for dim in order {
            guard dim >= 0, dim < order.count, seen & (1 << UInt64(dim)) == 0 else { return false }
            seen |= 1 << UInt64(dim)
        }
        return true
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var inverse = order
        for (i, from) in order.enumerated() { inverse[from] = i }
        return Few(applyView(Permute(order: inverse), context.gradient))
    }

    package func region(of layout: Layout) -> Layout? { layout.permuted(order) }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.call(Permute(order: Dims([0] + Array(order.shifted))), operands.tensors)
    }
}

extension Tensor {
    /// Permutes the dimensions: `[2, 3, 4].permute([2, 0, 1]) -> [4, 2, 3]`. A view.
    public func permute(_ order: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let dims = try resolve(order, in: "permute")
            guard dims.count == rank else {
                throw TensorError(
                    .index, in: "permute", "the order does not name every dimension once", got: "\(order)",
                    expected: quantity(rank, "dimension"), operands: [self])
            }
            return applyView(Permute(order: Dims(dims)), self)
        }
    }

    /// Permutes the dimensions. A view.
    public func permute(_ order: Int...) -> Tensor { permute(order) }

    /// Exchanges two dimensions. A view.
    public func transpose(_ a: Int, _ b: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            var order = Dims(Array(0..<rank))
            let i = try resolve(a, in: "transpose")
            let j = try resolve(b, in: "transpose")
            if rank > 0 { order.swapAt(i, j) }
            return applyView(Permute(order: order), self)
        }
    }

    /// Transposes a matrix; vectors and 0-dimensional tensors are returned unchanged. A view.
    public func t() -> Tensor {
        guard rank <= 2 else {
            return fail(
                TensorError(
                    .shape, in: "t", "the tensor has more than two dimensions", fix: "use transpose(-2, -1)",
                    operands: [self]), like: self)
        }
        return rank < 2 ? self : transpose(0, 1)
    }

    /// The tensor with its dimensions in reverse order. A view.
    public var T: Tensor { permute(Array((0..<rank).reversed())) }
    /// The tensor with its last two dimensions exchanged. A view.
    public var mT: Tensor { transpose(-2, -1) }

    /// The conjugate transpose of a matrix. A view for real dtypes, a copy for complex ones.
    public var H: Tensor {
        guard isPlaceholder || rank == 0 || rank == 2 else {
            return fail(
                TensorError(
                    .shape, in: "H", "the tensor is not a matrix", fix: "use mH for batches of matrices",
                    operands: [self]), like: self)
        }
        return rank == 0 ? conj() : transpose(0, 1).conj()
    }
    /// The conjugate transpose of the last two dimensions. For real dtypes `mT`, a view; a copy for complex ones.
    public var mH: Tensor { mT.conj() }

    /// Moves dimensions to other positions; the others keep their order. A view.
    public func movedim(_ source: [Int], _ destination: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let from = try resolve(source, in: "movedim")
            let to = try resolve(destination, in: "movedim")
            guard from.count == to.count else {
                throw TensorError(
                    .index, in: "movedim", "sources and destinations differ in number",
                    got: "\(source) and \(destination)", operands: [self])
            }
            var order = [Int](repeating: -1, count: rank)
            for (f, t) in zip(from, to) { order[t] = f }
            var rest = (0..<rank).filter { !from.contains($0) }.makeIterator()
            for i in 0..<rank where order[i] < 0 { order[i] = rest.next()! }
            return applyView(Permute(order: Dims(order)), self)
        }
    }

    /// Moves one dimension to another position. A view.
    public func movedim(_ source: Int, _ destination: Int) -> Tensor { movedim([source], [destination]) }
}
