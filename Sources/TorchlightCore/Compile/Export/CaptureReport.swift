/// A reason that a function cannot be exported, with the source line.
public struct CaptureObstacle: Sendable, Equatable, CustomStringConvertible {
    /// The error: the problem, the values and the fix.
    public let error: TensorError
    /// The source file, the line and the module of the call, such as "Model.swift:41 (in encoder.fc1)"; nil if unknown.
    public let callSite: String?

    init(_ error: TensorError, site: CallSite?) {
        self.error = error
        callSite = site?.text
    }

    /// The text of the error and the call site.
    public var description: String { "\(error)" + (callSite.map { ", at \($0)" } ?? "") }
}

/// The result of ``explainCapture(_:_:)``.
public struct CaptureReport: Sendable, CustomStringConvertible {
    /// The reasons that the function cannot be exported, in the order of execution.
    public let obstacles: [CaptureObstacle]
    /// The recorded operations, one per line.
    public let graph: String

    /// Whether the function can be exported.
    public var canBeExported: Bool { obstacles.isEmpty }

    /// The obstacles, one per line, or a line that says that there are none.
    public var description: String {
        obstacles.isEmpty
            ? "the function can be exported" : obstacles.map(\.description).joined(separator: "\n")
    }
}

/// Runs a function once and reports all reasons that it cannot be exported, with their source lines.
///
///     print(explainCapture(step, x, y))
///
/// Obstacles are reads of elements on the host, operations whose result shape depends on elements, calls of code of the
/// program, and changes of tensors that are not operations. The function continues after each of them, so that one run
/// reports all. The run restores the parameters, generators and other tensors that it changes.
///
/// Source lines require debug information.
///
/// - Parameters:
///   - function: the function.
///   - examples: its arguments, as in `compile(onNewGraph:verify:_:)`.
/// - Throws: the errors of the function, and a `TensorError` for a wrong call in it.
public func explainCapture<each Argument, each Result: TensorStructure>(
    _ function: (repeat each Argument) throws -> (repeat each Result), _ examples: repeat each Argument
) throws -> CaptureReport {
    let recording = try recordForExport(function, repeat each examples)
    return CaptureReport(obstacles: recording.obstacles, graph: recording.graph.description)
}

/// Records a function on copies of the tensors in its arguments.
package func recordForExport<each Argument, each Result: TensorStructure>(
    _ function: (repeat each Argument) throws -> (repeat each Result), _ examples: repeat each Argument,
    resized: (Int, Tensor) -> Tensor = { $1 }
) throws -> FunctionRecording {
    var tensors: [Tensor] = []
    func copied<Value>(_ value: Value) -> Value {
        guard let structure = value as? any TensorStructure else { return value }
        var slots = structure.tensorSlots.map { slot -> Tensor? in
            guard let slot else { return nil }
            let copy = noGrad { resized(tensors.count, slot.detach()).clone().contiguous() }
            tensors.append(copy)
            return copy
        }[...]
        return structure.replacingTensors(from: &slots) as! Value
    }
    let arguments = (repeat copied(each examples))
    return try FunctionRecording.record(tensors) {
        let results = try function(repeat each arguments)
        var slots: [Tensor?] = []
        for result in repeat each results { slots += result.tensorSlots }
        return slots
    }
}
