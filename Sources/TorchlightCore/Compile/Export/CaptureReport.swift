/// What keeps a function from being exported, at one line of the program.
public struct CaptureObstacle: Sendable, Equatable, CustomStringConvertible {
    /// The obstacle as an error: what is wrong, the values, and how to write it instead.
    public let error: TensorError
    /// The source file, the line and the module of the call, such as "Model.swift:41 (in encoder.fc1)"; nil if there is none.
    public let callSite: String?

    init(_ error: TensorError, site: CallSite?) {
        self.error = error
        callSite = site?.text
    }

    /// The text of the error and the call site.
    public var description: String { "\(error)" + (callSite.map { ", at \($0)" } ?? "") }
}

/// What ``explainCapture(_:_:)`` finds.
public struct CaptureReport: Sendable, CustomStringConvertible {
    /// Everything that keeps the function from being exported, in the order in which it was met.
    public let obstacles: [CaptureObstacle]
    /// The recorded operations, one a line.
    public let graph: String

    /// Whether the function can be exported.
    public var canBeExported: Bool { obstacles.isEmpty }

    /// The obstacles, one a line, or that there are none.
    public var description: String {
        obstacles.isEmpty
            ? "the function can be exported" : obstacles.map(\.description).joined(separator: "\n")
    }
}

/// Runs a function once and reports everything that keeps it from being exported, each with its source line.
///
///     print(explainCapture(step, x, y))
///
/// Obstacles are reads of elements on the host, operations whose result has a size that depends on elements, calls of code of the
/// program, and changes of tensors that are not operations. The function goes on after each of them, so that one run finds all on its way. What it
/// changes, such as parameters and generators, is restored.
///
/// Source lines are known in programs with debug information.
///
/// - Parameters:
///   - function: the function.
///   - examples: its arguments, as in `compile(onNewGraph:verify:_:)`.
/// - Throws: what the function throws, and a `TensorError` of a wrong call in it.
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
