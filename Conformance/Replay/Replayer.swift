import Torchlight
import TorchlightIO

/// What became of a case.
public enum Outcome: Sendable {
    case passed
    case failed(expected: String, got: String)
    /// On a device without values, or in a compiled function: the call needs some, as for the size of its result.
    case needsValues
    case notSupported(String)
}

extension TensorError {
    /// Whether values were asked of a tensor on `Device.meta`, or of one that a compiled function computes.
    fileprivate var isAboutMissingValues: Bool {
        kind == .device && problem.contains("has no values")
            || ReplayDevice.isCompiled && problem.contains("is read on the host")
    }
}

/// Makes recorded calls and compares what they give.
public struct Replayer {
    let registry = Registry()
    let modules = ModuleRegistry()

    /// A replayer of every operator, module, optimiser and schedule.
    public init() {}

    /// The name under which a case is filtered.
    public static func operation(_ index: Int, of family: Family) -> String {
        let entry = family.cases[index]
        for field in ["op", "module", "scheduler", "optimizer", "function"] {
            if let name = entry[field]?.string { return name }
        }
        return entry["kind"]?.string ?? ""
    }

    /// Replays one case of a family.
    public func replay(_ index: Int, of family: Family) -> Outcome {
        let entry = family.cases[index]
        do {
            // Each kind of case has a field of its own; a schedule also names its optimiser.
            if entry["op"]?.string?.hasPrefix(Self.distributionPrefix) == true {
                try replayDistribution(entry, family.tensors)
            } else if entry["op"]?.string?.hasPrefix(Self.functionPrefix) == true {
                try replayFunction(entry, family.tensors)
            } else if entry["op"] != nil {
                try replayOperator(entry, family.tensors)
            } else if entry["module"] != nil {
                try replayModule(entry, family.tensors)
            } else if entry["scheduler"] != nil {
                try replayScheduler(entry)
            } else if entry["optimizer"] != nil {
                try replayOptimizer(entry, family.tensors)
            } else if entry["function"] != nil {
                try replayClipping(entry, family.tensors)
            } else if entry["repr"] != nil {
                try replayPrinting(entry, family.tensors)
            } else {
                throw NotSupported("no replayer for this kind of case")
            }
            return .passed
        } catch let difference as Difference {
            return .failed(expected: difference.expected, got: difference.got)
        } catch let reason as NotSupported {
            return .notSupported(reason.description)
        } catch let error as TensorError
            where error.isAboutMissingValues && (!ReplayDevice.hasValues || ReplayDevice.isCompiled)
        {
            return .needsValues
        } catch {
            return .failed(expected: "an answer", got: "\(error)")
        }
    }
}
