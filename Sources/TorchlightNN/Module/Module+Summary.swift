import TorchlightCore

/// What a model is made of, as a table.
public struct ModuleSummary: Sendable, CustomStringConvertible {
    /// One module.
    public struct Row: Sendable {
        /// Its path, "" for the model itself.
        public let name: String
        /// Its type.
        public let type: String
        /// The shape of its output; nil where it was not called.
        public let outputShape: [Int]?
        /// The elements of its own parameters, without those of the modules inside it.
        public let parameterCount: Int
    }

    /// The modules in the order of the model.
    public let rows: [Row]
    /// The elements of all parameters, shared ones once.
    public let parameterCount: Int
    /// Those that are trained.
    public let trainableCount: Int
    /// The bytes of parameters and buffers.
    public let byteCount: Int

    /// The table, and the sums below it.
    public var description: String {
        let table = TextTable(
            header: ["layer", "type", "output shape", "parameters"],
            rows: rows.map { row in
                [
                    row.name, row.type, row.outputShape.map { "\($0)" } ?? "-",
                    row.parameterCount == 0 ? "-" : grouped(row.parameterCount),
                ]
            }, numbers: [3])
        return table.description + "\nparameters \(grouped(parameterCount)), trained \(grouped(trainableCount)), "
            + "\(Memory.text(byteCount)) with buffers"
    }
}

extension Module {
    /// The modules inside this one with their parameters.
    public func summary() -> ModuleSummary { summary(shapes: [:]) }

    fileprivate func summary(shapes: [ObjectIdentifier: [Int]]) -> ModuleSummary {
        let rows = namedModules().map { name, module in
            ModuleSummary.Row(
                name: name, type: String(describing: type(of: module)), outputShape: shapes[ObjectIdentifier(module)],
                parameterCount: module.currentContents.parameters.reduce(0) { $0 + $1.tensor.count })
        }
        return ModuleSummary(
            rows: rows, parameterCount: parameterCount(), trainableCount: parameterCount(trainableOnly: true),
            byteCount: (parameters() + buffers()).reduce(0) { $0 + $1.count * $1.dtype.byteSize })
    }
}

extension Layer {
    /// The modules inside this one with their parameters and the shapes of their outputs, found by running the model once
    /// on zeros, in evaluation mode and without gradients.
    ///
    /// - Parameter inputShape: with the batch, as in `[1, 1, 28, 28]`.
    public func summary(inputShape: [Int], dtype: DType = .default) -> ModuleSummary {
        var shapes: [ObjectIdentifier: [Int]] = [:]
        let modes = modules().map { ($0, $0.isTraining) }
        let handles = modules().map { module in
            module.observeResults { module, results in
                if let result = results.first ?? nil { shapes[ObjectIdentifier(module)] = result.shape }
            }
        }
        defer {
            for handle in handles { handle.remove() }
            for (module, mode) in modes { module.isTraining = mode }
        }
        eval()
        noGrad { _ = self(Tensor.zeros(inputShape, dtype: dtype, device: parameters().first?.device ?? .cpu)) }
        return summary(shapes: shapes)
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
