/// A table in plain text: columns as wide as their widest entry, numbers to the right.
struct TextTable {
    var header: [String]
    var rows: [[String]]
    /// The columns that hold numbers.
    var numbers: Set<Int>

    var description: String {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                text += (column == 0 ? "" : "  ") + (numbers.contains(column) ? padding + cell : cell + padding)
            }
            while text.last == " " { text.removeLast() }
            return text
        }
        let rule = String(repeating: "-", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
    }
}
