/// A size as it is in each recording of a function: one number for each choice of the dynamic sizes.
struct Size: Hashable {
    var values: [Int]

    init(_ values: [Int]) { self.values = values }

    /// The number, if it is the same in every recording.
    var fixed: Int? { values.allSatisfy { $0 == values[0] } ? values[0] : nil }

    static func combine(_ a: Size, _ b: Size, _ body: (Int, Int) -> Int) -> Size {
        Size(zip(a.values, b.values).map(body))
    }
}

extension [Size] {
    /// The numbers, if none depends on a dynamic size.
    var fixed: [Int]? {
        let numbers = compactMap(\.fixed)
        return numbers.count == count ? numbers : nil
    }
}
