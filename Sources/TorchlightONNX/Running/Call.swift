import TorchlightCore

/// One call of an operator: its inputs and attributes.
struct Call {
    let node: Program.Node
    let inputs: [ONNXValue?]
    let execution: Execution
    /// The values of the enclosing graph, for the subgraphs of the node.
    let scope: Execution.Scope

    /// The operator set version of the node.
    var version: Int { node.version }
    var name: String { node.opType }

    // MARK: - Inputs

    func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

    func value(_ index: Int) throws -> ONNXValue {
        guard index < inputs.count, let value = inputs[index] else {
            throw Problem("input \(index) is missing", kind: .invalid)
        }
        return value
    }

    /// The tensor of an input with its element type.
    func typed(_ index: Int) throws -> ONNXTensor {
        let value = try value(index)
        guard case .tensor(let tensor) = value else {
            throw Problem("input \(index) is \(value.kind)", expected: "a tensor of numbers")
        }
        return tensor
    }

    /// The tensor of an input.
    func tensor(_ index: Int) throws -> Tensor { try typed(index).tensor }

    /// The tensor of an optional input; nil if it is absent.
    func optional(_ index: Int) throws -> Tensor? { has(index) ? try tensor(index) : nil }

    /// All inputs as tensors.
    func tensors() throws -> [Tensor] { try inputs.indices.map { try tensor($0) } }

    func strings(_ index: Int) throws -> StringTensor {
        let value = try value(index)
        guard case .strings(let strings) = value else {
            throw Problem("input \(index) is \(value.kind)", expected: "a tensor of strings")
        }
        return strings
    }

    func sequence(_ index: Int) throws -> [ONNXValue] {
        let value = try value(index)
        guard case .sequence(let values) = value else {
            throw Problem("input \(index) is \(value.kind)", expected: "a sequence")
        }
        return values
    }

    /// The elements of an integer tensor, such as a shape.
    func integers(_ index: Int) throws -> [Int] {
        let tensor = try typed(index)
        guard tensor.type.isInteger else {
            throw Problem("input \(index) has type \(tensor.type)", expected: "integers")
        }
        return tensor.tensor.detach().toArray(Int.self)
    }

    func optionalIntegers(_ index: Int) throws -> [Int]? { has(index) ? try integers(index) : nil }

    /// The single element of an integer tensor.
    func integer(_ index: Int) throws -> Int {
        let values = try integers(index)
        guard values.count == 1 else {
            throw Problem("input \(index) has \(quantity(values.count, "element"))", expected: "1 element")
        }
        return values[0]
    }

    /// The elements of a tensor as Double.
    func numbers(_ index: Int) throws -> [Double] { try tensor(index).detach().to(.float64).toArray(Double.self) }

    /// The single element of a tensor as Double.
    func number(_ index: Int) throws -> Double {
        let values = try numbers(index)
        guard values.count == 1 else {
            throw Problem("input \(index) has \(quantity(values.count, "element"))", expected: "1 element")
        }
        return values[0]
    }

    /// Checks that inputs have one element type, as the standard requires.
    func checkSameType(_ indices: some Sequence<Int>) throws {
        var first: ONNXElementType?
        for index in indices where has(index) {
            let type = try typed(index).type
            if let first, first != type {
                throw Problem("the inputs have the types \(first) and \(type)", expected: "inputs of one type")
            }
            first = type
        }
    }

    // MARK: - Attributes

    private func attribute(_ name: String) -> AttributeProto.Value? {
        guard let attribute = node.attributes[name] else { return nil }
        if attribute.reference.isEmpty { return attribute.value }
        return scope.attributes[attribute.reference]
    }

    private func wrongType(_ name: String, _ value: AttributeProto.Value, _ expected: String) -> Problem {
        Problem("the attribute \(name) is of type \(value.type.name)", expected: expected, kind: .invalid)
    }

    func hasAttribute(_ name: String) -> Bool { attribute(name) != nil }

    func int(_ name: String) throws -> Int? {
        guard let value = attribute(name) else { return nil }
        guard case .int(let result) = value else { throw wrongType(name, value, "int") }
        return result
    }

    func int(_ name: String, _ standard: Int) throws -> Int { try int(name) ?? standard }

    func flag(_ name: String, _ standard: Bool = false) throws -> Bool { try int(name).map { $0 != 0 } ?? standard }

