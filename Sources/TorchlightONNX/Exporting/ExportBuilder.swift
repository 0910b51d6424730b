import TorchlightCore

/// Builds the nodes, initialisers and value descriptions of an exported graph.
final class ExportBuilder {
    let program: ExportProgram
    let opset: Int
    var nodes: [NodeProto] = []
    var initializers: [TensorProto] = []
    var valueInfos: [ValueInfoProto] = []
    /// The names of the values of the program, and the tensors of constant values.
    private var names: [Int: String] = [:]
    private var tensors: [Int: Tensor] = [:]
    let parameters: ParameterNames
    private var usedNames: Set<String> = []
    private var counts: [String: Int] = [:]
    /// Whether the model rounds inputs of quantised layers, which the file does not.
    var roundsLess = false
    /// The module of the instruction that is being translated.
    var modulePath: String?
    private var constantNames: [ConstantKey: String] = [:]
    private var namedTensors: [ObjectIdentifier: String] = [:]
    /// Constants are retained, so that no other tensor gets their address.
    private var retained: [Tensor] = []
    private var sizeNames: [Size: String] = [:]
    /// The float32 copies of bfloat16 values.
    private var widenedNames: [String: String] = [:]
    /// For each dynamic size, a value and its dimension from which the size can be read.
    private var sizeSources: [Size: (value: String, rank: Int, dim: Int)] = [:]

    private struct ConstantKey: Hashable {
        var type: ONNXElementType
        var shape: [Int]
        var bytes: [UInt8]
    }

    init(_ program: ExportProgram, opset: Int, parameters: ParameterNames, reserved: [String]) {
        self.program = program
        self.opset = opset
        self.parameters = parameters
        usedNames = Set(reserved)
    }

    // MARK: Names

    /// A unique name.
    private func unique(_ name: String) -> String {
        if usedNames.insert(name).inserted { return name }
        while true {
            counts[name, default: 0] += 1
            let other = "\(name)_\(counts[name]!)"
            if usedNames.insert(other).inserted { return other }
        }
    }

    private func scoped(_ name: String) -> String {
        let path = modulePath.map { "/" + $0.split(separator: ".").joined(separator: "/") } ?? ""
        return unique("\(path)/\(name)")
    }

    // MARK: Nodes

    func nodes(
        _ op: String, _ inputs: [String], _ attributes: [(String, AttributeProto.Value)] = [], outputs: Int = 1
    ) -> [String] {
        var node = NodeProto()
        node.name = scoped(op)
        node.opType = op
        node.inputs = inputs
        while node.inputs.last == "" { node.inputs.removeLast() }
        node.attributes = attributes.map { AttributeProto(name: $0.0, value: $0.1) }
        for index in 0..<outputs { node.outputs.append(unique("\(node.name)_output_\(index)")) }
        nodes.append(node)
        return node.outputs
    }

    /// Adds a subgraph, whose nodes may read values of the graph by name.
    ///
    /// - Parameter body: adds the nodes, given the names of the inputs; returns the names of the outputs.
    func subgraph(
        _ name: String, inputs: [(name: String, type: TypeProto)], outputs: [TypeProto],
        _ body: ([String]) -> [String]
    ) -> GraphProto {
        var graph = GraphProto()
        graph.name = name
        graph.inputs = inputs.map { ValueInfoProto(name: scoped($0.name), type: $0.type) }
        let around = nodes
        nodes = []
        graph.outputs = zip(body(graph.inputs.map(\.name)), outputs).map { ValueInfoProto(name: $0, type: $1) }
        graph.nodes = nodes
        nodes = around
        return graph
    }

    func node(_ op: String, _ inputs: [String], _ attributes: [(String, AttributeProto.Value)] = []) -> String {
        nodes(op, inputs, attributes)[0]
    }

    // MARK: Constants

    /// The name of an initialiser with these elements. Small initialisers with equal elements are stored once.
    func constant(_ tensor: Tensor, named preferred: String? = nil) -> String {
        if let known = namedTensors[ObjectIdentifier(tensor)] { return known }
        let type = ONNXElementType(tensor.dtype)
        var key: ConstantKey?
        if tensor.count <= 64 && preferred == nil {
            key = ConstantKey(type: type, shape: tensor.shape, bytes: ONNXTensor(tensor).storedBytes)
            if let name = constantNames[key!] { return name }
        }
        let name = preferred.map(unique) ?? scoped("constant")
        if let key { constantNames[key] = name }
        namedTensors[ObjectIdentifier(tensor)] = name
        retained.append(tensor)
        initializers.append(Self.proto(tensor, name))
        return name
    }

