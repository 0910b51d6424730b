import CKernels

/// Encodes the steps of a fused group as instructions of the kernels.
struct FusedEncoder {
    private(set) var instructions: [FusedInstruction] = []
    private(set) var registers: [FusedRegister] = []
    private(set) var arrays: [FusedArray] = []
    private(set) var segments: [Range<Int>] = []
    private(set) var shape = Dims()
    private(set) var rowRank = 0
    private(set) var isComplete = false

    private let group: FusedGroup
    private let values: [TensorSpec]
    /// The register with the result of each step, of the register type of its dtype.
    private var known: [Int?]
    private var loads: [Load: Int] = [:]
    private var conversions: [Conversion: Int] = [:]

    private struct Load: Hashable {
        var operand: Int
        var extent: FusedExtent
        var keepsDims: Bool
        var dtype: DType
    }
    private struct Conversion: Hashable {
        var register: Int
        var through: DType
        var dtype: DType
    }

    init(_ group: FusedGroup, _ values: [TensorSpec]) {
        self.group = group
        self.values = values
        known = Array(repeating: nil, count: values.count)
        isComplete = encode()
        if isComplete {
            cutSegments()
            isComplete = assignPlaces()
        }
        if !isComplete {
            arrays = []
            instructions = []
            registers = []
            segments = []
        }
    }

    // MARK: Instructions

    private mutating func encode() -> Bool {
        guard findShape(), shape.product > 0 else { return false }
        for result in group.results { arrays.append(FusedArray(operand: -1, extent: .full, register: result)) }
        for (i, step) in group.steps.enumerated() where !emit(step, value: group.operandCount + i) { return false }
        for (k, result) in group.results.enumerated() {
            guard result >= group.operandCount, let register = known[result], registers[register].extent != .uniform
            else { return false }
            arrays[k].register = register
            arrays[k].extent = registers[register].extent
            arrays[k].keepsDims = values[result].layout.shape != columnShape
        }
        return Set(group.results).count == group.results.count
            && arrays.count <= TL_FUSED_MOST_ARRAYS && instructions.count <= TL_FUSED_MOST_INSTRUCTIONS
    }

    /// Determines the common shape, and the number of dimensions that are rows.
    private mutating func findShape() -> Bool {
        for (i, step) in group.steps.enumerated() {
            let operands = step.operands.map { values[$0] }
            guard let code = step.primitive.value.scalarCode(Specs(operands)) else { return false }
            let own = values[group.operandCount + i].layout.shape
            var reduced: Int?
            switch code.kind {
            case .reduction(_, let dims):
                let rank = operands[0].rank
                guard rank > 0, !dims.isEmpty, Array(dims) == Array((rank - dims.count)..<rank) else { return false }
                reduced = dims.count
                guard take(operands[0].layout.shape) else { return false }
            case .softmax(_, let dim), .softmaxBackward(_, let dim):
                guard own.count > 0, dim == own.count - 1 else { return false }
                reduced = 1
                guard take(own) else { return false }
            default: break
            }
            if let reduced {
                guard rowRank == 0 || rowRank == reduced else { return false }
                rowRank = reduced
            }
        }
        if rowRank == 0 {
            for i in group.steps.indices where !take(values[group.operandCount + i].layout.shape) { return false }
        }
        // The extent of a row of one element is ambiguous: it equals that of its reduction.
        return rowRank == 0 || shape.suffix(rowRank).reduce(1, *) > 1
    }

    private var hasShape = false
    private mutating func take(_ other: Dims) -> Bool {
        if hasShape { return shape == other }
        shape = other
        hasShape = true
        return true
    }

    private var columnShape: Dims { Dims(shape.prefix(shape.count - rowRank)) }
    private var keptColumnShape: Dims {
        Dims(Array(columnShape) + Array(repeating: 1, count: rowRank))
    }

    private mutating func emit(_ step: FusedGroup.Step, value: Int) -> Bool {
        let operands = step.operands.map { values[$0] }
        guard let code = step.primitive.value.scalarCode(Specs(operands)) else { return false }
        let result = values[value]
        let extent: FusedExtent
        if case .constant = code.kind {
            guard result.layout.shape == shape || result.layout.shape == keptColumnShape else { return false }
            extent = .uniform
        } else if result.layout.shape == shape {
            extent = .full
        } else if rowRank > 0 && (result.layout.shape == keptColumnShape || result.layout.shape == columnShape) {
            extent = .column
        } else {
            return false
        }
        var inputs: [Int] = []
        if extent != .uniform {
            for (k, operand) in step.operands.enumerated() {
                let load = Load(
                    operand: operand, extent: readsRows(code) ? .full : extent,
                    keepsDims: result.layout.shape != columnShape,
                    dtype: code.hasCondition && k == 0 ? .bool : readType(code, values[operand].dtype))
                guard let register = register(load, wraps: code.wrapsOperands) else { return false }
                inputs.append(register)
            }
        }
        if case .identity = code.kind {
            known[value] = append(.convert(through: result.dtype), inputs, result.dtype.registerType, extent: extent)
            return true
        }
        let written = append(.scalar(code), inputs, code.written, extent: extent)
        known[value] = converted(written, through: result.dtype, to: result.dtype.registerType)
        return true
    }

