import ConformanceReplay
import GuardedDevice
import Torchlight

/// What the command line asks for.
struct Options {
    /// Folders of families.
    var data = Family.folders(ofCheckout: ".")
    var families: Set<String> = []
    var operations: Set<String> = []
    var failures = 20
    var json: String?
    var exceptions = "Conformance/exceptions.json"
    var device = Device.cpu
    var runsPrograms = false
    var isCompiled = false

    mutating func read(_ arguments: some Sequence<String>) throws {
        var rest = arguments.makeIterator()
        while let flag = rest.next() {
            guard let value = rest.next() else { throw NotSupported("\(flag) needs a value") }
            switch flag {
            case "--data": data = value.split(separator: ",").map(String.init)
            case "--family": families = Set(value.split(separator: ",").map(String.init))
            case "--op": operations = Set(value.split(separator: ",").map(String.init))
            case "--failures":
                guard let count = Int(value), count >= 0 else { throw NotSupported("--failures needs a count") }
                failures = count
            case "--json": json = value
            case "--exceptions": exceptions = value
            case "--compiled":
                guard let answer = Bool(value) else { throw NotSupported("--compiled needs true or false") }
                isCompiled = answer
            case "--programs":
                guard value == "-" else { throw NotSupported("--programs reads -, the standard input") }
                runsPrograms = true
            case "--device":
                switch value {
                case "cpu": device = .cpu
                case "meta": device = .meta
                case "guarded":
                    guard let guarded = Device.guarded else { throw NotSupported("the guarded device has no memory") }
                    device = guarded
                default: throw NotSupported("no device \(value); there are cpu, meta and guarded")
                }
            default:
                throw NotSupported(
                    "no option \(flag); there are --data, --family, --op, --failures, --json, --exceptions, --device, --compiled "
                        + "and --programs"
                )
            }
        }
    }
}
