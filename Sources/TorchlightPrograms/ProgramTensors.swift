import TorchlightCore
import TorchlightOptim

/// The named tensors of a program, and the generators and optimisers of its state.
struct ProgramTensors {
    struct Entry {
        var name: String
        var tensor: Tensor
    }

    private(set) var entries: [Entry] = []
    /// The generators of random operations; nil for the default generator of the thread that runs the program.
    private(set) var generators: [Generator?] = []
    private(set) var optimizers: [any Optimizer] = []
    private(set) var schedulers: [LRScheduler] = []
    /// The leaves whose gradient the function reads before it sets it, with the index of the gradient; nil for no
    /// gradient.
    var gradients: [(leaf: Int, gradient: Int?)] = []

    private var byStorage: [ObjectIdentifier: Int] = [:]
    private var names: Set<String> = []
    private var generatorIndices: [ObjectIdentifier: Int] = [:]
    private let known: [ObjectIdentifier: String]
    private let defaultGenerator: Generator
    /// The constants of the first recording, in order, which the constants of further recordings must equal.
    private var constants: [Int] = []
    private var nextConstant: Int?

    /// - Parameters:
    ///   - names: names of tensors from outside the function.
    ///   - defaultGenerator: the default generator during the recording.
    init(names: [(name: String, tensor: Tensor)], defaultGenerator: Generator) {
        known = Dictionary(
            names.map { (ObjectIdentifier($0.tensor.storage), $0.name) }, uniquingKeysWith: { first, _ in first })
        self.defaultGenerator = defaultGenerator
    }

    /// Starts another recording of the function.
    mutating func beginFurtherRecording() { nextConstant = 0 }

    /// The index of a tensor from outside, identified by its memory.
    mutating func index(of tensor: Tensor) -> Int {
        if let index = byStorage[ObjectIdentifier(tensor.storage)] { return index }
        let index = add(tensor, known[ObjectIdentifier(tensor.storage)] ?? "tensor\(entries.count)")
        byStorage[ObjectIdentifier(tensor.storage)] = index
        return index
    }

    /// The index of a constant tensor.
    mutating func index(ofConstant tensor: Tensor) throws(ProgramProblem) -> Int {
        guard let next = nextConstant else {
            constants.append(add(tensor, "constant\(constants.count)"))
            return constants[constants.count - 1]
        }
        let old = next < constants.count ? entries[constants[next]].tensor : nil
        guard let old, haveSameBits(old, tensor) else {
            throw ProgramProblem(
                "the elements of a constant tensor depend on the dynamic sizes",
                got: "\(tensor.dtype) \(tensor.shape)" + (old.map { " and \($0.dtype) \($0.shape)" } ?? ""),
                expected: "tensors computed by operations, such as Tensor.arange(x.size(0))")
        }
        nextConstant = next + 1
        return constants[next]
    }

    private func haveSameBits(_ a: Tensor, _ b: Tensor) -> Bool {
        a.dtype == b.dtype && a.shape == b.shape
            && a.withUnsafeBytes { first in b.withUnsafeBytes { second in first.elementsEqual(second) } }
    }

    mutating func add(_ tensor: Tensor, _ name: String) -> Int {
        var unique = name
        var number = 1
        while !names.insert(unique).inserted {
            unique = "\(name)#\(number)"
            number += 1
        }
        entries.append(Entry(name: unique, tensor: tensor))
        return entries.count - 1
    }

    mutating func index(of generator: Generator) -> Int {
        if let index = generatorIndices[ObjectIdentifier(generator)] { return index }
        generators.append(generator === defaultGenerator ? nil : generator)
        generatorIndices[ObjectIdentifier(generator)] = generators.count - 1
        return generators.count - 1
    }

    mutating func index(of optimizer: any Optimizer) -> Int {
        if let index = optimizers.firstIndex(where: { $0 === optimizer }) { return index }
        optimizers.append(optimizer)
        for parameter in optimizer.parameters { _ = index(of: parameter) }
        return optimizers.count - 1
    }

    mutating func index(of scheduler: LRScheduler) -> Int {
        if let index = schedulers.firstIndex(where: { $0 === scheduler }) { return index }
        schedulers.append(scheduler)
        _ = index(of: scheduler.optimizer)
        return schedulers.count - 1
    }

    /// Replaces the tensors at some indices, for example by copies that the program may change.
    mutating func replace(_ indices: Set<Int>, _ make: (Tensor) throws(TensorError) -> Tensor) throws(TensorError) {
        for index in indices { entries[index].tensor = try make(entries[index].tensor) }
    }
}
