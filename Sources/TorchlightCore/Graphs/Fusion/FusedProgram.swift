import CKernels
import Synchronization

/// A fused group for operands of given shapes and dtypes, as a program for the kernels.
///
/// Each value first has its own register, written once. `FusedEncoder` then lets values with disjoint live ranges share
/// registers.
package final class FusedProgram: Sendable {
    /// The descriptions of the operands.
    let operands: [TensorSpec]
    /// The descriptions of all values: the operands, then the result of each step.
    let values: [TensorSpec]
    /// Whether the kernels can run it.
    let isEncoded: Bool
    let shape: Dims
    /// The number of trailing dimensions that are reduced.
    let rowRank: Int
    /// The results of the group, followed by the operands that it reads.
    let arrays: [FusedArray]
    let instructions: [FusedInstruction]
    let registers: [FusedRegister]
    let segments: [Range<Int>]

    /// The structures that the kernels read, retained by the program.
    private let memory: ProgramMemory
    /// Whether compiled kernels are available for the segments.
    private let compiled = Atomic<Int>(0)

    init(_ group: FusedGroup, _ operands: [TensorSpec]) throws(TensorError) {
        self.operands = operands
        values = try group.values(operands)
        let encoder = FusedEncoder(group, values)
        isEncoded = encoder.isComplete
        shape = encoder.shape
        rowRank = encoder.rowRank
        arrays = encoder.arrays
        instructions = encoder.instructions
        registers = encoder.registers
        segments = encoder.segments
        memory = ProgramMemory(encoder, outputCount: group.results.count)
    }

    /// The layout of an operand or a result for the kernels.
    @inline(__always)
    func layout(_ layout: Layout, as array: FusedArray) -> Layout {
        switch array.extent {
        case .full: return layout.expanded(to: shape)
        case .uniform: return layout
        case .column:
            if !array.keepsDims { return layout.expanded(to: memory.columnShape) }
            var wide = memory.columnShape
            for _ in 0..<rowRank { wide.append(1) }
            return layout.expanded(to: wide).squeezed(memory.columnShape.count..<wide.count)
        }
    }

    /// The program in the form of the kernels.
    var code: tl_fused_program { memory.program(isCompiled: compiled.load(ordering: .acquiring) != 0) }

    /// Whether compiled kernels run it.
    package var isCompiled: Bool { compiled.load(ordering: .acquiring) != 0 }

    /// Sets compiled kernels, one per segment; segments with nil stay interpreted.
    func use(_ kernels: [tl_fused_code?]) {
        memory.setCode(kernels)
        compiled.store(1, ordering: .releasing)
    }
}

/// The number of elements of a register per row.
enum FusedExtent: Hashable, Sendable {
    case full, column, uniform

    var code: Int32 {
        switch self {
        case .full: Int32(TL_FUSED_FULL.rawValue)
        case .column: Int32(TL_FUSED_COLUMN.rawValue)
        case .uniform: Int32(TL_FUSED_UNIFORM.rawValue)
        }
    }
}

/// An operand or a result in memory.
struct FusedArray: Hashable {
    /// The index of the operand that is read; -1 for results.
    var operand: Int
    var extent: FusedExtent
    var register: Int
    /// Whether numbers of rows have dimensions of size 1 for the reduced ones.
    var keepsDims = true
}

struct FusedRegister: Hashable {
    var dtype: DType
    var extent: FusedExtent
    /// The index of the kernel register, which values with disjoint live ranges share.
    var slot = 0
}

struct FusedInstruction: Hashable {
    enum Operation: Hashable {
        case scalar(ScalarCode)
        /// Converts from the dtype of the operand's register to `through`, and from that to the dtype of the result.
        case convert(through: DType)
        /// Repeats one number per row along the row.
        case expand

        /// Whether the operation reads whole rows.
        var readsRows: Bool {
            guard case .scalar(let code) = self else { return false }
            switch code.kind {
            case .reduction, .softmax, .softmaxBackward: return true
            default: return false
            }
        }
    }
    var operation: Operation
    var operands: [Int]
    var result: Int
}

/// The program of a group for the operands of its latest call.
final class FusedProgramCache: Sendable {
    private let last = Mutex<FusedProgram?>(nil)

    func program(for inputs: Specs) -> FusedProgram? {
        guard let program = last.withLock({ $0 }), program.operands.count == inputs.count else { return nil }
        for i in 0..<inputs.count {
            let (a, b) = (inputs[i], program.operands[i])
            guard a.dtype == b.dtype, a.isWrappedScalar == b.isWrappedScalar, a.layout.shape == b.layout.shape,
                a.layout.strides == b.layout.strides
            else { return nil }
        }
        return program
    }

    func set(_ program: FusedProgram) { last.withLock { $0 = program } }
}
