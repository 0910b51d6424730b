import TestSupport
import Torchlight
import TorchlightIO

/// The arguments of a recorded call, by position or name. Each tensor is made once, so that its gradient can be read.
final class RecordedCall {
    let recorded: Conformance.Case
    private let args: [JSON]
    private let named: JSON?
    private(set) var leaves: [String: Tensor] = [:]

    convenience init(_ recorded: Conformance.Case) { self.init(recorded, recorded["args"], recorded["kwargs"]) }

    init(_ recorded: Conformance.Case, _ args: JSON?, _ named: JSON?) {
        self.recorded = recorded
        self.args = args?.elements ?? []
        self.named = named
    }

    /// The settings of a module that is the first argument.
    var inner: RecordedCall? {
        args.first.flatMap { $0["module"] == nil ? nil : RecordedCall(recorded, $0["args"], $0["kwargs"]) }
    }

    /// What stands at a position or under a name; nil for what is left out and for None.
    private func value(_ position: Int, _ name: String) -> (path: String, value: JSON)? {
        let isPositional = position >= 0 && position < args.count
        guard let value = isPositional ? args[position] : named?[name], value["none"] == nil else { return nil }
        return (isPositional ? "args.\(position)" : "kwargs.\(name)", value)
    }

    /// Whether None is what is passed.
    func isNone(_ position: Int, _ name: String) -> Bool {
        (position >= 0 && position < args.count ? args[position] : named?[name])?["none"] != nil
    }

    func tensor(_ position: Int, _ name: String = "") -> Tensor? {
        guard let (path, value) = value(position, name) else { return nil }
        return tensor(value, path)
    }

    private func tensor(_ value: JSON, _ path: String) -> Tensor? {
        if let known = leaves[path] { return known }
        let made = recorded.tensor(value)
        leaves[path] = made
        return made
    }

    func int(_ position: Int, _ name: String) -> Int? { value(position, name)?.value.int }
    func double(_ position: Int, _ name: String) -> Double? {
        value(position, name).flatMap { recorded.number($0.value) }
    }
    func bool(_ position: Int, _ name: String) -> Bool? { value(position, name)?.value.bool }
    func string(_ position: Int, _ name: String) -> String? { value(position, name)?.value.string }
    func ints(_ position: Int, _ name: String) -> [Int]? {
        guard let value = value(position, name)?.value else { return nil }
        return value.elements?.compactMap(\.int) ?? value.int.map { [$0] }
    }
    func tensors(_ position: Int, _ name: String = "") -> [Tensor]? {
        guard let (path, value) = value(position, name) else { return nil }
        return value.elements?.enumerated().compactMap { tensor($0.element, "\(path).\($0.offset)") }
    }
    func dtype(_ position: Int, _ name: String) -> DType? {
        value(position, name)?.value["dtype"]?.string.flatMap { text in DType.allCases.first { "\($0)" == text } }
    }
    var reduction: Torchlight.Reduction? { Torchlight.Reduction(rawValue: string(-1, "reduction") ?? "mean") }
}
