import Torchlight

/// The page with the growth of time and memory: a summary, a chart, and a table for each series.
enum GrowthReport {
    static func page(_ results: [GrowthResult], picture: String) -> String {
        var lines = [
            "# How cost grows", "",
            "Written by `make bench-growth`. Each point ran in a separate process, on two threads. A time is the median "
                + "of several rounds. Memory is the peak memory of the process minus its memory before the work.",
            "",
            "The power is the exponent of the size in time or memory, fitted to the upper half of the sizes: 1 is linear, "
                + "2 is quadratic. Smaller powers are due to caches and vectors, which small sizes do not fill. The last column "
                + "is the cost of one additional unit at the largest size.", "",
            "![Time and memory over size, in logarithms](\(picture))", "",
            "| series | what | sizes | power | at most | at the largest, each |", "|---|---|---|--:|--:|--:|",
        ]
        for result in results {
            let sizes = result.series.sizes
            for (name, values, power) in result.lines {
                let each = (values.last?.value ?? .nan) / Double(sizes.last ?? 1)
                lines.append(
                    "| \(result.series.name) | \(name) | \(count(sizes.first ?? 0)) to \(count(sizes.last ?? 0)) | "
                        + "\(Chart.decimal(GrowthResult.power(values), digits: 2)) | \(Chart.decimal(power, digits: 0)) | "
                        + (power == 1 ? text(each, name) : "") + " |")
            }
        }
        for result in results {
            let lines2 = result.lines
            lines += ["", "## \(result.series.title)", ""]
            lines.append("| \(result.series.unit) | " + lines2.map(\.name).joined(separator: " | ") + " |")
            lines.append("|--:|" + lines2.map { _ in "--:|" }.joined())
            for (index, size) in result.series.sizes.enumerated() {
                let cells = lines2.map { text($0.values[index].value, $0.name) }
                lines.append("| \(count(size)) | " + cells.joined(separator: " | ") + " |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A value with its unit, with three digits.
    static func text(_ value: Double, _ name: String) -> String {
        name == "memory"
            ? scaled(value, [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")])
            : scaled(value, [(1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")])
    }

    /// A count with thousands separators: 1,000,000.
    static func count(_ value: Int) -> String {
        let digits = Array(String(value))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    private static func scaled(_ value: Double, _ units: [(size: Double, name: String)]) -> String {
        guard value.isFinite else { return "-" }
        let unit = units.first { value >= 0.9995 * $0.size } ?? units[units.count - 1]
        let number = value / unit.size
        return Chart.decimal(number, digits: number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2) + " " + unit.name
    }
}
