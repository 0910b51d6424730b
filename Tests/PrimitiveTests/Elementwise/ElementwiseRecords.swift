import TestSupport

/// The records of the element-wise family; each file of this folder adds its own.
enum ElementwiseRecords {
    static let all: [PrimitiveRecord] = arithmetic + comparison + predicates + exponential + copies
}
