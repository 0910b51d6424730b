import TorchlightCore
import TorchlightFiles

/// The JSON of a program, read and validated except for its instructions.
struct ProgramForm: Sendable {
    struct TensorInfo: Sendable {
        var name: String
        var dtype: DType
        var shape: [Int]
        /// The strides of a tensor; nil for a contiguous one.
        var strides: [Int]?
    }

    struct OptimizerInfo: Sendable {
        var className: String
        var groups: [[Int]]
        var settings: [String: String]
        /// The indices of the state tensors.
        var state: [(key: String, tensor: Int)]
    }

    struct SchedulerInfo: Sendable {
        /// The index of the optimiser.
        var optimizer: Int
        var settings: [String: String]
        var state: [String: String]
    }

    let json: JSON
    let sizes: [DynamicDimensions.Size]
    let inputs: [ProgramInput]
    let outputNames: [String]
    let tensors: [TensorInfo]
    /// The generator states; nil for the default generator.
    let generators: [Generator.State?]
    let optimizers: [OptimizerInfo]
    /// The schedulers, in the order of creation.
    let schedulers: [SchedulerInfo]
    let gradients: [(leaf: Int, gradient: Int?)]

    var sizeNames: [String] { sizes.map(\.name) }

    init(_ json: JSON) throws(ProgramProblem) {
        let root = ProgramObject(json, "the program")
        guard json["format"]?.string == ProgramWriter.format else {
            throw ProgramProblem(
                "the file is not a program", got: json["format"]?.summary ?? "no format",
                expected: "the format \(ProgramWriter.format)")
        }
        let version = try root.integer("version")
        guard version == ProgramWriter.version else {
            throw ProgramProblem(
                "programs of version \(version) are not supported",
                expected: "version \(ProgramWriter.version)"
                    + (version > ProgramWriter.version ? "; use a newer Torchlight" : ""))
        }
        self.json = json
        sizes = try root.list("sizes") { size throws(ProgramProblem) in
            let (low, high) = (try size.integer("minimum"), try size.integer("maximum"))
            guard low >= 0, high >= low else {
                throw size.invalid("the range of a size is empty or negative", "0 <= minimum <= maximum")
            }
            return DynamicDimensions.Size(name: try size.string("name"), range: low...high)
        }
        let names = sizes.map(\.name)
        inputs = try root.list("inputs") { input throws(ProgramProblem) in
            let shape = try input.array("shape").map { size throws(ProgramProblem) -> ProgramInput.Dimension in
                if let number = size.int, number >= 0 { return .fixed(number) }
                if let name = size.string, names.contains(name) { return .dynamic(name) }
                throw input.invalid("a size of an input is \(size.summary)", "a number or the name of a size")
            }
            guard shape.count <= maximumRank else {
                throw input.invalid("an input has \(quantity(shape.count, "dimension"))", "at most \(maximumRank)")
            }
            return ProgramInput(name: try input.string("name"), dtype: try input.dtype("dtype"), shape: shape)
        }
        outputNames = try root.array("outputs").map { name throws(ProgramProblem) in
            guard let name = name.string else {
                throw root.invalid("the name of an output is \(name.summary)", "a string")
            }
            return name
        }
        try Self.checkUnique(names, "sizes")
        try Self.checkUnique(inputs.map(\.name), "inputs")
        try Self.checkUnique(outputNames, "outputs")
        tensors = try root.list("tensors") { tensor throws(ProgramProblem) in
            TensorInfo(
                name: try tensor.string("name"), dtype: try tensor.dtype("dtype"), shape: try tensor.integers("shape"),
                strides: tensor.json["strides"] == nil ? nil : try tensor.integers("strides"))
        }
        try Self.checkUnique(tensors.map(\.name), "tensors")
        let count = tensors.count
        generators = try root.array("generators").map { generator throws(ProgramProblem) -> Generator.State? in
            if case .null = generator.content { return nil }
            let object = ProgramObject(generator, "a generator")
            return Generator.State(seed: try object.word("seed"), call: try object.word("call"))
        }
        optimizers = try root.list("optimizers") { optimizer throws(ProgramProblem) in
            let groups = try optimizer.array("groups").map { group throws(ProgramProblem) -> [Int] in
                try optimizer.indices(group, "groups", below: count)
            }
            let settings = try optimizer.texts("settings")
            var state: [(key: String, tensor: Int)] = []
            for member in try optimizer.object("state") {
                guard let index = member.value.int, (0..<count).contains(index) else {
                    throw optimizer.invalid("a state tensor is \(member.value.summary)", "the number of a tensor")
                }
                state.append((member.name, index))
            }
            return OptimizerInfo(
                className: try optimizer.string("class"), groups: groups, settings: settings, state: state)
        }
        let optimizerCount = optimizers.count
        // Older programs have no list of schedulers.
        schedulers =
            json["schedulers"] == nil
            ? []
            : try root.list("schedulers") { scheduler throws(ProgramProblem) in
                SchedulerInfo(
                    optimizer: try scheduler.index("optimizer", below: optimizerCount),
                    settings: try scheduler.texts("settings"), state: try scheduler.texts("state"))
            }
        gradients = try root.list("gradients") { gradient throws(ProgramProblem) in
            let leaf = try gradient.index("tensor", below: count)
            if case .null = gradient.json["gradient"]?.content { return (leaf, nil) }
            return (leaf, try gradient.index("gradient", below: count))
        }
    }

