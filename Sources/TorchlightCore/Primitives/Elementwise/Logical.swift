import CKernels

// Logic on any dtype, in which everything but 0 is true; bool results, no gradient. `logicalNot` is a predicate.

/// Whether both operands are not 0.
package struct LogicalAnd: ConstantBinaryPrimitive {
    package static let name = "logicalAnd"
    package static let kernel = TL_BINARY_LOGICAL_AND
    package static let domain = BinaryDomain.predicate
}

/// Whether one of the operands is not 0.
package struct LogicalOr: ConstantBinaryPrimitive {
    package static let name = "logicalOr"
    package static let kernel = TL_BINARY_LOGICAL_OR
    package static let domain = BinaryDomain.predicate
}

/// Whether exactly one operand is not 0.
package struct LogicalXor: ConstantBinaryPrimitive {
    package static let name = "logicalXor"
    package static let kernel = TL_BINARY_LOGICAL_XOR
    package static let domain = BinaryDomain.predicate
}

extension Tensor {
    /// Where both are not 0, as bool.
    public func logicalAnd(_ other: Tensor) -> Tensor { apply(LogicalAnd(), self, other) }
    /// Where one of both is not 0, as bool.
    public func logicalOr(_ other: Tensor) -> Tensor { apply(LogicalOr(), self, other) }
    /// Where exactly one is not 0, as bool.
    public func logicalXor(_ other: Tensor) -> Tensor { apply(LogicalXor(), self, other) }
    /// 1 where both are not 0 and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func logicalAnd_(_ other: Tensor) -> Tensor {
        applyInPlace(LogicalAnd(), on: self, Few(self, other), name: "logicalAnd_")
    }
    /// 1 where one of both is not 0 and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func logicalOr_(_ other: Tensor) -> Tensor {
        applyInPlace(LogicalOr(), on: self, Few(self, other), name: "logicalOr_")
    }
    /// 1 where exactly one is not 0 and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func logicalXor_(_ other: Tensor) -> Tensor {
        applyInPlace(LogicalXor(), on: self, Few(self, other), name: "logicalXor_")
    }
}
