import TorchlightCore

extension SizePlan {
    /// The sizes for which a function is recorded: those of the examples, and two others in the range of each name.
    /// Small sizes have special cases, such as broadcasting of 1, and equal sizes could not be distinguished; so the
    /// sizes are distinct and above 1 if the ranges allow it.
    static func inRanges(
        _ sizes: [DynamicDimensions.Size], examples: [Int], avoiding fixed: Set<Int>
    ) throws(TensorError) -> SizePlan {
        var used = fixed
        var chosen: [[Int]] = []
        for (size, example) in zip(sizes, examples) {
            var numbers: [Int] = []
            // The second size is close to the first. The third is several times larger, to find branches on sizes.
            func take(_ count: Int, from start: Int, _ isGood: (Int) -> Bool) {
                for distance in 0..<256 where numbers.count < count {
                    for candidate in [start + distance, start - distance] {
                        guard numbers.count < count, size.range.contains(candidate), !numbers.contains(candidate),
                            isGood(candidate)
                        else { continue }
                        numbers.append(candidate)
                    }
                }
            }
            for (count, start) in [(2, example), (3, min(2 * example + 1, size.range.upperBound))] {
                take(count, from: start) { $0 > 1 && !used.contains($0) }
                take(count, from: start) { $0 > 1 }
                take(count, from: start) { $0 > 0 }
                take(count, from: start) { _ in true }
            }
            guard numbers.count == 3 else {
                throw TensorError(
                    .value, in: "export", "the range of a dynamic size is too small", got: "\(size)",
                    expected: "at least 3 sizes", fix: "export a program for each size")
            }
            used.formUnion(numbers)
            chosen.append(numbers)
        }
        return SizePlan(base: chosen.map { $0[0] }, others: chosen.map { ($0[1], $0[2]) })
    }
}
