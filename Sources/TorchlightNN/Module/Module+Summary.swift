import TorchlightCore

/// What a model is made of and what a call of it takes, as a table.
public struct ModuleSummary: Sendable, CustomStringConvertible {
    /// One module.
    public struct Row: Sendable {
        /// Its path, "" for the model itself.
        public let name: String
        /// Its type.
        public let type: String
        /// The shape of its first result in the last call; nil where it was not called.
        public let outputShape: [Int]?
        /// The elements of its own parameters, without those of the modules inside it.
        public let parameterCount: Int
        /// The multiplications that its own products and convolutions add up, without those of the modules inside it.
        public let multiplyAdds: Int
        /// The bytes of the results that its own operations make, without those of the modules inside it.
        public let activationBytes: Int
    }

    /// The modules in the order of the model.
    public let rows: [Row]
    /// The elements of all parameters, shared ones once.
    public let parameterCount: Int
    /// Those that are trained.
    public let trainableCount: Int
    /// The bytes of parameters and buffers.
    public let byteCount: Int
    /// The multiplications that all products and convolutions of the call add up.
    public var multiplyAdds: Int { rows.reduce(0) { $0 + $1.multiplyAdds } }
    /// The bytes of all results that the operations of the call make: about what a training step keeps.
    public var activationBytes: Int { rows.reduce(0) { $0 + $1.activationBytes } }

    /// The table, and the sums below it.
    public var description: String {
        let wasCalled = rows.contains { $0.outputShape != nil }
        func number(_ value: Int) -> String { value == 0 ? "-" : grouped(value) }
        let table = TextTable(
            header: ["layer", "type", "output shape", "parameters"]
                + (wasCalled ? ["multiply-adds", "activations"] : []),
            rows: rows.map { row in
                [row.name, row.type, row.outputShape.map { "\($0)" } ?? "-", number(row.parameterCount)]
                    + (wasCalled
                        ? [number(row.multiplyAdds), row.activationBytes == 0 ? "-" : Memory.text(row.activationBytes)]
                        : [])
            }, numbers: [3, 4, 5])
        var text =
            table.description + "\nparameters \(grouped(parameterCount)), trained \(grouped(trainableCount)), "
            + "\(Memory.text(byteCount)) with buffers"
        if wasCalled {
            text += "\nmultiply-adds \(grouped(multiplyAdds)), activations \(Memory.text(activationBytes))"
        }
        return text
    }
}

extension Module {
    /// The modules inside this one with their parameters.
    public func summary() -> ModuleSummary { summary(CallCosts()) }

    /// The modules inside this one with their parameters, and the output shapes, multiply-adds and activation bytes of the
    /// calls that the body makes.
    ///
    ///     model.summary { _ = model(source, target) }
    ///
    /// Nothing is computed: while the body runs, the parameters and buffers are on `Device.meta`, as the tensors must be
    /// that it makes; the default device is `meta` as well. The modules keep their mode.
    public func summary(calling body: () throws -> Void) rethrows -> ModuleSummary {
        let costs = CallCosts()
        let handles = modules().map { module in
            module.observeResults { module, outputs in
                if let shape = outputs.compactMap({ $0 }).first?.shape {
                    costs.shapes[ObjectIdentifier(module)] = shape
                }
            }
        }
        defer { for handle in handles { handle.remove() } }
        try describingOnly(parameters() + buffers()) {
            try withDevice(.meta) { try noGrad { try recordingCalls(with: costs, body) } }
        }
        return summary(costs)
    }

    private func summary(_ costs: CallCosts) -> ModuleSummary {
        let rows = namedModules().map { name, module in
            let id = ObjectIdentifier(module)
            return ModuleSummary.Row(
                name: name, type: String(describing: type(of: module)), outputShape: costs.shapes[id],
                parameterCount: module.currentContents.parameters.reduce(0) { $0 + $1.tensor.count },
                multiplyAdds: costs.multiplyAdds[id] ?? 0, activationBytes: costs.bytes[id] ?? 0)
        }
        return ModuleSummary(
            rows: rows, parameterCount: parameterCount(), trainableCount: parameterCount(trainableOnly: true),
            byteCount: (parameters() + buffers()).reduce(0) { $0 + $1.count * $1.dtype.byteSize })
    }

    /// Gives all parameters and buffers memory on a device, with whatever values lie there: for a model that was built on
    /// `Device.meta` and is about to be loaded. Returns the module.
    @discardableResult
    public func toEmpty(device: Device) -> Self {
        noGrad {
            for tensor in parameters() + buffers() {
                let memory = Tensor.empty(tensor.shape, dtype: tensor.dtype, device: device)
                if !memory.isPlaceholder { tensor.adopt(memory) }
            }
        }
        return self
    }
}

extension Layer {
    /// The modules inside this one with their parameters, and the output shapes, multiply-adds and activation bytes of a
    /// call in evaluation mode. Nothing is computed and no memory is taken.
    ///
    /// - Parameter shape: that of the input with the batch dimension, as in `[1, 1, 28, 28]`.
    public func summary(input shape: [Int], dtype: DType = .default) -> ModuleSummary {
        let modes = modules().map { ($0, $0.isTraining) }
        defer { for (module, mode) in modes { module.isTraining = mode } }
        eval()
        return summary { _ = self(Tensor.zeros(shape, dtype: dtype, device: .meta)) }
    }

    /// The same as ``summary(input:dtype:)``.
    @available(*, deprecated, renamed: "summary(input:dtype:)")
    public func summary(inputShape: [Int], dtype: DType = .default) -> ModuleSummary {
        summary(input: inputShape, dtype: dtype)
    }
}

/// What the operations of a call cost, by the module whose forward pass made them.
private final class CallCosts: CallRecorder {
    var shapes: [ObjectIdentifier: [Int]] = [:]
    var multiplyAdds: [ObjectIdentifier: Int] = [:]
    var bytes: [ObjectIdentifier: Int] = [:]

    func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
        guard let module = ThreadContext.existing?.innermostModule else { return }
        let id = ObjectIdentifier(module)
        multiplyAdds[id, default: 0] += primitive.multiplyAdds(Specs(of: inputs))
        if case .newMemory = kind {
            bytes[id, default: 0] += outputs.reduce(0) { $0 + $1.count * $1.dtype.byteSize }
        }
    }
}

/// "1,199,882"
func grouped(_ number: Int) -> String {
    var text = ""
    for (i, digit) in String(number).reversed().enumerated() {
        if i > 0 && i % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}
