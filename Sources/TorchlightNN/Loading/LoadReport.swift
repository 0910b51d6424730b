import TorchlightCore

/// The result of comparing a state dictionary with a module: matched, missing, unexpected and mismatched keys.
public struct LoadReport: Sendable, Equatable, CustomStringConvertible {
    /// A tensor of the state dictionary that matches a tensor of the module.
    public struct Match: Sendable, Equatable {
        /// The name in the module.
        public let name: String
        /// The name in the state dictionary, before the mapping.
        public let source: String
        /// The dtype in the state dictionary.
        public let found: DType
        /// The dtype in the module. If it differs, loading converts the values.
        public let expected: DType
    }

    /// A tensor of the state dictionary with another shape than in the module, or with a dtype that cannot be converted to that
    /// of the module, such as floating point to integer.
    public struct Mismatch: Sendable, Equatable {
        /// The name in the module.
        public let name: String
        /// The shape in the state dictionary.
        public let found: [Int]
        /// The shape in the module.
        public let expected: [Int]
        /// The dtype in the state dictionary.
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
    /// The tensors that match, in the order of the module.
    public let matched: [Match]
    /// The missing keys: names of the module that the state dictionary does not contain, in the order of the module. A shared
    /// tensor is missing if the state dictionary contains none of its names.
    public let missing: [String]
    /// The unexpected keys: names of the state dictionary that the module does not have, sorted.
    public let unexpected: [String]
    /// The tensors with different shapes or dtypes, in the order of the module.
    public let mismatched: [Mismatch]
    /// For an unexpected key, the missing key with the most similar spelling.
    public let nearest: [String: String]
    /// The rules of the mapping that did not apply to any tensor.
    public let unusedRules: [String]
    /// A mapping that renames unexpected keys to most of the missing keys, as text; nil if there is none.
    public let suggestion: String?

    /// Whether there are no missing, unexpected or mismatched keys.
    public var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

    /// The report on one line, with long lists abbreviated: "3 matched; 1 missing (fc1.weight)".
    public var description: String {
        var parts = ["\(matched.count) matched"] + problems(strict: true)
        if !unusedRules.isEmpty { parts.append("no tensor for \(Self.list(unusedRules))") }
        return parts.joined(separator: "; ")
    }

    func problems(strict: Bool) -> [String] {
        var parts: [String] = []
        if strict, !missing.isEmpty { parts.append("\(missing.count) missing (\(Self.list(missing)))") }
        if strict, !unexpected.isEmpty {
            // A mapping for all keys is more helpful than a similar name for each.
            let names = unexpected.map { name in
                suggestion == nil ? nearest[name].map { "\(name), like \($0)?" } ?? name : name
            }
            parts.append("\(unexpected.count) unexpected (\(Self.list(names)))")
        }
        if strict, let suggestion { parts.append(suggestion) }
        if let plain = unexpected.first(where: isWithoutParametrization) {
            parts.append("\(plain) has no parametrisation in the file; load the file before weightNorm() and the like")
        }
        if let scale = unexpected.first(where: Self.isScale) {
            parts.append(
                "\(scale) is the scale of quantised weights; multiply the weights by it before loading")
        }
        if !mismatched.isEmpty {
            let kind = mismatched.allSatisfy { $0.found != $0.expected } ? "shape" : "shape or dtype"
            parts.append("\(mismatched.count) of another \(kind) (\(Self.list(mismatched.map(\.text))))")
        }
        return parts
    }

    /// Whether the module has this parameter with a parametrisation, whose parts are missing.
    private func isWithoutParametrization(_ name: String) -> Bool {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        parts.insert("parametrizations", at: parts.count - 1)
        let prefix = Array((parts.joined(separator: ".") + ".").utf8)
        return missing.contains { $0.utf8.starts(with: prefix) }
    }

    /// Whether a name is a usual name of the scale of quantised 8-bit or 4-bit weights.
    private static func isScale(_ name: String) -> Bool {
        ["weight_scale", "weight_scale_inv", "scale_weight", "weight.scale", ".scales"].contains { name.hasSuffix($0) }
    }

    private static func list(_ items: [String]) -> String {
        let shown = items.prefix(8).joined(separator: ", ")
        return items.count > 8 ? shown + ", and \(items.count - 8) more" : shown
    }
}

/// The error of loading a state dictionary that does not match the module.
public struct StateDictError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A tensor with another shape or dtype than in the module.
    public typealias Mismatch = LoadReport.Mismatch

    /// The matched, missing, unexpected and mismatched keys.
    public let report: LoadReport
    /// Whether loading was strict: whether missing and unexpected keys were errors.
    public let strict: Bool

    package init(report: LoadReport, strict: Bool) {
        self.report = report
        self.strict = strict
    }

    /// The type of the module.
    public var module: String { report.module }
    /// The missing keys, in the order of the module.
    public var missing: [String] { report.missing }
    /// The unexpected keys, sorted.
    public var unexpected: [String] { report.unexpected }
    /// The tensors with different shapes or dtypes, in the order of the module.
    public var mismatched: [Mismatch] { report.mismatched }
    /// For an unexpected key, the missing key with the most similar spelling.
    public var nearest: [String: String] { report.nearest }

    /// The error on one line, with long lists abbreviated.
    public var description: String {
        var parts = report.problems(strict: strict)
        // A rule that applied to no tensor is a likely cause.
        if !report.unusedRules.isEmpty {
            parts.append("no tensor for the rule \(report.unusedRules.joined(separator: ", "))")
        }
        return "load: the state dictionary does not match \(module): " + parts.joined(separator: "; ")
    }
}
