import Glibc

/// A line chart with a value axis on each side and integers on the horizontal axis.
struct Chart {
    /// A line of the chart.
    struct Series {
        let name: String
        let color: Color
        /// Positions and values, from left to right; values that are not finite leave a gap.
        let points: [(x: Double, y: Double)]
        /// The upper bound of the axis, if the value has one (an accuracy is at most 1).
        var ceiling: Double = .infinity
        /// The unit of the labels: values are divided by `size` and followed by `name`, as 0.01 and `%` for fractions.
        var unit: (size: Double, name: String) = (1, "")
    }

    let title: String
    let xLabel: String
    /// The line of the left axis.
    let left: Series
    /// The line of the right axis.
    let right: Series

    /// A chart of loss and accuracy of a training run by epoch; the accuracy is a fraction.
    static func training(title: String, epochs: [(epoch: Int, loss: Double, accuracy: Double)]) -> Chart {
        Chart(
            title: title, xLabel: "epoch",
            left: Series(
                name: "train loss", color: Color(0x2563eb), points: epochs.map { (Double($0.epoch), $0.loss) }),
            right: Series(
                name: "test accuracy", color: Color(0xe4570b), points: epochs.map { (Double($0.epoch), $0.accuracy) },
                ceiling: 1, unit: (0.01, "%")))
    }

    private static let ink = Color(0x1f2937)
    private static let faint = Color(0x6b7280)
    private static let grid = Color(0xe5e7eb)
    private static let paper = Color(0xffffff)
    private static let intervals = 5

    /// Returns the drawing of the chart.
    func drawing(width: Double = 880, height: Double = 520) -> Drawing {
        var drawing = Drawing(width: width, height: height)
        drawing.marks.append(.rectangle(origin: Point(x: 0, y: 0), width: width, height: height, fill: Self.paper))
        let frame = Frame(left: 84, right: width - 88, top: 92, bottom: height - 64)
        let leftScale = Scale(left.points.map(\.y), intervals: Self.intervals, ceiling: left.ceiling)
        let rightScale = Scale(right.points.map(\.y), intervals: Self.intervals, ceiling: right.ceiling)
        let xs = (left.points + right.points).map(\.x)
        let (first, last) = (xs.min() ?? 0, xs.max() ?? 1)
        // A single epoch is in the middle.
        let span = last > first ? first...last : first - 1...first + 1
        func map(_ x: Double, _ share: Double) -> Point {
            let along = (x - span.lowerBound) / (span.upperBound - span.lowerBound)
            let inset = 18.0
            return Point(
                x: frame.left + inset + along * (frame.right - frame.left - 2 * inset),
                y: frame.bottom - share * (frame.bottom - frame.top))
        }

        drawing.marks.append(
            .text(title, at: Point(x: frame.left, y: 40), size: 19, color: Self.ink, anchor: .start, bold: true))
        addLegend(to: &drawing, at: Point(x: frame.left, y: 66))
        for index in 0...Self.intervals {
            let y = frame.bottom - Double(index) / Double(Self.intervals) * (frame.bottom - frame.top)
            let line = [Point(x: frame.left, y: y), Point(x: frame.right, y: y)]
            drawing.marks.append(.line(line, width: 1, color: index == 0 ? Color(0x9ca3af) : Self.grid))
            drawing.marks.append(
                .text(
                    label(leftScale.tick(index), step: leftScale.step, left), at: Point(x: frame.left - 12, y: y + 4.6),
                    size: 13, color: left.color, anchor: .end))
            drawing.marks.append(
                .text(
                    label(rightScale.tick(index), step: rightScale.step, right),
                    at: Point(x: frame.right + 12, y: y + 4.6),
                    size: 13, color: right.color, anchor: .start))
        }
        for x in Self.integerTicks(span) where x >= first && x <= last {
            let foot = map(x, 0)
            drawing.marks.append(
                .line([foot, foot + Point(x: 0, y: 5)], width: 1, color: Color(0x9ca3af)))
            drawing.marks.append(
                .text(
                    String(Int(x)), at: foot + Point(x: 0, y: 21), size: 13, color: Self.faint, anchor: .middle))
        }
        let middle = (frame.top + frame.bottom) / 2
        drawing.marks += [
            .text(
                xLabel, at: Point(x: (frame.left + frame.right) / 2, y: height - 18), size: 14, color: Self.faint,
                anchor: .middle),
            .text(
                left.name, at: Point(x: 26, y: middle), size: 14, color: left.color, anchor: .middle, upwards: true),
            .text(
                right.name, at: Point(x: width - 16, y: middle), size: 14, color: right.color, anchor: .middle,
                upwards: true),
        ]
        add(left, on: leftScale, to: &drawing, map)
        add(right, on: rightScale, to: &drawing, map)
        addLastValues(to: &drawing, [(left, leftScale), (right, rightScale)], bottom: frame.bottom, map)
        return drawing
    }

    private struct Frame {
        let left, right, top, bottom: Double
    }

