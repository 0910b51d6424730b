/// An operation with a gradient of the user's own.
///
///     struct Cube: CustomFunction {
///         static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
///             context.save(inputs[0])
///             return [inputs[0] * inputs[0] * inputs[0]]
///         }
///         static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
///             [gradients[0] * 3 * context.saved[0] * context.saved[0]]
///         }
///     }
///     let y = Cube.apply(x)
public protocol CustomFunction {
    /// Computes the results. Nothing inside is recorded; what `backward` needs is put into the context.
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor]
    /// The gradients of the inputs, one each, nil for none. Written with tensor operations, it can itself be
    /// differentiated.
    static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?]
}

/// What a custom function carries from its forward to its backward pass.
public final class FunctionContext {
    private var tensors: [Tensor] = []
    private var versions: [Int] = []
    /// Anything that is not a tensor.
    public var values: [String: any Sendable] = [:]
    /// Which inputs need a gradient.
    public fileprivate(set) var needsGradient: [Bool] = []

    /// Keeps tensors for the backward pass. Inputs only: what the function made is computed again or saved detached.
    public func save(_ tensors: Tensor...) {
        self.tensors += tensors
        versions += tensors.map(\.version)
    }

    /// The tensors that were kept.
    public var saved: [Tensor] { tensors }

    fileprivate func check(_ name: String) throws(TensorError) {
        for (tensor, version) in zip(tensors, versions) where tensor.version != version {
            throw TensorError(
                .autograd, in: "backward", "\(name) saved a tensor that was changed in place since",
                fix: "save a copy with clone()", operands: [tensor])
        }
    }

    fileprivate func release() {
        tensors = []
        versions = []
    }
}

extension CustomFunction {
    /// Runs the function on inputs, recording it where one needs a gradient.
    public static func apply(_ inputs: Tensor...) -> [Tensor] { apply(inputs) }

    /// Runs the function of one result.
    public static func callAsFunction(_ inputs: Tensor...) -> Tensor { apply(inputs)[0] }

    /// Runs the function on inputs, recording it where one needs a gradient.
    public static func apply(_ inputs: [Tensor]) -> [Tensor] {
        let context = FunctionContext()
        var needs = Needs()
        if isGradEnabled { for (i, input) in inputs.enumerated() where input.requiresGrad { needs[i] = true } }
        context.needsGradient = inputs.indices.map { needs[$0] }
        let results = noGrad { forward(context, inputs) }
        guard needs.any else { return results }
        // A result that is an input is passed on as a new tensor, so that it can carry the node.
        let outputs = results.map { result in
            inputs.contains { $0 === result } ? result.detach() : result
        }
        let rule = CustomRule(function: Self.self, context: context)
        let node = Node(
            rule: rule, name: String(describing: Self.self), inputs: Few(inputs), needs: needs, outputs: Few(outputs))
        for (i, output) in outputs.enumerated() where output.dtype.isFloatingPoint {
            output.node = node
            output.outputIndex = i
            output.requiresGradFlag = true
        }
        return outputs
    }
}

private struct CustomRule: GradientRule {
    let function: any CustomFunction.Type
    let context: FunctionContext

    func gradient(_ pass: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let name = String(describing: function)
        try context.check(name)
        let device = pass.gradients.lazy.compactMap { $0 }.first?.device ?? .cpu
        var gradients: [Tensor] = []
        for (i, gradient) in pass.gradients.enumerated() {
            if let gradient {
                gradients.append(gradient)
            } else {
                gradients.append(
                    try Tensor.filled(0, shape: pass.outputShape(i), dtype: pass.outputDType(i), device: device))
            }
        }
        let results = function.backward(context, gradients)
        guard results.count == pass.inputCount else {
            throw TensorError(
                .autograd, in: name, "backward returned \(results.count) gradients",
                expected: "one for each of the \(pass.inputCount) inputs")
        }
        for (i, result) in results.enumerated() {
            guard let result, pass.needs[i], result.layout.shape != pass.shape(i) else { continue }
            throw TensorError(
                .shape, in: name, "backward returned a gradient of another shape than input \(i)",
                expected: "\(Array(pass.shape(i)))", operands: [result])
        }
        return Few(results)
    }

    func releaseSaved() { context.release() }
    var heldObject: AnyObject? { context }
}
