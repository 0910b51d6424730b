/// A table in plain text. Columns are as wide as their widest entry; numbers are aligned right.
package struct TextTable {
    package var header: [String]
    package var rows: [[String]]
    /// The indices of the columns that are aligned right.
    package var numbers: Set<Int>

    package init(header: [String], rows: [[String]], numbers: Set<Int>) {
        self.header = header
        self.rows = rows
        self.numbers = numbers
    }

    package var description: String {
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
