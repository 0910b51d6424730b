import Glibc

/// Reports the progress of a task: one line that is redrawn on a terminal, nothing elsewhere, where the caller prints a line
/// for each completed task.
///
/// ```text
/// epoch 2/5  ████████████▌        62% · 48213 samples/s · loss 0.0871 · 3 s left
/// ```
struct ProgressBar {
    /// How progress is reported.
    enum Style: Equatable {
        case bar(columns: Int)
        case quiet
    }

    private let label: String
    private let total: Int
    private let unit: String
    private let style: Style
    private let now: () -> Double
    private let write: (String) -> Void
    private let started: Double
    private var lastDrawn = -Double.infinity

    /// Starts a report on `total` units of work.
    ///
    /// - Parameters:
    ///   - label: the text at the start of the line: `epoch 2/5`.
    ///   - unit: the name of the units, for the rate: `samples`.
    ///   - now: the clock, in seconds.
    ///   - write: writes the text.
    init(
        _ label: String, total: Int, unit: String = "samples", style: Style = .current(),
        now: @escaping () -> Double = monotonicSeconds,
        write: @escaping (String) -> Void = { Terminal.write($0, to: STDERR_FILENO) }
    ) {
        self.label = label
        self.total = total
        self.unit = unit
        self.style = style
        self.now = now
        self.write = write
        started = now()
    }

    /// Reports that `done` units are complete, with the current loss if there is one.
    ///
    /// It can be called in every step: a terminal is updated at most ten times a second.
    mutating func update(_ done: Int, loss: Double? = nil) {
        guard case .bar(let columns) = style, total > 0 else { return }
        let time = now()
        guard time - lastDrawn >= 0.1 || done >= total else { return }
        lastDrawn = time
        // Erases the rest of a longer previous line.
        write("\r" + bar(done, elapsed: time - started, loss: loss, columns: columns) + "\u{1b}[K")
    }

    /// Removes the bar from the terminal, before other text is printed.
    func clear() {
        if case .bar = style { write("\r\u{1b}[K") }
    }

    private func figures(_ done: Int, elapsed: Double, loss: Double?) -> [String] {
        var figures = ["\(100 * min(done, total) / total)%"]
        let rate = Double(done) / max(elapsed, 1e-9)
        if elapsed > 0, done > 0 { figures.append("\(Self.rounded(rate)) \(unit)/s") }
        if let loss { figures.append("loss " + (loss.isFinite ? Chart.decimal(loss, digits: 4) : "\(loss)")) }
        if done < total, done > 0 { figures.append(Self.duration(Double(total - done) / rate) + " left") }
        return figures
    }

    private func bar(_ done: Int, elapsed: Double, loss: Double?, columns: Int) -> String {
        let figures = figures(done, elapsed: elapsed, loss: loss).joined(separator: " · ")
        let width = min(columns - 1 - label.count - figures.count - 4, 30)
        guard width >= 8 else { return String("\(label)  \(figures)".prefix(columns - 1)) }
        // Eighths of a column, by Unicode's block elements.
        let eighths = 8 * width * min(done, total) / total
        var blocks = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { blocks.unicodeScalars.append(Unicode.Scalar(0x2590 - UInt32(eighths % 8))!) }
        return "\(label)  \(blocks)\(String(repeating: " ", count: width - blocks.count))  \(figures)"
    }

    /// A rate with about three significant digits.
    static func rounded(_ value: Double) -> String {
        value < 100 ? Chart.decimal(value, digits: value < 10 ? 2 : 1) : Chart.decimal(value, digits: 0)
    }

    /// A duration in words: `8 s`, `2 min 05 s`, `3 h 20 min`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e8 else { return "?" }
        let total = Int(seconds.rounded(.up))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if total < 60 { return "\(total) s" }
        if total < 3600 { return "\(total / 60) min \(two(total % 60)) s" }
        return "\(total / 3600) h \(two(total / 60 % 60)) min"
    }
}

extension ProgressBar.Style {
    /// The style for the process's standard error.
    static func current(quiet: Bool = false) -> Self {
        guard !quiet, Terminal.isTerminal(STDERR_FILENO) else { return .quiet }
        return .bar(columns: Terminal.columns(STDERR_FILENO))
    }
}
