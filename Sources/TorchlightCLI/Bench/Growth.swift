import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO

/// The results of one size of a series.
struct GrowthFigures {
    let size: Int
    /// One time for each part.
    let seconds: [Double]
    /// The peak memory of the process above its memory before the measurement.
    let bytes: Double
}

/// The results of a series.
struct GrowthResult {
    let series: GrowthSeries
    let points: [GrowthFigures]

    /// For each part and for memory: the name, the values by size, and the expected exponent of the growth.
    var lines: [(name: String, values: [(size: Double, value: Double)], power: Double)] {
        let times = series.parts.enumerated().map { index, part in
            (part.name, points.map { (Double($0.size), $0.seconds[index]) }, part.power)
        }
        return times + [("memory", points.map { (Double($0.size), $0.bytes) }, series.memoryPower)]
    }

    /// The exponent of the growth: the slope of the least squares line through the upper half of the points, in
    /// logarithms. At small sizes the fixed cost dominates.
    static func power(_ values: [(size: Double, value: Double)]) -> Double {
        let upper = values.suffix(max(3, (values.count + 1) / 2)).filter { $0.value > 0 && $0.size > 0 }
        guard upper.count > 1 else { return .nan }
        let (x, y) = (upper.map { log10($0.size) }, upper.map { log10($0.value) })
        let (meanX, meanY) = (mean(x), mean(y))
        var (spread, common) = (0.0, 0.0)
        for i in x.indices {
            spread += (x[i] - meanX) * (x[i] - meanX)
            common += (x[i] - meanX) * (y[i] - meanY)
        }
        return common / spread
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

extension GrowthSeries {
    /// Measures each size in a separate process, since peak memory never decreases.
    func measure(threads: Int) throws -> GrowthResult {
        var points: [GrowthFigures] = []
        for size in sizes {
            try withTemporaryFile("torchlight-growth.json") { path in
                try runSelf([
                    "bench-growth-point", "--series", name, "--size", "\(size)", "--threads", "\(threads)", "--json",
                    path,
                ])
                let figures = try JSON.parse(FileSystem.read(path), file: path)
                points.append(
                    GrowthFigures(
                        size: size, seconds: parts.map { figures[$0.name]?.double ?? .nan },
                        bytes: figures["bytes"]?.double ?? .nan))
            }
        }
        return GrowthResult(series: self, points: points)
    }
}

/// The hidden command for one size of one series, run by `torchlight bench --growth`.
struct GrowthPointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-growth-point", shouldDisplay: false)

    @Option var series: String
    @Option var size: Int
    @Option var threads: Int
    @Option var json: String

    func run() throws {
        guard let series = GrowthSeries.all.first(where: { $0.name == series }) else {
            throw ValidationError("There is no series \(series).")
        }
        numThreads = threads
        manualSeed(0)
        // Threads and libraries are started before the measurement.
        let x = Tensor.randn([64, 64], requiresGrad: true)
        matmul(x, x).sum().backward()
        let before = currentMemoryBytes()
        let point = GrowthPoint()
        series.run(size, point)
        let bytes = max(peakMemoryBytes() - before, 0)
        let fields = point.seconds.map { ($0.part, JSON.double($0.seconds)) } + [("bytes", .int(bytes))]
        try AtomicFile.write(JSON.object(fields).text(), to: json)
    }
}
