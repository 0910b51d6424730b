/// The script of each scalar (Unicode property Script).
enum UnicodeScripts {
    private struct Table {
        /// The names and four-letter codes, by number.
        var names: [(name: String, code: String)] = []
        /// Sorted ranges.
        var starts: [UInt32] = []
        var ends: [UInt32] = []
        var scripts: [Int16] = []
    }

    private static let tables: Table = {
        var result = Table()
        var ranges: [(UInt32, UInt32, Int16)] = []
        let text = table.withUTF8Buffer { String(decoding: $0.lazy.filter { $0 != 0x0A }, as: UTF8.self) }
        for entry in text.split(separator: ";") {
            let fields = entry.split(separator: "=")
            let number = Int16(result.names.count)
            result.names.append((String(fields[0]), String(fields[1])))
            var previous: UInt32 = 0
            for range in fields[2].split(separator: ",") {
                let numbers = range.split(separator: "+").map { UInt32($0, radix: 16)! }
                let first = previous + numbers[0]
                previous = first + (numbers.count > 1 ? numbers[1] : 0)
                ranges.append((first, previous, number))
            }
        }
        ranges.sort { $0.0 < $1.0 }
        result.starts = ranges.map(\.0)
        result.ends = ranges.map(\.1)
        result.scripts = ranges.map(\.2)
        return result
    }()

    /// The number of the script of a scalar; -1 if it has none.
    static func script(_ code: UInt32) -> Int {
        let tables = tables
        var (low, high) = (0, tables.starts.count)
        while low < high {
            let middle = (low + high) / 2
            if tables.starts[middle] <= code { low = middle + 1 } else { high = middle }
        }
        return low > 0 && code <= tables.ends[low - 1] ? Int(tables.scripts[low - 1]) : -1
    }

    /// The number of the script with a name or code, ignoring case, spaces and underscores; nil if there is none.
    static func number(named name: String) -> Int? {
        let wanted = plain(name)
        return tables.names.firstIndex { plain($0.name) == wanted || plain($0.code) == wanted }
    }

    static func plain(_ name: String) -> String {
        String(name.lowercased().filter { $0 != " " && $0 != "_" && $0 != "-" })
    }
}
