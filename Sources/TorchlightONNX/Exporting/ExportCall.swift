import TorchlightCore

typealias Attributes = [(String, AttributeProto.Value)]

/// A call of a primitive that is being translated to nodes.
struct ExportCall {
    let builder: ExportBuilder
    /// The primitive, once per recording.
    let primitives: [any Primitive]
    let operands: [Int]
    let results: [Int]
    /// Whether each result is used.
    let isUsed: [Bool]
    /// Whether bfloat16 operands and results are float32 in the translation: few implementations support bfloat16, and
    /// rounding the float32 result equals the result of the kernels of Torchlight.
    let widens: Bool

    var opset: Int { builder.opset }
    var program: ExportProgram { builder.program }
    var count: Int { operands.count }

    // MARK: Attributes

    /// An integer attribute that may depend on the dynamic sizes.
    func size<P: Primitive>(_: P, _ attribute: (P) -> Int) -> Size {
        Size(primitives.map { attribute($0 as! P) })
    }

    /// A list attribute that may depend on the dynamic sizes.
    func sizes<P: Primitive>(_: P, _ attribute: (P) -> Dims) throws -> [Size] {
        let all = primitives.map { attribute($0 as! P) }
        guard all.allSatisfy({ $0.count == all[0].count }) else {
            throw Problem("the number of dimensions depends on the dynamic sizes", kind: .unsupported)
        }
        return all[0].indices.map { index in Size(all.map { $0[index] }) }
    }

    /// A size that must not depend on the dynamic sizes.
    func fixed(_ size: Size, _ what: @autoclosure () -> String) throws -> Int {
        guard let number = size.fixed else {
            throw Problem("\(what()) depends on a dynamic size", kind: .unsupported)
        }
        return number
    }

    func fixed(_ sizes: [Size], _ what: @autoclosure () -> String) throws -> [Int] {
        try sizes.map { try fixed($0, what()) }
    }

    /// Throws if an attribute differs between the recordings.
    func requireSame<P: Primitive, V: Equatable>(_ p: P, _ what: String, _ attribute: (P) -> V) throws {
        let value = attribute(p)
        guard primitives.allSatisfy({ attribute($0 as! P) == value }) else {
            throw Problem("\(what) depends on the dynamic sizes", kind: .unsupported)
        }
    }

    // MARK: Operands and results

    private func widened(_ dtype: DType) -> DType { widens && dtype == .bfloat16 ? .float32 : dtype }

    func spec(_ index: Int) -> TensorSpec {
        var spec = program.spec(of: operands[index])
        spec.dtype = widened(spec.dtype)
        return spec
    }
    func dtype(_ index: Int) -> DType { spec(index).dtype }
    func rank(_ index: Int) -> Int { spec(index).rank }
    func shape(_ index: Int) -> [Size] { program.shape(of: operands[index]) }
    var out: DType { widened(program.spec(of: results[0]).dtype) }
    var outRank: Int { program.spec(of: results[0]).rank }
    func outShape(_ index: Int = 0) -> [Size] { program.shape(of: results[index]) }

    /// The elements of an operand that does not depend on the inputs; nil for others.
    func tensor(_ index: Int) -> Tensor? { tensor(of: operands[index]) }

    /// The elements of a value that does not depend on the inputs; nil for others.
    func tensor(of value: Int) -> Tensor? {
        let tensor = builder.tensor(of: value)
        return widens && tensor?.dtype == .bfloat16 ? tensor!.to(.float32) : tensor
    }

    func x(_ index: Int) throws -> String { try name(of: operands[index]) }

    /// The name of a value of the program.
    func name(of value: Int) throws -> String {
        let name = try builder.name(of: value)
        return widens && program.spec(of: value).dtype == .bfloat16 ? builder.widened(name) : name
    }

    /// The names of results, converted to the dtypes of the program.
    func rounded(_ names: [String]) -> [String] {
        guard widens else { return names }
        return zip(names, results).map { name, value in
            let dtype = program.spec(of: value).dtype
            return name.isEmpty ? name : cast(name, widened(dtype), dtype)
        }
    }

    /// The name of an operand, converted to a dtype.
    func x(_ index: Int, _ dtype: DType) throws -> String {
        if self.dtype(index) == dtype { return try x(index) }
        if let tensor = self.tensor(index), tensor.count <= 64 { return builder.constant(tensor.to(dtype)) }
        return builder.cast(try x(index), self.dtype(index), dtype)
    }

    // MARK: Nodes

    func node(_ op: String, _ inputs: String..., attributes: Attributes = []) -> String {
        builder.node(op, inputs, attributes)
    }

    func cast(_ name: String, _ from: DType, _ to: DType) -> String { builder.cast(name, from, to) }
    func scalar(_ value: Double, _ dtype: DType? = nil) -> String { builder.scalar(value, dtype ?? out) }
    func ints(_ values: [Int]) -> String { builder.ints(values) }

    /// A tensor `[]` with a size.
    func number(_ size: Size) throws -> String {
        if let number = size.fixed { return builder.int(number) }
        return squeeze(try builder.size(size), [0])
    }

    func reshape(_ name: String, _ shape: [Size]) throws -> String {
        // One size that depends on the inputs can be -1.
        let dynamic = shape.indices.filter { shape[$0].fixed == nil }
        if dynamic.count == 1, !shape.contains(where: { $0.fixed == 0 }) {
            return node("Reshape", name, ints(shape.map { $0.fixed ?? -1 }))
        }
        // Without `allowzero`, 0 means the size of the operand.
        let hasZero = shape.contains { $0.fixed == 0 } && opset >= 14
        return node("Reshape", name, try builder.sizes(shape), attributes: hasZero ? [("allowzero", .int(1))] : [])
    }

