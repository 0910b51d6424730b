import Glibc
import TorchlightCore
import TorchlightIO

/// The external files with elements of the tensors of a model, memory-mapped at first use.
package final class ExternalData {
    private let folder: String
    private var files: [String: MappedFile] = [:]

    /// The files in the folder of a model.
    package init(besideModel path: String) { folder = FileSystem.directory(of: path) }

    /// The elements at the `location`, `offset` and `length` of a tensor's entries.
    func bytes(of entries: [(key: String, value: String)], for what: String) throws -> ByteSlice {
        func entry(_ key: String) -> String? { entries.first { $0.key == key }?.value }
        guard let location = entry("location") else {
            throw Problem("\(what) is stored in another file without a location", kind: .malformed)
        }
        func number(_ key: String) throws -> Int? {
            guard let text = entry(key) else { return nil }
            guard let value = Int(text), value >= 0 else {
                throw Problem("\(what) has the \(key) \(quoted(text))", expected: "a number", kind: .malformed)
            }
            return value
        }
        let file = try open(location, for: what)
        let offset = try number("offset") ?? 0
        let left = file.bytes.count - offset
        let length = try number("length") ?? Swift.max(left, 0)
        guard left >= 0, length <= left else {
            throw Problem(
                "\(what) has \(quantity(length, "byte")) at offset \(offset) of \(quoted(location)), which has \(file.bytes.count)",
                expected: "a range inside the file", kind: .malformed)
        }
        return ByteSlice(UnsafeRawBufferPointer(rebasing: file.bytes[offset..<(offset + length)]), owner: file)
    }

    private func open(_ location: String, for what: String) throws -> MappedFile {
        if let known = files[location] { return known }
        let refusal = Problem(
            "\(what) is stored in \(quoted(location)), which is outside the folder of the model",
            expected: "a relative path inside the folder", kind: .malformed)
        let components = location.split(separator: "/", omittingEmptySubsequences: true)
        if location.hasPrefix("/") || location.utf8.contains(0) || components.contains("..") || components.isEmpty {
            throw refusal
        }
        let path = folder + "/" + location
        // Symbolic links are followed unless they leave the folder.
        if let (target, root) = Self.resolved(path).flatMap({ target in Self.resolved(folder).map { (target, $0) } }),
            !target.hasPrefix(root.hasSuffix("/") ? root : root + "/")
        {
            throw refusal
        }
        do {
            let file = try MappedFile(path)
            // Its bytes would be taken for elements.
            if let name = file.withBytes({ FileSignature.replacement(of: $0) }) {
                throw Problem(
                    "\(what) is stored in \(quoted(location)), which is \(name)", expected: "the elements",
                    kind: .malformed)
            }
            files[location] = file
            return file
        } catch let error as IOError {
            throw Problem("\(what): \(error.text)", kind: .malformed)
        }
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path.isEmpty ? "." : path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
