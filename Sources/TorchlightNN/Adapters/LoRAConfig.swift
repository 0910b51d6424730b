import TorchlightCore

/// The settings of a LoRA adapter (Hu et al., 2021), with the names and defaults of PEFT's `LoraConfig`.
///
///     var config = LoRAConfig(rank: 16, alpha: 32, targets: ["q_proj", "v_proj"])
///     config.usesDoRA = true
///     model.addAdapter(config, name: "chat")
public struct LoRAConfig: Sendable {
    /// Which biases are trained with the adapter.
    public enum Bias: String, Sendable {
        /// None.
        case none
        /// Those of the layers that the adapter is added to.
        case loraOnly = "lora_only"
        /// All biases of the model.
        case all
    }

    /// The initial values of the adapter's matrices.
    public enum Initialization: Sendable, Equatable {
        /// A uniformly from −1/√in to 1/√in, B zeros; for an embedding A zeros, B from the standard normal distribution. The
        /// adapter changes nothing at first.
        case standard
        /// A from the normal distribution with standard deviation `1 / rank`, B zeros; an embedding as `standard`.
        case gaussian
        /// A and B as the weight of a layer of their shape, so that the adapter changes the result at once; for tests.
        case random
    }

    /// The rank r: the number of rows of A and columns of B. Default: 8.
    public var rank: Int
    /// The scaling numerator α: the change of the weight is `α / r · B A`. Default: 8.
    public var alpha: Double
    /// The modules that the adapter is added to.
    public var targets: ModulePattern
    /// Modules that are not targets although `targets` matches them. Default: none.
    public var excluded: ModulePattern?
    /// The indices of the blocks whose modules are targets; nil for all. A path that `targets` gives whole is a target in any
    /// block. Default: nil.
    public var layers: [Int]?
    /// The names of the lists of blocks that ``layers`` counts, as regular expressions; empty for any list. Default: empty.
    public var layersPatterns: [String] = []
    /// The probability that an element of the adapter's input is zeroed in training. Default: 0.
    public var dropout: Double
    /// Ranks of modules whose paths end with a text that matches the regular expression; the first that matches is used.
    public var rankPattern: [(pattern: String, rank: Int)] = []
    /// Values of α of modules, as ``rankPattern``.
    public var alphaPattern: [(pattern: String, alpha: Double)] = []
    /// Whether the change is scaled by `α / √r` (Kalajdzievski, 2023) instead of `α / r`. Default: false.
    public var usesRSLoRA = false
    /// Whether the adapter decomposes the weight into magnitude and direction and trains the magnitude of each output too
    /// (DoRA; Liu et al., 2024). Default: false.
    public var usesDoRA = false
    /// Whether the mapping by B has a bias, which is trained. Not for embeddings. Default: false.
    public var hasLoRABias = false
    /// Which biases of the model are trained and saved with the adapter. Default: none.
    public var bias = Bias.none
    /// The last components of the paths of modules whose parameters are trained and saved whole with the adapter, such as a new
    /// classifier. Default: none.
    public var modulesToSave: [String] = []
    /// The initial values. Default: `.standard`.
    public var initialization = Initialization.standard

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - rank: The rank. Default: 8.
    ///   - alpha: The scaling numerator. Default: 8.
    ///   - targets: The modules that the adapter is added to.
    ///   - dropout: The probability that an element of the adapter's input is zeroed in training. Default: 0.
    public init(rank: Int = 8, alpha: Double = 8, targets: ModulePattern, dropout: Double = 0) {
        self.rank = rank
        self.alpha = alpha
        self.targets = targets
        self.dropout = dropout
    }

    /// The factor of `B A` for a rank and a value of α.
    func scaling(rank: Int, alpha: Double) -> Double {
        usesRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
    }
}

extension LoRAConfig {
    /// A module that the adapter is added to.
    struct Target {
        let path: String
        let layer: any AdaptableLayer
        let rank: Int
        let alpha: Double
    }

