import TorchlightCore

/// Rules that turn the tensors of another program into those of a module: renamed, left out, transposed, converted.
///
///     try model.load("gpt2.safetensors", mapping: [
///         .stripPrefix("transformer."),
///         .rename("h.*.ln_1.*", to: "blocks.*.norm1.*"),
///         .transpose("blocks.*.attention.qkv.weight"),
///         .drop("**.attn.bias"),
///     ])
///
/// The rules are tried on each tensor in their order; what one rule has renamed the next sees under the new name. In a
/// pattern `*` stands for any text without a dot and `**` for any text.
public struct StateMapping: Sendable, ExpressibleByArrayLiteral {
    /// One rule.
    public struct Rule: Sendable, CustomStringConvertible {
        fileprivate enum Action: Sendable {
            case rename(NamePattern, NamePattern)
            case stripPrefix(String)
            case addPrefix(String)
            case subtree(String)
            case drop(NamePattern)
            case permute(NamePattern, [Int]?)
            case convert(NamePattern, DType)
            case combine(NamePattern, Combination)
        }

        fileprivate let action: Action

        /// Renames what matches a pattern; the stars of the new name take in turn what those of the pattern stood for.
        ///
        ///     .rename("encoder.layer.*.output.*", to: "layers.*.out.*")
        public static func rename(_ pattern: String, to name: String) -> Rule {
            Rule(action: .rename(NamePattern(pattern), NamePattern(name)))
        }

        /// Takes a prefix such as `module.` from the names that have it.
        public static func stripPrefix(_ prefix: String) -> Rule { Rule(action: .stripPrefix(prefix)) }

        /// Puts a prefix before all names.
        public static func addPrefix(_ prefix: String) -> Rule { Rule(action: .addPrefix(prefix)) }

        /// Keeps only what lies under a path, without the path: with `encoder`, `encoder.fc.weight` becomes `fc.weight`.
        public static func subtree(_ path: String) -> Rule {
            Rule(action: .subtree(path.isEmpty || path.hasSuffix(".") ? path : path + "."))
        }

        /// Leaves out what matches a pattern.
        public static func drop(_ pattern: String) -> Rule { Rule(action: .drop(NamePattern(pattern))) }

        /// Swaps the last two dimensions of what matches a pattern: a matrix stored as `[in, out]` becomes `[out, in]`.
        public static func transpose(_ pattern: String) -> Rule {
            Rule(action: .permute(NamePattern(pattern), nil))
        }

        /// Reorders the dimensions of what matches a pattern: `[3, 2, 0, 1]` turns a convolution's `[h, w, in, out]`
        /// into `[out, in, h, w]`.
        public static func permute(_ pattern: String, _ dims: [Int]) -> Rule {
            Rule(action: .permute(NamePattern(pattern), dims))
        }

        /// Converts what matches a pattern to a dtype. A module that does not take over the tensors themselves converts
        /// them to its own dtypes without being told.
        public static func convert(_ pattern: String, to dtype: DType) -> Rule {
            Rule(action: .convert(NamePattern(pattern), dtype))
        }

        /// Multiplies out weight normalisation: `X_g` and `X_v`, or `parametrizations.X.original0` and `original1`, become `X`
        /// where `X` matches the pattern.
        public static func weightNorm(_ pattern: String = "**") -> Rule {
            Rule(action: .combine(NamePattern(pattern), .weightNorm))
        }

        /// Divides out spectral normalisation: `X_orig`, `X_u` and `X_v`, or `parametrizations.X.original`, `0._u` and `0._v`,
        /// become `X` where `X` matches the pattern.
        ///
        /// - Parameter dim: the dimension of the matrix's rows: 1 for transposed convolutions.
        public static func spectralNorm(_ pattern: String = "**", dim: Int = 0) -> Rule {
            Rule(action: .combine(NamePattern(pattern), .spectralNorm(dim: dim)))
        }

        /// The rule as it is written in Swift.
        public var description: String {
            switch action {
            case .rename(let old, let new): ".rename(\"\(old.text)\", to: \"\(new.text)\")"
            case .stripPrefix(let prefix): ".stripPrefix(\"\(prefix)\")"
            case .addPrefix(let prefix): ".addPrefix(\"\(prefix)\")"
            case .subtree(let path): ".subtree(\"\(path.hasSuffix(".") ? path.dropLast() : path[...])\")"
            case .drop(let pattern): ".drop(\"\(pattern.text)\")"
            case .permute(let pattern, nil): ".transpose(\"\(pattern.text)\")"
            case .permute(let pattern, let dims?): ".permute(\"\(pattern.text)\", \(dims))"
            case .convert(let pattern, let dtype): ".convert(\"\(pattern.text)\", to: .\(dtype))"
            case .combine(let pattern, .weightNorm): ".weightNorm(\"\(pattern.text)\")"
            case .combine(let pattern, .spectralNorm(dim: 0)): ".spectralNorm(\"\(pattern.text)\")"
            case .combine(let pattern, .spectralNorm(dim: let dim)): ".spectralNorm(\"\(pattern.text)\", dim: \(dim))"
            }
        }
    }

    /// The rules, in the order in which they are tried.
    public var rules: [Rule]

