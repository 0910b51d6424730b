import ConformanceReplay
import Foundation
import TorchlightIO

/// `conformance [--data DIR] [--family a,b] [--op a,b] [--failures N] [--json FILE] [--exceptions FILE]
/// [--device cpu|meta|guarded] [--compiled true]`, or `conformance --programs -` to run the programs that come in on standard input
var options = Options()
do {
    try options.read(CommandLine.arguments.dropFirst())
    ReplayDevice.current = options.device
    if options.runsPrograms {
        try ProgramServer.run()
        exit(0)
    }
    let report = try ReplayDevice.$isCompiled.withValue(options.isCompiled) { try Report(options) }
    report.print(failures: options.failures)
    if let file = options.json { try report.write(file) }
    exit(report.failed == 0 ? 0 : 1)
} catch {
    FileHandle.standardError.write(Data("conformance: \(error)\n".utf8))
    exit(2)
}
