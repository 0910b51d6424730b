import TorchlightFiles

/// The text of a program: one line per instruction.
struct ProgramText {
    private let form: ProgramForm
    private var values: [JSON] { form.json["graph"]?["values"]?.elements ?? [] }

    init(_ form: ProgramForm) { self.form = form }

    var text: String {
        let values = self.values
        let names = values.indices.map { name($0, values[$0]) }
        func list(_ json: JSON?) -> [String] {
            (json?.elements ?? []).map { element in
                element.int.flatMap { names.indices.contains($0) ? names[$0] : nil } ?? "?"
            }
        }
        var lines = ["(" + form.inputs.map(\.description).joined(separator: ", ") + ")"]
        if !form.sizes.isEmpty { lines[0] += " where " + form.sizes.map(\.description).joined(separator: ", ") }
        let graph = form.json["graph"]
        for instruction in graph?["instructions"]?.elements ?? [] {
            var call = call(instruction, list(instruction["operands"]))
            let results = (instruction["results"]?.elements ?? []).compactMap(\.int).filter {
                values.indices.contains($0)
            }
            if !results.isEmpty {
                call = results.map { "\(names[$0]): \(type(values[$0]))" }.joined(separator: ", ") + " = " + call
            }
            let destinations = list(instruction["places"]).filter { $0 != "?" }
            if !destinations.isEmpty { call += "  in the memory of " + destinations.joined(separator: ", ") }
            if let module = instruction["module"]?.string { call += "  // " + IOError.oneLine(module, limit: 200) }
            lines.append(call)
        }
        for state in graph?["states"]?.elements ?? [] { lines.append(list(state).joined(separator: " <- ")) }
        lines.append(
            "return " + zip(form.outputNames, list(graph?["results"])).map { "\($0): \($1)" }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    private func call(_ instruction: JSON, _ operands: [String]) -> String {
        let effect = instruction["effect"]?.string
        var name = instruction["operation"]?.string ?? effect ?? "?"
        var arguments = operands
        if let update = instruction["update"]?.string { name = update }
        if let index = instruction["optimizer"]?.int, form.optimizers.indices.contains(index) {
            name = "\(form.optimizers[index].className).step"
        }
        if let index = instruction["tensor"]?.int, form.tensors.indices.contains(index) {
            arguments.insert(tensorName(index), at: 0)
        }
        for member in instruction["attributes"]?.members ?? [] {
            arguments.append("\(member.name): \(Self.short(attribute(member.value)))")
        }
        return "\(name)(\(arguments.joined(separator: ", ")))"
    }

    private static func short(_ text: String) -> String { IOError.oneLine(text, limit: 60) }

    /// The text of an attribute; sizes are written as expressions.
    private func attribute(_ json: JSON) -> String {
        switch json.content {
        case .array(let elements): "[" + elements.map(attribute).joined(separator: ", ") + "]"
        case .object(let members):
            members.first?.name == "$size"
                ? SizeExpressions.text(json, form.sizeNames)
                : "{" + members.map { "\($0.name): \(attribute($0.value))" }.joined(separator: ", ") + "}"
        default: json.text()
        }
    }

    private func tensorName(_ index: Int) -> String { IOError.oneLine(form.tensors[index].name, limit: 100) }

    private func name(_ id: Int, _ value: JSON) -> String {
        if let index = value["argument"]?.int, form.inputs.indices.contains(index) { return form.inputs[index].name }
        if let index = value["tensor"]?.int, form.tensors.indices.contains(index) { return tensorName(index) }
        if let index = value["gradient"]?.int, form.tensors.indices.contains(index) {
            return tensorName(index) + ".grad"
        }
        if let number = value["number"] {
            let inner = number.members?.first?.value
            return inner?["_0"].map { attribute($0) } ?? attribute(number)
        }
        if value["draw"] != nil { return "key\(id)" }
        return value["empty"] != nil ? "empty\(id)" : "v\(id)"
    }

    private func type(_ value: JSON) -> String {
        "\(value["dtype"]?.string ?? "?") \(value["shape"].map(attribute) ?? "?")"
    }
}
