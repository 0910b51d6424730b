import ArgumentParser
import Torchlight
import TorchlightIO

/// The command `torchlight bench`.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measure the reference workloads: training steps, single operations, inference, data loading and process start.",
        discussion: """
            Each result is the median over rounds of the time of one call, after a warm-up. The workloads and the JSON are \
            those of the scripts that measure other frameworks, so that results on one machine can be compared.

            Groups: \(Workloads.all.map(\.name).joined(separator: ", ")).
            """)

    @Option(
        help: "Groups to run, separated by commas. (default: all but operators, fused, naive, decode and decode_1b)")
    var only: String?
    @Option(help: "Output file of the results, as JSON.")
    var json: String?
    @Option(
        help: "Measure how time and memory grow with size instead, and write GROWTH.md and growth.svg to a directory.")
    var growth: String?
    @Option(parsing: .unconditional, help: "Number of CPU threads.")
    var threads = 2
    @Option(help: "float32, or bfloat16 for training steps in mixed precision.")
    var dtype = BenchPrecision.float32
    @Flag(help: "Run training steps and inference as compiled functions.")
    var compiled = false
    @Option(
        help: """
            Measure each workload for at least this number of seconds, after a warm-up of half of it, with more rounds than \
            usual where needed. (default: the fixed numbers of calls)
            """)
    var seconds: Double?
    @Option(
        help:
            "The directory that contains mnist. (default: the usual locations; without MNIST, random images of its shape)"
    )
    var data: String?

    func validate() throws {
        if threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
        if let seconds, !(0...3600).contains(seconds) {
            throw ValidationError("--seconds must be from 0 to 3600, not \(seconds).")
        }
        if compiled && growth != nil { throw ValidationError("--growth has no compiled form; leave out --compiled.") }
        let known = growth == nil ? Workloads.all.map(\.name) : GrowthSeries.all.map(\.name)
        if let unknown = only?.split(separator: ",").first(where: { !known.contains(String($0)) }) {
            throw ValidationError("There is no group \(unknown). The groups are \(known.joined(separator: ", ")).")
        }
    }

    private var names: [String] { only?.split(separator: ",").map(String.init) ?? Workloads.standard.map(\.name) }

    func run() throws {
        try useThreads(threads)
        if let json { try AtomicFile.check(json) }
        if let growth { return try measureGrowth(into: growth) }
        manualSeed(0)
        let report = BenchReport()
        let context = BenchContext(
            dataRoot: data, precision: dtype, isCompiled: compiled, leastSeconds: seconds ?? 0, report: report)
        for workload in Workloads.all where names.contains(workload.name) {
            // Memory in the pool must not be counted for the next workload.
            Memory.emptyCache()
            do { try workload.run(context) } catch {
                report.fail(workload.name, "\(error)")
            }
        }
        if let json {
            try AtomicFile.write(report.json(threads: threads, precision: dtype, isCompiled: compiled) + "\n", to: json)
        }
    }

    /// Measures the series of `--only`, or all, and writes the page, the chart and the results.
    private func measureGrowth(into folder: String) throws {
        let (page, picture) = (folder + "/GROWTH.md", folder + "/growth.svg")
        try AtomicFile.check(page)
        let report = BenchReport()
        var results: [GrowthResult] = []
        for series in GrowthSeries.all where only == nil || names.contains(series.name) {
            let result = try series.measure(threads: threads)
            report.add(result)
            results.append(result)
        }
        try AtomicFile.write(GrowthReport.page(results, picture: "growth.svg"), to: page)
        try AtomicFile.write(GrowthChart(results: results).drawing().svg(), to: picture)
        if let json {
            try AtomicFile.write(report.json(threads: threads, precision: .float32, isCompiled: false) + "\n", to: json)
        }
    }
}

/// The dtype of matrix products in training steps.
enum BenchPrecision: String, ExpressibleByArgument, CaseIterable {
    case float32, bfloat16
}

