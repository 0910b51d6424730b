import TorchlightCore

/// What of a state dict fits a module, and what does not.
public struct LoadReport: Sendable, Equatable, CustomStringConvertible {
    /// A tensor that fits.
    public struct Match: Sendable, Equatable {
        /// Its name in the module.
        public let name: String
        /// Its name in the state dict, before the rules of a mapping.
        public let source: String
        /// The dtype in the state dict.
        public let found: DType
        /// The dtype in the module; where it is another, loading converts.
        public let expected: DType
    }

    /// A tensor whose shape is not that of the module's, or whose numbers the module's dtype cannot hold.
    public struct Mismatch: Sendable, Equatable {
        /// Its name in the module.
        public let name: String
        /// The shape in the state dict.
        public let found: [Int]
        /// The shape in the module.
        public let expected: [Int]
        /// The dtype in the state dict.
        public let foundDType: DType
        /// The dtype in the module.
        public let expectedDType: DType

        var text: String {
            found == expected
                ? "\(name) is \(foundDType), the module has \(expectedDType)"
                : "\(name) is \(found), the module has \(expected)"
        }
    }

    /// The type of the module.
    public let module: String
    /// What fits, in the module's order.
    public let matched: [Match]
    /// What the module has and the state dict lacks, in the module's order. A tensor that the module has under several
    /// names is missing where the state dict has none of them.
    public let missing: [String]
    /// What the state dict has and the module lacks, sorted.
    public let unexpected: [String]
    /// What both have in different shapes, in the module's order.
    public let mismatched: [Mismatch]
    /// For an unexpected name the missing one that is spelled most like it.
    public let nearest: [String: String]
    /// The rules of the mapping that changed nothing.
    public let unusedRules: [String]
    /// The mapping under which the file's names become the module's, where one explains most of what is missing.
    public let suggestion: String?

    /// Whether every tensor of both sides fits.
    public var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

    /// All of it on one line, long lists cut short: "3 matched; 1 missing (fc1.weight)".
    public var description: String {
        var parts = ["\(matched.count) matched"] + problems(strict: true)
        if !unusedRules.isEmpty { parts.append("no tensor for \(Self.list(unusedRules))") }
        return parts.joined(separator: "; ")
    }

    func problems(strict: Bool) -> [String] {
        var parts: [String] = []
        if strict, !missing.isEmpty { parts.append("\(missing.count) missing (\(Self.list(missing)))") }
        if strict, !unexpected.isEmpty {
            // One rule for all says more than a guess for each.
            let names = unexpected.map { name in
                suggestion == nil ? nearest[name].map { "\(name), like \($0)?" } ?? name : name
            }
            parts.append("\(unexpected.count) unexpected (\(Self.list(names)))")
        }
        if strict, let suggestion { parts.append(suggestion) }
        if let scale = unexpected.first(where: Self.isScale) {
            parts.append(
                "\(scale) is the scale of quantised weights, which must be multiplied by it before they are loaded")
        }
        if !mismatched.isEmpty {
            let kind = mismatched.allSatisfy { $0.found != $0.expected } ? "shape" : "shape or dtype"
            parts.append("\(mismatched.count) of another \(kind) (\(Self.list(mismatched.map(\.text))))")
        }
        return parts
    }

    /// Whether a name is that of a scale beside 8-bit or 4-bit weights, as the usual tools call it.
    private static func isScale(_ name: String) -> Bool {
        ["weight_scale", "weight_scale_inv", "scale_weight", "weight.scale", ".scales"].contains { name.hasSuffix($0) }
    }

    private static func list(_ items: [String]) -> String {
        let shown = items.prefix(8).joined(separator: ", ")
        return items.count > 8 ? shown + ", and \(items.count - 8) more" : shown
    }
}

/// What does not fit when a state dict is loaded into a module.
public struct StateDictError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A tensor whose shape is not that of the module's.
    public typealias Mismatch = LoadReport.Mismatch

    /// All that fits and does not fit.
    public let report: LoadReport
    /// Whether missing and unexpected names were errors too.
    public let strict: Bool

    package init(report: LoadReport, strict: Bool) {
        self.report = report
        self.strict = strict
    }

    /// The type of the module.
    public var module: String { report.module }
    /// What the module has and the state dict lacks, in the module's order.
    public var missing: [String] { report.missing }
    /// What the state dict has and the module lacks, sorted.
    public var unexpected: [String] { report.unexpected }
    /// What both have in different shapes, in the module's order.
    public var mismatched: [Mismatch] { report.mismatched }
    /// For an unexpected name the missing one that is spelled most like it.
    public var nearest: [String: String] { report.nearest }

    /// All of it on one line, long lists cut short.
    public var description: String {
        var parts = report.problems(strict: strict)
        // Where hardly anything matches, a rule that did nothing is a likely reason.
        if !report.unusedRules.isEmpty {
            parts.append("no tensor for the rule \(report.unusedRules.joined(separator: ", "))")
        }
        return "load: the state dict does not fit \(module): " + parts.joined(separator: "; ")
    }
}
