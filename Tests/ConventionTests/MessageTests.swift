import Foundation
import TestSupport
import Testing

/// Texts that users read.
@Suite struct MessageTests {
    /// Numbers before a plural that are never 1, or stand for a text, by file.
    private static let plurals: [String: Set<String>] = [
        "TorchlightOptim/GroupedOptimizer.swift": ["count) parameters"],
        "TorchlightDistributions/Multivariate/MultivariateNormal.swift": ["given.count) matrices"],
        "TorchlightCLI/Files/InspectCommand.swift": ["count) bytes"],
        "TorchlightONNX/Running/Operator.swift": ["entries.count) operators"],
    ]

    @Test("A number and its noun agree: quantity(_:_:) writes both")
    func plurals() throws {
        let pattern = /\\\(([\w.\[\]]*(?:[cC]ount|rank|numel|spatial))\) ([a-z]+s|indices|entries)\b/
        // Files, JSON and tokenizers do not depend on TorchlightCore, which has the function.
        for (path, text) in try SourceTree.files(in: "Sources", ["swift"])
        where !path.hasPrefix("TorchlightFiles/") && !path.hasPrefix("TorchlightTokenizers/") {
            for line in text.split(separator: "\n") {
                if line.drop(while: { $0 == " " }).hasPrefix("///") { continue }
                for match in line.matches(of: pattern) {
                    let found = "\(match.output.1)) \(match.output.2)"
                    if ["is", "was", "has"].contains(match.output.2) { continue }
                    if Self.plurals[path]?.contains(found) == true { continue }
                    Issue.record("Sources/\(path): \"\\(\(found)\"; write \\(quantity(\(match.output.1), \"...\"))")
                }
            }
        }
    }
}