    private func readsRows(_ code: ScalarCode) -> Bool { FusedInstruction.Operation.scalar(code).readsRows }

    /// The dtype of the register from which an operation reads an operand.
    private func readType(_ code: ScalarCode, _ dtype: DType) -> DType {
        switch code.kind {
        case .identity: dtype.registerType
        // The reduction kernels convert their operands.
        case .reduction: dtype.registerType
        default: code.compute
        }
    }

    /// A register with the elements of a value, in the dtype and extent that an operation reads.
    private mutating func register(_ requested: Load, wraps: Bool) -> Int? {
        let (value, extent, dtype) = (requested.operand, requested.extent, requested.dtype)
        let spec = values[value]
        if value >= group.operandCount {
            guard var register = known[value] else { return nil }
            if wraps && spec.dtype != .uint8 { register = converted(register, through: .uint8, to: .int64) }
            register = converted(register, through: dtype, to: dtype)
            switch (registers[register].extent, extent) {
            case (.column, .full):
                guard spec.layout.shape == keptColumnShape else { return nil }
                return expanded(register)
            case (.full, .column): return nil
            case (.column, .column): return requested.keepsDims == (spec.layout.shape != columnShape) ? register : nil
            default: return register
            }
        }
        var load = requested
        if spec.count == 1 {
            load.extent = .uniform
        } else {
            let target = extent == .full ? shape : requested.keepsDims ? keptColumnShape : columnShape
            guard Layout.broadcast(spec.layout.shape, target) == target else { return nil }
        }
        // Kernels convert while they read; only integer wrapping needs a further instruction.
        if wraps && spec.dtype != .uint8 { load.dtype = spec.dtype.registerType }
        var register: Int
        if let loaded = loads[load] {
            register = loaded
        } else {
            register = addRegister(load.dtype, load.extent)
            loads[load] = register
            arrays.append(
                FusedArray(operand: value, extent: load.extent, register: register, keepsDims: load.keepsDims))
        }
        if wraps && spec.dtype != .uint8 { register = converted(register, through: .uint8, to: dtype) }
        return register
    }

    private mutating func converted(_ register: Int, through: DType, to dtype: DType) -> Int {
        let from = registers[register].dtype
        if from == dtype && through == dtype { return register }
        let key = Conversion(register: register, through: through, dtype: dtype)
        if let done = conversions[key] { return done }
        let result = append(.convert(through: through), [register], dtype, extent: registers[register].extent)
        conversions[key] = result
        return result
    }

    private mutating func expanded(_ register: Int) -> Int {
        let dtype = registers[register].dtype
        let key = Conversion(register: -1 - register, through: dtype, dtype: dtype)
        if let done = conversions[key] { return done }
        let result = append(.expand, [register], dtype, extent: .full)
        conversions[key] = result
        return result
    }

    private mutating func addRegister(_ dtype: DType, _ extent: FusedExtent) -> Int {
        registers.append(FusedRegister(dtype: dtype, extent: extent))
        return registers.count - 1
    }

    private mutating func append(
        _ operation: FusedInstruction.Operation, _ operands: [Int], _ dtype: DType, extent: FusedExtent
    ) -> Int {
        let result = addRegister(dtype, extent)
        instructions.append(FusedInstruction(operation: operation, operands: operands, result: result))
        return result
    }

    // MARK: Segments and register allocation

    private mutating func cutSegments() {
        var start = 0
        for i in 0...instructions.count where i == instructions.count || instructions[i].operation.readsRows {
            if i > start { segments.append(start..<i) }
            start = i + 1
        }
    }

    /// Assigns the same kernel register to values with disjoint live ranges. Operands, results, numbers of rows and
    /// uniform numbers keep their own.
    private mutating func assignPlaces() -> Bool {
        var last = Array(repeating: -1, count: registers.count)
        for (i, instruction) in instructions.enumerated() {
            for operand in instruction.operands { last[operand] = i }
        }
        var isFixed = registers.map { $0.extent != .full }
        for array in arrays { isFixed[array.register] = true }
        var slotCount = 0
        var free: [DType: [Int]] = [:]
        for i in registers.indices where isFixed[i] {
            registers[i].slot = slotCount
            slotCount += 1
        }
        for (i, instruction) in instructions.enumerated() {
            let result = instruction.result
            if !isFixed[result] {
                let dtype = registers[result].dtype
                if let slot = free[dtype]?.popLast() {
                    registers[result].slot = slot
                } else {
                    registers[result].slot = slotCount
                    slotCount += 1
                }
            }
            for operand in Set(instruction.operands) where last[operand] == i && !isFixed[operand] {
                free[registers[operand].dtype, default: []].append(registers[operand].slot)
            }
            if !isFixed[result] && last[result] < 0 {
                free[registers[result].dtype, default: []].append(registers[result].slot)
            }
        }
        return slotCount <= TL_FUSED_MOST_REGISTERS
    }
}

