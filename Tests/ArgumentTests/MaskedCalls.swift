import Torchlight

// Reductions and normalisations under a mask.

extension CallTable {
    mutating func addMasked() {
        add("Masked.sum(dim: [Int])") {
            Masked.sum(
                $0.tensor(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.sum(dim: Int)") {
            Masked.sum(
                $0.tensor(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor())
            )
        }
        add("Masked.prod(dim: [Int])") {
            Masked.prod(
                $0.tensor(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.prod(dim: Int)") {
            Masked.prod(
                $0.tensor(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor())
            )
        }
        add("Masked.amax(dim: [Int])") {
            Masked.amax(
                $0.tensor(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.amax(dim: Int)") {
            Masked.amax(
                $0.tensor(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor())
            )
        }
        add("Masked.amin(dim: [Int])") {
            Masked.amin(
                $0.tensor(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.amin(dim: Int)") {
            Masked.amin(
                $0.tensor(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor())
            )
        }
        add("Masked.mean(dim: [Int])") {
            Masked.mean(
                $0.tensor(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.mean(dim: Int)") {
            Masked.mean(
                $0.tensor(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor())
            )
        }
        add("Masked.var(dim: [Int])") {
            Masked.`var`(
                $0.tensor(), dim: $0.ints(), correction: $0.double(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.var(dim: Int)") {
            Masked.`var`(
                $0.tensor(), dim: $0.int(), correction: $0.double(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.std(dim: [Int])") {
            Masked.std(
                $0.tensor(), dim: $0.ints(), correction: $0.double(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.std(dim: Int)") {
            Masked.std(
                $0.tensor(), dim: $0.int(), correction: $0.double(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.norm(dim: [Int])") {
            Masked.norm(
                $0.tensor(), ord: $0.double(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.norm(dim: Int)") {
            Masked.norm(
                $0.tensor(), ord: $0.double(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.logsumexp(dim: [Int])") {
            Masked.logsumexp(
                $0.tensor(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
        add("Masked.logsumexp(dim: Int)") {
            Masked.logsumexp(
                $0.tensor(), dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor())
            )
        }
        add("Masked.cumsum(dim: Int)") {
            Masked.cumsum($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor()))
        }
        add("Masked.cumprod(dim: Int)") {
            Masked.cumprod($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor()))
        }
        add("Masked.softmax(dim: Int)") {
            Masked.softmax($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor()))
        }
        add("Masked.logSoftmax(dim: Int)") {
            Masked.logSoftmax($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor()))
        }
        add("Masked.softmin(dim: Int)") {
            Masked.softmin($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype()), mask: $0.maybe($0.tensor()))
        }
        add("Masked.argmax(dim: Int?)") {
            Masked.argmax($0.tensor(), dim: $0.maybe($0.int()), keepdim: $0.bool(), mask: $0.maybe($0.tensor()))
        }
        add("Masked.argmin(dim: Int?)") {
            Masked.argmin($0.tensor(), dim: $0.maybe($0.int()), keepdim: $0.bool(), mask: $0.maybe($0.tensor()))
        }
        add("Masked.median(dim: Int)") {
            Masked.median($0.tensor(), dim: $0.int(), keepdim: $0.bool(), mask: $0.maybe($0.tensor()))
        }
        add("Masked.normalize(dim: Int)") {
            Masked.normalize(
                $0.tensor(), ord: $0.double(), dim: $0.int(), eps: $0.double(), dtype: $0.maybe($0.dtype()),
                mask: $0.maybe($0.tensor()))
        }
    }
}