    private func addLegend(to drawing: inout Drawing, at point: Point) {
        var start = point
        for series in [left, right] {
            let sample = [start + Point(x: 0, y: -4.5), start + Point(x: 24, y: -4.5)]
            drawing.marks += [
                .line(sample, width: 2.5, color: series.color),
                .disc(
                    center: start + Point(x: 12, y: -4.5), radius: 3.5, fill: Self.paper, border: series.color, width: 2
                ),
                .text(
                    series.name, at: start + Point(x: 33, y: 0), size: 14, color: Self.faint, anchor: .start),
            ]
            start = start + Point(x: 125, y: 0)
        }
    }

    private func add(_ series: Series, on scale: Scale, to drawing: inout Drawing, _ map: (Double, Double) -> Point) {
        // A gap in the values is a gap in the line.
        let runs = series.points.split { !$0.y.isFinite }.map { run in run.map { map($0.x, scale.share($0.y)) } }
        for run in runs { drawing.marks.append(.line(run, width: 2.5, color: series.color)) }
        guard series.points.count <= 40 else { return }
        for point in runs.joined() {
            drawing.marks.append(
                .disc(center: point, radius: 3.5, fill: Self.paper, border: series.color, width: 2))
        }
    }

    /// Writes the final values at the ends of the lines: the higher one above its line, the lower one below.
    private func addLastValues(
        to drawing: inout Drawing, _ lines: [(Series, Scale)], bottom: Double, _ map: (Double, Double) -> Point
    ) {
        let ends = lines.compactMap { series, scale -> (Series, Point, Double)? in
            guard let last = series.points.last, last.y.isFinite else { return nil }
            return (series, map(last.x, scale.share(last.y)), last.y)
        }.sorted { $0.1.y < $1.1.y }
        guard let high = ends.first, let low = ends.last else { return }
        var (above, below) = (high.1.y - 11, low.1.y + 21)
        // If there is no space between the lower line and the axis, both are above.
        if below > bottom - 6 {
            below = low.1.y - 11
            above = min(above, below - 17)
        }
        for (index, (series, point, value)) in ends.enumerated() {
            let text = label(value, step: series.unit.size < 1 ? 0.01 * series.unit.size : 1e-4, series)
            let y = index == 0 && ends.count > 1 ? above : below
            drawing.marks.append(
                .text(text, at: Point(x: point.x + 4, y: y), size: 13, color: series.color, anchor: .end, bold: true))
        }
    }

    /// A value in its unit, with the decimals that the step needs.
    private func label(_ value: Double, step: Double, _ series: Series) -> String {
        Self.decimal(value / series.unit.size, digits: Self.digits(step / series.unit.size)) + series.unit.name
    }

    /// The number of decimals that distinguish multiples of a step: 0 for 5, 1 for 0.5, 2 for 0.25.
    static func digits(_ step: Double) -> Int {
        var digits = 0
        var scaled = step
        while digits < 9, abs(scaled - scaled.rounded()) > 1e-6 * abs(scaled) {
            scaled *= 10
            digits += 1
        }
        return digits
    }

    /// A number with a fixed number of decimals.
    static func decimal(_ value: Double, digits: Int) -> String {
        guard abs(value) < 1e9 else { return "\(value)" }
        let power = pow(10, Double(digits))
        let scaled = Int((abs(value) * power).rounded())
        let fraction = String(scaled % Int(power))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        return "\(sign)\(scaled / Int(power)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// At most about twelve integers in a range.
    static func integerTicks(_ range: ClosedRange<Double>) -> [Double] {
        let span = range.upperBound - range.lowerBound
        var step = 1.0
        // 1, 2, 5, 10, 20, 50, ...
        var factors = 0
        while span / step > 12 {
            step *= factors % 3 == 1 ? 2.5 : 2
            factors += 1
        }
        return Array(stride(from: (range.lowerBound / step).rounded(.up) * step, through: range.upperBound, by: step))
    }
}

/// A value axis: a fixed number of equal intervals whose ends are round numbers.
struct Scale: Equatable {
    let lower: Double
    let step: Double
    let intervals: Int

    /// The smallest axis with steps of 1, 2, 2.5 or 5 times a power of ten that contains all finite values.
    init(_ values: [Double], intervals: Int, ceiling: Double = .infinity) {
        self.intervals = intervals
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        let span = max(high - low, max(abs(high), abs(low)) * 1e-3, 1e-9)
        // A power of ten below the smallest possible step.
        var power = pow(10, floor(log10(span / Double(intervals))))
        while true {
            for unit in [1, 2, 2.5, 5] {
                let step = unit * power
                var lower = (low / step + 1e-9).rounded(.down) * step
                // If the top exceeds the ceiling, the whole axis is shifted down; if the bottom falls below 0, it is
                // shifted up.
                lower = min(lower, ceiling - step * Double(intervals))
                if low >= 0 { lower = max(lower, 0) }
                if lower + step * Double(intervals) >= high - 1e-9 * span {
                    self.lower = lower
                    self.step = step
                    return
                }
            }
            power *= 10
        }
    }

    /// The value at one of the `intervals + 1` ticks.
    func tick(_ index: Int) -> Double { lower + step * Double(index) }

    /// The position of a value between the bottom, 0, and the top, 1.
    func share(_ value: Double) -> Double { (value - lower) / (step * Double(intervals)) }
}