    /// A mapping of these rules.
    public init(_ rules: [Rule]) { self.rules = rules }
    /// A mapping of these rules.
    public init(arrayLiteral rules: Rule...) { self.rules = rules }

    /// A tensor on its way through the rules.
    struct Entry {
        /// Its place in the list that the rules are applied to.
        let index: Int
        var name: String
        var tensor: Tensor
    }

    /// What the rules make of tensors.
    public struct Result {
        /// The tensors under their new names.
        public var tensors: StateDict = [:]
        /// The old name of each.
        public var sources: [String: String] = [:]
        /// The rules that changed nothing: usually a slip in a pattern.
        public var unusedRules: [String] = []
    }

    /// Applies the rules.
    ///
    /// - Throws: ``StateMappingError`` where two tensors get one name, a new name has more stars than its pattern, or a
    ///   tensor does not have the dimensions that a rule reorders.
    public func apply(to tensors: StateDict) throws(StateMappingError) -> Result {
        let sorted = tensors.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let mapped = try apply(to: sorted.map { (name: $0.key, tensor: $0.value) })
        var result = Result()
        for (name, tensor, index) in mapped.tensors {
            let source = sorted[index].key
            if let other = result.sources[name] {
                throw StateMappingError(problem: "\(other) and \(source) both become \(name)")
            }
            result.tensors[name] = tensor
            result.sources[name] = source
        }
        result.unusedRules = mapped.unusedRules.map { "\(rules[$0])" }
        return result
    }

    /// Applies the rules to a list, whose names are compared as bytes.
    ///
    /// - Returns: The tensors that are left, with their places in the list, and the numbers of the rules that changed nothing.
    /// - Throws: As ``apply(to:)-(StateDict)``.
    package func apply(
        to tensors: [(name: String, tensor: Tensor)]
    ) throws(StateMappingError) -> (tensors: [(name: String, tensor: Tensor, index: Int)], unusedRules: [Int]) {
        for rule in rules {
            if case .rename(let old, let new) = rule.action, new.starCount > old.starCount {
                throw StateMappingError(problem: "\(rule) has more stars in the new name than in the pattern")
            }
        }
        var result: [(name: String, tensor: Tensor, index: Int)] = []
        result.reserveCapacity(tensors.count)
        var sources: [[UInt8]: String] = [:]
        var isUsed = Array(repeating: false, count: rules.count)
        var entries = tensors.indices.map { Entry(index: $0, name: tensors[$0].name, tensor: tensors[$0].tensor) }
        for (number, rule) in rules.enumerated() {
            if case .combine(let pattern, let combination) = rule.action {
                isUsed[number] = try combination.apply(to: &entries, pattern)
                continue
            }
            var kept: [Entry] = []
            kept.reserveCapacity(entries.count)
            for entry in entries {
                let (next, applied) = try rule.apply(to: (entry.name, entry.tensor))
                if applied { isUsed[number] = true }
                if let next { kept.append(Entry(index: entry.index, name: next.name, tensor: next.tensor)) }
            }
            entries = kept
        }
        for entry in entries {
            let source = tensors[entry.index].name
            if let other = sources.updateValue(source, forKey: Array(entry.name.utf8)) {
                throw StateMappingError(problem: "\(other) and \(source) both become \(entry.name)")
            }
            result.append((entry.name, entry.tensor, entry.index))
        }
        return (result, isUsed.indices.filter { !isUsed[$0] })
    }
}

extension StateMapping.Rule {
    /// What becomes of a tensor, nil where it is left out, and whether the rule applied.
    fileprivate func apply(
        to entry: (name: String, tensor: Tensor)
    ) throws(StateMappingError) -> ((name: String, tensor: Tensor)?, applied: Bool) {
        let (name, tensor) = entry
        switch action {
        case .rename(let old, let new):
            guard let texts = old.match(name) else { return (entry, false) }
            return ((new.filled(with: texts), tensor), true)
        case .stripPrefix(let prefix):
            guard name.hasPrefix(prefix), name != prefix else { return (entry, false) }
            return ((String(name.dropFirst(prefix.count)), tensor), true)
        case .addPrefix(let prefix): return ((prefix + name, tensor), true)
        case .subtree(let path):
            guard name.hasPrefix(path), name != path else { return (nil, false) }
            return ((String(name.dropFirst(path.count)), tensor), true)
        case .drop(let pattern): return pattern.match(name) == nil ? (entry, false) : (nil, true)
        case .permute(let pattern, let dims):
            guard pattern.match(name) != nil else { return (entry, false) }
            let rank = tensor.rank
            let order = dims ?? (rank < 2 ? [] : Array(0..<rank - 2) + [rank - 1, rank - 2])
            guard order.sorted() == Array(0..<rank), dims != nil || rank >= 2 else {
                throw StateMappingError(problem: "\(self) does not fit \(name), which is \(tensor.shape)")
            }
            return ((name, tensor.detach().permute(order)), true)
        case .convert(let pattern, let dtype):
            guard pattern.match(name) != nil else { return (entry, false) }
            return ((name, tensor.detach().to(dtype)), true)
        case .combine: return (entry, false)
        }
    }
}

/// Why rules cannot be applied to the tensors of a file.
public struct StateMappingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let problem: String
    /// "load: ..."
    public var description: String { "load: \(problem)" }
}
