import Torchlight

/// Arguments of operators over signals, images and volumes, and words that stand for a choice.
extension Call {
    /// A number for each of so many dimensions, or one that stands for all; nil where there is none.
    func sizes(_ count: Int, _ place: Int?, _ name: String) throws -> [Int]? {
        guard let given = try optionalInts(place, name), !given.isEmpty else { return nil }
        guard given.count == 1 || given.count == count else {
            throw NotSupported("\(name) cannot be \(given) in \(count) dimensions")
        }
        return given
    }

    func optionalSize1(_ place: Int?, _ name: String) throws -> Int? { try sizes(1, place, name)?[0] }
    /// Sizes remember whether they were written as one number: modules print them so.
    func optionalSize2(_ place: Int?, _ name: String) throws -> Size2? {
        try sizes(2, place, name).map { $0.count == 1 ? Size2($0[0]) : Size2($0[0], $0[1]) }
    }
    func optionalSize3(_ place: Int?, _ name: String) throws -> Size3? {
        try sizes(3, place, name).map { $0.count == 1 ? Size3($0[0]) : Size3($0[0], $0[1], $0[2]) }
    }

    func size1(_ place: Int?, _ name: String, default missing: Int? = nil) throws -> Int {
        try required(try optionalSize1(place, name) ?? missing, name)
    }
    func size2(_ place: Int?, _ name: String, default missing: Size2? = nil) throws -> Size2 {
        try required(try optionalSize2(place, name) ?? missing, name)
    }
    func size3(_ place: Int?, _ name: String, default missing: Size3? = nil) throws -> Size3 {
        try required(try optionalSize3(place, name) ?? missing, name)
    }

    private func required<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else { throw NotSupported("needs \(name)") }
        return value
    }

    /// One of the named values; nil where the argument is none or left out.
    func choice<Value>(_ place: Int?, _ name: String, _ values: [String: Value]) throws -> Value? {
        guard let text = try optionalString(place, name) else { return nil }
        guard let value = values[text] else {
            throw NotSupported("\(name) cannot be \(text)", isExcludedByTypes: true)
        }
        return value
    }

    /// A case of an enumeration by its word; nil where the argument is none or left out.
    func choice<Value: RawRepresentable>(_ place: Int?, _ name: String) throws -> Value?
    where Value.RawValue == String {
        guard let text = try optionalString(place, name) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw NotSupported("\(name) cannot be \(text)", isExcludedByTypes: true)
        }
        return value
    }
}