    private static func checkUnique(_ names: [String], _ what: String) throws(ProgramProblem) {
        var seen = Set<[UInt8]>()
        for name in names where !seen.insert(Array(name.utf8)).inserted {
            throw ProgramProblem("\(what) have the same name", got: IOError.quoted(name), expected: "each name once")
        }
    }
}

/// An object in the JSON of a program, with checked access to its members.
struct ProgramObject {
    let json: JSON
    private let what: String

    init(_ json: JSON, _ what: String) {
        self.json = json
        self.what = what
    }

    func invalid(_ problem: String, _ expected: String) -> ProgramProblem {
        ProgramProblem("\(what): \(problem)", expected: expected, offset: json.offset)
    }

    private func member(_ name: String, _ expected: String) throws(ProgramProblem) -> JSON {
        guard json.members != nil else { throw invalid("it is \(json.summary)", "an object") }
        guard let value = json[name] else { throw invalid("\(name) is missing", expected) }
        return value
    }

    func integer(_ name: String) throws(ProgramProblem) -> Int {
        let value = try member(name, "an integer")
        guard let number = value.int else { throw invalid("\(name) is \(value.summary)", "an integer") }
        return number
    }

    func word(_ name: String) throws(ProgramProblem) -> UInt64 {
        let value = try member(name, "an integer")
        guard case .number(let text) = value.content, let number = UInt64(text) else {
            throw invalid("\(name) is \(value.summary)", "an integer of 64 bits")
        }
        return number
    }

    func index(_ name: String, below count: Int) throws(ProgramProblem) -> Int {
        let number = try integer(name)
        guard (0..<count).contains(number) else { throw invalid("\(name) is \(number)", "a number below \(count)") }
        return number
    }

    func string(_ name: String) throws(ProgramProblem) -> String {
        let value = try member(name, "a string")
        guard let text = value.string else { throw invalid("\(name) is \(value.summary)", "a string") }
        return text
    }

    func dtype(_ name: String) throws(ProgramProblem) -> DType {
        let text = try string(name)
        guard let dtype = DType.allCases.first(where: { "\($0)" == text }) else {
            throw invalid("\(name) is \(IOError.quoted(text))", "the name of a dtype")
        }
        return dtype
    }

    func array(_ name: String) throws(ProgramProblem) -> [JSON] {
        let value = try member(name, "an array")
        guard let elements = value.elements else { throw invalid("\(name) is \(value.summary)", "an array") }
        return elements
    }

    func object(_ name: String) throws(ProgramProblem) -> [JSON.Member] {
        let value = try member(name, "an object")
        guard let members = value.members else { throw invalid("\(name) is \(value.summary)", "an object") }
        return members
    }

    /// The members of an object of strings.
    func texts(_ name: String) throws(ProgramProblem) -> [String: String] {
        var texts: [String: String] = [:]
        for member in try object(name) { texts[member.name] = member.value.string ?? "" }
        return texts
    }

    func list<Element>(
        _ name: String, _ make: (ProgramObject) throws(ProgramProblem) -> Element
    ) throws(ProgramProblem) -> [Element] {
        var result: [Element] = []
        for (i, element) in try array(name).enumerated() {
            result.append(try make(ProgramObject(element, "\(name) \(i)")))
        }
        return result
    }

    /// A list of integers of at least 0.
    func integers(_ name: String) throws(ProgramProblem) -> [Int] {
        try array(name).map { element throws(ProgramProblem) in
            guard let number = element.int, number >= 0 else {
                throw invalid("\(name) has \(element.summary)", "integers of at least 0")
            }
            return number
        }
    }

    func indices(_ name: String, below count: Int) throws(ProgramProblem) -> [Int] {
        try indices(try member(name, "an array"), name, below: count)
    }

    func indices(_ value: JSON, _ name: String, below count: Int) throws(ProgramProblem) -> [Int] {
        guard let elements = value.elements else { throw invalid("\(name) is \(value.summary)", "an array") }
        return try elements.map { element throws(ProgramProblem) in
            guard let number = element.int, (0..<count).contains(number) else {
                throw invalid("\(name) has \(element.summary)", "numbers below \(count)")
            }
            return number
        }
    }
}
