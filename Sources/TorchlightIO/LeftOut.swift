/// A member of a file that cannot be read here, while the others are.
public struct LeftOut: Sendable, Equatable, CustomStringConvertible {
    /// Its name, or its path through the containers of a file of PyTorch.
    public let name: String
    /// Why it is left out.
    public let reason: String
    /// Where it stands in the file, in bytes.
    public let offset: Int

    /// "name: reason", in one line.
    public var description: String {
        "\(IOError.oneLine(name, limit: 200)): \(IOError.oneLine(reason, limit: 400))"
    }

    init(_ name: String, reason: String, offset: Int) {
        self.name = name
        self.reason = reason
        self.offset = offset
    }

    /// The error for asking for the member.
    func error(_ operation: String, file: String) -> IOError {
        IOError(
            .unsupported, operation, file: file, offset: offset, "\(IOError.quoted(name)) cannot be read: \(reason)",
            expected: "elements of a type that has a dtype here")
    }
}

/// Which members of a file to read.
struct Selection {
    private let asked: [String]?
    /// Names are bytes: Swift takes two spellings of an accented letter for equal.
    private let names: Set<[UInt8]>

    /// The members of these names; nil for all.
    init(_ asked: [String]?) {
        self.asked = asked
        names = Set((asked ?? []).map { Array($0.utf8) })
    }

    func contains(_ name: String) -> Bool { asked == nil || names.contains(Array(name.utf8)) }

    /// Fails where a name that was asked for was not read, or where nothing of a file that is not empty could be.
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
            throw IOError(.notFound, operation, file: file, "it holds no \(IOError.quoted(name))")
        }
    }
}
