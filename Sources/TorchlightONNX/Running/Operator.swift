import TorchlightCore

/// A supported ONNX operator.
struct Operator: Sendable {
    typealias Run = @Sendable (Call) throws -> [ONNXValue]

    let name: String
    let domain: String
    /// The first operator set version with the operator.
    let since: Int
    /// The accepted number of inputs, including absent trailing ones.
    let inputs: ClosedRange<Int>
    /// Whether the operator may be folded if its inputs are constants: it takes little time, is deterministic, and its
    /// result is not larger than its inputs.
    let isFoldable: Bool
    let run: Run
}

/// The operators by domain and name.
package struct OperatorTable: Sendable {
    /// The supported operator set versions by domain.
    static let versions: [String: ClosedRange<Int>] = [
        "": 7...28, "ai.onnx.ml": 1...5, "ai.onnx.preview": 1...1,
    ]

    private(set) var operators: [String: Operator] = [:]

    package static let standard: OperatorTable = {
        var table = OperatorTable()
        registerElementwise(in: &table)
        registerArithmetic(in: &table)
        registerLogic(in: &table)
        registerActivations(in: &table)
        registerCasts(in: &table)
        registerReductions(in: &table)
        registerShapes(in: &table)
        registerIndexing(in: &table)
        registerScatters(in: &table)
        registerCreation(in: &table)
        registerConvolutions(in: &table)
        registerPools(in: &table)
        registerNormalizations(in: &table)
        registerProducts(in: &table)
        registerAttention(in: &table)
        registerRecurrent(in: &table)
        registerResampling(in: &table)
        registerRegions(in: &table)
        registerQuantization(in: &table)
        registerSignals(in: &table)
        registerLosses(in: &table)
        registerControl(in: &table)
        registerSequences(in: &table)
        registerStrings(in: &table)
        registerTrees(in: &table)
        registerLinearModels(in: &table)
        registerEncoders(in: &table)
        return table
    }()

    static func key(_ domain: String, _ name: String) -> String { domain.isEmpty ? name : "\(domain)::\(name)" }

    /// The canonical name of a domain: `ai.onnx` and the empty domain are the same.
    static func canonical(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

    func find(_ domain: String, _ name: String) -> Operator? { operators[Self.key(domain, name)] }

    mutating func add(
        _ name: String, since: Int = 1, _ inputs: ClosedRange<Int>, domain: String = "", foldable: Bool = false,
        _ run: @escaping Operator.Run
    ) {
        let entry = Operator(
            name: name, domain: domain, since: since, inputs: inputs, isFoldable: foldable, run: run)
        precondition(operators.updateValue(entry, forKey: Self.key(domain, name)) == nil, "\(name) is registered twice")
    }

    /// The operators of a domain by name, with their first version.
    package func listing(domain: String) -> [(name: String, since: Int)] {
        operators.values.filter { $0.domain == domain }.map { ($0.name, $0.since) }.sorted { $0.0 < $1.0 }
    }

    /// A Markdown table of the operators, for the documentation.
    package var markdown: String {
        var text = ""
        for domain in ["", "ai.onnx.ml", "ai.onnx.preview"] {
            let entries = listing(domain: domain)
            let title = domain.isEmpty ? "ai.onnx" : domain
            text += "| \(title): \(quantity(entries.count, "operator")) | since version |\n|---|---|\n"
            for entry in entries { text += "| \(entry.name) | \(entry.since) |\n" }
            text += "\n"
        }
        return text
    }
}
