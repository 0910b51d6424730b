import TestSupport

/// The records of all families; each family keeps its own list.
enum AllRecords {
    static let all: [PrimitiveRecord] =
        ElementwiseRecords.all + ViewRecords.all + ReduceRecords.all
}
