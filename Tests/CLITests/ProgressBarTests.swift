import Testing

@testable import TorchlightCLI

@Suite struct ProgressBarTests {
    /// What a run of 100 steps of 0.05 s writes.
    func texts(_ style: ProgressBar.Style, total: Int = 100) -> [String] {
        var (time, texts): (Double, [String]) = (0, [])
        var bar = ProgressBar("epoch 1/5", total: total, style: style, now: { time }) { texts.append($0) }
        for step in 0..<total {
            time += 0.05
            bar.update(step + 1, loss: 0.5)
        }
        bar.clear()
        return texts
    }

    @Test func writesALineForEachTenth() {
        let lines = texts(.lines)
        #expect(lines.count == 10)
        #expect(lines[0] == "epoch 1/5: 10%, 20.0 samples/s, loss 0.5000, 5 s left\n")
        #expect(lines[9] == "epoch 1/5: 100%, 20.0 samples/s, loss 0.5000\n")
        #expect(texts(.lines, total: 3).count == 3)
    }

    @Test func redrawsOneLineOfATerminal() {
        let lines = texts(.bar(columns: 100))
        #expect(lines.count <= 52)
        #expect(lines.allSatisfy { $0.hasPrefix("\r") && $0.hasSuffix("\u{1b}[K") && !$0.contains("\n") })
        #expect(lines.last == "\r\u{1b}[K")
        #expect(lines[lines.count - 2].contains("100%"))
    }

    @Test(arguments: [10, 30, 60, 80, 200]) func fitsTheTerminal(columns: Int) {
        for line in texts(.bar(columns: columns)) {
            #expect(line.dropFirst().prefix { $0 != "\u{1b}" }.count < columns)
        }
    }

    @Test func isSilentWhenQuiet() { #expect(texts(.quiet).isEmpty) }

    @Test func namesTimes() {
        #expect(
            [0.2, 59, 60, 3599, 7260, .infinity].map(ProgressBar.duration) == [
                "1 s", "59 s", "1 min 00 s", "59 min 59 s", "2 h 01 min", "?",
            ])
    }

    @Test func knowsClockAndMemory() {
        #expect(monotonicSeconds() <= monotonicSeconds())
        #expect(peakMemoryBytes() > 1 << 20)
    }
}
