// Flipping and rotating.

extension Tensor {
    /// Flips a matrix left to right: reverses dimension 1.
    public func fliplr() -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try needDimensions(2, in: "fliplr")
            return flip(1)
        }
    }

    /// Flips a matrix up to down: reverses dimension 0.
    public func flipud() -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try needDimensions(1, in: "flipud")
            return flip(0)
        }
    }

    /// Rotates by `k` times 90 degrees in the plane of two dimensions, from the first towards the second. Default: `k`
    /// 1, dimensions 0 and 1.
    ///
    ///     Tensor([[1, 2], [3, 4]]).rot90()      // tensor([[2, 4], [1, 3]])
    public func rot90(_ k: Int = 1, dims: (Int, Int) = (0, 1)) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try needDimensions(2, in: "rot90")
            let (a, b) = (try resolve(dims.0, in: "rot90"), try resolve(dims.1, in: "rot90"))
            guard a != b else {
                throw TensorError(
                    .index, in: "rot90", "both dimensions are the same", got: "\(dims)",
                    expected: "two different dimensions", operands: [self])
            }
            switch ((k % 4) + 4) % 4 {
            case 1: return flip(b).transpose(a, b)
            case 2: return flip(a, b)
            case 3: return flip(a).transpose(a, b)
            default: return clone()
            }
        }
    }

    private func needDimensions(_ least: Int, in operation: String) throws(TensorError) {
        guard rank >= least else {
            throw TensorError(
                .shape, in: operation, "the tensor has too few dimensions", expected: "at least \(least)",
                operands: [self])
        }
    }
}
