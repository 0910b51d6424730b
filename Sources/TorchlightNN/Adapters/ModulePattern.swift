import TorchlightCore

/// Which modules of a model are meant, by their paths.
///
///     let targets: ModulePattern = ["q_proj", "v_proj"]          // the last components of a path
///     let targets: ModulePattern = ["layers.*.self_attn.**"]     // `*` matches within a component, `**` across them
///     let targets = ModulePattern.regex(#".*\.layers\.[0-3]\..*_proj"#)
///     let targets = ModulePattern.allLinear
public enum ModulePattern: Sendable, Equatable, ExpressibleByArrayLiteral, ExpressibleByStringLiteral {
    /// The modules whose path is one of the names or ends with a dot and one of them. `*` in a name matches any text without
    /// a dot, `**` any text.
    case names([String])
    /// The modules whose whole path matches a regular expression.
    case regex(String)
    /// All linear layers except the output layer of a language model, as `"all-linear"` in PEFT.
    case allLinear

    /// The names.
    public init(arrayLiteral elements: String...) { self = .names(elements) }
    /// One name.
    public init(stringLiteral value: String) { self = .names([value]) }
}

/// A ``ModulePattern`` that is ready to be compared with paths.
struct ModuleMatcher {
    private enum Kind {
        case names([(exact: NamePattern, suffix: NamePattern)])
        case regex(Regex<AnyRegexOutput>)
        case allLinear
    }

    private let kind: Kind

    init(_ pattern: ModulePattern, _ operation: String) throws(TensorError) {
        switch pattern {
        case .names(let names): kind = .names(names.map { (NamePattern($0), NamePattern("**.\($0)")) })
        case .regex(let text): kind = .regex(try Self.regex(text, operation))
        case .allLinear: kind = .allLinear
        }
    }

    static func regex(_ text: String, _ operation: String) throws(TensorError) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(text)
        } catch {
            throw TensorError(
                .value, in: operation, "the pattern is not a regular expression", got: "\"\(text)\"",
                expected: "a regular expression such as \".*\\.q_proj\"")
        }
    }

    /// How a path matches.
    enum Match {
        /// It is a name, or ends with one.
        case path, suffix
        /// A name with stars, a regular expression or the type of the layer matches.
        case stars, regex, type

        /// Whether the module was meant itself, so that one without an adapter for its type is an error.
        var isNamed: Bool { self == .path || self == .suffix }
        /// Whether the indices of blocks choose among the matches.
        var isInAnyBlock: Bool { self == .suffix || self == .stars }
    }

    /// Nil if the path does not match. `allLinear` matches the modules for which `isLinear` is true.
    func match(_ path: String, isLinear: Bool) -> Match? {
        switch kind {
        case .names(let names):
            var found: Match?
            for name in names {
                let isWhole = name.exact.match(path) != nil
                guard isWhole || name.suffix.match(path) != nil else { continue }
                if name.exact.starCount > 0 { found = found ?? .stars } else { found = isWhole ? .path : .suffix }
                if found == .path { break }
            }
            return found
        case .regex(let regex): return (try? regex.wholeMatch(in: path)) != nil ? .regex : nil
        case .allLinear: return isLinear ? .type : nil
        }
    }
}

/// Numbers for modules whose paths end with a text that matches a regular expression, as `rank_pattern` of PEFT.
struct PathValues<Value> {
    private let entries: [(pattern: Regex<AnyRegexOutput>, value: Value)]

    init(_ values: [(pattern: String, value: Value)], _ operation: String) throws(TensorError) {
        var entries: [(pattern: Regex<AnyRegexOutput>, value: Value)] = []
        for (pattern, value) in values {
            entries.append((try ModuleMatcher.regex("(.*\\.)?(\(pattern))", operation), value))
        }
        self.entries = entries
    }

    /// The value of the first pattern that matches.
    subscript(path: String) -> Value? {
        entries.first { (try? $0.pattern.wholeMatch(in: path)) != nil }?.value
    }
}
