import TorchlightCore

/// Tensors by name: the parameters and persistent buffers of a module.
public typealias StateDict = [String: Tensor]

/// The tensors of a state dict that lie under the path of one module, by their names in it.
public struct ModuleState {
    fileprivate(set) var tensors: StateDict
    private let prefix: String

    fileprivate init(_ tensors: StateDict, at path: String) {
        self.tensors = tensors
        prefix = path.isEmpty ? "" : "\(path)."
    }

    /// The tensor of a name such as "weight"; nil where the state dict has none.
    public subscript(name: String) -> Tensor? {
        get { tensors[prefix + name] }
        set { tensors[prefix + name] = newValue }
    }

    /// Fills in the counter of batches, which files from before PyTorch 0.4.1 and of some converters lack, with 0.
    mutating func fillInBatchCount(of counter: Tensor?) {
        if counter != nil, self["running_mean"] != nil, self["num_batches_tracked"] == nil {
            self["num_batches_tracked"] = Tensor.zeros([], dtype: .int64, device: .cpu)
        }
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
    /// Nothing is changed where anything does not fit. With `strict` false, names that only one side has are passed over;
    /// shapes must fit all the same, and numbers with fractions are never loaded into integers.
    ///
    /// - Parameters:
    ///   - mapping: Rules that give the tensors the module's names and shapes.
    ///   - assigning: Whether the parameters take over the tensors' memory and floating-point dtype instead of copying:
    ///     weights of a mapped file are then read when they are first used, and a model of bfloat16 stays one.
    /// - Returns: What fitted, and with `strict` false what did not.
    /// - Throws: ``StateDictError`` with all that was missing, unexpected or of another shape; ``StateMappingError`` where
    ///   the rules make no sense for these tensors.
    @discardableResult
    public func load(
        stateDict: StateDict, strict: Bool = true, mapping: StateMapping = [], assigning: Bool = false
    ) throws -> LoadReport {
        let mapped = upgraded(try mapping.apply(to: stateDict))
        for (path, module) in modulesAtAllPaths() {
            module.willLoad { mapped.tensors[path.isEmpty ? $0 : "\(path).\($0)"] }
        }
        let state = namedState()
        let report = report(on: mapped, state: state)
        guard report.mismatched.isEmpty, !strict || report.isComplete else {
            throw StateDictError(report: report, strict: strict)
        }
        noGrad {
            for (name, tensor) in state {
                guard let source = mapped.tensors.value(of: name), source !== tensor else { continue }
                // A view, or memory that may not be written, cannot take the place of a parameter's own.
                if assigning, tensor.isLeaf, !tensor.isView, !source.storage.isReadOnly {
                    let keepsDType = source.dtype.isFloatingPoint == tensor.dtype.isFloatingPoint
                    let converted = keepsDType ? source : source.to(tensor.dtype)
                    tensor.adopt(converted.detach().to(tensor.device).contiguous())
                } else {
                    tensor.copy_(source)
                }
            }
        }
        return report
    }

    /// What of a state dict would fit, without loading it.
    ///
    /// - Throws: ``StateMappingError`` as ``load(stateDict:strict:mapping:assigning:)``.
    public func report(
        on stateDict: StateDict, mapping: StateMapping = []
    ) throws(StateMappingError) -> LoadReport {
        report(on: upgraded(try mapping.apply(to: stateDict)), state: namedState())
    }

    /// What the modules make of tensors that an earlier version saved; see ``upgrade(_:)``.
    private func upgraded(_ mapped: StateMapping.Result) -> StateMapping.Result {
        var mapped = mapped
        for (path, module) in modulesAtAllPaths() {
            var state = ModuleState(mapped.tensors, at: path)
            // One owner at a time, so that a change copies nothing.
            mapped.tensors = [:]
            module.upgrade(&state)
            mapped.tensors = state.tensors
        }
        return mapped
    }

    /// This module and all inside it with each of their paths; a module that is held twice has two.
    private func modulesAtAllPaths() -> [(path: String, module: Module)] {
        var found: [(path: String, module: Module)] = []
        var holders: [ObjectIdentifier] = []
        func collect(_ module: Module, _ path: String) {
            guard !holders.contains(ObjectIdentifier(module)) else { return }
            found.append((path, module))
            holders.append(ObjectIdentifier(module))
            for (name, child) in module.currentContents.children {
                collect(child, path.isEmpty ? name : "\(path).\(name)")
            }
            holders.removeLast()
        }
        collect(self, "")
        return found
    }

    private func report(
        on given: StateMapping.Result, state: [(name: String, tensor: Tensor)]
    ) -> LoadReport {
        // Names are bytes: Swift takes two spellings of an accented letter for equal.
        let names = Set(state.map { Array($0.name.utf8) })
        // A tensor with several names needs one of them: files often hold tied weights once.
        let present = Set(state.filter { given.tensors.value(of: $0.name) != nil }.map { ObjectIdentifier($0.tensor) })
        let missing = state.filter {
            given.tensors.value(of: $0.name) == nil && !present.contains(ObjectIdentifier($0.tensor))
        }
        .map(\.name)
        let unexpected = given.tensors.keys.filter { !names.contains(Array($0.utf8)) }.sorted()
        var matched: [LoadReport.Match] = []
        var mismatched: [LoadReport.Mismatch] = []
        for (name, tensor) in state {
            guard let found = given.tensors.value(of: name) else { continue }
            if found.shape == tensor.shape, found.dtype.category <= tensor.dtype.category {
                matched.append(
                    .init(
                        name: name, source: given.sources[name] ?? name, found: found.dtype, expected: tensor.dtype))
            } else {
                mismatched.append(
                    .init(
                        name: name, found: found.shape, expected: tensor.shape, foundDType: found.dtype,
                        expectedDType: tensor.dtype))
            }
        }
        var nearest: [String: String] = [:]
        for name in unexpected.prefix(64) { nearest[name] = closestSpelling(to: name, among: missing) }
        return LoadReport(
            module: "\(type(of: self))", matched: matched, missing: missing, unexpected: unexpected,
            mismatched: mismatched, nearest: nearest, unusedRules: given.unusedRules,
            suggestion: MappingSuggestion(missing: missing, unexpected: unexpected)?.text)
    }
}

extension [String: Tensor] {
    /// The tensor of a name that agrees in every byte.
    fileprivate func value(of name: String) -> Tensor? {
        guard let index = index(forKey: name), keys[index].utf8.elementsEqual(name.utf8) else { return nil }
        return values[index]
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
