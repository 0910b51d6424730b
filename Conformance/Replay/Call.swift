import Torchlight
import TorchlightIO

/// The recorded arguments of a call, read by place and by name.
///
/// Accessors remember what was read: an argument that the mapping of an operator never asked for makes the case not
/// supported instead of being ignored. The tensors of a case are decoded once, so a leaf keeps its gradient.
public final class Call {
    /// The operator's recorded name.
    public let name: String
    private let args: [JSON]
    private let keywords: [JSON.Member]
    private let tensors: [String: Tensor]
    /// Whether the tensors are the recorded ones, which are copied, or the variables of a program.
    private let isRecorded: Bool
    private var leaves: [String: Tensor] = [:]
    /// The recorded values of the leaves.
    private var recordedLeaves: [String: JSON] = [:]
    private var read: Set<String> = []

    init(name: String, args: JSON?, kwargs: JSON?, tensors: [String: Tensor]) {
        self.name = name
        self.args = args?.elements ?? []
        keywords = kwargs?.members ?? []
        self.tensors = tensors
        isRecorded = true
    }

    /// A call whose tensors are the variables of a program.
    init(name: String, args: JSON?, kwargs: JSON?, variables: [String: Tensor]) {
        self.name = name
        self.args = args?.elements ?? []
        keywords = kwargs?.members ?? []
        tensors = variables
        isRecorded = false
    }

    /// The number of arguments given by place.
    public var count: Int { args.count }

    /// Arguments that nothing asked for.
    var unread: [String] {
        args.indices.map { "args.\($0)" }.filter { !read.contains($0) }
            + keywords.map { "kwargs." + $0.name }.filter { !read.contains($0) }
    }

    /// The tensor at a path such as `args.0.2` or `kwargs.weight`, if the call used it.
    func leaf(_ path: String) -> Tensor? { leaves[path] }

    /// The recorded tensors that the call used, decoded once more, for another call with them.
    func decodedAgain() throws -> [Tensor] {
        try recordedLeaves.sorted { $0.key < $1.key }.compactMap { try decoded($0.value) }
    }

    /// The same call with other tensors in the place of those that it used, in the order of `decodedAgain()`.
    func with(_ others: [Tensor]) -> Call {
        let call = Call(self)
        for (path, tensor) in zip(recordedLeaves.keys.sorted(), others) { call.leaves[path] = tensor }
        return call
    }

    /// The tensors that the call used, and the copies that it changed.
    var usedTensors: [Tensor] { Array(leaves.values) + Array(working.values) }

    private init(_ call: Call) {
        (name, args, keywords, tensors) = (call.name, call.args, call.keywords, call.tensors)
        (isRecorded, recordedLeaves, read) = (call.isRecorded, call.recordedLeaves, call.read)
    }

    /// Puts a copy in the place of an argument that is to be changed.
    func replace(_ place: Int, by tensor: Tensor) { working[place] = tensor }
    private var working: [Int: Tensor] = [:]

    // MARK: Finding arguments

    /// Where an argument is: by place, by name, or left out.
    private func find(_ place: Int?, _ names: [String]) -> (path: String, value: JSON)? {
        if let place, place < args.count {
            read.insert("args.\(place)")
            return ("args.\(place)", args[place])
        }
        for member in keywords where names.contains(member.name) {
            read.insert("kwargs." + member.name)
            return ("kwargs." + member.name, member.value)
        }
        return nil
    }

    private func given(_ place: Int?, _ name: String) -> (path: String, value: JSON)? {
        guard let found = find(place, [name]), !found.value.isNone else { return nil }
        return found
    }

    private func missing(_ name: String) -> NotSupported { NotSupported("needs \(name)") }
    private func mismatch(_ name: String, _ value: JSON) -> NotSupported {
        NotSupported("\(name) cannot be \(value.text())")
    }

    /// Whether an argument was given and is not none.
    public func has(_ place: Int?, _ name: String) -> Bool { given(place, name) != nil }

    /// Whether none was given, which where a default is another value means something of its own.
    public func isNone(_ place: Int?, _ name: String) -> Bool { find(place, [name])?.value.isNone ?? false }

    /// The recorded text of an argument, for the operators that look at its kind.
    package func value(_ place: Int?, _ name: String) -> JSON? { given(place, name)?.value }

    // MARK: Tensors

    func decode(_ value: JSON, at path: String) throws -> Tensor? {
        if let leaf = leaves[path] { return leaf }
        guard let tensor = try decoded(value) else { return nil }
        if isRecorded {
            leaves[path] = tensor
            recordedLeaves[path] = value
        }
        return tensor
    }

