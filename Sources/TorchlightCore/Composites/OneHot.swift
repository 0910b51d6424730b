extension Tensor {
    /// Class numbers as rows of zeros with a 1 in the place of the class: `[*] -> [*, classes]` of int64.
    ///
    /// - Parameter classes: one more than the largest number where it is left out.
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

/// Class numbers as rows of zeros with a 1 in the place of the class: `[*] -> [*, classes]` of int64.
public func oneHot(_ classes: Tensor, numClasses: Int? = nil) -> Tensor { classes.oneHot(numClasses) }
