import CKernels
import Synchronization

/// A fused group for operands of given shapes and dtypes, as the kernels run it.
///
/// Values are first in registers of their own, each written once; `FusedEncoder` then lets those share memory that are not
/// needed at the same time.
package final class FusedProgram: Sendable {
    /// The descriptions of the operands that the program is for.
    let operands: [TensorSpec]
    /// The descriptions of all values: those of the operands, then of each step.
    let values: [TensorSpec]
    /// Whether the kernels can run it.
    let isEncoded: Bool
    let shape: Dims
    /// How many of the last dimensions are reduced.
    let rowRank: Int
    /// The results of the group, then what is read of its operands.
    let arrays: [FusedArray]
    let instructions: [FusedInstruction]
    let registers: [FusedRegister]
    let segments: [Range<Int>]

    /// What the kernels read, which lies in memory as long as the program.
    private let memory: ProgramMemory
    /// The kernels compiled for the segments, once they are there.
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

    /// Runs the kernels on the arguments that the body returns for the arrays.
    @inline(__always)
    func run(_ argument: (inout KernelArguments, Int) -> UnsafePointer<tl_tensor>?) {
        withKernelArguments { arguments in
            withUnsafeTemporaryAllocation(of: UnsafePointer<tl_tensor>?.self, capacity: arrays.count) { pointers in
                for i in arrays.indices { pointers.initializeElement(at: i, to: argument(&arguments, i)) }
                var code = memory.program(isCompiled: compiled.load(ordering: .acquiring) != 0)
                tl_fused_run(&code, pointers.baseAddress, Int32(arrays.count))
            }
        }
    }

    /// Whether compiled kernels run it.
    package var isCompiled: Bool { compiled.load(ordering: .acquiring) != 0 }

    /// Takes compiled kernels into use, one for each segment; those that are nil stay interpreted.
    func use(_ kernels: [tl_fused_code?]) {
        memory.setCode(kernels)
        compiled.store(1, ordering: .releasing)
    }
}

/// How many elements of a register belong to a row.
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
    /// The operand that is read; -1 for results.
    var operand: Int
    var extent: FusedExtent
    var register: Int
    /// Whether numbers of rows have dimensions of size 1 in place of the reduced ones.
    var keepsDims = true
}

struct FusedRegister: Hashable {
    var dtype: DType
    var extent: FusedExtent
    /// The register of the kernels, which values share one after the other.
    var place = 0
}

struct FusedInstruction: Hashable {
    enum Operation: Hashable {
        case scalar(ScalarCode)
        /// From the dtype of the operand's register, through this one, to that of the result.
        case convert(through: DType)
        /// One number for each row, repeated along the row.
        case expand

        /// Whether it reads whole rows.
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

/// The program of a group for the operands of its last call.
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
