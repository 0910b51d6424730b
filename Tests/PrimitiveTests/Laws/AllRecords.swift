import TestSupport

/// The records of all families; each family keeps its own list.
enum AllRecords {
    static let all: [PrimitiveRecord] =
        CreateRecords.all + ElementwiseRecords.all + FusedRecords.all + ReduceRecords.all + RandomRecords.all
        + ContractRecords.all
        + NormalizeRecords.all
        + IndexRecords.all + ViewRecords.all + ShapingRecords.all + SortRecords.all + SequenceRecords.all
        + LinalgRecords.all + SpatialRecords.all + ComplexRecords.all
}
