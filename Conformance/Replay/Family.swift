import Torchlight
import TorchlightIO

/// A family of recorded cases with the tensors that they refer to.
public struct Family: Sendable {
    /// Recorded families for whose kinds of cases there is no replayer yet.
    public static let withoutReplayer: Set<String> = []

    /// The name of its files.
    public let name: String
    /// The cases as recorded.
    let cases: [JSON]
    let tensors: [String: Tensor]
    /// The number of cases.
    public var count: Int { cases.count }

    /// What a case is called, unique in its family.
    public func id(_ index: Int) -> String { cases[index]["id"]?.string ?? "case \(index)" }

    /// Reads `NAME.zip`, or `NAME.json` and, where it exists, `NAME.safetensors`.
    public init(_ name: String, in folder: String) throws {
        self.name = name
        let archive = "\(folder)/\(name).zip"
        let file = "\(folder)/\(name).json"
        let values = "\(folder)/\(name).safetensors"
        var text: [UInt8]
        if FileSystem.isFile(archive) {
            text = []
            var tensors: [String: Tensor] = [:]
            for entry in try ZipArchive.contents(of: archive) {
                switch entry.name {
                case "\(name).json": text = entry.bytes
                case "\(name).safetensors": tensors = try Safetensors.load(entry.bytes, path: archive)
                default: throw NotSupported("\(archive) holds \(entry.name), which is no part of a family")
                }
            }
            self.tensors = tensors
        } else {
            text = try FileSystem.read(file)
            tensors = FileSystem.isFile(values) ? try Safetensors.load(values) : [:]
        }
        guard let cases = try JSON.parse(text, file: file).elements else {
            throw NotSupported("\(file) holds no list of cases")
        }
        self.cases = cases
    }

    /// The families of folders, sorted: names and folders. Of two families with one name the first is taken.
    public static func all(in folders: [String]) -> [(name: String, folder: String)] {
        var found: [String: String] = [:]
        for folder in folders {
            for file in FileSystem.names(in: folder) {
                for ending in [".zip", ".json"] where file.hasSuffix(ending) {
                    let name = String(file.dropLast(ending.count))
                    if found[name] == nil { found[name] = folder }
                }
            }
        }
        return found.sorted { $0.key < $1.key }.map { (name: $0.key, folder: $0.value) }
    }

    /// The folders of families: that of a checkout, and folders `conformance*` in `$TORCHLIGHT_SHARED`, which may hold further
    /// families.
    public static func folders(ofCheckout root: String) -> [String] {
        let own = root + "/Conformance/Data"
        guard let shared = FileSystem.environment("TORCHLIGHT_SHARED") else { return [own] }
        let further = FileSystem.names(in: shared).filter { $0.hasPrefix("conformance") }.sorted()
        return [own] + further.map { "\(shared)/\($0)" }
    }
}
