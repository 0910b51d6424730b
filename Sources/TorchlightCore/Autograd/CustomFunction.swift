/// An operation with a user-defined gradient.
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
    /// Computes the outputs. Operations inside are not recorded. Tensors that `backward` needs are saved in the
    /// context.
    ///
    /// An input that requires a gradient may be changed in place only if it is returned as an output; it then has the
    /// history of that output.
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor]
    /// Computes the gradients with respect to the inputs, one for each input, nil for none. Because it is made of
    /// tensor operations, it can be differentiated again.
    static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?]
}

/// Stores tensors and values of a custom function for its backward pass.
public final class FunctionContext {
    private struct Entry {
        var tensor: Tensor?
        var version: Int
        /// What the saved-tensor hooks returned for the tensor, instead of the tensor.
        var packed: (any PackedTensor)?
        var origin = Origin.other
    }

    private enum Origin {
        case input(Int), output(Int), other
    }

    private var entries: [Entry] = []
    /// The saved tensors in the current pass; nil outside of a pass.
    private var unpacked: [Tensor]?
    fileprivate var inputs: [Tensor] = []
    /// Values other than tensors. Save tensors with ``save(_:)``, which detects in-place changes.
    public var values: [String: any Sendable] = [:]
    /// For each input, whether it needs a gradient.
    public fileprivate(set) var needsGradient: [Bool] = []

    /// Saves tensors for the backward pass: inputs, outputs or intermediate tensors.
    ///
    /// For derivatives of higher order, gradients flow through saved inputs and outputs; other saved tensors are
    /// constants. A saved tensor that is changed in place before the backward pass is an error.
    public func save(_ tensors: Tensor...) {
        for tensor in tensors {
            var entry = Entry(tensor: tensor, version: tensor.version)
            if let index = inputs.firstIndex(where: { $0 === tensor }) { entry.origin = .input(index) }
            entries.append(entry)
        }
    }

    /// The saved tensors, in the order in which they were saved.
    public var saved: [Tensor] { unpacked ?? entries.compactMap(\.tensor) }

    /// Called after `forward`: outputs and views of them are kept without their history, since they hold the node that
    /// holds this context. Saved tensors are packed if there are hooks.
    fileprivate func detachOutputs(_ outputs: [Tensor]) {
        inputs = []
        for (key, value) in values {
            if let tensor = value as? Tensor {
                values[key] = Self.detached(tensor, from: outputs)
            } else if let tensors = value as? [Tensor] {
                values[key] = tensors.map { Self.detached($0, from: outputs) }
            }
        }
        for i in entries.indices {
            guard let tensor = entries[i].tensor else { continue }
            if let index = outputs.firstIndex(where: { $0 === tensor }) {
                entries[i].origin = .output(index)
                entries[i].tensor = tensor.withoutHistory
            } else {
                entries[i].tensor = Self.detached(tensor, from: outputs)
            }
            if SavedTensorHooks.areUsed, let packed = SavedTensorHooks.pack(tensor) {
                entries[i].packed = packed
                entries[i].tensor = nil
            }
        }
    }

    /// A tensor that does not hold the node of the outputs: a detached copy of the reference if it is an output or a
    /// view of one.
    private static func detached(_ tensor: Tensor, from outputs: [Tensor]) -> Tensor {
        outputs.contains { $0 === tensor || tensor.isView(of: $0) } ? tensor.withoutHistory : tensor
    }

    /// The context for one pass over a node, with the unpacked saved tensors.
    fileprivate func unpacked(for node: Node, keepsGraph: Bool, name: String) throws(TensorError) -> FunctionContext {
        for entry in entries {
            guard let tensor = entry.tensor, tensor.version != entry.version else { continue }
            throw TensorError(
                .autograd, in: "backward", "\(name) saved a tensor that was changed in place since",
                fix: "save a copy with clone()", operands: [tensor])
        }
        let context = FunctionContext()
        context.values = values
        context.needsGradient = needsGradient
        var tensors: [Tensor] = []
        for entry in entries {
            let tensor: Tensor
            if let packed = entry.packed { tensor = try packed.unpack() } else { tensor = entry.tensor! }
            switch entry.origin {
            case .input(let index) where keepsGraph && entry.packed != nil:
                tensors.append(node.withHistory(tensor, ofInput: index))
            case .output(let index) where keepsGraph: tensors.append(node.withHistory(tensor, ofOutput: index))
            default: tensors.append(tensor)
            }
        }
        context.unpacked = tensors
        return context
    }

