/// The computation graph of tensors as a drawing in the language DOT of Graphviz, in the style of the Python package torchviz:
/// operations in grey, leaves in blue, the given tensors in green, and with `showSaved` the tensors saved for gradients in orange.
///
///     let dot = makeDot(loss, params: ["weight": model.weight])
///     try dot.write(toFile: "graph.dot", atomically: true, encoding: .utf8)       // dot -Tsvg graph.dot -o graph.svg
///
/// - Parameters:
///   - outputs: the tensors whose graph is drawn.
///   - params: leaves with the names that they are drawn with. Default: none; leaves are drawn with their shapes.
///   - showAttributes: whether operations are drawn with their metadata; see ``GradFn/metadata``. Default: false.
///   - showSaved: whether tensors saved for gradients are drawn. Default: false.
/// - Returns: the text of the drawing.
public func makeDot(
    _ outputs: Tensor..., params: [String: Tensor] = [:], showAttributes: Bool = false, showSaved: Bool = false
) -> String {
    makeDot(outputs, params: params, showAttributes: showAttributes, showSaved: showSaved)
}

/// The computation graph of tensors as a drawing in the language DOT; see
/// ``makeDot(_:params:showAttributes:showSaved:)-(Tensor...,_,_,_)``.
public func makeDot(
    _ outputs: [Tensor], params: [String: Tensor] = [:], showAttributes: Bool = false, showSaved: Bool = false
) -> String {
    var drawing = GraphDrawing(showsAttributes: showAttributes, showsSaved: showSaved)
    for (name, tensor) in params { drawing.names[ObjectIdentifier(tensor)] = name }
    for output in outputs where !output.isPlaceholder { drawing.draw(output) }
    return drawing.text
}

private struct GraphDrawing {
    let showsAttributes: Bool
    let showsSaved: Bool
    var names: [ObjectIdentifier: String] = [:]
    private var lines: [String] = []
    /// The names of what was drawn: "n0", "n1", ...
    private var known: [ObjectIdentifier: String] = [:]
    private var functions: [GradFn: String] = [:]

    init(showsAttributes: Bool, showsSaved: Bool) {
        self.showsAttributes = showsAttributes
        self.showsSaved = showsSaved
    }

    var text: String {
        let style = "align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box style=filled"
        return "digraph {\n\tgraph [size=\"12,12\"]\n\tnode [\(style)]\n" + lines.map { "\t\($0)\n" }.joined() + "}\n"
    }

    private var nextName: String { "n\(known.count + functions.count)" }

    private static func quoted(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return "\"" + result + "\""
    }

    private func label(of tensor: Tensor) -> String {
        let shape = "(" + tensor.shape.map(String.init).joined(separator: ", ") + ")"
        return names[ObjectIdentifier(tensor)].map { "\($0)\n \(shape)" } ?? shape
    }

    private mutating func box(_ tensor: Tensor, _ color: String) -> String {
        if let name = known[ObjectIdentifier(tensor)] { return name }
        let name = nextName
        known[ObjectIdentifier(tensor)] = name
        lines.append("\(name) [label=\(Self.quoted(label(of: tensor))) fillcolor=\(color)]")
        return name
    }

    private func label(of function: GradFn) -> String {
        guard showsAttributes, !function.metadata.isEmpty else { return function.name }
        let values = function.metadata.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return ([function.name] + values).joined(separator: "\n")
    }

    mutating func draw(_ output: Tensor) {
        let name = box(output, "darkolivegreen1")
        guard let function = output.gradFn else { return }
        // A graph may be too deep for recursion.
        var waiting = [function]
        lines.append("\(draw(function, &waiting)) -> \(name)")
        while let function = waiting.popLast() {
            let name = functions[function]!
            if let leaf = function.variable {
                lines.append("\(box(leaf, "lightblue")) -> \(name)")
                continue
            }
            for case (let next?, _) in function.nextFunctions {
                lines.append("\(draw(next, &waiting)) -> \(name)")
            }
            if showsSaved {
                for saved in function.savedTensors { lines.append("\(box(saved, "orange")) -> \(name) [dir=none]") }
            }
        }
    }

    /// The name of a function, which is drawn and waits for its operands the first time.
    private mutating func draw(_ function: GradFn, _ waiting: inout [GradFn]) -> String {
        if let name = functions[function] { return name }
        let name = nextName
        functions[function] = name
        lines.append("\(name) [label=\(Self.quoted(label(of: function))) fillcolor=lightgrey]")
        if !waiting.contains(function) { waiting.append(function) }
        return name
    }
}
