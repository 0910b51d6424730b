import CKernels

/// Generates C source for the segments of fused programs: one loop per segment, with one statement per operation, so
/// that the compiler contracts nothing across operations and results are equal to those of the interpreted kernels in
/// every bit.
///
/// The text includes the sources of the scalar functions of the kernels.
enum KernelSource {
    /// The text of one translation unit with a function per segment, and the names of the functions; nil for segments
    /// that stay interpreted.
    static func unit(_ programs: [FusedProgram]) -> (text: String, names: [[String?]]) {
        var functions = ""
        var names: [[String?]] = []
        var known: [String: String] = [:]
        for program in programs {
            names.append(
                program.segments.map { segment in
                    guard let body = SegmentWriter(program, segment).text else { return nil }
                    if let name = known[body] { return name }
                    let name = "tl_kernel_\(known.count)"
                    known[body] = name
                    functions += "void \(name)(void* const* registers, tl_i64 rows, tl_i64 width) {\n\(body)}\n\n"
                    return name
                })
        }
        return (functions.isEmpty ? "" : header + functions, names)
    }

    /// The sources of the scalar functions as one text.
    static let header: String = {
        var files: [String: String] = [:]
        var index: Int32 = 0
        var name: UnsafePointer<CChar>?
        while let text = tl_scalar_source(index, &name), let name {
            files[String(cString: name)] = String(cString: text)
            index += 1
        }
        func flattened(_ file: String) -> String {
            var text = ""
            for line in (files[file] ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
                let parts = line.split(separator: "\"")
                if line.hasPrefix("#include \""), parts.count > 1 {
                    text += flattened(String(parts[1]))
                } else {
                    text += line + "\n"
                }
            }
            return text
        }
        return flattened("Scalar/Scalar.h") + flattened("Scalar/Half.inc") + "\n"
    }()
}

/// Writes the body of the function of one segment.
private struct SegmentWriter {
    private let program: FusedProgram
    private let segment: Range<Int>
    /// Values of the segment that are read after the segment.
    private var isNeededLater: Set<Int> = []
    private var lines = ""
    private(set) var text: String?

    init(_ program: FusedProgram, _ segment: Range<Int>) {
        self.program = program
        self.segment = segment
        for i in program.instructions.indices where !segment.contains(i) {
            if i >= segment.upperBound { isNeededLater.formUnion(program.instructions[i].operands) }
        }
        for array in program.arrays where array.operand < 0 { isNeededLater.insert(array.register) }
        text = write()
    }

    private var instructions: [FusedInstruction] { Array(program.instructions[segment]) }

    private mutating func write() -> String? {
        let made = Set(instructions.map(\.result))
        var read: [Int] = []
        for instruction in instructions {
            for operand in instruction.operands where !made.contains(operand) && !read.contains(operand) {
                read.append(operand)
            }
        }
        // Uniform numbers, which are equal for all elements.
        for register in read where extent(register) == .uniform {
            lines += "  const \(type(register)) v\(register) = *(const \(type(register))*)\(address(register));\n"
        }
        for instruction in instructions where extent(instruction.result) == .uniform {
            guard let statement = statement(instruction) else { return nil }
            lines += "  " + statement
        }
        let columns = instructions.filter { extent($0.result) == .column }
        let full = instructions.filter { extent($0.result) == .full }
        for register in read + instructions.map(\.result) where extent(register) != .uniform {
            if !isInMemory(register, read) { continue }
            lines += "  \(type(register))* const p\(register) = (\(type(register))*)\(address(register));\n"
        }
        if !columns.isEmpty {
            guard let loop = loop(columns, "rows", reads: read.filter { extent($0) == .column }) else { return nil }
            lines += loop
        }
        if full.isEmpty { return lines }
        let looksAround = full.contains { limit($0) != nil }
        let usesColumns = full.contains { if case .expand = $0.operation { true } else { false } }
        if looksAround {
            if usesColumns { return nil }
            return blocks(full, read)
        }
        let own = read.filter { extent($0) == .full }
        if !usesColumns {
            lines += "  const tl_i64 count = rows * width;\n"
            guard let loop = loop(full, "count", reads: own) else { return nil }
            return lines + loop
        }
        guard let inner = loop(full, "width", reads: own, row: "row * width + ") else { return nil }
        lines += "  for (tl_i64 row = 0; row < rows; ++row) {\n"
        var expanded: Set<Int> = []
        for instruction in full {
            guard case .expand = instruction.operation, expanded.insert(instruction.operands[0]).inserted else {
                continue
            }
            let column = instruction.operands[0]
            lines += "  const \(type(column)) v\(column) = p\(column)[row];\n"
        }
        return lines + inner + "  }\n"
    }