    private func decoded(_ value: JSON) throws -> Tensor? {
        guard let key = value["tensor"]?.string else { return nil }
        guard let stored = tensors.recorded(value) else { throw NotSupported("the data lacks tensor \(key)") }
        if !isRecorded { return stored }
        var tensor = ReplayDevice.copy(stored)
        if let view = value["strided"] {
            func numbers(_ name: String) -> [Int] { view[name]?.elements?.compactMap(\.int) ?? [] }
            tensor = tensor.asStrided(numbers("shape"), stride: numbers("stride"), offset: view["offset"]?.int ?? 0)
                .detach()
        }
        if value["requires_grad"]?.bool == true { tensor = tensor.requiresGrad_() }
        return tensor
    }

    /// A tensor.
    public func tensor(_ place: Int?, _ name: String = "input") throws -> Tensor {
        guard let tensor = try optionalTensor(place, name) else { throw missing(name) }
        return tensor
    }

    /// A tensor, or nil where it is none or left out.
    public func optionalTensor(_ place: Int?, _ name: String) throws -> Tensor? {
        guard let (path, value) = given(place, name) else { return nil }
        if let place, let copy = working[place] { return copy }
        guard let tensor = try decode(value, at: path) else { throw mismatch(name, value) }
        return tensor
    }

    /// A list of tensors.
    public func tensors(_ place: Int?, _ name: String = "tensors") throws -> [Tensor] {
        guard let (path, value) = given(place, name), let items = value.list else { throw missing(name) }
        return try items.enumerated().map { i, item in
            guard let tensor = try decode(item, at: path + ".\(i)") else { throw mismatch(name, item) }
            return tensor
        }
    }

    /// The tensors from a place on, given one by one or as one list.
    public func trailingTensors(from place: Int = 0) throws -> [Tensor] {
        if place < args.count, args[place].list != nil { return try tensors(place) }
        return try (place..<max(place, args.count)).map { try tensor($0) }
    }

    /// Whether an argument is a tensor.
    public func isTensor(_ place: Int?, _ name: String) -> Bool { given(place, name)?.value["tensor"] != nil }

    /// A tensor, or a number as a tensor without dimensions.
    public func operand(_ place: Int, _ name: String) throws -> Tensor {
        if isTensor(place, name) { return try tensor(place, name) }
        switch try number(place, name).scalar {
        case .bool(let value): return Tensor(value)
        case .int(let value): return Tensor(value)
        case .double(let value): return Tensor(value)
        case .complex(let value): return Tensor(value)
        }
    }

    // MARK: Numbers

    /// A number, with the kind that decides result types.
    public func number(_ place: Int?, _ name: String) throws -> any TensorScalar {
        guard let number = try optionalNumber(place, name) else { throw missing(name) }
        return number
    }

    /// A number, or nil where it is none or left out.
    public func optionalNumber(_ place: Int?, _ name: String) throws -> (any TensorScalar)? {
        guard let (_, value) = given(place, name) else { return nil }
        guard let number = value.number else { throw mismatch(name, value) }
        return number
    }

    /// Numbers of which one or more are complex, 1 for those that are left out; nil where all are real.
    func complexNumbers(_ places: [(place: Int?, name: String)]) throws -> [Complex<Double>]? {
        let numbers = try places.map { place in
            isTensor(place.place, place.name)
                ? nil : try optionalNumber(place.place, place.name)?.scalar
        }
        for case .complex? in numbers { return numbers.map { $0?.asComplex ?? 1 } }
        return nil
    }

    /// An integer.
    public func int(_ place: Int?, _ name: String) throws -> Int {
        guard let int = try optionalInt(place, name) else { throw missing(name) }
        return int
    }

    /// An integer, or a default where it is left out.
    public func int(_ place: Int?, _ name: String, default missing: Int) throws -> Int {
        try optionalInt(place, name) ?? missing
    }

    /// An integer, or nil where it is none or left out.
    public func optionalInt(_ place: Int?, _ name: String) throws -> Int? {
        guard let (_, value) = given(place, name) else { return nil }
        guard let int = value.int else { throw mismatch(name, value) }
        return int
    }

    /// A list of integers; a single integer stands for a list of one.
    public func ints(_ place: Int?, _ name: String) throws -> [Int] {
        guard let ints = try optionalInts(place, name) else { throw missing(name) }
        return ints
    }

    /// A list of integers, or a default where it is none or left out.
    public func ints(_ place: Int?, _ name: String, default missing: [Int]) throws -> [Int] {
        try optionalInts(place, name) ?? missing
    }

    /// A list of integers, or nil where it is none or left out.
    public func optionalInts(_ place: Int?, _ name: String) throws -> [Int]? {
        guard let (_, value) = given(place, name) else { return nil }
        if let int = value.int { return [int] }
        guard let items = value.list else { throw mismatch(name, value) }
        return try items.map { item in
            guard let int = item.int else { throw mismatch(name, value) }
            return int
        }
    }

