import CKernels

// What operations do inside `autocast { }`.
//
// A primitive says by a trait how it wants its operands; `perform` asks here, at the price of one flag of the thread where
// autocast is off. A composite that has a class of its own, which is not that of its parts, names it in its first line:
//
//     if isAutocasting { return inFloat32 { mseLoss($0(input), $0(target), reduction: reduction) } }
//
// `$0` converts an operand; inside autocast is off, so that the same function runs as it would outside.

/// Whether operations convert their operands.
@inline(__always)
package var isAutocasting: Bool { threadState.pointee.autocast != 0 }

/// Runs an operation on float32 operands.
package func inFloat32<R>(_ body: ((Tensor) -> Tensor) -> R) -> R {
    withoutAutocast { body { $0.isCastable ? $0.to(.float32) : $0 } }
}

/// Runs an operation on operands of the low precision.
package func inLowPrecision<R>(_ body: ((Tensor) -> Tensor) -> R) -> R {
    let dtype = autocastDType ?? .float32
    return withoutAutocast { body { $0.lowered(to: dtype) } }
}

extension Tensor {
    /// Runs an operation on this and another tensor in the wider of their dtypes.
    package func inWidest(_ other: Tensor, _ body: (Tensor, Tensor) -> Tensor) -> Tensor {
        if isCastable && other.isCastable && (dtype == .float32) != (other.dtype == .float32) {
            return inFloat32 { body($0(self), $0(other)) }
        }
        return withoutAutocast { body(self, other) }
    }
}

/// Runs an operation of no class whose parts have one.
package func withoutAutocast<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let state = threadState
    let outer = state.pointee.autocast
    state.pointee.autocast = 0
    defer { state.pointee.autocast = outer }
    return try body()
}

/// `perform` inside `autocast { }`: what the primitive itself calls is part of it and converts nothing more.
func performAutocast(
    _ primitive: any Primitive, _ inputs: Few<Tensor>, into places: Few<Tensor?>
) throws(TensorError) -> Few<Tensor> {
    let dtype = DType(rawValue: threadState.pointee.autocast)!
    return try withoutAutocast { () throws(TensorError) in
        let kind = primitive.autocast
        if kind == .unchanged { return try perform(primitive, inputs, into: places) }
        var operands = Few<Tensor>()
        for input in inputs {
            operands.append(
                !input.isCastable
                    ? input : kind == .lowPrecision ? input.lowered(to: dtype) : input.to(.float32))
        }
        return try perform(primitive, operands, into: places)
    }
}

/// A parameter in the low precision, good while neither has changed.
struct AutocastCopy {
    let original: Tensor
    let storage: Storage
    let version: Int
    let copy: Tensor
}

extension Tensor {
    /// Whether autocast converts it: floating point, but not float64.
    fileprivate var isCastable: Bool {
        dtype.isFloatingPoint && dtype != .float64 && !isPlaceholder && device == .cpu
    }

    /// The tensor in the dtype, where autocast converts it; parameters from the copy that this block made already.
    fileprivate func lowered(to dtype: DType) -> Tensor {
        guard isCastable, self.dtype != dtype else { return self }
        // What will be asked for again are the leaves that learn. A view of one is another object each time.
        guard self.dtype == .float32, base == nil, requiresGradFlag, node == nil else { return to(dtype) }
        let context = ThreadContext.current
        let key = ObjectIdentifier(self)
        if let known = context.autocastCopies[key], known.copy.dtype == dtype, known.storage === storage,
            known.version == storage.version, !isGradEnabled || known.copy.carriesGradient
        {
            return known.copy
        }
        let copy = to(dtype)
        // The original is held, so that no other tensor takes its place in memory and its key.
        if !copy.isPlaceholder {
            context.autocastCopies[key] = AutocastCopy(
                original: self, storage: storage, version: storage.version, copy: copy)
        }
        return copy
    }

    /// Whether a gradient still finds its way back: the copy was made while gradients were recorded, and no backward pass has
    /// freed its node since.
    private var carriesGradient: Bool { node.map { !$0.isReleased } ?? false }
}