    /// Releases the saved tensors. Returns whether there were any.
    fileprivate func release() -> Bool {
        defer { entries = [] }
        return !entries.isEmpty
    }
}

extension CustomFunction {
    /// Applies the function to inputs and returns its outputs. It is recorded if an input needs a gradient.
    public static func apply(_ inputs: Tensor...) -> [Tensor] { apply(inputs) }

    /// Applies the function and returns its first output.
    public static func callAsFunction(_ inputs: Tensor...) -> Tensor { apply(inputs)[0] }

    /// Applies the function to inputs and returns its outputs. It is recorded if an input needs a gradient.
    public static func apply(_ inputs: [Tensor]) -> [Tensor] {
        let context = FunctionContext()
        var needs = Needs()
        if isGradEnabled { for (i, input) in inputs.enumerated() where input.requiresGrad { needs[i] = true } }
        context.needsGradient = inputs.indices.map { needs[$0] }
        context.inputs = inputs
        let versions = needs.any ? inputs.map(\.version) : []
        let results = noGrad { forward(context, inputs) }
        guard needs.any else { return results }
        let name = String(describing: Self.self)
        let changed = inputs.indices.filter { inputs[$0].version != versions[$0] }
        do throws(TensorError) {
            try check(changed.map { inputs[$0] }, results, name)
        } catch { return results.map { fail(error, like: $0) } }
        // An output that is an input is returned as a view of it, which can have the node. Writing to one of them then
        // changes the history of the other.
        let outputs = results.map { result in
            guard let index = inputs.firstIndex(where: { $0 === result }) else { return result }
            return changed.contains(index) ? result : result.alias
        }
        context.detachOutputs(outputs)
        let rule = CustomRule(function: Self.self, context: context)
        let node = Node(rule: rule, name: name, inputs: Few(inputs), needs: needs, outputs: Few(outputs))
        for (i, output) in outputs.enumerated() where output.dtype.isDifferentiable {
            if inputs.contains(where: { $0 === output }) {
                rebaseHistory(of: output, to: node, output: i)
            } else {
                output.node = node
                output.outputIndex = i
                output.requiresGradFlag = true
            }
        }
        return outputs
    }

    /// Throws if `forward` changed an input in place that must not be changed, or that gets no new history.
    private static func check(_ changed: [Tensor], _ results: [Tensor], _ name: String) throws(TensorError) {
        for input in changed {
            if results.contains(where: { $0 === input }) {
                try checkHistory(of: input, name: name, needsGradient: true)
            } else if input.requiresGrad {
                throw TensorError(
                    .autograd, in: name,
                    "forward changed an input in place that requires a gradient, and does not return it",
                    fix: "return it among the results, or work on a clone()", operands: [input])
            }
        }
    }
}

extension Node {
    /// Whether it is a call of a custom function.
    var isCustomFunction: Bool { rule is CustomRule }
}

private struct CustomRule: GradientRule {
    let function: any CustomFunction.Type
    let context: FunctionContext

    func gradient(_ pass: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let name = String(describing: function)
        let unpacked = try context.unpacked(for: pass.node, keepsGraph: pass.keepsGraph, name: name)
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
        let results = function.backward(unpacked, gradients)
        guard results.count == pass.inputCount else {
            throw TensorError(
                .autograd, in: name, "backward returned \(quantity(results.count, "gradient"))",
                expected: "one for each input, \(pass.inputCount)")
        }
        for (i, result) in results.enumerated() {
            guard let result, pass.needs[i], result.layout.shape != pass.shape(i) else { continue }
            throw TensorError(
                .shape, in: name, "backward returned a gradient of another shape than input \(i)",
                expected: "\(Array(pass.shape(i)))", operands: [result])
        }
        return Few(results)
    }

    func releaseSaved() -> Bool { context.release() }
    var heldObject: AnyObject? { context }
}
