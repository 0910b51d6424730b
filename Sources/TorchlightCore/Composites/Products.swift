// Products by their narrower names: the same primitives behind stricter shapes.

extension Tensor {
    /// The product of two matrices, `[m, k] @ [k, n] -> [m, n]`.
    public func mm(_ other: Tensor) -> Tensor { product("mm", other, 2, 2, "[m, k] and [k, n]") }
    /// The products of two batches of matrices, `[b, m, k] @ [b, k, n] -> [b, m, n]`.
    public func bmm(_ other: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            guard isPlaceholder || other.isPlaceholder || rank != 3 || other.rank != 3 || shape[0] == other.shape[0]
            else {
                throw TensorError(
                    .shape, in: "bmm", "the batches differ in size", expected: "[b, m, k] and [b, k, n]",
                    fix: "use matmul, which broadcasts batch dimensions", operands: [self, other])
            }
            return product("bmm", other, 3, 3, "[b, m, k] and [b, k, n]")
        }
    }
    /// A matrix times a vector, `[m, k] @ [k] -> [m]`.
    public func mv(_ vector: Tensor) -> Tensor { product("mv", vector, 2, 1, "[m, k] and [k]") }
    /// The sum of the products of two vectors, `[k] @ [k] -> []`.
    public func dot(_ other: Tensor) -> Tensor { product("dot", other, 1, 1, "two vectors of one size") }

    private func product(_ name: String, _ other: Tensor, _ left: Int, _ right: Int, _ rule: String) -> Tensor {
        if isAutocasting && right == 1 { return withoutAutocast { product(name, other, left, right, rule) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            guard rank == left && other.rank == right else {
                throw TensorError(
                    .shape, in: name, "the operands have the wrong number of dimensions", expected: rule,
                    fix: "use matmul, which accepts any number of dimensions", operands: [self, other])
            }
            return matmul(other)
        }
    }

    /// Each element of one vector times each of the other, `[m], [n] -> [m, n]`.
    public func outer(_ other: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            guard rank == 1 && other.rank == 1 else {
                throw TensorError(
                    .shape, in: "outer", "the operands are not vectors", expected: "[m] and [n]",
                    operands: [self, other])
            }
            return unsqueeze(1) * other.unsqueeze(0)
        }
    }
}
