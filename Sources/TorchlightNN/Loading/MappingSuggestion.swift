/// A mapping that renames the unexpected keys of a file to the missing keys of a module, found by comparing the sets of
/// all keys.
struct MappingSuggestion {
    /// The rules.
    let rules: [StateMapping.Rule]
    /// The number of missing keys that the rules provide.
    let found: Int
    /// The number of missing keys.
    let missing: Int

    /// "mapping: [.stripPrefix("module.")] finds all 18 missing names".
    var text: String {
        let list = rules.map { "\($0)" }.joined(separator: ", ")
        return "mapping: [\(list)] finds "
            + (found == missing ? "all \(missing) missing names" : "\(found) of the \(missing) missing names")
    }

    /// The rules that provide the most missing keys; nil if they provide less than half of them, or only one of
    /// several.
    ///
    /// - Parameters:
    ///   - missing: The missing keys.
    ///   - unexpected: The unexpected keys.
    init?(missing: [String], unexpected: [String]) {
        let wanted = Set(missing.map { Array($0.utf8) })
        let given = unexpected.map { Array($0.utf8) }
        // For ties the first candidate is used: the parts of a normalised weight also look like two names for it.
        let best = [
            Self.normalized(.spectralNorm(dim: 0), .spectralNorm(), wanted, given),
            Self.normalized(.weightNorm, .weightNorm(), wanted, given), Self.prefixToStrip(wanted, given),
            Self.prefixToAdd(wanted, given),
            Self.componentToDrop(wanted, given),
            Self.componentsToRename(wanted, given),
        ].compactMap { $0 }.max { $0.found < $1.found }
        guard let best, best.found >= min(2, missing.count), 2 * best.found >= missing.count else { return nil }
        (rules, found, self.missing) = (best.rules, best.found, missing.count)
    }

    private typealias Name = [UInt8]
    private typealias Candidate = (rules: [StateMapping.Rule], found: Int)
    private static let dot = UInt8(ascii: ".")

    private static func text(_ name: some Sequence<UInt8>) -> String { String(decoding: Array(name), as: UTF8.self) }

    /// The key with the highest count; for ties, the shortest.
    private static func mostFrequent(_ counts: [Name: Int]) -> (name: Name, count: Int)? {
        counts.max { ($0.value, -$0.key.count) < ($1.value, -$1.key.count) }.map { ($0.key, $0.value) }
    }

    /// A prefix of the names in the file that the names of the module do not have: `module.`, `model.`,
    /// `module._orig_mod.`.
    private static func prefixToStrip(_ wanted: Set<Name>, _ given: [Name]) -> Candidate? {
        var counts: [Name: Int] = [:]
        for name in given {
            for position in name.indices where name[position] == dot && wanted.contains(Array(name[(position + 1)...]))
            {
                counts[Array(name[...position]), default: 0] += 1
            }
        }
        guard let (prefix, count) = mostFrequent(counts) else { return nil }
        // Names without the prefix do not belong to the module, for example those of an optimiser.
        let rule: StateMapping.Rule =
            given.allSatisfy { $0.starts(with: prefix) }
            ? .stripPrefix(text(prefix)) : .subtree(text(prefix.dropLast()))
        return ([rule], count)
    }

    /// A prefix of the names of the module that the names in the file do not have.
    private static func prefixToAdd(_ wanted: Set<Name>, _ given: [Name]) -> Candidate? {
        let names = Set(given)
        var counts: [Name: Int] = [:]
        for name in wanted {
            for position in name.indices where name[position] == dot && names.contains(Array(name[(position + 1)...])) {
                counts[Array(name[...position]), default: 0] += 1
            }
        }
        return mostFrequent(counts).map { ([.addPrefix(text($0.name))], $0.count) }
    }

    /// A component of the names in the file that the names of the module do not have: `layers._orig_mod.0.weight`.
    private static func componentToDrop(_ wanted: Set<Name>, _ given: [Name]) -> Candidate? {
        var counts: [Name: Int] = [:]
        for name in given {
            let parts = name.split(separator: dot, omittingEmptySubsequences: false)
            for index in parts.indices.dropFirst().dropLast() {
                var rest = parts
                let part = rest.remove(at: index)
                if wanted.contains(Array(rest.joined(separator: [dot]))) { counts[Array(part), default: 0] += 1 }
            }
        }
        guard let (part, count) = mostFrequent(counts), count > 1 else { return nil }
        return ([.rename("**.\(text(part)).**", to: "**.**")], count)
    }

    /// The parts of normalised weights: `weight_g` and `weight_v` or `weight_orig`, `weight_u` and `weight_v`, or those of
    /// `parametrizations.weight`.
    private static func normalized(
        _ combination: Combination, _ rule: StateMapping.Rule, _ wanted: Set<Name>, _ given: [Name]
    ) -> Candidate? {
        let count = combination.parameters(in: given).count { wanted.contains($0) }
        return count > 0 ? ([rule], count) : nil
    }

    /// Other names of weight and bias.
    private static let usual = [
        "gamma": "weight", "kernel": "weight", "scale": "weight", "embedding": "weight", "beta": "bias",
        "offset": "bias",
    ]

    /// Components that have another name in the file: `gamma` for `weight`, `encoder` for `body`.
    private static func componentsToRename(_ wanted: Set<Name>, _ given: [Name]) -> Candidate? {
        struct Change: Hashable {
            let old: Name
            let new: Name
            let isFirst: Bool
            let isLast: Bool
        }
        // The missing keys with one component removed, by the remaining components.
        var rests: [[Name]: [Name]] = [:]
        for name in wanted {
            let parts = name.split(separator: dot, omittingEmptySubsequences: false).map { Array($0) }
            guard parts.count > 1 else { continue }
            for index in parts.indices {
                var rest = parts
                // An empty component replaces the removed one.
                rest[index] = []
                rests[rest, default: []].append(parts[index])
            }
        }
        var counts: [Change: Int] = [:]
        for name in given {
            let parts = name.split(separator: dot, omittingEmptySubsequences: false).map { Array($0) }
            for index in parts.indices {
                var rest = parts
                rest[index] = []
                for new in rests[rest] ?? [] {
                    let change = Change(
                        old: parts[index], new: new, isFirst: index == 0, isLast: index == parts.count - 1)
                    counts[change, default: 0] += 1
                }
            }
        }
        // The most frequent new name of each old name. Numbers are list indices and are not renamed.
        var rules: [StateMapping.Rule] = []
        var (found, taken) = (0, Set<Name>())
        let sorted = counts.sorted { ($0.value, text($1.key.old)) > ($1.value, text($0.key.old)) }
        for (change, count) in sorted where rules.count < 4 && !taken.contains(change.old) {
            guard !change.old.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
            // If several new names are equally frequent, only a common one is accepted.
            let isAlone = sorted.allSatisfy { $0.key == change || $0.key.old != change.old || $0.value < count }
            guard isAlone || usual[text(change.old)] == text(change.new) else { continue }
            taken.insert(change.old)
            let (old, new) = (text(change.old), text(change.new))
            rules.append(
                change.isFirst
                    ? .rename("\(old).**", to: "\(new).**")
                    : change.isLast
                        ? .rename("**.\(old)", to: "**.\(new)") : .rename("**.\(old).**", to: "**.\(new).**"))
            found += count
        }
        // A single key is a spelling mistake, not a rule.
        return found > 1 ? (rules, min(found, wanted.count)) : nil
    }
}
