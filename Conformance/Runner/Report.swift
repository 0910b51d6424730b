import ConformanceReplay
import Foundation
import TorchlightIO

/// The outcomes of all cases, by family.
struct Report {
    struct Row {
        let family: String
        var cases = 0
        var passed = 0
        var excepted = 0
        /// On a device without values: cases that need some.
        var needsValues: [String] = []
        var failed: [Failure] = []
        var notSupported: [Failure] = []
    }

    struct Failure {
        let id: String
        let reason: String
    }

    private var rows: [Row] = []
    /// Families without a replayer, with their numbers of cases.
    private var notReplayed: [String] = []
    var passed: Int { rows.reduce(0) { $0 + $1.passed } }
    /// Cases that neither passed nor are among the exceptions.
    var failed: Int { rows.reduce(0) { $0 + $1.failed.count + $1.notSupported.count } }

    init(_ options: Options) throws {
        let exceptions = try Exceptions(options.exceptions)
        let replayer = Replayer()
        let names = Family.all(in: options.data)
        guard !names.isEmpty else {
            throw NotSupported(
                "no recorded families in \(options.data.joined(separator: ", ")); run it in the root of a checkout, or "
                    + "name their folder with --data")
        }
        CrashReport.install()
        for (name, folder) in names where options.families.isEmpty || options.families.contains(name) {
            let family = try Family(name, in: folder)
            if Family.withoutReplayer.contains(name), options.families.isEmpty {
                notReplayed.append("\(name) (\(family.count))")
                continue
            }
            var row = Row(family: name)
            for index in 0..<family.count {
                let operation = Replayer.operation(index, of: family)
                guard options.operations.isEmpty || options.operations.contains(operation) else { continue }
                let id = family.id(index)
                row.cases += 1
                if exceptions.contains(name, id) {
                    row.excepted += 1
                    continue
                }
                CrashReport.enter(name, id)
                switch replayer.replay(index, of: family) {
                case .passed: row.passed += 1
                case .needsValues: row.needsValues.append(operation)
                case .failed(let expected, let got):
                    row.failed.append(Failure(id: id, reason: "expected \(expected), got \(got)"))
                case .notSupported(let reason): row.notSupported.append(Failure(id: id, reason: reason))
                }
            }
            if row.cases > 0 { rows.append(row) }
        }
    }

    func print(failures: Int) {
        func line(_ name: String, _ values: [String]) {
            let cells = values.map { String(repeating: " ", count: max(0, 15 - $0.count)) + $0 }
            Swift.print(name.padding(toLength: 18, withPad: " ", startingAt: 0) + cells.joined())
        }
        line("family", ["cases", "passed", "failed", "not supported", "excepted", "needs values"])
        for row in rows {
            line(
                row.family,
                [row.cases, row.passed, row.failed.count, row.notSupported.count, row.excepted, row.needsValues.count]
                    .map(String.init))
        }
        let all = rows.flatMap { row in
            row.failed.map { (row.family, "failed", $0) } + row.notSupported.map { (row.family, "not supported", $0) }
        }
        if !all.isEmpty, failures > 0 { Swift.print() }
        for (family, kind, failure) in all.prefix(failures) {
            Swift.print("\(family) \(failure.id): \(kind): \(failure.reason)")
        }
        let valued = Set(rows.flatMap(\.needsValues)).sorted()
        if !valued.isEmpty { Swift.print("need values: \(valued.joined(separator: ", "))") }
        if !notReplayed.isEmpty { Swift.print("no replayer yet for: \(notReplayed.joined(separator: ", "))") }
        Swift.print("\(passed) passed, \(failed) failed")
    }

    func write(_ file: String) throws {
        func list(_ failures: [Failure]) -> JSON {
            .array(failures.map { ["id": .string($0.id), "reason": .string($0.reason)] })
        }
        let families = rows.map { row -> JSON in
            [
                "family": .string(row.family), "cases": .int(row.cases), "passed": .int(row.passed),
                "excepted": .int(row.excepted), "failed": list(row.failed), "not_supported": list(row.notSupported),
            ]
        }
        let report: JSON = ["passed": .int(passed), "failed": .int(failed), "families": .array(families)]
        try report.text(indented: true).write(toFile: file, atomically: true, encoding: .utf8)
    }
}