    func float(_ name: String) throws -> Double? {
        guard let value = attribute(name) else { return nil }
        guard case .float(let result) = value else { throw wrongType(name, value, "float") }
        return Double(result)
    }

    /// The attribute `seed`, which is an integer for Dropout and a float for other operators.
    func seed() throws -> UInt64? {
        guard let value = attribute("seed") else { return nil }
        switch value {
        case .int(let seed): return UInt64(bitPattern: Int64(seed))
        case .float(let seed): return UInt64(seed.bitPattern)
        default: throw wrongType("seed", value, "int or float")
        }
    }

    func float(_ name: String, _ standard: Double) throws -> Double { try float(name) ?? standard }

    func string(_ name: String) throws -> String? {
        guard let value = attribute(name) else { return nil }
        guard case .string(let result) = value else { throw wrongType(name, value, "string") }
        return String(decoding: result, as: UTF8.self)
    }

    func string(_ name: String, _ standard: String) throws -> String { try string(name) ?? standard }

    func ints(_ name: String) throws -> [Int]? {
        guard let value = attribute(name) else { return nil }
        guard case .ints(let result) = value else { throw wrongType(name, value, "ints") }
        return result
    }

    func floats(_ name: String) throws -> [Float]? {
        guard let value = attribute(name) else { return nil }
        guard case .floats(let result) = value else { throw wrongType(name, value, "floats") }
        return result
    }

    func strings(_ name: String) throws -> [String]? {
        guard let value = attribute(name) else { return nil }
        guard case .strings(let result) = value else { throw wrongType(name, value, "strings") }
        return result.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value of a tensor attribute.
    func constant(_ name: String) throws -> ONNXValue? {
        guard let value = attribute(name) else { return nil }
        switch value {
        case .tensor(let proto): return try proto.value(external: execution.program.external)
        case .sparseTensor(let proto): return try proto.value(external: execution.program.external)
        default: throw wrongType(name, value, "tensor")
        }
    }

    func typeAttribute(_ name: String) throws -> TypeProto? {
        guard let value = attribute(name) else { return nil }
        guard case .type(let type) = value else { throw wrongType(name, value, "type") }
        return type
    }

    /// The value of a string attribute that must be one of `choices`.
    func choice(_ name: String, _ standard: String, of choices: [String]) throws -> String {
        let value = try string(name, standard)
        if !choices.contains(value) {
            throw Problem(
                "the attribute \(name) is \(quoted(value))", expected: choices.joined(separator: " or "), kind: .invalid
            )
        }
        return value
    }

    // MARK: - Results

    /// A result with the element type of an input.
    func like(_ index: Int, _ tensor: Tensor) throws -> [ONNXValue] {
        [.tensor(.wrapping(tensor, to: try typed(index).type))]
    }

    /// Applies an operation that only moves elements to an input of any type, including strings.
    func moved(_ index: Int, _ move: (Tensor) throws -> Tensor) throws -> [ONNXValue] {
        [try moved(try value(index), move)]
    }

    func moved(_ value: ONNXValue, _ move: (Tensor) throws -> Tensor) throws -> ONNXValue {
        switch value {
        case .strings(let strings): return .strings(try strings.moved(move))
        case .tensor(let tensor): return .tensor(ONNXTensor(try move(tensor.tensor), tensor.type))
        default: throw Problem("an input is \(value.kind)", expected: "a tensor")
        }
    }

    /// The non-negative index of a dimension; a negative axis counts from the last.
    func dim(_ axis: Int, _ rank: Int) throws -> Int {
        let result = axis < 0 ? axis + rank : axis
        guard result >= 0, result < rank else {
            throw Problem(
                "the axis \(axis) of \(quantity(rank, "dimension"))", expected: "an axis from \(-rank) to \(rank - 1)")
        }
        return result
    }

    /// Checks the size of a result before it is computed: a small file may specify any size.
    func check(shape: [Int], _ type: DType = .float32) throws {
        var count = type.byteSize
        for size in shape {
            if size < 0 { throw Problem("a result of the shape \(shape)", expected: "sizes of at least 0") }
            count = count.multipliedReportingOverflow(by: size).overflow ? .max : count * size
        }
        if count > Memory.limit {
            throw Problem(
                "a result of the shape \(shape) needs \(quantity(count, "byte"))",
                expected: "at most \(Memory.limit), the memory of this machine")
        }
    }
}

func one(_ tensor: Tensor) -> [ONNXValue] { [ONNXValue(tensor)] }
