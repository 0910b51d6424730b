import Testing

@testable import TorchlightCLI

@Suite struct GrowthTests {
    @Test(arguments: [0.5, 1, 2])
    func thePowerIsThatOfTheUpperHalf(power: Double) {
        let sizes = [1.0, 10, 100, 1000, 10_000, 100_000]
        // Below 1000 a fixed cost hides it.
        let cost: (Double) -> Double = power == 2 ? { $0 * $0 } : power == 1 ? { $0 } : { $0.squareRoot() }
        let values = sizes.map { size in (size: size, value: size < 1000 ? 3 : 3 * cost(size)) }
        #expect(abs(GrowthResult.power(values) - power) < 1e-9)
    }

    @Test func valuesHaveThreeDigits() {
        #expect(GrowthReport.text(0.0123, "step") == "12.3 ms")
        #expect(GrowthReport.text(9.996e-4, "step") == "1.00 ms")
        #expect(GrowthReport.text(528e6, "memory") == "528 MB")
        #expect(GrowthReport.text(3, "memory") == "3.00 B")
        #expect(GrowthReport.text(.nan, "memory") == "-")
        #expect([1, 999, 1000, 10_000_000].map(GrowthReport.count) == ["1", "999", "1,000", "10,000,000"])
        #expect(GrowthChart.label(-4, ["ns", "µs", "ms", "s"], first: -9) == "100 µs")
        #expect(GrowthChart.label(8, ["", "k", "M"], first: 0) == "100 M")
    }

    @Test func thePageAndThePictureHoldEverySeries() {
        let results = GrowthSeries.all.map { series in
            GrowthResult(
                series: series,
                points: series.sizes.map { size in
                    GrowthFigures(
                        size: size, seconds: series.parts.map { _ in 1e-6 * Double(size) }, bytes: 64 * Double(size))
                })
        }
        let page = GrowthReport.page(results, picture: "growth.svg")
        for series in GrowthSeries.all { #expect(page.contains("## \(series.title)")) }
        #expect(page.contains("| nodes | memory | 1 to 10,000,000 | 1.00 | 1 | 64.0 B |"))
        let picture = GrowthChart(results: results).drawing().svg()
        #expect(picture.utf8.count < 100_000 && picture.contains(">10 M</text>"))
    }
}
