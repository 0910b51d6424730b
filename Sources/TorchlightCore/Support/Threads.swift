import CKernels

/// The number of processor threads that operations share. Starts as many as this process may use (processors it is
/// bound to, limits of its container), or `OMP_NUM_THREADS`.
public var numThreads: Int {
    get { Int(tl_num_threads()) }
    set { tl_set_num_threads(Int32(clamping: max(newValue, 1))) }
}

/// The instruction set that the kernels chose for this processor: "avx512", "avx2" or "baseline".
public var instructionSet: String { String(cString: tl_instruction_set()) }
