import Testing

@testable import TorchlightCLI

@Suite struct ChartTests {
    func chart(_ count: Int, loss: (Int) -> Double = { 1 / Double($0 + 1) }) -> Chart {
        .training(title: "a < b & c", epochs: (0..<count).map { ($0 + 1, loss($0), 0.9 + 0.01 * Double($0 % 10)) })
    }

    @Test(arguments: [
        ([0.2643, 0.0288], 0, 0.1), ([0.9621, 0.9823], 0.96, 0.005), ([5.0], 5, 0.001),
        ([-3, 7], -5, 2.5), ([1e-5, 2e5], 0, 50_000), ([.nan, .infinity], 0, 0.2), ([], 0, 0.2),
    ])
    func scalesHaveRoundSteps(values: [Double], lower: Double, step: Double) {
        let scale = Scale(values, intervals: 5)
        #expect(abs(scale.lower - lower) < 1e-9)
        #expect(abs(scale.step - step) <= 1e-9 * step)
        for value in values where value.isFinite { #expect((-1e-6...1 + 1e-6).contains(scale.share(value))) }
    }

    @Test func anAccuracyAxisEndsAtOne() {
        let scale = Scale([0.85, 0.985], intervals: 5, ceiling: 1)
        #expect(scale.tick(5) <= 1 + 1e-9)
        #expect((0...1).contains(scale.share(0.85)))
    }

    @Test func numbersHaveFixedDecimals() {
        #expect(Chart.decimal(0.05, digits: 1) == "0.1")
        #expect(Chart.decimal(-0.001, digits: 2) == "0.00")
        #expect(Chart.decimal(12.3456, digits: 3) == "12.346")
        #expect(Chart.decimal(3, digits: 0) == "3")
        #expect([5, 0.5, 0.25, 0.1].map(Chart.digits) == [0, 1, 2, 1])
        #expect(Chart.integerTicks(1...9) == [1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(Chart.integerTicks(1...100) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    }

    @Test func theSVGHoldsEveryPointAndEscapesTexts() {
        let svg = chart(9).drawing().svg()
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(svg.contains(">a &lt; b &amp; c</text>"))
        for text in ["train loss", "test accuracy", "epoch", ">0.1111</text>", ">98.00%</text>"] {
            #expect(svg.contains(text), "\(text)")
        }
        // Nine points a line and one in each legend entry.
        #expect(svg.split(separator: "<circle").count - 1 == 20)
    }

    @Test(arguments: [0, 1, 9, 500]) func drawsAnyNumberOfEpochs(count: Int) throws {
        let drawing = chart(count).drawing()
        #expect(!drawing.svg().contains("nan"))
        let raster = drawing.raster(scale: 0.5)
        let png = try raster.png()
        #expect(png.prefix(8) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        #expect(raster.pixels.contains { $0 != 255 })
    }

    @Test func valuesThatAreNotNumbersLeaveGaps() {
        let drawing = chart(9) { $0 == 4 ? .nan : 1 }.drawing()
        #expect(!drawing.svg().contains("nan"))
        #expect(!chart(3) { _ in .infinity }.drawing().svg().contains("inf"))
    }

    @Test func linesAreSmoothAndClipped() {
        var raster = Raster(width: 20, height: 10)
        raster.stroke([Point(x: 2, y: 5), Point(x: 18, y: 5)], width: 2, color: Color(0))
        func gray(_ x: Int, _ y: Int) -> UInt8 { raster.pixels[3 * (y * 20 + x)] }
        #expect([gray(10, 3), gray(10, 4), gray(10, 5), gray(10, 6)] == [255, 0, 0, 255])
        raster.stroke([Point(x: -1e9, y: 5), Point(x: 1e9, y: -1e9)], width: 3, color: Color(0xff0000))
        raster.stroke([], width: 1, color: Color(0))
    }

    @Test func theFontHasEveryPrintableCharacter() {
        let unknown = StrokeFont.layout("\u{2603}").strokes
        for code in UInt8(0x21)...0x7e {
            let glyph = StrokeFont.layout(String(Unicode.Scalar(code)))
            #expect(!glyph.strokes.isEmpty && glyph.strokes != unknown, "\(Unicode.Scalar(code))")
        }
        #expect(StrokeFont.layout("ab").width > StrokeFont.layout("a").width)
    }
}
