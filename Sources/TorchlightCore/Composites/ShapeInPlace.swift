// In-place changes of the shape: the tensor object and its elements stay the same.

extension Tensor {
    /// Exchanges two dimensions, in place.
    ///
    /// Only the strides of this tensor change, not its memory, its views or its base. Gradients flow through. An error
    /// for a leaf that requires a gradient while gradients are recorded.
    @discardableResult
    public func transpose_(_ a: Int, _ b: Int) -> Tensor { rearrange(by: "transpose_") { $0.transpose(a, b) } }

    /// Exchanges two dimensions, in place.
    @discardableResult
    public func swapdims_(_ a: Int, _ b: Int) -> Tensor { rearrange(by: "swapdims_") { $0.transpose(a, b) } }

    /// Exchanges two dimensions, in place.
    @discardableResult
    public func swapaxes_(_ a: Int, _ b: Int) -> Tensor { rearrange(by: "swapaxes_") { $0.transpose(a, b) } }

    /// Transposes a matrix, in place; no effect on vectors and 0-dimensional tensors.
    @discardableResult
    public func t_() -> Tensor { rearrange(by: "t_") { $0.t() } }

    /// Removes all dimensions of size 1, in place.
    @discardableResult
    public func squeeze_() -> Tensor { rearrange(by: "squeeze_") { $0.squeeze() } }

    /// Removes dimension `dim` if its size is 1, in place.
    @discardableResult
    public func squeeze_(_ dim: Int) -> Tensor { rearrange(by: "squeeze_") { $0.squeeze(dim) } }

    /// Removes the given dimensions whose size is 1, in place.
    @discardableResult
    public func squeeze_(_ dims: [Int]) -> Tensor { rearrange(by: "squeeze_") { $0.squeeze(dims) } }

    /// Inserts a dimension of size 1 before `dim`, in place.
    @discardableResult
    public func unsqueeze_(_ dim: Int) -> Tensor { rearrange(by: "unsqueeze_") { $0.unsqueeze(dim) } }

    /// Sets the sizes, strides and storage offset of the tensor, in elements, in place.
    ///
    /// - Parameter offset: the storage offset. Default: that of this tensor.
    @discardableResult
    public func asStrided_(_ size: [Int], stride: [Int], offset: Int? = nil) -> Tensor {
        rearrange(by: "asStrided_") { $0.asStrided(size, stride: stride, offset: offset) }
    }

    /// Changes the shape of the tensor, in place, to the elements of its memory in row-major order from its offset.
    ///
    /// If the memory is too small, the tensor gets new memory that starts with its old elements and is filled with
    /// zeros; its views keep the old memory. An error if the tensor requires a gradient, or if a view would have to
    /// grow. Unlike in PyTorch, new elements are initialised.
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
                storage.bumpVersion(by: "resize_")
                arrange(Layout(shape: Dims(shape), offset: layout.offset))
                return self
            }
            guard base == nil else {
                throw TensorError(
                    .value, in: "resize_", "a view cannot grow", got: "\(shape)",
                    expected: "at most \(quantity(held, "element"))", fix: "resize x.clone()", operands: [self])
            }
            guard !device.isRecording else {
                throw TensorError(
                    .value, in: "resize_", "a recorded function cannot move a tensor to other memory",
                    fix: "use cat or pad", operands: [self])
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

    /// Changes the shape of the tensor to that of another one, in place, as `resize_`.
    @discardableResult
    public func resizeAs_(_ other: Tensor) -> Tensor { other.isPlaceholder ? self : resize_(other.shape) }

    /// Fills the main diagonal, where all indices are equal, with a number, in place.
    ///
    /// For matrices of any size, and for tensors of more dimensions if all sizes are equal.
    ///
    /// - Parameter wrap: whether the diagonal of a matrix with more rows than columns continues after its end, one row
    ///   below. Default: false.
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
                // In row-major order, the elements of the diagonal are one row and one element apart.
                let isOnDiagonal = Tensor.arange(count, device: device).remainder(sizes[1] + 1) .== 0
                return maskedFill_(isOnDiagonal.reshape(shape), value)
            }
            let size = sizes.reduce(sizes[0]) { Swift.min($0, $1) }
            let step = layout.strides.reduce(0, +|)
            asStrided([size], stride: [step]).fill_(value)
            return self
        }
    }

    /// Takes the layout and the history of a view of the tensor.
    private func rearrange(by name: String, _ view: (Tensor) -> Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try checkHistory(of: self, name: name, needsGradient: false)
            // Recorded also under `noGrad`: the history must match the shape.
            let other = enableGrad { view(self) }
            if other.isPlaceholder { return other }
            if other === self { return self }
            // The tensor itself may be a saved tensor, whose shape changes now.
            storage.bumpVersion(by: name)
            if isLeaf {
                // The gradient does not have the new shape.
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
