/// Looks for the rule under which the names of a file become those of a module: file and module are compared as a whole,
/// not name by name.
struct MappingSuggestion {
    /// The rules.
    let rules: [StateMapping.Rule]
    /// How many of the missing names they find.
    let found: Int
    /// How many names are missing.
    let missing: Int

    /// "mapping: [.stripPrefix("module.")] finds all 18 missing names".
    var text: String {
        let list = rules.map { "\($0)" }.joined(separator: ", ")
        return "mapping: [\(list)] finds "
            + (found == missing ? "all \(missing) missing names" : "\(found) of the \(missing) missing names")
    }

    /// The rules that find most of the missing names; nil where none finds half of them, or at least two.
    ///
    /// - Parameters:
    ///   - missing: What the module has and the file lacks.
    ///   - unexpected: What the file has and the module lacks.
    init?(missing: [String], unexpected: [String]) {
        let wanted = Set(missing.map { Array($0.utf8) })
        let given = unexpected.map { Array($0.utf8) }
        let best = [
            Self.prefixToStrip(wanted, given), Self.prefixToAdd(wanted, given), Self.componentToDrop(wanted, given),
            Self.componentsToRename(wanted, given),
        ].compactMap { $0 }.max { $0.found < $1.found }
        guard let best, best.found >= min(2, missing.count), 2 * best.found >= missing.count else { return nil }
        (rules, found, self.missing) = (best.rules, best.found, missing.count)
    }

    private typealias Name = [UInt8]
    private typealias Candidate = (rules: [StateMapping.Rule], found: Int)
    private static let dot = UInt8(ascii: ".")

    private static func text(_ name: some Sequence<UInt8>) -> String { String(decoding: Array(name), as: UTF8.self) }

    /// The key that counts most; of equals the shortest.
    private static func mostFrequent(_ counts: [Name: Int]) -> (name: Name, count: Int)? {
        counts.max { ($0.value, -$0.key.count) < ($1.value, -$1.key.count) }.map { ($0.key, $0.value) }
    }

    /// `module.`, `model.`, `module._orig_mod.`: what stands before the module's names.
    private static func prefixToStrip(_ wanted: Set<Name>, _ given: [Name]) -> Candidate? {
        var counts: [Name: Int] = [:]
        for name in given {
            for position in name.indices where name[position] == dot && wanted.contains(Array(name[(position + 1)...]))
            {
                counts[Array(name[...position]), default: 0] += 1
            }
        }
        guard let (prefix, count) = mostFrequent(counts) else { return nil }
        // Names beside the prefix belong to something else, such as an optimiser.
        let rule: StateMapping.Rule =
            given.allSatisfy { $0.starts(with: prefix) }
            ? .stripPrefix(text(prefix)) : .subtree(text(prefix.dropLast()))
        return ([rule], count)
    }

    /// The prefix that the module's names have and the file's do not.
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

    /// A component in the middle of the file's names: `layers._orig_mod.0.weight`.
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

    /// What other programs call the two parameters that most layers have.
    private static let usual = [
        "gamma": "weight", "kernel": "weight", "scale": "weight", "embedding": "weight", "beta": "bias",
        "offset": "bias",
    ]

    /// Components that are called otherwise, the same in all names: `gamma` for `weight`, `encoder` for `body`.
    private static func componentsToRename(_ wanted: Set<Name>, _ given: [Name]) -> Candidate? {
        struct Change: Hashable {
            let old: Name
            let new: Name
            let isFirst: Bool
            let isLast: Bool
        }
        // The missing names without one component, by what is left.
        var rests: [[Name]: [Name]] = [:]
        for name in wanted {
            let parts = name.split(separator: dot, omittingEmptySubsequences: false).map { Array($0) }
            guard parts.count > 1 else { continue }
            for index in parts.indices {
                var rest = parts
                // An empty component marks the place.
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
        // The most frequent new name for each old one; numbers are places in a list, not names.
        var rules: [StateMapping.Rule] = []
        var (found, taken) = (0, Set<Name>())
        let sorted = counts.sorted { ($0.value, text($1.key.old)) > ($1.value, text($0.key.old)) }
        for (change, count) in sorted where rules.count < 4 && !taken.contains(change.old) {
            guard !change.old.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
            // Where several names would do, only one that is usual is taken.
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
        // One name alone is a slip in spelling, not a rule.
        return found > 1 ? (rules, min(found, wanted.count)) : nil
    }
}
