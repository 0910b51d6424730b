import TorchlightCore

/// The computation of a parametrised parameter from the tensors that a file contains instead of it.
enum Combination: Sendable, Equatable {
    case weightNorm
    case spectralNorm(dim: Int)

    /// The suffixes of the tensor names: those of PyTorch's older functions, and those of its parametrisations.
    private var endings: [[String]] {
        switch self {
        case .weightNorm: [["_g", "_v"], [".original0", ".original1"]]
        case .spectralNorm: [["_orig", "_u", "_v"], [".original", ".0._u", ".0._v"]]
        }
    }

    /// The parameters of which all parts are among the names.
    func parameters(in names: [[UInt8]]) -> [[UInt8]] {
        let known = Set(names)
        return endings.flatMap { endings in
            let first = Array(endings[0].utf8)
            return names.compactMap { name -> [UInt8]? in
                guard name.suffix(first.count).elementsEqual(first) else { return nil }
                let stem = Array(name.dropLast(first.count))
                guard endings.allSatisfy({ known.contains(stem + Array($0.utf8)) }) else { return nil }
                return plainName(String(decoding: stem, as: UTF8.self), endings).map { Array($0.utf8) }
            }
        }
    }

    /// Replaces the tensors of each matching parameter by the parameter. Returns whether any parameter matched.
    func apply(to entries: inout [StateMapping.Entry], _ pattern: NamePattern) throws(StateMappingError) -> Bool {
        var isUsed = false
        for endings in endings {
            var entryIndices: [String: Int] = [:]
            for (i, entry) in entries.enumerated() { entryIndices[entry.name] = i }
            var removed = Set<Int>()
            for i in entries.indices where entries[i].name.hasSuffix(endings[0]) {
                let stem = String(entries[i].name.dropLast(endings[0].count))
                let parts = endings.compactMap { entryIndices[stem + $0] }
                guard parts.count == endings.count, let name = plainName(stem, endings), pattern.match(name) != nil
                else { continue }
                // The entry of the direction v, or of the matrix, is replaced by the parameter.
                let main = self == .weightNorm ? parts[1] : parts[0]
                let tensor = try combined(parts.map { entries[$0].tensor }, name)
                removed.formUnion(parts.filter { $0 != main })
                entries[main].name = name
                entries[main].tensor = tensor
                isUsed = true
            }
            entries = entries.enumerated().filter { !removed.contains($0.offset) }.map(\.element)
        }
        return isUsed
    }

    /// The name of the parameter: `a.weight` for `a.weight` and for `a.parametrizations.weight`.
    private func plainName(_ stem: String, _ endings: [String]) -> String? {
        guard endings[0].hasPrefix(".") else { return stem }
        var words = stem.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 2, words[words.count - 2] == "parametrizations" else { return nil }
        words.remove(at: words.count - 2)
        return words.joined(separator: ".")
    }

    private func combined(_ parts: [Tensor], _ name: String) throws(StateMappingError) -> Tensor {
        let dtype = parts[0].dtype
        guard parts.allSatisfy({ $0.dtype.isFloatingPoint }) else {
            throw StateMappingError(problem: "the normalisation tensors of \(name) are not floating-point")
        }
        let shapes = parts.map { "\($0.shape)" }.joined(separator: ", ")
        // Sums of half-precision numbers would lose precision.
        let wide = parts.map { $0.detach().to(dtype == .float64 ? .float64 : .float32) }
        return try noGrad { () throws(StateMappingError) -> Tensor in
            switch self {
            case .weightNorm:
                var (length, direction) = (wide[0], wide[1])
                if length.rank == 1, direction.rank > 1, length.shape[0] == direction.shape[0] {
                    length = length.reshape([-1] + Array(repeating: 1, count: direction.rank - 1))
                }
                let fits =
                    length.count == 1
                    || length.rank == direction.rank
                        && zip(length.shape, direction.shape).allSatisfy { $0 == 1 || $0 == $1 }
                guard fits, direction.rank > 0 else {
                    throw StateMappingError(
                        problem:
                            "the shapes of magnitude and direction of the weight norm of \(name) do not match: \(shapes)"
                    )
                }
                if length.count == 1 { length = length.reshape(Array(repeating: 1, count: direction.rank)) }
                let dims = (0..<direction.rank).filter { length.shape[$0] == 1 }
                return (direction * (length / WeightNorm.norm(direction, dims))).to(dtype)
            case .spectralNorm(let dim):
                let weight = wide[0]
                guard dim >= 0, dim < weight.rank, weight.count > 0, wide[1].shape == [weight.shape[dim]],
                    wide[2].shape == [weight.count / weight.shape[dim]]
                else {
                    throw StateMappingError(
                        problem: "the shapes of matrix and singular vectors of \(name) do not match: \(shapes)")
                }
                let matrix = (dim == 0 ? weight : weight.movedim(dim, 0)).reshape([weight.shape[dim], -1])
                return (weight / (wide[1] * matmul(matrix, wide[2])).sum()).to(dtype)
            }
        }
    }
}