    /// The `TensorProto` of a tensor, with the bytes in memory.
    private static func proto(_ tensor: Tensor, _ name: String) -> TensorProto {
        var proto = TensorProto()
        proto.name = name
        proto.dims = tensor.shape
        let plain = tensor.detach().contiguous()
        proto.dataType = ONNXElementType(plain.dtype).rawValue
        proto.rawData = plain.withUnsafeBytes { ByteSlice($0, owner: plain) }
        return proto
    }

    /// An initialiser of integers of an element type without a dtype.
    func constant(_ values: Tensor, as type: ONNXElementType, named preferred: String?) -> String {
        let name = preferred.map(unique) ?? scoped("constant")
        initializers.append(ONNXValue.tensor(.wrapping(values.to(.int64), to: type)).proto(named: name)!)
        return name
    }

    func ints(_ values: [Int]) -> String { constant(Tensor(values, shape: [values.count])) }
    func int(_ value: Int) -> String { constant(Tensor([value], shape: [])) }
    func scalar(_ value: Double, _ dtype: DType) -> String {
        constant(Tensor.full([], value, dtype: dtype.isFloatingPoint ? .float64 : dtype).to(dtype))
    }

    // MARK: Values of the program

    /// The elements of a value that does not depend on the inputs; nil for other values.
    func tensor(of value: Int) -> Tensor? {
        if let known = tensors[value] { return known }
        let tensor: Tensor
        switch program.first.values[value].origin {
        case .constant(let constant):
            guard sameConstant(value, constant) else { return nil }
            tensor = constant
        case .empty:
            guard let shape = program.shape(of: value).fixed else { return nil }
            tensor = Tensor.zeros(shape, dtype: program.spec(of: value).dtype)
        default: return nil
        }
        tensors[value] = tensor
        return tensor
    }

    /// Whether a value is the key of random numbers.
    func isKey(_ value: Int) -> Bool {
        if case .draw = program.first.values[value].origin { true } else { false }
    }

    func setTensor(_ tensor: Tensor, of value: Int) { tensors[value] = tensor }
    func setName(_ name: String, of value: Int) {
        names[value] = name
        for (dim, size) in program.shape(of: value).enumerated() where size.fixed == nil && sizeSources[size] == nil {
            sizeSources[size] = (name, program.spec(of: value).rank, dim)
        }
    }

    private func sameConstant(_ value: Int, _ constant: Tensor) -> Bool {
        program.traces.dropFirst().allSatisfy { trace in
            guard case .constant(let other) = trace.values[value].origin else { return false }
            return other === constant
                || other.shape == constant.shape && other.dtype == constant.dtype
                    // The bytes are compared because NaN differs from itself.
                    && ONNXTensor(other).storedBytes == ONNXTensor(constant).storedBytes
        }
    }

    /// The name of a value in the file.
    func name(of value: Int) throws -> String {
        if let known = names[value] { return known }
        let name: String
        if let tensor = tensor(of: value) {
            name = try parameters.name(of: tensor, in: self) ?? constant(tensor)
        } else if case .constant = program.first.values[value].origin {
            name = try dynamicConstant(value)
        } else if case .empty = program.first.values[value].origin {
            name = try filled(.int(0), program.shape(of: value), program.spec(of: value).dtype)
        } else {
            throw Problem("the operation draws random numbers", kind: .unsupported)
        }
        names[value] = name
        return name
    }

    /// A constant that the function computed on the host from the dynamic sizes: an integer or its reciprocal.
    private func dynamicConstant(_ value: Int) throws -> String {
        let tensors = program.traces.map { trace -> Tensor? in
            if case .constant(let tensor) = trace.values[value].origin { tensor } else { nil }
        }
        let numbers = tensors.compactMap { $0 }.filter { $0.count == 1 }.map { $0.reshape([]).to(.float64).item() }
        let spec = program.spec(of: value)
        func whole(_ numbers: [Double]) -> Size? {
            numbers.allSatisfy { $0.rounded() == $0 && $0.magnitude < 0x1p52 } ? Size(numbers.map { Int($0) }) : nil
        }
        if numbers.count == tensors.count {
            if let size = whole(numbers), let name = try? self.size(size) {
                return shaped(cast(name, .int64, spec.dtype), spec.rank)
            }
            let inverse = numbers.map { number in
                let inverse = 1 / number
                return (inverse - inverse.rounded()).magnitude <= 1e-6 * inverse.magnitude ? inverse.rounded() : inverse
            }
            if let size = whole(inverse), let name = try? self.size(size) {
                return shaped(node("Reciprocal", [cast(name, .int64, spec.dtype)]), spec.rank)
            }
        }
        throw Problem(
            "a tensor created on the host depends on the dynamic sizes, shape \(spec.sizes)",
            expected: "tensors computed from the arguments, as in Tensor.ones(like: x) or with device: x.device",
            kind: .unsupported)
    }

