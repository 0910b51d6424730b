/// Code of the program that runs whenever a recorded graph runs, in the order of its instructions: the step of an optimiser,
/// a check of values, the assignment of a gradient.
package final class GraphEffect: @unchecked Sendable {
    package enum Kind {
        /// Sets the gradient of a leaf to the only operand, or to nil if there is none.
        case setGradient(Graph.Leaf)
        /// Changes the first operands in place, as many as the instruction has results, and reads the others.
        case update
        /// Reads the operands, and may fail.
        case call

        var isUpdate: Bool { if case .update = self { true } else { false } }
        var setsGradient: Bool { if case .setGradient = self { true } else { false } }
    }

    /// The name in errors and printed graphs.
    package let name: String
    package let kind: Kind
    /// Gets the operands. Not called for `setGradient`.
    package let body: ([Tensor]) throws(TensorError) -> Void
    /// What a file says of the effect.
    package let form: Form

    /// How a file describes an effect.
    package enum Form {
        /// It has no description: code of the program.
        case none
        /// A check of values. Files leave it out: it changes nothing.
        case check
        /// A call that is a value.
        case update(any GraphUpdate)
        /// The step of this object, which has a state of its own.
        case step(of: AnyObject)
    }

    package init(
        _ name: String, _ kind: Kind, _ form: Form = .none,
        _ body: @escaping ([Tensor]) throws(TensorError) -> Void = { _ in }
    ) {
        self.name = name
        self.kind = kind
        self.form = form
        self.body = body
    }
}

/// A kernel that changes some tensors and reads others, which files name: the clipping of gradients.
package protocol GraphUpdate: Sendable, Codable {
    static var name: String { get }
    /// Throws unless `run` can be called on operands of these descriptions, of which it changes the first `changed`.
    func check(_ operands: [TensorSpec], changed: Int) throws(TensorError)
    /// Runs the kernel on the tensors that it changes and, after them, those that it reads.
    func run(_ tensors: [Tensor])
}

/// Stands for a `GraphEffect` where an instruction names a primitive. It is never called.
package struct EffectCall: Primitive {
    package static let name = "effect"

    package init() {}

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> { Few() }
    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {}
    package func arrangement(of inputs: Specs, shape: Dims) -> Layout { Layout(shape: shape) }
    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var differentiability: Differentiability { .unavailable("it stands for code of the program") }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }
}
