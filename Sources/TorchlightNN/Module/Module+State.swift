import TorchlightCore

/// Tensors by name: the parameters and persistent buffers of a module.
public typealias StateDict = [String: Tensor]

/// What does not fit when a state dict is loaded into a module.
public struct StateDictError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A tensor whose shape is not that of the module's.
    public struct Mismatch: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// The shape in the state dict.
        public let found: [Int]
        /// The shape in the module.
        public let expected: [Int]
    }

    /// The type of the module.
    public let module: String
    /// What the module has and the state dict lacks, in the module's order.
    public let missing: [String]
    /// What the state dict has and the module lacks, sorted.
    public let unexpected: [String]
    /// What both have in different shapes, in the module's order.
    public let mismatched: [Mismatch]
    /// For an unexpected name the missing one that is spelled most like it.
    public let nearest: [String: String]

    /// All of it on one line, long lists cut short.
    public var description: String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("\(missing.count) missing (\(Self.list(missing)))") }
        if !unexpected.isEmpty {
            let names = unexpected.map { name in nearest[name].map { "\(name), like \($0)?" } ?? name }
            parts.append("\(unexpected.count) unexpected (\(Self.list(names)))")
        }
        if !mismatched.isEmpty {
            let texts = mismatched.map { "\($0.name) is \($0.found), the module has \($0.expected)" }
            parts.append("\(mismatched.count) of another shape (\(Self.list(texts)))")
        }
        return "load: the state dict does not fit \(module): " + parts.joined(separator: "; ")
    }

    private static func list(_ items: [String]) -> String {
        let shown = items.prefix(8).joined(separator: ", ")
        return items.count > 8 ? shown + ", and \(items.count - 8) more" : shown
    }
}

extension Module {
    /// The parameters and persistent buffers of this module and all inside it by their paths, in order. A tensor that is
    /// shared has all its names.
    public func namedState() -> [(name: String, tensor: Tensor)] {
        var state: [(name: String, tensor: Tensor)] = []
        var path: [ObjectIdentifier] = []
        collectState(prefix: "", &path, &state)
        return state
    }

    private func collectState(
        prefix: String, _ path: inout [ObjectIdentifier], _ state: inout [(name: String, tensor: Tensor)]
    ) {
        guard !path.contains(ObjectIdentifier(self)) else { return }
        path.append(ObjectIdentifier(self))
        defer { path.removeLast() }
        let contents = currentContents
        func full(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix).\(name)" }
        for (name, tensor) in contents.parameters { state.append((full(name), tensor)) }
        for (name, tensor, persistent) in contents.buffers where persistent { state.append((full(name), tensor)) }
        for (name, child) in contents.children { child.collectState(prefix: full(name), &path, &state) }
    }

    /// The parameters and persistent buffers of this module and all inside it by their paths, such as `fc1.weight`.
    ///
    /// The tensors share memory with the module: they see what training does to it. `clone()` those to be kept.
    public func stateDict() -> StateDict {
        Dictionary(namedState().map { ($0.name, $0.tensor.detach()) }, uniquingKeysWith: { first, _ in first })
    }

    /// Copies the tensors of a state dict into the parameters and buffers of the same names, converting dtypes.
    ///
    /// Nothing is changed where anything does not fit. With `strict` false, names that only one side has are passed over
    /// and returned; shapes must fit all the same.
    ///
    /// - Throws: ``StateDictError`` with all that was missing, unexpected or of another shape.
    @discardableResult
    public func load(stateDict: StateDict, strict: Bool = true) throws -> (missing: [String], unexpected: [String]) {
        for (path, module) in namedModules() {
            module.willLoad { stateDict[path.isEmpty ? $0 : "\(path).\($0)"] }
        }
        let state = namedState()
        let names = Set(state.map(\.name))
        let missing = state.map(\.name).filter { stateDict[$0] == nil }
        let unexpected = stateDict.keys.filter { !names.contains($0) }.sorted()
        let mismatched = state.compactMap { name, tensor -> StateDictError.Mismatch? in
            guard let found = stateDict[name], found.shape != tensor.shape else { return nil }
            return .init(name: name, found: found.shape, expected: tensor.shape)
        }
        guard mismatched.isEmpty, !strict || (missing.isEmpty && unexpected.isEmpty) else {
            var nearest: [String: String] = [:]
            if strict {
                for name in unexpected.prefix(64) { nearest[name] = closestSpelling(to: name, among: missing) }
            }
            throw StateDictError(
                module: "\(type(of: self))", missing: strict ? missing : [], unexpected: strict ? unexpected : [],
                mismatched: mismatched, nearest: nearest)
        }
        noGrad {
            for (name, tensor) in state {
                if let source = stateDict[name], source !== tensor { tensor.copy_(source) }
            }
        }
        return (missing, unexpected)
    }
}

/// The candidate that needs the fewest edits, if these are few against its length.
func closestSpelling(to name: String, among candidates: [String]) -> String? {
    let name = Array(name.utf8)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates.prefix(512) {
        let distance = editDistance(name, Array(candidate.utf8))
        if distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    guard let best, best.distance * 2 <= max(name.count, best.candidate.utf8.count) else { return nil }
    return best.candidate
}

/// The number of insertions, removals and replacements between two texts (Levenshtein 1966).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let replaced = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