    private func shaped(_ name: String, _ rank: Int) -> String {
        node("Reshape", [name, ints(Array(repeating: 1, count: rank))])
    }

    func cast(_ name: String, _ from: DType, _ to: DType) -> String {
        from == to ? name : node("Cast", [name], [("to", .int(ONNXElementType(to).rawValue))])
    }

    /// The float32 copy of a bfloat16 value.
    func widened(_ name: String) -> String {
        if let known = widenedNames[name] { return known }
        let wide = cast(name, .bfloat16, .float32)
        widenedNames[name] = wide
        return wide
    }

    /// A tensor filled with one number.
    func filled(_ value: Scalar, _ shape: [Size], _ dtype: DType) throws -> String {
        let number: Tensor =
            switch value {
            case .bool(let value): Tensor([value])
            case .int(let value): Tensor([value])
            default: Tensor([value.asDouble], dtype: .float64)
            }
        return node("ConstantOfShape", [try sizes(shape)], [("value", .tensor(Self.proto(number.to(dtype), "")))])
    }

    // MARK: Sizes

    /// A tensor `[1]` with a size.
    func size(_ size: Size) throws -> String {
        if let number = size.fixed { return ints([number]) }
        if let known = sizeNames[size] { return known }
        let plan = program.plan
        let path = modulePath
        // The node may be shared by several modules.
        modulePath = nil
        defer { modulePath = path }
        let name: String
        if program.dynamicSize(size) != nil, let source = sizeSources[size] {
            name = read(source)
        } else if let polynomial = plan.polynomial(of: size.values), polynomial.divisor == 1 || sizeSources[size] == nil
        {
            name = try expression(polynomial)
        } else if let source = sizeSources[size] {
            name = read(source)
        } else {
            throw Problem(
                "a size is not a polynomial in the dynamic sizes: it is \(size.values.map(String.init).joined(separator: ", ")) "
                    + "for " + program.sizeNames.joined(separator: ", ") + " of "
                    + plan.points.map { $0.map(String.init).joined(separator: "x") }.joined(separator: ", "),
                kind: .unsupported)
        }
        sizeNames[size] = name
        return name
    }

    private func read(_ source: (value: String, rank: Int, dim: Int)) -> String {
        if opset >= 15 {
            return node("Shape", [source.value], [("start", .int(source.dim)), ("end", .int(source.dim + 1))])
        }
        return node("Gather", [node("Shape", [source.value]), ints([source.dim])], [("axis", .int(0))])
    }

    private func expression(_ polynomial: SizePolynomial) throws -> String {
        let plan = program.plan
        func dynamic(_ index: Int) throws -> String { try size(Size(plan.points.map { $0[index] })) }
        func scaled(_ name: String, _ factor: Int) -> String {
            factor == 1 ? name : node("Mul", [name, ints([factor])])
        }
        var terms: [String] = []
        for (index, factor) in polynomial.linear.enumerated() where factor != 0 {
            terms.append(scaled(try dynamic(index), factor))
        }
        for term in polynomial.products {
            terms.append(scaled(node("Mul", [try dynamic(term.first), try dynamic(term.second)]), term.factor))
        }
        if polynomial.constant != 0 { terms.append(ints([polynomial.constant])) }
        let sum = terms.dropFirst().reduce(terms[0]) { node("Add", [$0, $1]) }
        return polynomial.divisor == 1 ? sum : node("Div", [sum, ints([polynomial.divisor])])
    }

    /// A tensor of sizes, such as the shape of a Reshape.
    func sizes(_ sizes: [Size]) throws -> String {
        if let fixed = sizes.fixed { return ints(fixed) }
        if sizes.count == 1 { return try size(sizes[0]) }
        return node("Concat", try sizes.map(size), [("axis", .int(0))])
    }

    // MARK: Descriptions

    /// The description of a value, with named dynamic sizes.
    func info(_ value: Int, _ name: String) -> ValueInfoProto {
        let shape = program.shape(of: value).map { size -> TypeProto.Dimension in
            if let number = size.fixed { return .size(number) }
            if let index = program.dynamicSize(size) { return .name(program.sizeNames[index]) }
            return program.plan.polynomial(of: size.values).map { .name($0.text(program.sizeNames)) } ?? .unknown
        }
        let type = ONNXElementType(program.spec(of: value).dtype)
        return ValueInfoProto(name: name, type: .tensor(elementType: type.rawValue, shape: shape))
    }

    func describe(_ value: Int) { if let name = names[value] { valueInfos.append(info(value, name)) } }

