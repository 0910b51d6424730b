import Glibc
import Testing
import TorchlightCore

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

    @Test func redrawsOneLineOfATerminal() {
        let lines = texts(.bar(columns: 100))
        #expect(lines.count <= 52)
        #expect(lines.allSatisfy { $0.hasPrefix("\r") && $0.hasSuffix("\u{1b}[K") && !$0.contains("\n") })
        #expect(lines.last == "\r\u{1b}[K")
        #expect(lines[lines.count - 2].contains("100% · 20.0 samples/s · loss 0.5000"))
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

    /// A pipe that does not block takes what fits; the rest is written when its reader has made space.
    @Test func writesAllToAPipeThatDoesNotBlock() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        #expect(fcntl(output, F_SETFL, O_NONBLOCK) == 0)
        let text = String(repeating: "0123456789", count: 50_000)
        let thread = try #require(
            BackgroundThread {
                Terminal.write(text, to: output)
                close(output)
            })
        var received = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(input, &buffer, buffer.count), count > 0 { received += count }
        thread.join()
        close(input)
        #expect(received == text.utf8.count)
    }
}
