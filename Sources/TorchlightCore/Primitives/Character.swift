import CKernels

// The declarations of a primitive besides its shapes: for autocast, the planner of recorded graphs, forward
// derivatives, batching and export. `LawTests` check that what is said is true.

/// What running a primitive reads and writes besides its results.
package enum Effects: Sendable, Hashable {
    /// The results depend on attributes and operands alone and lie in new memory.
    case pure
    /// The result is another layout of the memory of this operand.
    case aliases(Int)
    /// Some elements of these operands change: an in-place call hands the operand as the result too; otherwise the
    /// result starts as a copy of it.
    case updates(Int)
    /// The results are random numbers, made from the seed and the number of the call that this operand holds. A recorded
    /// call that runs again is given the next number.
    case random(key: Int)

    package var isUpdate: Bool {
        if case .updates = self { true } else { false }
    }

    package var isRandom: Bool {
        if case .random = self { true } else { false }
    }
}

/// What the planner of a recorded graph may do with a primitive.
package enum FusionClass: Sendable, Hashable {
    /// Element `i` of the result is a function of the elements `i` of the operands, which broadcast: it may be computed
    /// together with its neighbours in the graph, and may write into the memory of an operand.
    case pointwise(ScalarFunction)
    /// Dimensions are reduced, each run by an associative operation.
    case reduction(ReductionKind)
    /// Every row along some dimensions is computed by itself, as in softmax and the normalisations.
    case rows
    /// No computation: another layout.
    case view
    /// Runs its decomposition: it has a name of its own for its gradient rule alone.
    case composite
    /// Runs by itself.
    case opaque

    package var isPointwise: Bool {
        if case .pointwise = self { true } else { false }
    }
}

/// The scalar function of a pointwise primitive, as a code of the kernels and of generated code.
package enum ScalarFunction: Sendable, Hashable {
    case unary(UInt32)
    case binary(UInt32)
    case ternary(UInt32)
    /// A conversion between dtypes, or a copy.
    case convert
    /// One number in every element.
    case constant

    package static func unary(_ operation: tl_unary_op) -> ScalarFunction { .unary(operation.rawValue) }
    package static func binary(_ operation: tl_binary_op) -> ScalarFunction { .binary(operation.rawValue) }
    package static func ternary(_ operation: tl_ternary_op) -> ScalarFunction { .ternary(operation.rawValue) }
}

/// The operation of a reduction, as a code of the kernels.
package struct ReductionKind: Sendable, Hashable {
    package let rawValue: UInt32
    package init(_ operation: tl_reduce_op) { rawValue = operation.rawValue }
}

/// How the results depend on the operands, from which forward derivatives and batching follow.
package enum Algebra: Sendable, Hashable {
    /// The Jacobian is diagonal: element `i` of the result depends on the elements `i` of the operands alone. The forward
    /// derivative is the gradient rule with the tangent in place of the gradient.
    case elementwise
    /// Linear in these operands together, the others held fixed; an empty list names all operands. The forward derivative
    /// is the operation itself.
    case linear([Int])
    /// The sum of a part that is linear in each of the first operands by itself and, where they are given, a part that is
    /// linear in the others. The forward derivative is a sum of calls, one an operand.
    case multilinear([Int], added: [Int] = [])
    /// Constant almost everywhere: the forward derivative is 0.
    case constant
    /// None of these: the forward derivative takes two reverse passes.
    case other

    /// Linear in all operands together.
    package static let linear = Algebra.linear([])
}

/// What `autocast { }` does to the operands of a primitive.
package enum AutocastClass: Sendable, Hashable {
    /// They stay as they are.
    case unchanged
    /// Converted to the low precision.
    case lowPrecision
    /// Converted to float32.
    case float32
}