    /// Renames the result of a node, or adds a copy if the value must keep its name.
    func rename(_ old: String, to new: String) {
        let isResult = nodes.contains { $0.outputs.contains(old) }
        let isCaptured = nodes.contains { $0.usedNames.contains(old) && !$0.inputs.contains(old) }
        if !isResult || isCaptured || usedNames.contains(finalMark + old) {
            var node = NodeProto()
            node.name = scoped("Identity")
            node.opType = "Identity"
            node.inputs = [old]
            node.outputs = [new]
            nodes.append(node)
            return
        }
        for index in nodes.indices {
            nodes[index].inputs = nodes[index].inputs.map { $0 == old ? new : $0 }
            nodes[index].outputs = nodes[index].outputs.map { $0 == old ? new : $0 }
        }
        valueInfos.removeAll { $0.name == old }
        for (value, name) in names where name == old { names[value] = new }
        usedNames.insert(finalMark + new)
    }

    /// The mark of names of graph results among the used names; it occurs in no name.
    private let finalMark = "\u{0}"
}

/// The names of the parameters and buffers of a model.
struct ParameterNames {
    private var byTensor: [ObjectIdentifier: (name: String, tensor: Tensor)] = [:]
    private var byStorage: [ObjectIdentifier: (name: String, tensor: Tensor)] = [:]

    init(_ tensors: [(name: String, tensor: Tensor)]) {
        for (name, tensor) in tensors where byTensor[ObjectIdentifier(tensor)] == nil {
            byTensor[ObjectIdentifier(tensor)] = (name, tensor)
            if tensor.layout.count * tensor.dtype.byteSize == tensor.storage.byteCount {
                byStorage[ObjectIdentifier(tensor.storage)] = (name, tensor)
            }
        }
    }

    /// The name of a constant that is a parameter or a permuted parameter; nil for others.
    func name(of constant: Tensor, in builder: ExportBuilder) throws -> String? {
        if let (name, tensor) = byTensor[ObjectIdentifier(constant)] { return builder.constant(tensor, named: name) }
        guard let (name, tensor) = byStorage[ObjectIdentifier(constant.storage)], tensor.dtype == constant.dtype,
            constant.count == tensor.count
        else { return nil }
        if constant.layout == tensor.layout { return builder.constant(tensor, named: name) }
        guard constant.rank == tensor.rank, let order = Self.order(of: constant.layout, in: tensor.layout) else {
            return nil
        }
        return builder.node("Transpose", [builder.constant(tensor, named: name)], [("perm", .ints(order))])
    }

    /// The name of the parameter that shares the memory of a tensor; nil if there is none.
    func name(of tensor: Tensor) -> String? {
        byTensor[ObjectIdentifier(tensor)]?.name ?? byStorage[ObjectIdentifier(tensor.storage)]?.name
    }

    /// The permutation of dimensions from one layout to another; nil if there is none.
    private static func order(of layout: Layout, in base: Layout) -> [Int]? {
        var order: [Int] = []
        for dim in 0..<layout.rank {
            let source = (0..<base.rank).first {
                !order.contains($0) && base.strides[$0] == layout.strides[dim] && base.shape[$0] == layout.shape[dim]
            }
            guard let source else { return nil }
            order.append(source)
        }
        return base.permuted(Dims(order)) == layout ? order : nil
    }
}

extension ExportBuilder {
    /// The name of a parameter, or of the parameter of which a constant is a view.
    func parameterName(of tensor: Tensor) -> String? { parameters.name(of: tensor) }

    /// The operands of the `Linear` of which a value is the reshaped result; nil for other values.
    func linearSource(of value: Int) -> (input: Int, weight: Int, bias: Int?)? {
        var value = value
        while case .result(let number) = program.first.values[value].origin {
            let instruction = program.first.instructions[number]
            switch instruction.primitive {
            case is View: value = instruction.operands[0]
            case is Linear:
                let operands = instruction.operands
                return (operands[0], operands[1], operands.count > 2 ? operands[2] : nil)
            default: return nil
            }
        }
        return nil
    }
}

extension ExportBuilder {
    /// Removes nodes and initialisers on which no output depends.
    func removeUnused(outputs: [String]) {
        var needed = Set(outputs)
        var kept: [NodeProto] = []
        for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
            needed.formUnion(node.usedNames)
            kept.append(node)
        }
        nodes = kept.reversed()
        initializers.removeAll { !needed.contains($0.name) }
        let made = Set(nodes.flatMap(\.outputs)).subtracting(outputs)
        var described: Set<String> = []
        valueInfos.removeAll { !made.contains($0.name) || !described.insert($0.name).inserted }
    }
}
