import TorchlightCore

func registerSequences(in table: inout Translations) {
    // A query without keys, which only a mask can cause, gives 0.
    table.add(Attention.self) { c, p in
        try c.requireUnused(from: 1)
        var (k, v) = (try c.x(1), try c.x(2))
        let (queryShape, keyShape) = (c.shape(0), c.shape(1))
        if queryShape[1] != keyShape[1] {
            k = try c.repeatedHeads(k, keyShape, queryShape[1])
            v = try c.repeatedHeads(v, c.shape(2), queryShape[1])
        }
        let q = c.node("Mul", try c.x(0), c.scalar(p.scale))
        var scores = c.node("MatMul", q, c.transpose(k, [0, 1, 3, 2]))
        let lowest = c.scalar(-.infinity)
        if p.isCausal {
            let (rows, columns) = (queryShape[2], keyShape[2])
            func range(_ size: Size) throws -> String {
                if let number = size.fixed { return c.builder.constant(Tensor(Array(0..<number))) }
                return c.node("Range", c.builder.int(0), try c.number(size), c.builder.int(1))
            }
            let isSeen = c.node(
                "LessOrEqual", c.unsqueeze(try range(columns), [0]), c.unsqueeze(try range(rows), [1]))
            scores = c.node("Where", isSeen, scores, lowest)
        }
        var weights: String
        if c.count > 3 {
            let mask = try c.x(3)
            scores = c.dtype(3) == .bool ? c.node("Where", mask, scores, lowest) : c.node("Add", scores, mask)
            let highest = c.reduce("ReduceMax", scores, [3], keepdim: true)
            let isEmpty = c.node("Equal", highest, lowest)
            weights = c.node(
                "Softmax", c.node("Where", isEmpty, c.scalar(0), scores), attributes: [("axis", .int(3))])
            weights = c.node("Where", isEmpty, c.scalar(0), weights)
        } else {
            weights = c.node("Softmax", scores, attributes: [("axis", .int(3))])
        }
        return [c.transpose(c.node("MatMul", weights, v), [0, 2, 1, 3]), ""]
    }
    table.add(Recurrence.self, hasSizes: true, where: { p, _ in !p.keepsGates && p.steps.isRegular }) { c, p in
        let recurrence = try ExportedRecurrence(c, p)
        return try p.hasProjection ? recurrence.scanned() : recurrence.results()
    }
}

extension SequenceSteps {
    /// Whether all sequences have the same length.
    fileprivate var isRegular: Bool { !sizes.isEmpty && sizes.allSatisfy { $0 == batch } }
    /// Whether the rows of each sequence are contiguous.
    fileprivate var isBatchFirst: Bool { rowStep == sizes.count && sizes.count > 1 }
}

extension ExportCall {
    /// `[B, K, S, D]` with each head repeated, `heads` in total.
    fileprivate func repeatedHeads(_ x: String, _ shape: [Size], _ heads: Size) throws -> String {
        let count = Size.combine(heads, shape[1]) { $1 == 0 ? 1 : $0 / $1 }
        let repeated = node(
            "Expand", unsqueeze(x, [2]), try builder.sizes([shape[0], shape[1], count, shape[2], shape[3]]))
        return try reshape(repeated, [shape[0], heads, shape[2], shape[3]])
    }
}

/// A recurrent layer of one direction as an ONNX operator.
///
/// The operator includes the product of the input with the weights, which is a separate operation in Torchlight. If
/// that product is not found, its result is used as the input, with the identity as weight.
private struct ExportedRecurrence {
    let c: ExportCall
    let p: Recurrence
    let hidden: Int
    /// The order of the gates in the standard, as indices into those of Torchlight.
    let order: [Int]

    init(_ c: ExportCall, _ p: Recurrence) throws {
        self.c = c
        self.p = p
        try c.requireSame(p, "the kind of a recurrent layer") { [$0.cell.rawValue, $0.isReversed ? 1 : 0] }
        hidden = try c.fixed(c.shape(1)[1], "the hidden size")
        order =
            switch p.cell {
            case .lstm: [0, 3, 1, 2]
            case .gru: [1, 0, 2]
            case .tanh, .relu: [0]
            }
    }

    /// The first row of each gate in Torchlight, in the order of the standard.
    private var firstRows: [Int] { order.map { $0 * hidden } }
    private var length: Size { c.size(p) { $0.steps.sizes.count } }
    private var batch: Size { c.size(p) { $0.steps.batch } }

    /// The rows of the gates in the order of the standard.
    private func reordered(_ value: Int) throws -> String {
        let (parts, builder) = (firstRows, c.builder)
        if let tensor = c.tensor(of: value) {
            let rows = noGrad { cat(parts.map { tensor.narrow(0, start: $0, length: hidden) }, dim: 0).unsqueeze(0) }
            return builder.constant(
                rows, named: builder.tensor(of: value).flatMap(builder.parameterName).map { $0 + ".gates" })
        }
        let name = try c.name(of: value)
        let rows = parts.map { c.node("Slice", name, c.ints([$0]), c.ints([$0 + hidden]), c.ints([0])) }
        return c.unsqueeze(rows.count == 1 ? rows[0] : builder.node("Concat", rows, [("axis", .int(0))]), [0])
    }

