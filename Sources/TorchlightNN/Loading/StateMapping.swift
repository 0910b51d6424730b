import TorchlightCore

/// Rules that convert a state dictionary of another program to the names, shapes and dtypes of a module.
///
///     try model.load("gpt2.safetensors", mapping: [
///         .stripPrefix("transformer."),
///         .rename("h.*.ln_1.*", to: "blocks.*.norm1.*"),
///         .transpose("blocks.*.attention.qkv.weight"),
///         .drop("**.attn.bias"),
///     ])
///
/// The rules are applied to each tensor in order, each to the names that the previous rules produced. In a pattern, `*`
/// matches any text without a dot and `**` any text.
public struct StateMapping: Sendable, ExpressibleByArrayLiteral {
    /// A rule of a mapping.
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

        /// Renames the tensors that match a pattern. Each wildcard in the new name is replaced by the text of the
        /// corresponding wildcard in the pattern.
        ///
        ///     .rename("encoder.layer.*.output.*", to: "layers.*.out.*")
        public static func rename(_ pattern: String, to name: String) -> Rule {
            Rule(action: .rename(NamePattern(pattern), NamePattern(name)))
        }

        /// Removes a prefix such as `module.` from the names that have it.
        public static func stripPrefix(_ prefix: String) -> Rule { Rule(action: .stripPrefix(prefix)) }

        /// Adds a prefix to all names.
        public static func addPrefix(_ prefix: String) -> Rule { Rule(action: .addPrefix(prefix)) }

        /// Keeps only the tensors under a path and removes the path from their names: with `encoder`, `encoder.fc.weight` becomes
        /// `fc.weight`.
        public static func subtree(_ path: String) -> Rule {
            Rule(action: .subtree(path.isEmpty || path.hasSuffix(".") ? path : path + "."))
        }

        /// Removes the tensors that match a pattern.
        public static func drop(_ pattern: String) -> Rule { Rule(action: .drop(NamePattern(pattern))) }

        /// Transposes the last two dimensions of the tensors that match a pattern: `[in, out]` becomes `[out, in]`.
        public static func transpose(_ pattern: String) -> Rule {
            Rule(action: .permute(NamePattern(pattern), nil))
        }

        /// Permutes the dimensions of the tensors that match a pattern: `[3, 2, 0, 1]` converts the weight `[h, w, in, out]` of a
        /// convolution to `[out, in, h, w]`.
        public static func permute(_ pattern: String, _ dims: [Int]) -> Rule {
            Rule(action: .permute(NamePattern(pattern), dims))
        }

        /// Converts the tensors that match a pattern to a dtype. It is only needed with `assigning: true`; otherwise loading
        /// converts to the dtypes of the module.
        public static func convert(_ pattern: String, to dtype: DType) -> Rule {
            Rule(action: .convert(NamePattern(pattern), dtype))
        }

        /// Computes weight-normalised parameters: `X_g` and `X_v`, or `parametrizations.X.original0` and
        /// `parametrizations.X.original1`, are replaced by `X = g v / ‖v‖` if `X` matches the pattern.
        public static func weightNorm(_ pattern: String = "**") -> Rule {
            Rule(action: .combine(NamePattern(pattern), .weightNorm))
        }

        /// Computes spectrally normalised parameters: `X_orig`, `X_u` and `X_v`, or `parametrizations.X.original`,
        /// `parametrizations.X.0._u` and `parametrizations.X.0._v`, are replaced by `X = original / (uᵀ original v)` if `X`
        /// matches the pattern.
        ///
        /// - Parameters:
        ///   - pattern: The pattern of the names of the parameters. Default: all.
        ///   - dim: The dimension of the rows of the matrix: 1 for transposed convolutions. Default: 0.
        public static func spectralNorm(_ pattern: String = "**", dim: Int = 0) -> Rule {
            Rule(action: .combine(NamePattern(pattern), .spectralNorm(dim: dim)))
        }

        /// The rule as Swift code.
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

    /// The rules, in the order of their application.
    public var rules: [Rule]

    /// Creates a mapping from rules.
    public init(_ rules: [Rule]) { self.rules = rules }
    /// Creates a mapping from rules.
    public init(arrayLiteral rules: Rule...) { self.rules = rules }

    /// A tensor during the application of the rules.
    struct Entry {
        /// The index of the tensor in the list.
        let index: Int
        var name: String
        var tensor: Tensor
    }

    /// The result of applying a mapping.
    public struct Result {
        /// The tensors by their new names.
        public var tensors: StateDict = [:]
        /// The old name of each tensor, by its new name.
        public var sources: [String: String] = [:]
        /// The rules that applied to no tensor, usually because of a wrong pattern.
        public var unusedRules: [String] = []
    }

    /// Returns the state dictionary after the application of all rules.
    ///
    /// - Throws: ``StateMappingError`` if two tensors get the same name, if a new name has more wildcards than its
    ///   pattern, or if a rule does not match the dimensions of a tensor.
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

    /// Applies the rules to a list of tensors. Names are compared byte by byte.
    ///
    /// - Returns: The remaining tensors with their indices in the list, and the indices of the unused rules.
    /// - Throws: The errors of ``apply(to:)-(StateDict)``.
    package func apply(
        to tensors: [(name: String, tensor: Tensor)]
    ) throws(StateMappingError) -> (tensors: [(name: String, tensor: Tensor, index: Int)], unusedRules: [Int]) {
        for rule in rules {
            if case .rename(let old, let new) = rule.action, new.starCount > old.starCount {
                throw StateMappingError(problem: "\(rule) has more wildcards in the new name than in the pattern")
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
    /// The tensor after the rule, nil if the rule removes it, and whether the rule applied.
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
                throw StateMappingError(problem: "\(self) does not match the shape of \(name), \(tensor.shape)")
            }
            return ((name, tensor.detach().permute(order)), true)
        case .convert(let pattern, let dtype):
            guard pattern.match(name) != nil else { return (entry, false) }
            return ((name, tensor.detach().to(dtype)), true)
        case .combine: return (entry, false)
        }
    }
}

/// The error of a mapping whose rules cannot be applied to the given tensors.
public struct StateMappingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The problem.
    public let problem: String
    /// The error text: "load: " and the problem.
    public var description: String { "load: \(problem)" }
}