/// The structures that the kernels read.
final class ProgramMemory: @unchecked Sendable {
    let columnShape: Dims
    private let instructions: UnsafeMutableBufferPointer<tl_fused_instruction>
    private let registers: UnsafeMutableBufferPointer<tl_fused_register>
    private let arrays: UnsafeMutableBufferPointer<Int32>
    private let shape: UnsafeMutableBufferPointer<Int64>
    /// The segments without and with compiled kernels; the latter are written once, before they are read.
    private let interpreted, compiled: UnsafeMutableBufferPointer<tl_fused_segment>
    private let rowRank: Int32
    private let outputCount: Int32

    init(_ encoder: FusedEncoder, outputCount: Int) {
        columnShape = Dims(encoder.shape.prefix(encoder.shape.count - encoder.rowRank))
        rowRank = Int32(encoder.rowRank)
        self.outputCount = Int32(outputCount)
        let slots = (encoder.registers.map(\.slot).max() ?? -1) + 1
        registers = .allocate(capacity: slots)
        registers.initialize(repeating: tl_fused_register())
        for register in encoder.registers {
            registers[register.slot] = tl_fused_register(
                dtype: register.dtype.rawValue, extent: register.extent.code)
        }
        instructions = .allocate(capacity: encoder.instructions.count)
        _ = instructions.initialize(from: encoder.instructions.map { $0.code(encoder.registers) })
        arrays = .allocate(capacity: encoder.arrays.count)
        _ = arrays.initialize(from: encoder.arrays.map { Int32(encoder.registers[$0.register].slot) })
        shape = .allocate(capacity: encoder.shape.count)
        _ = shape.initialize(from: encoder.shape.map { Int64($0) })
        interpreted = .allocate(capacity: encoder.segments.count)
        let segments = encoder.segments.map {
            tl_fused_segment(first: Int32($0.lowerBound), last: Int32($0.upperBound), code: nil)
        }
        _ = interpreted.initialize(from: segments)
        compiled = .allocate(capacity: encoder.segments.count)
        _ = compiled.initialize(from: segments)
    }

    deinit {
        instructions.deallocate()
        registers.deallocate()
        arrays.deallocate()
        shape.deallocate()
        interpreted.deallocate()
        compiled.deallocate()
    }

    func setCode(_ kernels: [tl_fused_code?]) {
        for (i, code) in kernels.enumerated() { compiled[i].code = code }
    }

    func program(isCompiled: Bool) -> tl_fused_program {
        let segments = isCompiled ? compiled : interpreted
        return tl_fused_program(
            instructions: instructions.baseAddress, instruction_count: Int32(instructions.count),
            segments: segments.baseAddress, segment_count: Int32(segments.count), registers: registers.baseAddress,
            register_count: Int32(registers.count), array_registers: arrays.baseAddress, output_count: outputCount,
            shape: shape.baseAddress, rank: Int32(shape.count), row_rank: rowRank)
    }
}

extension FusedInstruction {
    /// The structure that the kernels read.
    func code(_ registers: [FusedRegister]) -> tl_fused_instruction {
        var code = tl_fused_instruction()
        code.result = Int32(registers[result].slot)
        let slots = operands.map { Int32(registers[$0].slot) }
        let first = slots.first ?? code.result
        code.operands = (first, slots.count > 1 ? slots[1] : first, slots.count > 2 ? slots[2] : first)
        func set(_ kind: tl_fused_kind, _ operation: Int32 = 0) {
            code.kind = Int32(kind.rawValue)
            code.op = operation
        }
        switch operation {
        case .convert(let through):
            set(TL_FUSED_CONVERT, through.rawValue)
            code.compute = registers[operands[0]].dtype.rawValue
        case .expand: set(TL_FUSED_EXPAND)
        case .scalar(let scalar):
            code.compute = scalar.compute.rawValue
            code.parameters = scalar.parameters
            switch scalar.kind {
            case .unary(let operation): set(TL_FUSED_UNARY, operation)
            case .binary(let operation): set(TL_FUSED_BINARY, operation)
            case .ternary(let operation): set(TL_FUSED_TERNARY, operation)
            case .constant(let number, let whole):
                set(TL_FUSED_CONSTANT)
                code.parameters.0 = number
                code.integer = Int64(whole)
            case .reduction(let operation, _): set(TL_FUSED_REDUCE, operation)
            case .softmax(let isLogarithm, _): set(TL_FUSED_SOFTMAX, isLogarithm ? 1 : 0)
            case .softmaxBackward(let isLogarithm, _): set(TL_FUSED_SOFTMAX_BACKWARD, isLogarithm ? 1 : 0)
            case .identity: preconditionFailure("a conversion is an instruction of its own")
            }
        }
        return code
    }
}
