import CKernels

/// `b` where the condition `a` is true, else `c`: `(bool, [*], [*]) -> [*]`.
package struct Where: TernaryPrimitive {
    package static let name = "where"
    package static let supportsComplex = true
    package static let kernel = TL_TERNARY_WHERE

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        guard inputs[0].dtype == .bool else {
            throw .dtype(Self.name, Array(inputs), expected: "a bool condition", fix: "compare it, as in x .!= 0")
        }
        return ResultType.of(inputs[1], inputs[2])
    }

    package func saved(for needs: Needs) -> Saved { .input(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let condition = context.input(0)
        return Few(
            nil, context.needs[1] ? Tensor.where(condition, context.gradient, 0.0) : nil,
            context.needs[2] ? Tensor.where(condition, 0.0, context.gradient) : nil)
    }
}

extension Tensor {
    /// Selects elements: `a` where the condition is true, else `b`. All three broadcast; the dtypes of `a` and `b` are
    /// promoted.
    ///
    ///     Tensor.where(x > 0, x, x * 0.1)
    public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
        apply(Where(), condition, a, b)
    }

    /// Selects elements: `a` where the condition is true, else a number.
    public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: some TensorScalar) -> Tensor {
        apply(Where(), condition, a, a.choice(b.scalar))
    }

    /// Selects elements: a number where the condition is true, else `b`.
    public static func `where`(_ condition: Tensor, _ a: some TensorScalar, _ b: Tensor) -> Tensor {
        apply(Where(), condition, b.choice(a.scalar), b)
    }

    /// Selects between two numbers: the first where the condition is true, else the second. The dtype is that of
    /// `resultType` of the numbers.
    public static func `where`(_ condition: Tensor, _ a: some TensorScalar, _ b: some TensorScalar) -> Tensor {
        apply(Where(), condition, .wrap(a.scalar), .wrap(b.scalar))
    }

    /// The indices of the elements that are not 0, as one int64 tensor for each dimension, which can be used as index
    /// tensors.
    public static func `where`(_ condition: Tensor) -> [Tensor] { condition.atLeast1d().nonzero().unbind(dim: 1) }

    /// Selects elements: this tensor where the condition is true, else `other`.
    public func `where`(_ condition: Tensor, _ other: Tensor) -> Tensor { apply(Where(), condition, self, other) }

    /// Selects elements: this tensor where the condition is true, else a number.
    public func `where`(_ condition: Tensor, _ other: some TensorScalar) -> Tensor {
        apply(Where(), condition, self, choice(other.scalar))
    }

    /// A number as the other choice of `where` beside this tensor: the dtype of the result must hold it.
    private func choice(_ number: Scalar) -> Tensor {
        let wrapped = Tensor.wrap(number)
        if isPlaceholder { return wrapped }
        return .wrap(number, fitting: ResultType.of(self, wrapped), in: Where.name, like: self)
    }

    /// Returns a copy with the elements set to a number where the mask is true. The mask broadcasts; the dtype is kept.
    public func maskedFill(_ mask: Tensor, _ value: some TensorScalar) -> Tensor {
        isMask(mask, "maskedFill") ? apply(Where(), mask, filling(value.scalar, "maskedFill"), self) : self
    }

    /// Returns a copy with the elements set to the 0-dimensional `value` where the mask is true. The dtype is kept.
    public func maskedFill(_ mask: Tensor, _ value: Tensor) -> Tensor {
        guard isMask(mask, "maskedFill") else { return self }
        return Self.checkedFill(value, "maskedFill").map { apply(Where(), mask, $0.to(dtype), self) } ?? self
    }

    /// Sets the elements to a number where the mask is true, in place.
    @discardableResult
    public func maskedFill_(_ mask: Tensor, _ value: some TensorScalar) -> Tensor {
        guard isMask(mask, "maskedFill_") else { return self }
        return applyInPlace(
            Where(), on: self, Few(mask, filling(value.scalar, "maskedFill_"), self), name: "maskedFill_")
    }

    /// Sets the elements to the 0-dimensional `value` where the mask is true, in place.
    @discardableResult
    public func maskedFill_(_ mask: Tensor, _ value: Tensor) -> Tensor {
        guard isMask(mask, "maskedFill_") else { return self }
        return Self.checkedFill(value, "maskedFill_").map {
            applyInPlace(Where(), on: self, Few(mask, $0.to(dtype), self), name: "maskedFill_")
        } ?? self
    }

    /// Whether the mask is bool, which is an error otherwise.
    private func isMask(_ mask: Tensor, _ operation: String) -> Bool {
        if mask.dtype == .bool || mask.isPlaceholder || isPlaceholder { return true }
        reportFailure(
            TensorError(
                .dtype, in: operation, "the mask is not bool", expected: "a bool mask",
                fix: "compare it, as in mask .!= 0", operands: [self, mask]))
        return false
    }

    /// A number that is to fill a part of this tensor, whose dtype stays and must hold it.
    private func filling(_ value: Scalar, _ operation: String) -> Tensor {
        if isPlaceholder { return self }
        // As a number of the tensor's category, which leaves its dtype as it is; the kernel converts.
        return orFail(like: self) { () throws(TensorError) in
            try value.check(fits: dtype, in: operation)
            switch dtype.category {
            case .floatingPoint: return .wrap(.double(value.asDouble))
            case .complex: return .wrap(.complex(value.asComplex))
            case .integer: return .wrap(.int(value.asInt))
            case .bool: return .wrap(.bool(value.asComplex != 0))
            }
        }
    }

    private static func checkedFill(_ value: Tensor, _ operation: String) -> Tensor? {
        if value.rank == 0 { return value }
        reportFailure(
            TensorError(
                .shape, in: operation, "the value is not 0-dimensional", expected: "a number or a 0-dimensional tensor",
                fix: "use Tensor.where(mask, value, x)", operands: [value]))
        return nil
    }
}
