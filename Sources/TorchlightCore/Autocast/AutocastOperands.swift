// Conversion of operands inside `autocast { }`.
//
// A primitive declares the class of its operands by a trait. `perform` calls the functions below; without autocast the
// cost is one read of a thread-local flag. A composite whose class differs from that of its parts declares it in its
// first line:
//
//     if isAutocasting { return inFloat32 { mseLoss($0(input), $0(target), reduction: reduction) } }
//
// `$0` converts an operand. Autocast is off inside, so that the same function runs as it would outside.

/// Whether operations convert their operands.
@inline(__always)
package var isAutocasting: Bool { threadState.pointee.autocast != 0 }

/// Runs an operation on float32 operands.
package func inFloat32<R>(_ body: ((Tensor) -> Tensor) -> R) -> R {
    withoutAutocast { body { $0.isCastable ? $0.to(.float32) : $0 } }
}

/// Runs an operation on low-precision operands.
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

/// Runs the body without autocast: for an operation of no class whose parts have one.
package func withoutAutocast<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let state = threadState
    let outer = state.pointee.autocast
    state.pointee.autocast = 0
    defer { state.pointee.autocast = outer }
    return try body()
}

/// `perform` inside `autocast { }`. Operations that the primitive itself calls convert nothing.
func performAutocast(
    _ primitive: any Primitive, _ inputs: Few<Tensor>, into destinations: Few<Tensor?>
) throws(TensorError) -> Few<Tensor> {
    let dtype = DType(rawValue: threadState.pointee.autocast)!
    return try withoutAutocast { () throws(TensorError) in
        let kind = primitive.autocast
        if kind == .unchanged { return try perform(primitive, inputs, into: destinations) }
        var operands = Few<Tensor>()
        for input in inputs {
            operands.append(
                !input.isCastable
                    ? input : kind == .lowPrecision ? input.lowered(to: dtype) : input.to(.float32))
        }
        return try perform(primitive, operands, into: destinations)
    }
}

/// A low-precision copy of a parameter, valid as long as neither has changed.
struct AutocastCopy {
    let original: Tensor
    let storage: Storage
    let version: Int
    let copy: Tensor
}

extension Tensor {
    /// Whether autocast converts the tensor: floating point, but not float64.
    fileprivate var isCastable: Bool {
        dtype.isFloatingPoint && dtype != .float64 && !isPlaceholder
            && (device == .cpu || device.represented == .cpu)
    }

    /// The tensor converted to the dtype if autocast converts it; for parameters, the copy that this block has made.
    fileprivate func lowered(to dtype: DType) -> Tensor {
        guard isCastable, self.dtype != dtype else { return self }
        // Only leaves that require a gradient are cached: they are used again. A view of a leaf is a new object each
        // time.
        guard self.dtype == .float32, base == nil, requiresGradFlag, node == nil else { return to(dtype) }
        let context = ThreadContext.current
        let key = ObjectIdentifier(self)
        if let known = context.autocastCopies[key], known.copy.dtype == dtype, known.storage === storage,
            known.version == storage.version, !isGradEnabled || known.copy.carriesGradient
        {
            return known.copy
        }
        let copy = to(dtype)
        // The original is retained, so that no other tensor gets its address and its key.
        if !copy.isPlaceholder {
            context.autocastCopies[key] = AutocastCopy(
                original: self, storage: storage, version: storage.version, copy: copy)
        }
        return copy
    }

    /// Whether a gradient can flow back through the copy: it was made while gradients were recorded, and no backward
    /// pass has released its node.
    private var carriesGradient: Bool { node.map { !$0.isReleased } ?? false }
}
