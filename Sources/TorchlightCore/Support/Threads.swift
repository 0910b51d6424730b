import CKernels

/// The number of CPU threads that operations use. Default: the number of CPUs available to this process (by affinity
/// and container limits), or the value of `OMP_NUM_THREADS`. Values below 1 are set to 1.
public var numThreads: Int {
    get { Int(tl_num_threads()) }
    set { tl_set_num_threads(Int32(clamping: max(newValue, 1))) }
}

/// The CPU instruction set that the kernels use: "avx512", "avx2" or "baseline".
public var instructionSet: String { String(cString: tl_instruction_set()) }