    /// The rows of the steps as `[length, batch, width]`.
    private func stepsFirst(_ rows: String, width: Size) throws -> String {
        if p.steps.isBatchFirst { return c.transpose(try c.reshape(rows, [batch, length, width]), [1, 0, 2]) }
        return try c.reshape(rows, [length, batch, width])
    }

    /// The results of the steps, `[length, batch, width]`, as rows.
    private func asRows(_ steps: String) throws -> String {
        try c.reshape(p.steps.isBatchFirst ? c.transpose(steps, [1, 0, 2]) : steps, c.outShape())
    }

    /// An LSTM with a projected hidden state, which has no operator, as a Scan over the steps.
    func scanned() throws -> [String] {
        let builder = c.builder
        let weight = c.transpose(try c.x(1), [1, 0])
        let projection = c.transpose(try c.x(4), [1, 0])
        let size = try c.fixed(c.shape(0)[1], "the number of gates") / 4
        func type(_ width: Int) -> TypeProto {
            .tensor(elementType: ONNXElementType(c.out).rawValue, shape: [.unknown, .size(width)])
        }
        let width = try c.fixed(c.shape(2)[1], "the projected size")
        let step = builder.subgraph(
            "step", inputs: [("hidden", type(width)), ("cell", type(size)), ("share", type(4 * size))],
            outputs: [type(width), type(size), type(width)]
        ) { inputs in
            let sum = c.node("Add", inputs[2], c.node("MatMul", inputs[0], weight))
            let gates = builder.nodes(
                "Split", [sum, c.ints([size, size, size, size])], [("axis", .int(1))], outputs: 4)
            func sigmoid(_ index: Int) -> String { c.node("Sigmoid", gates[index]) }
            let fresh = c.node("Mul", sigmoid(0), c.node("Tanh", gates[2]))
            let cell = c.node("Add", c.node("Mul", sigmoid(1), inputs[1]), fresh)
            let hidden = c.node("MatMul", c.node("Mul", sigmoid(3), c.node("Tanh", cell)), projection)
            return [hidden, cell, c.node("Identity", hidden)]
        }
        let direction = AttributeProto.Value.ints([p.isReversed ? 1 : 0])
        let outputs = builder.nodes(
            "Scan", [try c.x(2), try c.x(3), try stepsFirst(try c.x(0), width: c.shape(0)[1])],
            [
                ("body", .graph(step)), ("num_scan_inputs", .int(1)), ("scan_input_directions", direction),
                ("scan_output_directions", direction),
            ], outputs: 3)
        return [try asRows(outputs[2]), outputs[0], outputs[1]]
    }

    func results() throws -> [String] {
        let builder = c.builder
        let dtype = c.out
        let gates = order.count * hidden
        let source = builder.linearSource(of: c.operands[0])
        let x = try source.map { try c.name(of: $0.input) } ?? c.x(0)
        let width = source.map { builder.program.shape(of: $0.input) }?.last ?? c.shape(0)[1]
        let input = try stepsFirst(x, width: width)
        let weight: String
        var bias: String?
        if let source {
            weight = try reordered(source.weight)
            bias = try source.bias.map { try reordered($0) }
        } else {
            let identity = cat(firstRows.map { Tensor.eye(gates).narrow(0, start: $0, length: hidden) }, dim: 0)
            weight = builder.constant(identity.to(dtype).unsqueeze(0))
        }
        let recurrent = try reordered(c.operands[1])
        // The bias of the input, followed by that of the hidden state.
        let zeros = builder.constant(Tensor.zeros([1, gates]).to(dtype))
        let hiddenBias = try p.cell == .gru ? reordered(c.operands[3]) : zeros
        let biases =
            bias == nil && p.cell != .gru
            ? "" : builder.node("Concat", [bias ?? zeros, hiddenBias], [("axis", .int(1))])
        let h0 = c.unsqueeze(try c.x(2), [0])
        var inputs = [input, weight, recurrent, biases, "", h0]
        var attributes: Attributes = [
            ("hidden_size", .int(hidden)), ("direction", .string(Array((p.isReversed ? "reverse" : "forward").utf8))),
        ]
        let op: String
        switch p.cell {
        case .lstm:
            op = "LSTM"
            inputs.append(c.unsqueeze(try c.x(3), [0]))
        case .gru:
            op = "GRU"
            attributes.append(("linear_before_reset", .int(1)))
        case .tanh, .relu:
            op = "RNN"
            attributes.append(("activations", .strings([Array((p.cell == .tanh ? "Tanh" : "Relu").utf8)])))
        }
        let outputs = builder.nodes(op, inputs, attributes, outputs: p.cell == .lstm ? 3 : 2)
        // [T, 1, B, H]
        return [try asRows(c.squeeze(outputs[0], [1]))] + outputs.dropFirst().map { c.squeeze($0, [0]) }
    }
}
