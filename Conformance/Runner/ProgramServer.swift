import ConformanceReplay
import Foundation
import Torchlight

/// Runs the programs that come in line by line, and answers each with a line.
///
/// One process runs all of them, since starting one takes longer than a program does.
enum ProgramServer {
    static func run() throws {
        let runner = ProgramRunner()
        while let line = readLine() {
            let outcome = runner.run(try ProgramText(line))
            FileHandle.standardOutput.write(Data((outcome.line + "\n").utf8))
        }
    }
}
