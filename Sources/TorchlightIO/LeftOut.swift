/// A member of a file that was skipped because it cannot be read.
public struct LeftOut: Sendable, Equatable, CustomStringConvertible {
    /// The name of the member; in a PyTorch file its path through the containers.
    public let name: String
    /// Why it cannot be read.
    public let reason: String
    /// The position in the file, in bytes.
    public let offset: Int
    /// Whether the member is damaged, rather than of a kind that is not supported.
    package let isDamaged: Bool

    /// The text "name: reason" in one line.
    public var description: String {
        "\(IOError.oneLine(name, limit: 200)): \(IOError.oneLine(reason, limit: 400))"
    }

    init(_ name: String, reason: String, offset: Int, isDamaged: Bool = false) {
        self.name = name
        self.reason = reason
        self.offset = offset
        self.isDamaged = isDamaged
    }

    /// The member whose reading gave an error; `offset` is used if the error has no position.
    init(_ name: String, _ error: IOError, offset: Int) {
        self.init(
            name, reason: error.problem, offset: error.offset ?? offset, isDamaged: error.kind == .malformed)
    }

    /// The error for a request of this member.
    func error(_ operation: String, file: String) -> IOError {
        IOError(
            isDamaged ? .malformed : .unsupported, operation, file: file, offset: offset,
            "\(IOError.quoted(name)) cannot be read: \(reason)",
            expected: isDamaged ? "an undamaged member" : "a tensor of a supported element type")
    }
}

/// The members of a file to read.
struct Selection {
    private let asked: [String]?
    // Names are compared as bytes: Swift compares canonically equivalent strings as equal.
    private let names: Set<[UInt8]>

    /// Selects the members with these names; nil for all members.
    init(_ asked: [String]?) {
        self.asked = asked
        names = Set((asked ?? []).map { Array($0.utf8) })
    }

    func contains(_ name: String) -> Bool { asked == nil || names.contains(Array(name.utf8)) }

    /// Throws if a requested name was not read, or if no member of a file that is not empty could be read.
    func check(found: [String], leftOut: [LeftOut], operation: String, file: String) throws(IOError) {
        guard let asked else {
            if found.isEmpty, let first = leftOut.first { throw first.error(operation, file: file) }
            return
        }
        let names = Set(found.map { Array($0.utf8) })
        for name in asked where !names.contains(Array(name.utf8)) {
            if let left = leftOut.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
                throw left.error(operation, file: file)
            }
            throw IOError(.notFound, operation, file: file, "there is no tensor \(IOError.quoted(name))")
        }
    }
}
