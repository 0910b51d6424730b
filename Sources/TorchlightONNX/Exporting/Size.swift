/// A size in each recording of a function: one number for each choice of the dynamic sizes.
struct Size: Hashable {
    var values: [Int]

    init(_ values: [Int]) { self.values = values }

    /// The size, if it is equal in every recording; nil otherwise.
    var fixed: Int? { values.allSatisfy { $0 == values[0] } ? values[0] : nil }

    static func combine(_ a: Size, _ b: Size, _ body: (Int, Int) -> Int) -> Size {
        Size(zip(a.values, b.values).map(body))
    }
}

extension [Size] {
    /// The sizes, if none depends on a dynamic size; nil otherwise.
    var fixed: [Int]? {
        let numbers = compactMap(\.fixed)
        return numbers.count == count ? numbers : nil
    }
}
