import TorchlightCore

extension SizePlan {
    /// The sizes for which a function is recorded: that of the examples, and two others in the range of each name. Small numbers behave
    /// in their own way, such as 1, which broadcasts, and equal ones would not be told apart; so they are distinct and above 1 where
    /// the ranges allow it.
    static func inRanges(
        _ sizes: [DynamicDimensions.Size], examples: [Int], avoiding fixed: Set<Int>
    ) throws(TensorError) -> SizePlan {
        var used = fixed
        var chosen: [[Int]] = []
        for (size, example) in zip(sizes, examples) {
            var numbers: [Int] = []
            // The second size is a near one. The third is larger by a factor, to find branches on sizes.
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
