/// One operation that backends run: everything else is composed of these.
///
/// A primitive is a value whose stored properties are its attributes (dimensions, strides, epsilon, ...). Its file
/// tells its whole story in this order: documentation (formula, shapes, dtypes, edge cases, convention at kinks and
/// ties), attributes, `output` with every argument check, kernel, gradient, traits, and the public function.
///
/// Requirements have no defaults where nobody may skip the thought; the builders (`UnaryPrimitive`,
/// `BinaryPrimitive`, ...) supply what a whole class shares.
package protocol Primitive: GradientRule, Sendable, Hashable {
    /// The public name, as errors and printed graphs show it.
    static var name: String { get }

    /// The same, asked of a value: cheaper than its dynamic type.
    var publicName: String { get }

    /// The shapes and dtypes of the results, after all argument checks. Devices are checked by the dispatcher.
    func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec>

    /// How the elements of a result lie in its new memory, asked where an operand does not lie row by row.
    func arrangement(of inputs: Few<Tensor>, shape: Dims) -> Layout

    /// Computes on the processor. The outputs are allocated as `output` said; in-place calls hand the target itself.
    func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError)

    /// Whether a gradient exists, or why not.
    var differentiability: Differentiability { get }

    /// What `gradient` reads of the forward pass, given which inputs need a gradient. Only this is kept alive.
    func saved(for needs: Needs) -> Saved

    /// The gradients of the inputs, given those of the outputs, written with public operations so that the second
    /// order comes free. An entry may be nil (no gradient, or not needed), may have the broadcast shape of the input
    /// and may be of another floating dtype: the engine sums and converts.
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?>

    /// Facts that the graph compiler and the autograd engine ask for.
    var traits: Traits { get }
}

extension Primitive {
    package var publicName: String { Self.name }
    /// Row by row.
    package func arrangement(of inputs: Few<Tensor>, shape: Dims) -> Layout { Layout(shape: shape) }
}

/// The shape and dtype of a result before it exists.
package struct TensorSpec: Sendable, Hashable {
    package var shape: Dims
    package var dtype: DType

    @inline(__always)
    package init(_ shape: Dims, _ dtype: DType) {
        self.shape = shape
        self.dtype = dtype
    }
}

/// Whether an operation has a derivative.
package enum Differentiability: Sendable {
    case differentiable
    /// The result is constant almost everywhere or not a real number (comparisons, indices, rounding to integers): it
    /// never needs a gradient.
    case constant
    /// There is a derivative in principle and none here: the call fails if an input needs one. Says why.
    case unavailable(String)
}

/// Facts of a primitive.
package struct Traits: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Element by element: may be fused with its neighbours, and may write into its first input.
    package static let elementwise = Traits(rawValue: 1)
    /// The result is a view of the first input.
    package static let aliases = Traits(rawValue: 2)
    /// Draws random numbers.
    package static let random = Traits(rawValue: 4)
    /// Cheaper to compute again than to keep.
    package static let cheap = Traits(rawValue: 8)
    /// Changes some places of its first input: in-place calls hand that input as the output too.
    package static let updates = Traits(rawValue: 16)
    /// Inside `autocast { }` the operands are converted to its dtype.
    package static let lowPrecision = Traits(rawValue: 32)
    /// Inside `autocast { }` the operands are converted to float32.
    package static let float32Precision = Traits(rawValue: 64)
}

/// A primitive whose result is another layout of its input's storage: no kernel, no memory.
package protocol ViewPrimitive: Primitive {
    /// The layout of the result, after all argument checks.
    func view(of input: Tensor) throws(TensorError) -> Layout
}

extension ViewPrimitive {
    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(try view(of: inputs[0]).shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        copyElements(from: inputs[0], layout: try view(of: inputs[0]), to: outputs[0])
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package var traits: Traits { [.aliases, .cheap] }
}

extension TensorError {
    package static func dtype(
        _ operation: String, _ inputs: [Tensor], expected: String, fix: String? = nil
    ) -> TensorError {
        TensorError(
            .dtype, in: operation, "this dtype is not supported", expected: expected, fix: fix, operands: inputs)
    }
}