    /// The targets in a model.
    func resolvedTargets(in model: Module, _ operation: String) throws(TensorError) -> [Target] {
        try checkNumbers(operation)
        let included = try ModuleMatcher(targets, operation)
        var excludedMatcher: ModuleMatcher?
        if let excluded { excludedMatcher = try ModuleMatcher(excluded, operation) }
        let blocks = try BlockIndex(layers, layersPatterns, operation)
        let ranks = try PathValues(rankPattern.map { ($0.pattern, $0.rank) }, operation)
        let alphas = try PathValues(alphaPattern.map { ($0.pattern, $0.alpha) }, operation)
        let output = (model as? any OutputLayerOwner)?.outputLayer
        var found: [Target] = []
        var refused: [String] = []
        for (path, module) in model.adaptableModules() where !path.isEmpty {
            let layer = Self.adaptable(module)
            var isLinear = false
            if let layer, case .linear = layer.layerMapping { isLinear = module !== output }
            guard let match = included.match(path, isLinear: isLinear),
                excludedMatcher?.match(path, isLinear: isLinear) == nil, !isSaved(path),
                !match.isInAnyBlock || blocks.contains(path)
            else { continue }
            guard let layer else {
                if match.isNamed { refused.append("\(path) (\(type(of: module)))") }
                continue
            }
            let rank = ranks[path] ?? self.rank
            try checkLayer(path, layer, rank: rank, operation)
            found.append(Target(path: path, layer: layer, rank: rank, alpha: alphas[path] ?? alpha))
        }
        guard refused.isEmpty else {
            throw TensorError(
                .value, in: operation, "a target has no adapter for its type",
                got: refused.prefix(5).joined(separator: ", "),
                expected: "Linear, Embedding, Conv1d to Conv3d and other types that conform to AdaptableLayer")
        }
        guard !found.isEmpty else {
            let names = model.adaptableModules().filter { Self.adaptable($0.module) != nil }.map(\.path)
            let ends = Set(names.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
            throw TensorError(
                .value, in: operation, "no module matches the targets", got: "\(targets)",
                expected: "names of layers of the model, such as \(ends.prefix(12).joined(separator: ", "))")
        }
        return found
    }

    /// Whether a module belongs to one that is trained whole.
    func isSaved(_ path: String) -> Bool {
        let parts = path.split(separator: ".")
        return modulesToSave.contains { name in
            let wanted = name.split(separator: ".")
            return !wanted.isEmpty && parts.count >= wanted.count
                && (0...(parts.count - wanted.count)).contains { parts[$0...].starts(with: wanted) }
        }
    }

    /// The module as a layer that can be adapted. The projection of ``MultiheadAttention`` is used without calling it.
    private static func adaptable(_ module: Module) -> (any AdaptableLayer)? {
        module is OutputProjection ? nil : module as? any AdaptableLayer
    }

    private func checkNumbers(_ operation: String) throws(TensorError) {
        for rank in [rank] + rankPattern.map(\.rank) where rank < 1 {
            throw TensorError(
                .value, in: operation, "the rank must be positive", got: "\(rank)", expected: "at least 1")
        }
        guard ([alpha] + alphaPattern.map(\.alpha)).allSatisfy(\.isFinite) else {
            throw TensorError(.value, in: operation, "alpha must be finite", got: "\(alpha)", expected: "a number")
        }
        guard dropout >= 0, dropout < 1 else {
            throw TensorError(
                .value, in: operation, "the dropout is not a probability", got: "\(dropout)",
                expected: "at least 0 and less than 1")
        }
    }

    private func checkLayer(
        _ path: String, _ layer: any AdaptableLayer, rank: Int, _ operation: String
    ) throws(TensorError) {
        let mapping = layer.layerMapping
        let largest = max(mapping.outputs, mapping.shapeOfA(rank: 1).dropFirst().reduce(1, *|))
        guard rank <= max(largest, 1) *| 64 else {
            throw TensorError(
                .value, in: operation, "the rank is too large for \(path)", got: "\(rank)",
                expected: "at most 64 times the larger dimension of its weight, \(largest)")
        }
        guard rank % mapping.groups == 0 else {
            throw TensorError(
                .value, in: operation, "the groups of the convolution \(path) must divide the rank",
                got: "rank \(rank)", expected: "a multiple of \(mapping.groups)")
        }
        if mapping.isEmbedding, hasLoRABias {
            throw TensorError(
                .value, in: operation, "the embedding \(path) cannot have a bias in its adapter",
                expected: "hasLoRABias false, or targets that are not embeddings")
        }
        if mapping.groups > 1, usesDoRA {
            throw TensorError(
                .value, in: operation, "DoRA is not defined for the convolution \(path) with groups",
                got: quantity(mapping.groups, "group"), expected: "1 group",
                fix: "exclude the module or set usesDoRA to false"
            )
        }
    }
}

/// A model that names its output layer, which adapters of all linear layers leave out.
package protocol OutputLayerOwner: Module {
    /// The layer that computes the scores of tokens or classes; nil if there is none of its own.
    var outputLayer: Module? { get }
    /// The embedding whose weight is also that of the output layer; nil if there is none.
    var tiedEmbedding: Module? { get }
}

/// Which paths are in blocks of given indices.
private struct BlockIndex {
    private let layers: [Int]?
    private let patterns: [Regex<AnyRegexOutput>]

    init(_ layers: [Int]?, _ names: [String], _ operation: String) throws(TensorError) {
        self.layers = layers.flatMap { $0.isEmpty ? nil : $0 }
        // The first number counts: a later one is that of an expert, for example.
        let texts = names.isEmpty ? [#".*?\.[^.]*\.(\d+)\..*"#] : names.map { #"(?:.*?\.)??(?:\#($0))\.(\d+)\..*"# }
        var patterns: [Regex<AnyRegexOutput>] = []
        for text in texts { patterns.append(try ModuleMatcher.regex(text, operation)) }
        self.patterns = patterns
    }

    func contains(_ path: String) -> Bool {
        guard let layers else { return true }
        for pattern in patterns {
            guard let match = try? pattern.wholeMatch(in: path), let digits = match.output.last?.substring else {
                continue
            }
            return Int(digits).map(layers.contains) ?? false
        }
        return false
    }
}
