import TorchlightCore

extension Module: CustomStringConvertible {
    /// This module and all submodules as text, in PyTorch's format. Equal neighbours in an array are printed once.
    ///
    ///     Net(
    ///       (fc1): Linear(in_features=784, out_features=128, bias=True)
    ///       (layers): ModuleList(
    ///         (0-2): 3 x ReLU()
    ///       )
    ///     )
    public var description: String { description(inside: []) }

    private func description(inside path: [ObjectIdentifier]) -> String {
        let id = ObjectIdentifier(self)
        if path.contains(id) { return "\(printedName)(...)" }
        let groups = currentContents.groups.map { (name, group) in
            (name, Self.describe(group, inside: path + [id]))
        }
        return Self.frame(printedName, extra: extraDescription, groups.map { "(\($0)): \($1)" })
    }

    private static func describe(_ group: ModuleGroup, inside path: [ObjectIdentifier]) -> String {
        switch group {
        case .module(let module): return module.description(inside: path)
        case .list(let name, let elements):
            let texts = elements.map { (name: $0.name, text: describe($0.group, inside: path)) }
            guard name == "ModuleList" else { return frame(name, extra: "", texts.map { "(\($0.name)): \($0.text)" }) }
            // Neighbours with equal text are one line.
            var lines: [String] = []
            var start = 0
            while start < texts.count {
                var end = start
                while end + 1 < texts.count && texts[end + 1].text == texts[start].text { end += 1 }
                let text = texts[start].text
                lines.append(
                    start == end
                        ? "(\(texts[start].name)): \(text)"
                        : "(\(texts[start].name)-\(texts[end].name)): \(end - start + 1) x \(text)")
                start = end + 1
            }
            return frame(name, extra: "", lines)
        }
    }

    private static func frame(_ name: String, extra: String, _ children: [String]) -> String {
        if children.isEmpty {
            return extra.contains("\n") ? "\(name)(\n  \(indented(extra))\n)" : "\(name)(\(extra))"
        }
        let lines = (extra.isEmpty ? [] : [extra]) + children
        return "\(name)(\n  " + lines.map(indented).joined(separator: "\n  ") + "\n)"
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
    }
}

/// Attributes of modules in PyTorch's text format.
enum Printed {
    static func bool(_ value: Bool) -> String { value ? "True" : "False" }

    static func optional<Value>(_ value: Value?, _ text: (Value) -> String) -> String { value.map(text) ?? "None" }

    /// "0.1", "1e-05", "2.0": the shortest text that converts back to the same number.
    static func number(_ value: Double) -> String {
        let text = "\(value)"
        guard let e = text.firstIndex(of: "e") else { return text }
        // Python writes whole mantissas without a fraction and exponents with two digits.
        var mantissa = String(text[..<e])
        if mantissa.hasSuffix(".0") { mantissa.removeLast(2) }
        guard let exponent = Int(text[text.index(after: e)...]) else { return text }
        let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
        return "\(mantissa)e\(exponent < 0 ? "-" : "+")\(digits)"
    }

    /// A number in the format of its type: Boolean, integer or floating point.
    static func scalar(_ value: Scalar) -> String {
        switch value {
        case .bool(let value): bool(value)
        case .int(let value): "\(value)"
        case .double(let value): number(value)
        case .complex(let value): "\(value)"
        }
    }

    /// "(2, 3)", "(2,)"
    static func tuple(_ values: [Int]) -> String {
        values.count == 1 ? "(\(values[0]),)" : "(" + values.map(String.init).joined(separator: ", ") + ")"
    }
}
