/// The same elements in the same order under another shape, without a copy.
package struct View: ViewPrimitive {
    package static let name = "view"
    package var shape: Dims

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        guard let layout = input.layout.viewed(as: shape) else {
            throw TensorError(
                .shape, in: Self.name, "a view of this shape is not possible with the strides",
                got: "strides \(Array(input.layout.strides)) for the shape \(Array(shape))",
                fix: "use reshape(_:), which copies",
                operands: [input])
        }
        return layout
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient.reshape(Array(context.shape(0))))
    }

    package func region(of layout: Layout) -> Layout? { layout.viewed(as: shape) }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        Few(operands[0].reshape(Array(shape.batch(of: operands.size))))
    }
}

extension Tensor {
    /// A view with another shape and the same elements in row-major order; one size may be -1 and is inferred. It shares
    /// the memory of the tensor.
    ///
    ///     Tensor.arange(6).view(2, -1)        // [2, 3]
    ///
    /// It is an error if the sizes do not have the same product, or if the elements are not in row-major order in memory, as
    /// after `transpose`: use `reshape`, which copies then.
    public func view(_ shape: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in applyView(View(shape: try inferred(shape, "view")), self) }
    }

    /// A view with another shape and the same elements.
    public func view(_ shape: Int...) -> Tensor { view(shape) }

    /// The same elements in row-major order with another shape; one size may be -1 and is inferred. A view if possible,
    /// otherwise a copy.
    public func reshape(_ shape: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let target = try inferred(shape, "reshape")
            return applyView(View(shape: target), layout.viewed(as: target) == nil ? rowMajorClone() : self)
        }
    }

    /// The same elements with another shape; one size may be -1 and is inferred.
    public func reshape(_ shape: Int...) -> Tensor { reshape(shape) }
    /// The same elements with the shape of another tensor.
    public func reshape(as other: Tensor) -> Tensor { reshape(other.shape) }

    /// Flattens the dimensions `from ... to` into one: `[2, 3, 4].flatten(from: 1) -> [2, 12]`. Default: all
    /// dimensions.
    public func flatten(from: Int = 0, to: Int = -1) -> Tensor {
        if rank == 0 { return reshape([1]) }
        return orFail(like: self) { () throws(TensorError) in
            let first = try resolve(from, in: "flatten")
            let last = try resolve(to, in: "flatten")
            guard first <= last else {
                throw TensorError(
                    .index, in: "flatten", "the first dimension is after the last", got: "\(from) and \(to)",
                    operands: [self])
            }
            var merged = 1
            for i in first...last { merged *= layout.shape[i] }
            return reshape(Array(shape[..<first]) + [merged] + Array(shape[(last + 1)...]))
        }
    }

    /// Splits a dimension into several: `[2, 12].unflatten(1, [3, -1]) -> [2, 3, 4]`.
    public func unflatten(_ dim: Int, _ sizes: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: "unflatten")
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: "unflatten", "a 0-dimensional tensor has no dimension to split",
                    expected: "at least one dimension", fix: "use reshape(_:)", operands: [self])
            }
            let known = sizes.filter { $0 != -1 }.reduce(1, *|)
            let sizes = sizes.map { $0 == -1 && known > 0 ? layout.shape[d] / known : $0 }
            guard sizes.reduce(1, *|) == layout.shape[d] else {
                throw TensorError(
                    .shape, in: "unflatten", "the sizes do not multiply to the dimension's", got: "\(sizes)",
                    expected: "a product of \(layout.shape[d])", operands: [self])
            }
            return reshape(Array(shape[..<d]) + sizes + Array(shape[(d + 1)...]))
        }
    }

    /// Flattens the tensor to one dimension. A view if possible, otherwise a copy.
    public func ravel() -> Tensor { contiguous().reshape([-1]) }

    /// The shape with -1 worked out.
    private func inferred(_ shape: [Int], _ operation: String) throws(TensorError) -> Dims {
        var target = Dims(shape)
        var known = 1
        var open: Int?
        for (i, size) in shape.enumerated() {
            if size == -1 && open == nil { open = i } else if size >= 0 { known *|= size } else { open = -1 }
        }
        if let open, open >= 0, known > 0, count % known == 0 { target[open] = count / known }
        guard open != -1, target.allSatisfy({ $0 >= 0 }), target.product == count else {
            throw TensorError(
                .shape, in: operation, "the shape \(shape) does not fit \(quantity(count, "element"))",
                expected: "sizes whose product is \(count), at most one of them -1", operands: [self])
        }
        return target
    }
}