    /// The integers from a place on, given one by one or as one list: a shape, a permutation.
    public func trailingInts(_ place: Int, _ name: String) throws -> [Int] {
        if place + 1 < args.count { return try (place..<args.count).map { try int($0, name) } }
        return try ints(place, name, default: [])
    }

    /// A floating-point number; an integer is one too.
    public func double(_ place: Int?, _ name: String, default missing: Double) throws -> Double {
        try optionalDouble(place, name) ?? missing
    }

    /// A floating-point number, or nil where it is none or left out.
    public func optionalDouble(_ place: Int?, _ name: String) throws -> Double? {
        try optionalNumber(place, name)?.scalar.asDouble
    }

    /// A list of floating-point numbers; a single one stands for a list of one.
    public func doubles(_ place: Int?, _ name: String) throws -> [Double] {
        guard let numbers = try optionalDoubles(place, name) else { throw missing(name) }
        return numbers
    }

    /// Several floating-point numbers, or nil where they are none or left out; a single one stands for a list of one.
    public func optionalDoubles(_ place: Int?, _ name: String) throws -> [Double]? {
        guard let (_, value) = given(place, name) else { return nil }
        return try (value.list ?? [value]).map { item in
            guard let number = item.number else { throw mismatch(name, value) }
            return number.scalar.asDouble
        }
    }

    /// Two floating-point numbers, or a default where they are left out.
    public func pair(_ place: Int?, _ name: String, default missing: (Double, Double)) throws -> (Double, Double) {
        guard let numbers = try optionalDoubles(place, name) else { return missing }
        guard numbers.count == 2 else { throw NotSupported("\(name) takes two numbers") }
        return (numbers[0], numbers[1])
    }

    // MARK: Others

    /// The recorded constructor of a module that is an argument.
    public func module(_ place: Int?, _ name: String = "module") throws -> Call {
        guard let (_, value) = given(place, name) else { throw missing(name) }
        guard let module = value["module"]?.string else { throw mismatch(name, value) }
        return Call(name: module, args: value["args"], kwargs: value["kwargs"], tensors: tensors)
    }

    /// Stops where an argument was given that nothing asked for.
    func finish() throws {
        if let argument = unread.first { throw NotSupported("\(argument) of \(name) is not mapped") }
    }

    /// A flag, or a default where it is left out.
    public func bool(_ place: Int?, _ name: String, default missing: Bool = false) throws -> Bool {
        guard let (_, value) = given(place, name) else { return missing }
        guard let bool = value.bool else { throw mismatch(name, value) }
        return bool
    }

    /// A string, or nil where it is none or left out.
    public func optionalString(_ place: Int?, _ name: String) throws -> String? {
        guard let (_, value) = given(place, name) else { return nil }
        guard let string = value.string else { throw mismatch(name, value) }
        return string
    }

    /// A dtype, or nil where it is none or left out.
    public func optionalDType(_ place: Int?, _ name: String = "dtype") throws -> DType? {
        guard let (_, value) = given(place, name) else { return nil }
        guard let dtype = DType.allCases.first(where: { "\($0)" == value["dtype"]?.string }) else {
            throw mismatch(name, value)
        }
        return dtype
    }

    /// A dtype.
    public func dtype(_ place: Int?, _ name: String = "dtype") throws -> DType {
        guard let dtype = try optionalDType(place, name) else { throw missing(name) }
        return dtype
    }
}

extension [String: Tensor] {
    /// The tensor that a recorded value names. Complex ones are stored with a last dimension for their parts.
    func recorded(_ value: JSON) -> Tensor? {
        guard let key = value["tensor"]?.string, let stored = self[key] else { return nil }
        return value["complex"]?.bool == true ? stored.clone().viewAsComplex() : stored
    }
}

extension JSON {
    /// Whether it stands for Python's None.
    var isNone: Bool {
        if case .null = content { return true }
        return self["none"] != nil
    }

    /// The items of a list or a tuple.
    var list: [JSON]? { elements ?? self["tuple"]?.elements }

    /// A number of the kind that it was written as.
    var number: (any TensorScalar)? {
        if let bool { return bool }
        if let int { return int }
        if let parts = self["complex"]?.elements, parts.count == 2, let real = parts[0].number,
            let imag = parts[1].number
        {
            return Complex(real.scalar.asDouble, imag.scalar.asDouble)
        }
        guard let boxed = self["float"] else { return double }
        switch boxed.string {
        case "inf": return Double.infinity
        case "-inf": return -Double.infinity
        case "nan": return Double.nan
        default: return boxed.double
        }
    }
}
