// Matrix and vector products for fixed numbers of dimensions.

extension Tensor {
    /// The matrix product `[m, k] @ [k, n] -> [m, n]`. It does not broadcast; see `matmul`.
    public func mm(_ other: Tensor) -> Tensor { product("mm", other, 2, 2, "[m, k] and [k, n]") }
    /// The batched matrix product `[b, m, k] @ [b, k, n] -> [b, m, n]`. It does not broadcast; see `matmul`.
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
    /// The product of a matrix and a vector: `[m, k] @ [k] -> [m]`.
    public func mv(_ vector: Tensor) -> Tensor { product("mv", vector, 2, 1, "[m, k] and [k]") }
    /// The dot product of two vectors: `[k] @ [k] -> []`.
    public func dot(_ other: Tensor) -> Tensor { product("dot", other, 1, 1, "two vectors of one size") }

    /// The dot product of two vectors, the first of which is conjugated: `sum of conj(self[i]) other[i]`.
    public func vdot(_ other: Tensor) -> Tensor { conj().product("vdot", other, 1, 1, "two vectors of one size") }

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

    /// The outer product of two vectors: `[m], [n] -> [m, n]`, `out[i, j] = a[i] b[j]`.
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
