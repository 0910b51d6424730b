import TorchlightCore

// Arrays and numbers of NumPy inside pickles. An array is made empty and gets its shape, type and bytes as attributes, or all
// at once in protocol 5; a number has a type and bytes.

extension PickleMachine {
    /// The result of a call of a NumPy function; inconsistent arguments are treated like unknown functions.
    mutating func callNumpy(_ global: PickleGlobal, _ arguments: [PickleRef]) throws(IOError) {
        var made: PickleObject?
        switch global {
        case .numpyDType:
            guard let code = arguments.first.flatMap(string) else { break }
            guard let element = NumpyHeader.element(code) else {
                return try pushForeign(
                    "numpy.dtype", reason: "elements of NumPy's type \(IOError.quoted(code)) are no numbers")
            }
            made = .numpyType(NumpyType(element: element))
        case .numpyReconstruct: made = .numpyArray(nil)
        case .numpyScalar:
            guard arguments.count == 2, let type = numpyType(arguments[0]), let bytes = bytes(arguments[1]) else {
                break
            }
            made = array(type, [], isFortranOrder: false, bytes: bytes, isScalar: true).map { .numpyArray($0) }
        case .numpyFromBuffer:
            guard arguments.count == 4, let bytes = bytes(arguments[0]), let type = numpyType(arguments[1]),
                let shape = integers(arguments[2]), let order = string(arguments[3])
            else { break }
            made = array(type, shape, isFortranOrder: order == "F", bytes: bytes).map { .numpyArray($0) }
        default: preconditionFailure("not a function of NumPy's")
        }
        guard let made else { return try pushForeign(global.name, reason: Self.unknownForm(of: global.name)) }
        try push(made)
    }

    private static func unknownForm(of name: String) -> String { "\(name) in a form that is not known here" }

    /// A type or an array of NumPy's with its attributes.
    func builtNumpy(_ object: PickleObject, _ state: PickleRef) -> PickleObject {
        let parts = tuple(state) ?? []
        var name = "numpy.ndarray"
        var reason: String?
        if case .numpyType(var type) = object {
            if parts.count >= 2, let order = string(parts[1]) {
                type.isBigEndian = order == ">"
                return .numpyType(type)
            }
            name = "numpy.dtype"
        } else if parts.count == 5, let shape = integers(parts[1]), case .bool(let isFortranOrder) = parts[3] {
            if case .object(let index) = parts[2], case .foreign(let type) = objects[index] {
                reason = type.reason
            } else if let type = numpyType(parts[2]), let bytes = bytes(parts[4]),
                let array = array(type, shape, isFortranOrder: isFortranOrder, bytes: bytes)
            {
                return .numpyArray(array)
            }
        }
        return .foreign(
            ForeignObject(
                name: name, text: name, reason: reason ?? Self.unknownForm(of: name), offset: start + opcodeOffset,
                state: state))
    }

    private func numpyType(_ ref: PickleRef) -> NumpyType? {
        guard case .object(let index) = ref, case .numpyType(let type) = objects[index] else { return nil }
        return type
    }

    /// The object that holds bytes, and how many.
    private func bytes(_ ref: PickleRef) -> (object: Int, count: Int)? {
        guard case .object(let index) = ref else { return nil }
        switch objects[index] {
        case .bytes(let bytes), .byteArray(let bytes): return (index, bytes.count)
        default: return nil
        }
    }

    /// Nil where the elements take another number of bytes.
    private func array(
        _ type: NumpyType, _ shape: [Int], isFortranOrder: Bool, bytes: (object: Int, count: Int),
        isScalar: Bool = false
    ) -> NumpyArray? {
        NumpyHeader(
            type.element, isBigEndian: type.isBigEndian, isFortranOrder: isFortranOrder, shape: shape,
            byteCount: bytes.count
        ).map { NumpyArray(header: $0, isScalar: isScalar, bytes: bytes.object) }
    }
}

extension NumpyHeader {
    /// The header of an array whose elements stand alone; nil where they take another number of bytes.
    init?(_ element: FileElement, isBigEndian: Bool, isFortranOrder: Bool, shape: [Int], byteCount: Int) {
        guard shape.count <= maximumRank, shape.allSatisfy({ $0 >= 0 }) else { return nil }
        var size: Int? = element.size
        for extent in shape { size = size.flatMap { checkedProduct($0, max(extent, 1)) } }
        guard let size, size <= 1 << 62 else { return nil }
        let count = shape.contains(0) ? 0 : size / element.size
        guard byteCount == count * element.size else { return nil }
        self.init(
            element: element, isBigEndian: isBigEndian, isFortranOrder: isFortranOrder, shape: shape, count: count,
            dataStart: 0)
    }
}
