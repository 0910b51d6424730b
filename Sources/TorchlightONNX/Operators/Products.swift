import TorchlightCore

func registerProducts(in table: inout OperatorTable) {
    table.add("MatMul", 2...2) { call in
        try call.checkSameType(0..<2)
        return try call.like(0, product(try call.tensor(0), try call.tensor(1)))
    }
    table.add("Gemm", 2...3) { call in
        var (a, b) = (try call.tensor(0), try call.tensor(1))
        guard a.rank == 2, b.rank == 2 else {
            throw Problem("inputs of shapes \(a.shape) and \(b.shape)", expected: "matrices")
        }
        if try call.flag("transA") { a = a.t() }
        if try call.flag("transB") { b = b.t() }
        let (alpha, beta) = (try call.float("alpha", 1), try call.float("beta", 1))
        var result = product(a, b)
        if alpha != 1 { result = result * alpha }
        if let c = try call.optional(2) {
            result = result + (beta == 1 ? c : c * beta)
            guard result.shape == [a.shape[0], b.shape[1]] else { throw Problem("a bias of shape \(c.shape)") }
        }
        return try call.like(0, result)
    }
    table.add("Einsum", since: 12, 1...Int.max) { call in
        try call.checkSameType(call.inputs.indices)
        let equation = try call.string("equation", "").filter { $0 != " " }
        return try call.like(0, einsum(equation, try call.tensors()))
    }
    table.add("Det", since: 11, 1...1) { call in
        try call.like(0, LinAlg.det(try call.tensor(0)))
    }
}

/// The matrix product. Integers are multiplied in float64, which is exact up to 2^53.
func product(_ a: Tensor, _ b: Tensor) -> Tensor {
    if a.dtype.isFloatingPoint || a.dtype == .int64 { return a.matmul(b) }
    return a.to(.float64).matmul(b.to(.float64)).to(.int64)
}
