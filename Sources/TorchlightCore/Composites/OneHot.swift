extension Tensor {
    /// One-hot encoding of class indices: `[*] -> [*, classes]`, int64, with a 1 at the class index and 0 elsewhere.
    ///
    /// - Parameter classes: the number of classes. Default: the largest class index plus 1. A class index out of range
    ///   is an error.
    ///
    ///     Tensor([0, 2]).oneHot(3)        // tensor([[1, 0, 0], [0, 0, 1]])
    public func oneHot(_ classes: Int? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            let index = try indexOperand(self, in: "oneHot")
            guard classes != nil || count > 0 else {
                throw TensorError(
                    .value, in: "oneHot", "the number of classes cannot be inferred from an empty tensor",
                    fix: "pass the number of classes",
                    operands: [self])
            }
            let width = classes ?? (index.toArray(Int.self).max() ?? 0) +| 1
            try checkIndices(index, size: width, dim: rank, in: "oneHot")
            return Tensor.zeros(shape + [width], dtype: .int64, device: index.device).scatter_(
                -1, index.unsqueeze(-1), 1)
        }
    }
}

/// One-hot encoding of class indices: `[*] -> [*, classes]`, int64, with a 1 at the class index and 0 elsewhere.
public func oneHot(_ classes: Tensor, numClasses: Int? = nil) -> Tensor { classes.oneHot(numClasses) }