    /// Whether the function loads or stores the register of a value.
    private func isInMemory(_ register: Int, _ read: [Int]) -> Bool {
        read.contains(register) || isNeededLater.contains(register) || extent(register) == .column
    }

    private func extent(_ register: Int) -> FusedExtent { program.registers[register].extent }
    private func address(_ register: Int) -> String { "registers[\(program.registers[register].slot)]" }

    /// A loop over elements, with one statement per instruction.
    private func loop(_ instructions: [FusedInstruction], _ count: String, reads: [Int], row: String = "") -> String? {
        var body = ""
        var loaded: Set<Int> = []
        let own = Set(reads)
        for instruction in instructions {
            for operand in instruction.operands where own.contains(operand) && loaded.insert(operand).inserted {
                body += "    const \(type(operand)) v\(operand) = p\(operand)[\(row)i];\n"
            }
            guard let statement = statement(instruction) else { return nil }
            body += "    " + statement
            let result = instruction.result
            if isNeededLater.contains(result) || extent(result) == .column {
                body += "    p\(result)[\(row)i] = v\(result);\n"
            }
        }
        return pragma + "  for (tl_i64 i = 0; i < \(count); ++i) {\n\(body)  }\n"
    }

    private var pragma: String { "#pragma clang loop vectorize(assume_safety) interleave_count(4)\n" }

    /// Loops over blocks of 256 elements, for operations whose formula depends on all elements of a block. Values that
    /// are made in one loop and read in another are stored in arrays.
    private func blocks(_ full: [FusedInstruction], _ read: [Int]) -> String? {
        var text = lines + "  const tl_i64 count = rows * width;\n"
        text += "  for (tl_i64 start = 0; start < count; start += 256) {\n"
        text += "  const tl_i64 n = count - start < 256 ? count - start : 256;\n"
        for instruction in full { text += "  \(type(instruction.result)) t\(instruction.result)[256];\n" }
        let made = Set(full.map(\.result))
        func operandLoads(_ instructions: [FusedInstruction]) -> String {
            var own: Set<Int> = []
            var body = ""
            for instruction in instructions {
                for operand in instruction.operands where extent(operand) == .full && own.insert(operand).inserted {
                    if made.contains(operand) {
                        body += "    const \(type(operand)) v\(operand) = t\(operand)[i];\n"
                    } else {
                        body += "    const \(type(operand)) v\(operand) = p\(operand)[start + i];\n"
                    }
                }
                own.insert(instruction.result)
            }
            return body
        }
        func store(_ result: Int) -> String {
            var body = "    t\(result)[i] = v\(result);\n"
            if isNeededLater.contains(result) { body += "    p\(result)[start + i] = v\(result);\n" }
            return body
        }
        var pending: [FusedInstruction] = []
        func flush() -> Bool {
            if pending.isEmpty { return true }
            var body = operandLoads(pending)
            for instruction in pending {
                guard let statement = statement(instruction) else { return false }
                body += "    " + statement + store(instruction.result)
            }
            text += pragma + "  for (tl_i64 i = 0; i < n; ++i) {\n\(body)  }\n"
            pending = []
            return true
        }
        for instruction in full {
            guard let limit = limit(instruction) else {
                pending.append(instruction)
                continue
            }
            guard flush(), let general = statement(instruction), let small = statement(instruction, form: "_small")
            else { return nil }
            let load = operandLoads([instruction])
            let operand = instruction.operands[0]
            let result = instruction.result
            text += "  int large\(result) = 0;\n"
            text += "  for (tl_i64 i = 0; i < n; ++i) {\n\(load)"
            text += "    large\(result) |= !(tl_abs_f32(v\(operand)) < \(literal(limit, .float32)));\n  }\n"
            for (condition, statement) in [("if (large\(result))", general), ("else", small)] {
                text += "  \(condition) {\n" + pragma
                text += "  for (tl_i64 i = 0; i < n; ++i) {\n\(load)    \(statement)\(store(result))  }\n  }\n"
            }
        }
        guard flush() else { return nil }
        return text + "  }\n"
    }

