import TorchlightCore

/// A table of the layers of a model: types, output shapes, numbers of parameters, multiply-adds and bytes of activations.
public struct ModuleSummary: Sendable, CustomStringConvertible {
    /// One module of the summary.
    public struct Row: Sendable {
        /// The path of the module; "" for the model itself.
        public let name: String
        /// The type of the module.
        public let type: String
        /// The shape of the first output in the last call; nil if the module was not called.
        public let outputShape: [Int]?
        /// The number of elements of the module's own parameters, without its submodules.
        public let parameterCount: Int
        /// The number of multiply-adds of matrix products and convolutions of the module, without its submodules.
        public let multiplyAdds: Int
        /// The number of bytes of the results of the module's operations, without its submodules.
        public let activationBytes: Int
    }

    /// The modules, parents before children.
    public let rows: [Row]
    /// The number of elements of all parameters. Shared parameters count once.
    public let parameterCount: Int
    /// The number of elements of the parameters that require a gradient.
    public let trainableCount: Int
    /// The number of bytes of all parameters and buffers.
    public let byteCount: Int
    /// The number of multiply-adds of all matrix products and convolutions.
    public var multiplyAdds: Int { rows.reduce(0) { $0 + $1.multiplyAdds } }
    /// The number of bytes of the results of all operations: about the memory for activations in a training step.
    public var activationBytes: Int { rows.reduce(0) { $0 + $1.activationBytes } }

    /// The table with the totals below it.
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
    /// Returns a table of this module and all submodules with their numbers of parameters.
    public func summary() -> ModuleSummary { summary(CallCosts()) }

    /// Returns a table of this module and all submodules with their numbers of parameters, and the output shapes, multiply-adds
    /// and activation bytes of the calls inside a closure.
    ///
    ///     model.summary { _ = model(source, target) }
    ///
    /// No values are computed: inside the closure the parameters and buffers are on `Device.meta`, which is also the default
    /// device. Input tensors must be on `Device.meta` too. Training or evaluation mode is not changed.
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
        try withoutData(parameters() + buffers()) {
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

    /// Allocates uninitialised memory for all parameters and buffers on a device. Returns the module.
    ///
    /// Use it for a model that was created on `Device.meta`, before its state dictionary is loaded.
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
    /// Returns a table of this module and all submodules with their numbers of parameters, and the output shapes, multiply-adds
    /// and activation bytes of one call in evaluation mode. No values are computed.
    ///
    ///     print(model.summary(input: [1, 1, 28, 28]))
    ///
    /// - Parameters:
    ///   - shape: The shape of the input, with the batch dimension.
    ///   - dtype: The dtype of the input. Default: the default dtype.
    public func summary(input shape: [Int], dtype: DType = .default) -> ModuleSummary {
        let modes = modules().map { ($0, $0.isTraining) }
        defer { for (module, mode) in modes { module.isTraining = mode } }
        eval()
        return summary { _ = self(Tensor.zeros(shape, dtype: dtype, device: .meta)) }
    }

    /// Same as ``summary(input:dtype:)``.
    @available(*, deprecated, renamed: "summary(input:dtype:)")
    public func summary(inputShape: [Int], dtype: DType = .default) -> ModuleSummary {
        summary(input: inputShape, dtype: dtype)
    }
}

/// The costs of the operations of a call, by the module whose forward pass ran them.
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
