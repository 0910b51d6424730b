import TestSupport

/// The records of the reductions and scans; each file of this folder adds its own.
enum ReduceRecords {
    static let all: [PrimitiveRecord] = sums + products + extremes + moments + norms + logical + scans + distances
}
