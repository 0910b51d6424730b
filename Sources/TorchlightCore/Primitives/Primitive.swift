/// One operation that devices run: everything else is composed of these.
///
/// A primitive is a value whose stored properties are its attributes (dimensions, strides, epsilon, ...). Its file
/// has, in this order: documentation (formula, shapes, dtypes, edge cases, convention at kinks and ties), attributes,
/// description (`infer` with every argument check), kernel, gradient, and the public function.
///
/// Description and execution are apart. `infer` sees shapes, strides, dtypes and devices, never memory, so that an
/// operation can be recorded, batched, exported and called on `Device.meta`. `run` calls the kernel interface, which
/// forwards to the device of its operands; it allocates nothing and reads no values.
///
/// Requirements that every primitive must decide for itself have no default implementation; the builders
/// (`UnaryPrimitive`, `BinaryPrimitive`, ...) implement those that are the same for a whole class of operations.
package protocol Primitive: GradientRule, Sendable, Hashable, Codable {
    /// The public name, stable: errors, printed graphs and saved files have it.
    static var name: String { get }

    /// The name that errors of this value have, as in "conv2d" for a two-dimensional "conv".
    var publicName: String { get }

    /// Whether it computes on complex numbers, or moves them; otherwise the dispatcher refuses complex operands and
    /// results.
    static var supportsComplex: Bool { get }

    // MARK: Description

    /// The shapes and dtypes of the results, after all argument checks that need no values. Devices are checked by the
    /// dispatcher.
    func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec>

    /// The memory layout of a result, called if an operand is not in row-major order.
    func resultLayout(of inputs: Specs, shape: Dims) -> Layout

    /// The device of the results, where that is not the device of the operands: creation, and copies between devices.
    var resultDevice: Device? { get }

    /// What it reads and writes besides its results.
    var effects: Effects { get }
    /// What the planner of a recorded graph may do with it.
    var fusion: FusionClass { get }
    /// How the results depend on the operands.
    var algebra: Algebra { get }
    /// What `autocast { }` does to its operands.
    var autocast: AutocastClass { get }

    /// Whether a gradient exists, or why not.
    var differentiability: Differentiability { get }

    /// What `gradient` reads of the forward pass, given which inputs need a gradient. Only this is kept alive.
    func saved(for needs: Needs) -> Saved

    /// The gradients of the inputs, given those of the outputs, written with public operations so that the second
    /// order comes free, and without reading values. An entry may be nil (no gradient, or not needed), may have the
    /// broadcast shape of the input and may be of another floating dtype: the engine sums and converts.
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?>

    /// The same results by other operations, for derivatives of higher order of a fused primitive, for export and for
    /// devices that lack its kernel; nil where it is not composed of others.
    func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>?

    /// Whether the size of the result depends on the values of an operand. Then an attribute has it, which the caller
    /// counted.
    var hasSizeOfValues: Bool { get }

    /// How many multiplications that are added up a call takes: products and convolutions; 0 for others.
    func multiplyAdds(_ inputs: Specs) -> Int

    /// The results for several examples at once, for `vmap`: mapped operands have the examples along dimension 0, and
    /// so has every result. nil where the primitive runs once for each example.
    func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>?

    // MARK: Execution

    /// Checks of values, such as indices in range; made before each run, on devices that have values.
    func validate(_ inputs: Few<Tensor>) throws(TensorError)

    /// Whether `run` reads an operand that has this layout; otherwise the dispatcher passes a row-major copy. Not
    /// called about operands in row-major order.
    func accepts(_ layout: Layout, ofOperand index: Int) -> Bool

    /// Whether `run` writes a first result of this layout; otherwise an in-place call computes in new memory and
    /// copies. Not called for row-major layouts.
    func acceptsResult(_ layout: Layout) -> Bool

    /// Computes the results by the kernel interface, on whatever device the operands are. The outputs are allocated as
    /// `infer` said; in-place calls hand the target itself.
    func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError)
}

extension Primitive {
    package static var supportsComplex: Bool { false }
    package var publicName: String { Self.name }
    /// Row-major.
    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout { Layout(shape: shape) }
    package var resultDevice: Device? { nil }
    package var hasSizeOfValues: Bool { false }
    package func multiplyAdds(_ inputs: Specs) -> Int { 0 }
    package var autocast: AutocastClass { .unchanged }
    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? { nil }
    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {}
    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { true }
    package func acceptsResult(_ layout: Layout) -> Bool { true }
}

/// Whether an operation has a derivative.
package enum Differentiability: Sendable {
    case differentiable
    /// The result is constant almost everywhere or not a real number (comparisons, indices, rounding to integers): it
    /// never needs a gradient.
    case constant
    /// The derivative is that of `decomposed`, which runs instead if an input needs a gradient: the fused
    /// backward passes, whose own gradients are needed only for derivatives of higher order.
    case throughDecomposition
    /// There is a derivative in principle and none here: the call fails if an input needs one. Says why.
    case unavailable(String)
}

/// A primitive whose result is another layout of its input's storage: no kernel, no memory.
package protocol ViewPrimitive: Primitive {
    /// The layout of the result, after all argument checks.
    func view(of input: TensorSpec) throws(TensorError) -> Layout
    /// The dtype of the result: that of the input, unless complex numbers are seen as pairs of real ones or the
    /// reverse.
    func viewType(of dtype: DType) -> DType
}

extension ViewPrimitive {
    package static var supportsComplex: Bool { true }
    package func viewType(of dtype: DType) -> DType { dtype }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let input = inputs[0]
        return Few(ResultSpec(try view(of: input).shape, viewType(of: input.dtype)))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        copyElements(from: inputs[0], layout: try view(of: TensorSpec(inputs[0])), to: outputs[0])
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package var effects: Effects { .aliases(0) }
    package var fusion: FusionClass { .view }
    package var algebra: Algebra { .linear }
}

/// A primitive that runs its decomposition: it exists for its gradient rule, which is better than that of its parts.
package protocol CompositePrimitive: Primitive {
    /// The results by other operations.
    func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>
}

extension CompositePrimitive {
    package var fusion: FusionClass { .composite }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runDecomposition(of: self)
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? { try composed(inputs) }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        var operands = Few<Tensor>()
        for input in inputs { operands.append(input.detach()) }
        for (result, output) in zip(try composed(operands), outputs) {
            copyElements(from: result, layout: result.layout, to: output)
        }
    }
}

extension TensorError {
    package static func dtype(
        _ operation: String, _ inputs: [any Described], expected: String, fix: String? = nil
    ) -> TensorError {
        TensorError(
            .dtype, in: operation, "this dtype is not supported", expected: expected, fix: fix, operands: inputs)
    }
}
