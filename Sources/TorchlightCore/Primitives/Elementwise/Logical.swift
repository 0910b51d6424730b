import CKernels

// Logic on any dtype, in which everything but 0 is true; bool results, no gradient. `logicalNot` is a predicate.

/// Whether both operands are not 0.
package struct LogicalAnd: ConstantBinaryPrimitive {
    package static let name = "logicalAnd"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_LOGICAL_AND
    package static let domain = BinaryDomain.predicate
}

/// Whether one of the operands is not 0.
package struct LogicalOr: ConstantBinaryPrimitive {
    package static let name = "logicalOr"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_LOGICAL_OR
    package static let domain = BinaryDomain.predicate
}

/// Whether exactly one operand is not 0.
package struct LogicalXor: ConstantBinaryPrimitive {
    package static let name = "logicalXor"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_LOGICAL_XOR
    package static let domain = BinaryDomain.predicate
}

extension Tensor {
    /// Logical AND, element by element, as bool. Elements other than 0 are true, NaN included. Shapes broadcast.
    public func logicalAnd(_ other: Tensor) -> Tensor { apply(LogicalAnd(), self, other) }
    /// Logical OR, element by element, as bool. Elements other than 0 are true, NaN included. Shapes broadcast.
    public func logicalOr(_ other: Tensor) -> Tensor { apply(LogicalOr(), self, other) }
    /// Logical XOR, element by element, as bool. Elements other than 0 are true, NaN included. Shapes broadcast.
    public func logicalXor(_ other: Tensor) -> Tensor { apply(LogicalXor(), self, other) }
    /// Logical AND, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func logicalAnd_(_ other: Tensor) -> Tensor {
        applyInPlace(LogicalAnd(), on: self, Few(self, other), name: "logicalAnd_")
    }
    /// Logical OR, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func logicalOr_(_ other: Tensor) -> Tensor {
        applyInPlace(LogicalOr(), on: self, Few(self, other), name: "logicalOr_")
    }
    /// Logical XOR, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func logicalXor_(_ other: Tensor) -> Tensor {
        applyInPlace(LogicalXor(), on: self, Few(self, other), name: "logicalXor_")
    }
}