    /// The magnitude below which an operation uses its formula for small values; nil for operations with one formula.
    private func limit(_ instruction: FusedInstruction) -> Double? {
        guard case .scalar(let code) = instruction.operation, case .unary(let operation) = code.kind,
            code.compute == .float32
        else { return nil }
        let limit = tl_scalar_function_of(Int32(TL_FUSED_UNARY.rawValue), operation).small_limit
        return limit > 0 ? limit : nil
    }

    // MARK: Statements

    private func type(_ register: Int) -> String { Self.name(of: program.registers[register].dtype) }

    private static func name(of dtype: DType) -> String {
        switch dtype {
        case .float64: "double"
        case .float32: "float"
        case .int64: "tl_i64"
        case .int32: "int"
        case .int16: "short"
        case .int8: "signed char"
        case .float16, .bfloat16: "unsigned short"
        default: "unsigned char"
        }
    }

    private func statement(_ instruction: FusedInstruction, form: String = "") -> String? {
        guard let value = expression(instruction, form) else { return nil }
        return "const \(type(instruction.result)) v\(instruction.result) = \(value);\n"
    }

    private func expression(_ instruction: FusedInstruction, _ form: String) -> String? {
        let operands = instruction.operands.map { "v\($0)" }
        let dtype = program.registers[instruction.result].dtype
        switch instruction.operation {
        case .expand: return operands[0]
        case .convert(let through):
            let from = program.registers[instruction.operands[0]].dtype
            return converted(converted(operands[0], from, through), through, dtype)
        case .scalar(let code):
            let function: tl_scalar_function
            switch code.kind {
            case .unary(let operation): function = tl_scalar_function_of(Int32(TL_FUSED_UNARY.rawValue), operation)
            case .binary(let operation): function = tl_scalar_function_of(Int32(TL_FUSED_BINARY.rawValue), operation)
            case .ternary(let operation):
                function = tl_scalar_function_of(Int32(TL_FUSED_TERNARY.rawValue), operation)
            case .constant(let number, let whole):
                return dtype.isFloatingPoint ? literal(number, dtype) : "(tl_i64)\(UInt64(bitPattern: Int64(whole)))ull"
            default: return nil
            }
            guard let name = function.name, let suffix = Self.suffix(of: code.compute) else { return nil }
            let parameters = [code.parameters.0, code.parameters.1].prefix(Int(function.parameter_count))
            let arguments = operands + parameters.map { literal($0, code.compute) }
            let call = "tl_\(String(cString: name))\(form)_\(suffix)(\(arguments.joined(separator: ", ")))"
            return "(\(Self.name(of: dtype)))\(call)"
        }
    }

    private static func suffix(of dtype: DType) -> String? {
        switch dtype {
        case .float32: "f32"
        case .float64: "f64"
        case .int64: "i64"
        default: nil
        }
    }

    /// A number written by its bits, which is exact and includes infinities and NaN.
    private func literal(_ value: Double, _ dtype: DType) -> String {
        switch dtype {
        case .float32: "TL_FROM_BITS_F32(\(Float(value).bitPattern)u)"
        case .float64: "TL_FROM_BITS_F64(\(value.bitPattern)ull)"
        default: "(tl_i64)\(UInt64(bitPattern: Int64(Int(saturating: value))))ull"
        }
    }

    /// A conversion with the semantics of the kernels.
    private func converted(_ value: String, _ from: DType, _ to: DType) -> String {
        if from == to { return value }
        var number = value
        switch from {
        case .bool: number = "(\(value) != 0)"
        case .float16: number = "tl_float16_to_f32(\(value))"
        case .bfloat16: number = "tl_bfloat16_to_f32(\(value))"
        default: break
        }
        switch to {
        case .bool: return "(unsigned char)(\(number) != 0)"
        case .float16: return "tl_f32_to_float16((float)\(number))"
        case .bfloat16: return "tl_f32_to_bfloat16((float)\(number))"
        // The conversion goes through a wider integer, so that values out of range wrap around.
        case .int16, .int8, .uint8:
            return from.isFloatingPoint ? "(\(Self.name(of: to)))(int)\(number)" : "(\(Self.name(of: to)))\(number)"
        default: return "(\(Self.name(of: to)))\(number)"
        }
    }
}