    func transpose(_ name: String, _ order: [Int]) -> String {
        order == Array(order.indices) ? name : node("Transpose", name, attributes: [("perm", .ints(order))])
    }

    func unsqueeze(_ name: String, _ dims: [Int]) -> String {
        dims.isEmpty ? name : node("Unsqueeze", name, ints(dims))
    }
    func squeeze(_ name: String, _ dims: [Int]) -> String { dims.isEmpty ? name : node("Squeeze", name, ints(dims)) }

    /// A reduction, with the dimensions as input or attribute, depending on the version. An empty list is all
    /// dimensions.
    func reduce(_ op: String, _ name: String, _ dims: [Int], keepdim: Bool) -> String {
        let keep: Attributes = [("keepdims", .int(keepdim ? 1 : 0))]
        if dims.isEmpty { return builder.node(op, [name], keep) }
        if opset >= 18 || op == "ReduceSum" { return builder.node(op, [name, ints(dims)], keep) }
        return builder.node(op, [name], [("axes", .ints(dims))] + keep)
    }

    func slice(_ name: String, _ dim: Int, start: Size, count: Size, step: Size) throws -> String {
        let end = Size.combine(start, Size.combine(count, step, *), +)
        // For a negative step, the end -1 would count from the back.
        let last = Size(zip(end.values, step.values).map { $1 < 0 && $0 < 0 ? Int(Int32.min) : $0 })
        return node(
            "Slice", name, try builder.size(start), try builder.size(last), ints([dim]), try builder.size(step))
    }

    func gather(_ name: String, _ indices: Tensor, _ dim: Int) -> String {
        node("Gather", name, builder.constant(indices), attributes: [("axis", .int(dim))])
    }

    /// An element-wise operator whose operands and result have the dtype `dtype`. Integer types that not every
    /// implementation supports are computed as int32 and wrapped.
    func arithmetic(_ op: String, _ names: [String], _ dtype: DType) -> String {
        switch dtype {
        case .uint8, .int8, .int16, .bool:
            let wide = builder.node(op, names.map { cast($0, dtype, .int32) })
            return cast(wide, .int32, dtype)
        default: return builder.node(op, names)
        }
    }

    /// The dtype in which two operands can be compared.
    func common(_ a: Int, _ b: Int) -> DType {
        func operand(_ spec: TensorSpec) -> Tensor {
            guard spec.isWrappedScalar else { return Tensor.zeros(spec.rank == 0 ? [] : [1], dtype: spec.dtype) }
            switch spec.dtype {
            case .bool: return .wrap(.bool(false))
            case .int64: return .wrap(.int(0))
            default: return .wrap(.double(0))
            }
        }
        return resultType(operand(spec(a)), operand(spec(b)))
    }
}

/// The translation of a primitive to operators of the standard.
struct Translation: Sendable {
    /// Whether attributes may differ between the recordings.
    let hasSizes: Bool
    /// The first operator set version with the operators of the translation.
    let since: Int
    /// Whether the translation applies to a primitive in a version; otherwise its decomposition is translated.
    let applies: @Sendable (any Primitive, Int) -> Bool
    /// Returns the names of the results; unused results may be "".
    let run: @Sendable (ExportCall, any Primitive) throws -> [String]
}

/// The translations by name of primitive.
package struct Translations: Sendable {
    private(set) var table: [String: Translation] = [:]

    package static let standard: Translations = {
        var table = Translations()
        registerPointwise(in: &table)
        registerComparisons(in: &table)
        registerNumbers(in: &table)
        registerActivations(in: &table)
        registerReductions(in: &table)
        registerOrders(in: &table)
        registerViews(in: &table)
        registerCreation(in: &table)
        registerIndexing(in: &table)
        registerProducts(in: &table)
        registerPools(in: &table)
        registerNormalizations(in: &table)
        registerSequences(in: &table)
        registerImages(in: &table)
        return table
    }()

    /// Registers a primitive.
    ///
    /// - Parameters:
    ///   - hasSizes: whether attributes may differ between the recordings.
    ///   - since: the first operator set version with the operators of the translation.
    ///   - condition: whether the translation applies to a primitive in a version. Default: always.
    mutating func add<P: Primitive>(
        _ type: P.Type, hasSizes: Bool = false, since: Int = 13, where condition: (@Sendable (P, Int) -> Bool)? = nil,
        _ body: @escaping @Sendable (ExportCall, P) throws -> [String]
    ) {
        table[P.name] = Translation(
            hasSizes: hasSizes, since: since,
            applies: { primitive, opset in
                guard opset >= since, let primitive = primitive as? P else { return false }
                return condition?(primitive, opset) ?? true
            },
            run: { try body($0, $1 as! P) })
    }

    /// Registers a primitive with one result.
    mutating func one<P: Primitive>(
        _ type: P.Type, hasSizes: Bool = false, since: Int = 13, where condition: (@Sendable (P, Int) -> Bool)? = nil,
        _ body: @escaping @Sendable (ExportCall, P) throws -> String
    ) {
        add(type, hasSizes: hasSizes, since: since, where: condition) { [try body($0, $1)] }
    }

    func translates(_ primitive: any Primitive, opset: Int) -> Bool {
        table[type(of: primitive).name]?.applies(primitive, opset) ?? false
    }

    subscript(_ primitive: any Primitive) -> Translation? { table[type(of: primitive).name] }
}

extension Translations {
    /// A Markdown list of the exported operations, with the first version if it is not 13, for the documentation.
    package var markdown: String {
        table.sorted { $0.key < $1.key }
            .map { "`\($0.key)`" + ($0.value.since > 13 ? " (\($0.value.since))" : "") }.joined(separator: ", ")
    }
}