/// A workload that `--only` can select.
struct Workload: Sendable {
    let name: String
    let run: @Sendable (BenchContext) throws -> Void
}

/// The arguments of a workload.
struct BenchContext {
    let dataRoot: String?
    let precision: BenchPrecision
    let isCompiled: Bool
    let leastSeconds: Double
    let report: BenchReport

    /// The function to measure for a layer: the layer, or a compiled function that calls it.
    func prepared(_ layer: some Layer) -> (Tensor) -> Tensor {
        guard isCompiled else { return { layer($0) } }
        let compiled = layer.compiled()
        return { compiled($0) }
    }

    /// Measures the time of `body` and reports it: after at least `warmUp` calls, the median of at least `rounds` rounds of `inner`
    /// calls. With `leastSeconds` the warm-up takes at least half of them, and the rounds take at least all.
    func measure(
        _ name: String, warmUp: Int, rounds: Int, inner: Int, per unit: (name: String, amount: Double)? = nil,
        _ body: () throws -> Void
    ) rethrows {
        let warm = monotonicSeconds() + leastSeconds / 2
        var calls = 0
        while calls < warmUp || monotonicSeconds() < warm {
            try body()
            calls += 1
        }
        // Kernels are compiled in the background from the first call on.
        KernelCompiler.shared.waitUntilReady()
        var times: [Double] = []
        let end = monotonicSeconds() + leastSeconds
        while times.count < rounds || monotonicSeconds() < end {
            let start = monotonicSeconds()
            for _ in 0..<inner { try body() }
            times.append((monotonicSeconds() - start) / Double(inner))
        }
        report.add(name, times, per: unit)
    }
}

/// The results, printed one by one and written as JSON at the end.
final class BenchReport {
    private var results: [(String, JSON)] = []

    func add(_ name: String, _ times: [Double], per unit: (name: String, amount: Double)?) {
        let seconds = median(times)
        var fields: [(String, JSON)] = [("seconds", .double(seconds))]
        var line = name + String(repeating: " ", count: max(1, 28 - name.count))
        let milliseconds = Chart.decimal(seconds * 1000, digits: 4)
        line += " " + String(repeating: " ", count: max(0, 12 - milliseconds.count)) + milliseconds + " ms"
        if let unit {
            let rate = unit.amount / seconds
            fields.append((unit.name, .double(rate)))
            let text = Chart.decimal(rate, digits: 1)
            line += "  " + String(repeating: " ", count: max(0, 14 - text.count)) + text + " " + unit.name
        }
        fields.append(("peak_rss_mb", .double(Double(peakMemoryBytes()) / 1_048_576)))
        results.append((name, .object(fields)))
        say(line)
    }

    /// Adds a series of growing sizes: each part at each size, as "growth.layers.step.1000".
    func add(_ result: GrowthResult) {
        say("\(result.series.name): \(result.lines.map(\.name).joined(separator: ", ")), each by size")
        for (index, point) in result.points.enumerated() {
            for (part, seconds) in zip(result.series.parts, point.seconds) {
                results.append(
                    (
                        "growth.\(result.series.name).\(part.name).\(point.size)",
                        .object([("seconds", .double(seconds)), ("bytes", .double(point.bytes))])
                    ))
            }
            let cells = result.lines.map { GrowthReport.text($0.values[index].value, $0.name) }
            say("  " + ([GrowthReport.count(point.size)] + cells).joined(separator: "  "))
        }
    }

    func fail(_ name: String, _ error: String) {
        results.append((name, .object([("error", .string(error))])))
        say("\(name): \(error)")
    }

    func json(threads: Int, precision: BenchPrecision, isCompiled: Bool) -> String {
        JSON.object([
            ("framework", .string("torchlight")), ("device", .string("cpu")), ("dtype", .string(precision.rawValue)),
            ("threads", .int(threads)), ("compiled", JSON(.bool(isCompiled))),
            ("instruction_set", .string(instructionSet)), ("results", .object(results)),
        ]).text(indented: true)
    }
}
