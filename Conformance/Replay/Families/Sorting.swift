import Torchlight

extension Registry {
    /// Searching in sorted rows, and what occurs more than once.
    mutating func registerSorting() {
        unary("msort") { $0.msort() }
        register(
            "searchsorted",
            tensor: { call in
                // The side by name says the same as the flag.
                let isRightSide = try call.optionalString(nil, "side") == "right"
                let (right, int32) = (try call.bool(nil, "right") || isRightSide, try call.bool(nil, "out_int32"))
                let (sequence, sorter) = (try call.tensor(0), try call.optionalTensor(nil, "sorter"))
                if call.isTensor(1, "values") {
                    return sequence.searchsorted(
                        try call.tensor(1, "values"), right: right, outInt32: int32, sorter: sorter)
                }
                return sequence.searchsorted(
                    try call.number(1, "values"), right: right, outInt32: int32, sorter: sorter)
            })
        register(
            "bucketize",
            tensor: { call in
                let (right, int32) = (try call.bool(nil, "right"), try call.bool(nil, "out_int32"))
                let boundaries = try call.tensor(1, "boundaries")
                if !call.isTensor(0, "input") {
                    return bucketize(try call.number(0, "input"), boundaries, right: right, outInt32: int32)
                }
                return try call.tensor(0).bucketize(boundaries, right: right, outInt32: int32)
            })
        register(
            "unique",
            answer: { call in
                // What comes back is sorted, which is one of the orders that sorted=False allows.
                _ = try call.bool(1, "sorted", default: true)
                let (inverse, counts) = (try call.bool(2, "return_inverse"), try call.bool(3, "return_counts"))
                return Self.answer(try call.tensor(0).unique(dim: try call.optionalInt(4, "dim")), inverse, counts)
            })
        register(
            "unique_consecutive",
            answer: { call in
                let (inverse, counts) = (try call.bool(1, "return_inverse"), try call.bool(2, "return_counts"))
                return Self.answer(
                    try call.tensor(0).uniqueConsecutive(dim: try call.optionalInt(3, "dim")), inverse, counts)
            })
    }

    /// The values, with what else was asked for.
    private static func answer(_ found: Tensor.Unique, _ inverse: Bool, _ counts: Bool) -> Answer {
        if !inverse && !counts { return .tensor(found.values) }
        return .tensors([found.values] + (inverse ? [found.inverse] : []) + (counts ? [found.counts] : []))
    }
}
