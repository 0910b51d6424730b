/// A side effect of a recorded graph: the step of an optimiser, a check of values, the assignment of a gradient, or
/// code of the program. It runs in each run, in the order of the instructions.
package final class GraphEffect: @unchecked Sendable {
    package enum Kind {
        /// Sets the gradient of a leaf to the only operand, or to nil if there is none.
        case setGradient(Graph.Leaf)
        /// Changes its first operands in place, one per result of the instruction, and reads the others.
        case update
        /// Reads the operands, and may throw.
        case call

        var isUpdate: Bool { if case .update = self { true } else { false } }
        var setsGradient: Bool { if case .setGradient = self { true } else { false } }
    }

    /// The name in errors and in the text of graphs.
    package let name: String
    package let kind: Kind
    /// The code, called with the operands. Not called for `setGradient`.
    package let body: ([Tensor]) throws(TensorError) -> Void
    /// The description of the effect in a program file.
    package let form: Form

    /// The description of an effect in a program file.
    package enum Form {
        /// None: the effect runs code of the program.
        case none
        /// A check of values. It changes nothing, and files leave it out.
        case check
        /// A kernel call that files can describe.
        case update(any GraphUpdate)
        /// The step of this stateful object.
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

/// A kernel that changes some tensors and reads others, and that files name, such as gradient clipping.
package protocol GraphUpdate: Sendable, Codable {
    static var name: String { get }
    /// Throws unless `run` accepts operands of these descriptions, of which it changes the first `changed`.
    func check(_ operands: [TensorSpec], changed: Int) throws(TensorError)
    /// Runs the kernel. The changed tensors come first, then those that are only read.
    func run(_ tensors: [Tensor])
}

/// The placeholder primitive of an instruction with a `GraphEffect`. It is never called.
package struct EffectCall: Primitive {
    package static let name = "effect"

    package init() {}

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> { Few() }
    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {}
    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout { Layout(shape: shape) }
    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var differentiability: Differentiability { .unavailable("it stands for code of the program") }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }
}
