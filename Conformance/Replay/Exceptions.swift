import TorchlightIO

/// The cases that are left out, by reason.
public struct Exceptions {
    private var families: Set<String> = []
    private var ids: [String: Set<String>] = [:]

    /// Reads `[{"family": ..., "reason": ..., "ids": [...]}]`; an entry without ids leaves the whole family out.
    public init(_ file: String) throws {
        for entry in try JSON.parse(try FileSystem.read(file), file: file).elements ?? [] {
            guard let family = entry["family"]?.string, entry["reason"]?.string != nil else {
                throw NotSupported("\(file): an exception needs its family and its reason")
            }
            guard let list = entry["ids"]?.elements else {
                families.insert(family)
                continue
            }
            ids[family, default: []].formUnion(list.compactMap(\.string))
        }
    }

    /// Whether a case is left out.
    public func contains(_ family: String, _ id: String) -> Bool {
        families.contains(family) || ids[family]?.contains(id) == true
    }
}
