import Glibc

/// A chart with a panel for each series: time and memory over size on logarithmic axes, on which a power law is a
/// straight line.
struct GrowthChart {
    let results: [GrowthResult]

    private static let panel = (width: 440.0, height: 300.0)
    private static let columns = 2
    private static let ink = Color(0x1f2937)
    private static let faint = Color(0x6b7280)
    private static let grid = Color(0xe5e7eb)
    private static let times = [Color(0x2563eb), Color(0x0891b2), Color(0x7c3aed)]
    private static let memory = Color(0xe4570b)

    func drawing() -> Drawing {
        let rows = (results.count + Self.columns - 1) / Self.columns
        let (width, height) = (Self.panel.width * Double(Self.columns), Self.panel.height * Double(rows))
        var drawing = Drawing(width: width, height: height)
        drawing.marks.append(
            .rectangle(origin: Point(x: 0, y: 0), width: width, height: height, fill: Color(0xffffff)))
        for (index, result) in results.enumerated() {
            let origin = Point(
                x: Double(index % Self.columns) * Self.panel.width, y: Double(index / Self.columns) * Self.panel.height)
            add(result, at: origin, to: &drawing)
        }
        return drawing
    }

    private func add(_ result: GrowthResult, at origin: Point, to drawing: inout Drawing) {
        let (left, right) = (origin.x + 62, origin.x + Self.panel.width - 66)
        let (top, bottom) = (origin.y + 58, origin.y + Self.panel.height - 44)
        let title = String(result.series.title.prefix { $0 != ":" })
        drawing.marks.append(
            .text(title, at: Point(x: left, y: origin.y + 26), size: 15, color: Self.ink, anchor: .start, bold: true))

        let sizes = LogScale(result.points.map { Double($0.size) })
        let seconds = LogScale(result.points.flatMap(\.seconds))
        let bytes = LogScale(result.points.map(\.bytes))
        func x(_ size: Double) -> Double { left + 8 + sizes.share(size) * (right - left - 16) }
        func y(_ share: Double) -> Double { bottom - share * (bottom - top) }

        for power in seconds.ticks {
            let height = y(seconds.share(pow(10, Double(power))))
            drawing.marks.append(
                .line([Point(x: left, y: height), Point(x: right, y: height)], width: 1, color: Self.grid))
            drawing.marks.append(
                .text(
                    Self.label(power, ["ns", "µs", "ms", "s"], first: -9), at: Point(x: left - 8, y: height + 4),
                    size: 11,
                    color: Self.times[0], anchor: .end))
        }
        for power in bytes.ticks {
            drawing.marks.append(
                .text(
                    Self.label(power, ["B", "kB", "MB", "GB"], first: 0),
                    at: Point(x: right + 8, y: y(bytes.share(pow(10, Double(power)))) + 4), size: 11,
                    color: Self.memory,
                    anchor: .start))
        }
        drawing.marks.append(
            .line([Point(x: left, y: bottom), Point(x: right, y: bottom)], width: 1, color: Color(0x9ca3af)))
        for power in sizes.ticks {
            let foot = Point(x: x(pow(10, Double(power))), y: bottom)
            drawing.marks.append(.line([foot, foot + Point(x: 0, y: 4)], width: 1, color: Color(0x9ca3af)))
            drawing.marks.append(
                .text(
                    Self.label(power, ["", "k", "M"], first: 0), at: foot + Point(x: 0, y: 17), size: 11,
                    color: Self.faint, anchor: .middle))
        }
        drawing.marks.append(
            .text(
                result.series.unit, at: Point(x: (left + right) / 2, y: bottom + 34), size: 12, color: Self.faint,
                anchor: .middle))

        var legend = left
        for (index, line) in result.lines.enumerated() {
            let isMemory = index == result.lines.count - 1
            let color = isMemory ? Self.memory : Self.times[index]
            let scale = isMemory ? bytes : seconds
            let points = line.values.filter { $0.value > 0 }
                .map { Point(x: x($0.size), y: y(scale.share($0.value))) }
            drawing.marks.append(.line(points, width: 2, color: color))
            for point in points {
                drawing.marks.append(.disc(center: point, radius: 2.5, fill: color, border: color, width: 0))
            }
            let text = "\(line.name) \(Chart.decimal(GrowthResult.power(line.values), digits: 2))"
            drawing.marks.append(
                .text(text, at: Point(x: legend, y: origin.y + 45), size: 12, color: color, anchor: .start))
            legend += Double(text.count) * 6.4 + 12
        }
    }

    /// A power of ten in the largest unit that is not above it: "100 µs", "10 k".
    static func label(_ power: Int, _ units: [String], first: Int) -> String {
        let index = max(0, min((power - first) / 3, units.count - 1))
        let rest = power - first - 3 * index
        guard rest >= 0 else { return "0.\(String(repeating: "0", count: -rest - 1))1 \(units[index])" }
        let number = "1" + String(repeating: "0", count: rest)
        return units[index].isEmpty ? number : number + " " + units[index]
    }
}

/// A logarithmic axis that ends at powers of ten.
struct LogScale {
    /// The ends, as exponents of ten.
    let lower: Int
    let upper: Int

    init(_ values: [Double]) {
        let positive = values.filter { $0.isFinite && $0 > 0 }
        lower = Int(floor(log10(positive.min() ?? 1) + 1e-9))
        upper = max(Int(ceil(log10(positive.max() ?? 10) - 1e-9)), lower + 1)
    }

    /// The exponents to mark, at most nine.
    var ticks: [Int] { Array(stride(from: lower, through: upper, by: (upper - lower + 8) / 8)) }

    /// The position of a value between the bottom, 0, and the top, 1.
    func share(_ value: Double) -> Double { (log10(value) - Double(lower)) / Double(upper - lower) }
}
