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
        "TorchlightCLI/Train/TrainingRun.swift": ["ProgressBar.rounded(epoch.samplesPerSecond)) samples"],
        "TorchlightCore/Primitives/Vision/Fold.swift": ["counts[1]) windows"],
        "TorchlightIO/Zip/ZipWriter.swift": ["1 << 15 - 1) bytes"],
    ]

    @Test("A number and its noun agree: quantity(_:_:) writes both")
    func plurals() throws {
        let pattern = /\\\(([\w.\[\]]*(?:[cC]ount|rank|numel|spatial))\) ([a-z]+s|indices|entries)\b/
        // Any other number before a noun that is counted often.
        let nouns =
            /\\\((?!quantity)([^()"\\]+(?:\([^()"\\]*\))?[^()"\\]*)\) ((?:byte|element|dimension|tensor|value|parameter|sample|layer|group|channel|step|token|head|column|thread|feature|window|bin|worker|graph)s)\b/
        // Files, JSON and tokenizers do not depend on TorchlightCore, which has the function.
        for (path, text) in try SourceTree.files(in: "Sources", ["swift"])
        where !path.hasPrefix("TorchlightFiles/") && !path.hasPrefix("TorchlightTokenizers/") {
            for line in text.split(separator: "\n") {
                if line.drop(while: { $0 == " " }).hasPrefix("///") { continue }
                let matches = line.matches(of: pattern).map { ($0.output.1, $0.output.2) }
                let others = line.matches(of: nouns).map { ($0.output.1, $0.output.2) }
                for (number, noun) in matches + others {
                    let found = "\(number)) \(noun)"
                    if ["is", "was", "has"].contains(noun) { continue }
                    if Self.plurals[path]?.contains(found) == true { continue }
                    Issue.record("Sources/\(path): \"\\(\(found)\"; write \\(quantity(\(number), \"...\"))")
                }
            }
        }
    }
}
