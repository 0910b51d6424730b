// Changes of shape in place: the tensor stays the same object and the elements stay where they are.

extension Tensor {
    /// Exchanges two dimensions, in place.
    ///
    /// The elements stay where they are; only this tensor sees them in another arrangement, not its views nor what it
    /// is a view of. Gradients flow through; a leaf that requires one is refused while gradients are recorded.
    @discardableResult
    public func transpose_(_ a: Int, _ b: Int) -> Tensor { rearrange(by: "transpose_") { $0.transpose(a, b) } }

    /// Exchanges two dimensions, in place.
    @discardableResult
    public func swapdims_(_ a: Int, _ b: Int) -> Tensor { rearrange(by: "swapdims_") { $0.transpose(a, b) } }

    /// Exchanges two dimensions, in place.
    @discardableResult
    public func swapaxes_(_ a: Int, _ b: Int) -> Tensor { rearrange(by: "swapaxes_") { $0.transpose(a, b) } }

    /// Transposes a matrix, in place; vectors and single numbers stay.
    @discardableResult
    public func t_() -> Tensor { rearrange(by: "t_") { $0.t() } }

    /// Takes all dimensions of size 1 away, in place.
    @discardableResult
    public func squeeze_() -> Tensor { rearrange(by: "squeeze_") { $0.squeeze() } }

    /// Takes one dimension away if its size is 1, in place.
    @discardableResult
    public func squeeze_(_ dim: Int) -> Tensor { rearrange(by: "squeeze_") { $0.squeeze(dim) } }

    /// Takes those of the dimensions away whose size is 1, in place.
    @discardableResult
    public func squeeze_(_ dims: [Int]) -> Tensor { rearrange(by: "squeeze_") { $0.squeeze(dims) } }

    /// Puts a dimension of size 1 in before `dim`, in place.
    @discardableResult
    public func unsqueeze_(_ dim: Int) -> Tensor { rearrange(by: "unsqueeze_") { $0.unsqueeze(dim) } }

    /// Sees the storage with other sizes, strides and start, all in elements, in place.
    ///
    /// - Parameter offset: the start; that of this tensor where it is left out.
    @discardableResult
    public func asStrided_(_ size: [Int], stride: [Int], offset: Int? = nil) -> Tensor {
        rearrange(by: "asStrided_") { $0.asStrided(size, stride: stride, offset: offset) }
    }

    /// Gives the tensor another shape whose elements are those of its memory, row by row from its start, in place.
    ///
    /// Where the memory holds fewer, the tensor moves to larger memory of its own that starts with what it had and ends
    /// with zeros; views of it stay behind. Not for tensors that require a gradient, and a view cannot grow.
    @discardableResult
    public func resize_(_ shape: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard !requiresGrad else {
                throw TensorError(
                    .autograd, in: "resize_", "the tensor requires a gradient, which new elements do not have",
                    fix: "use x.detach(), or reshape where the number of elements stays", operands: [self])
            }
            guard shape.allSatisfy({ $0 >= 0 }) else {
                throw TensorError(
                    .shape, in: "resize_", "a size is negative", got: "\(shape)", expected: "sizes of at least 0",
                    operands: [self])
            }
            if shape == self.shape { return self }
            let held = storage.byteCount / dtype.byteSize - layout.offset
            if Dims(shape).product <= held {
                try checkShape(Dims(shape), in: "resize_")
                storage.noteWrite(by: "resize_")
                arrange(Layout(shape: Dims(shape), offset: layout.offset))
                return self
            }
            guard base == nil else {
                throw TensorError(
                    .value, in: "resize_", "a view cannot grow", got: "\(shape)",
                    expected: "at most \(quantity(held, "element"))", fix: "resize x.clone()", operands: [self])
            }
            let block = try Tensor.filled(0, shape: Dims(shape), dtype: dtype, device: device)
            let old = Layout(shape: [held], offset: layout.offset)
            let start = Tensor(storage: block.storage, layout: Layout(shape: [held]), dtype: dtype)
            if device.hasValues {
                WorkCounts.noteKernel()
                copyElements(from: self, layout: old, to: start)
            }
            arrange(block.layout, in: block.storage)
            return self
        }
    }

    /// Gives the tensor the shape of another, as `resize_` does.
    @discardableResult
    public func resizeAs_(_ other: Tensor) -> Tensor { other.isPlaceholder ? self : resize_(other.shape) }

    /// Writes a number on the main diagonal, in place: where all indices are equal.
    ///
    /// Matrices of any sizes, and tensors of more dimensions with all sizes equal.
    ///
    /// - Parameter wrap: in a matrix with more rows than columns the diagonal begins again below its end, after one row.
    @discardableResult
    public func fillDiagonal_(_ value: some TensorScalar, wrap: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            let sizes = layout.shape
            guard rank >= 2, rank == 2 || sizes.allSatisfy({ $0 == sizes[0] }) else {
                throw TensorError(
                    .shape, in: "fillDiagonal_", "the tensor has no main diagonal",
                    expected: "a matrix, or more dimensions of one size", operands: [self])
            }
            try checkWritable(self, name: "fillDiagonal_", needsGradient: false)
            if count == 0 { return self }
            if wrap && rank == 2 && sizes[0] > sizes[1] + 1 {
                // Row by row, the places lie one row and one element apart.
                let places = Tensor.arange(count, device: device).remainder(sizes[1] + 1) .== 0
                return maskedFill_(places.reshape(shape), value)
            }
            let size = sizes.reduce(sizes[0]) { Swift.min($0, $1) }
            let step = layout.strides.reduce(0, +|)
            asStrided([size], stride: [step]).fill_(value)
            return self
        }
    }

    /// Takes the arrangement and the history of a view of itself.
    private func rearrange(by name: String, _ view: (Tensor) -> Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try checkHistory(of: self, name: name, needsGradient: false)
            // Without recording too: the history has to fit the shape.
            let other = enableGrad { view(self) }
            if other.isPlaceholder { return other }
            if other === self { return self }
            // What was saved for a gradient may be this very tensor, whose shape changes now.
            storage.noteWrite(by: name)
            if isLeaf {
                // Of another shape than the leaf has now.
                gradient = nil
            } else {
                node = other.node
                outputIndex = other.outputIndex
            }
            arrange(other.layout)
            return self
        }
    }
}
