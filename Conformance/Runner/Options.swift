import ConformanceReplay

/// What the command line asks for.
struct Options {
    var data = "../shared/conformance"
    var families: Set<String> = []
    var operations: Set<String> = []
    var failures = 20
    var json: String?
    var exceptions = "Conformance/exceptions.json"

    mutating func read(_ arguments: some Sequence<String>) throws {
        var rest = arguments.makeIterator()
        while let flag = rest.next() {
            guard let value = rest.next() else { throw NotSupported("\(flag) needs a value") }
            switch flag {
            case "--data": data = value
            case "--family": families = Set(value.split(separator: ",").map(String.init))
            case "--op": operations = Set(value.split(separator: ",").map(String.init))
            case "--failures":
                guard let count = Int(value), count >= 0 else { throw NotSupported("--failures needs a count") }
                failures = count
            case "--json": json = value
            case "--exceptions": exceptions = value
            default:
                throw NotSupported(
                    "no option \(flag); there are --data, --family, --op, --failures, --json and --exceptions")
            }
        }
    }
}
