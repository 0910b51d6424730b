import TorchlightCore

/// A state dictionary: the parameters and persistent buffers of a module by their names, such as `fc1.weight`.
public typealias StateDict = [String: Tensor]

/// The part of a state dictionary that belongs to one module, by the names inside that module; see
/// ``Module/upgrade(_:)``.
public struct ModuleState {
    fileprivate(set) var tensors: StateDict
    /// The names of the tensors in the file, where a parametrisation has renamed them.
    fileprivate var renamed: [(old: String, new: String)] = []
    private let prefix: String

    fileprivate init(_ tensors: StateDict, at path: String) {
        self.tensors = tensors
        prefix = path.isEmpty ? "" : "\(path)."
    }

    /// The tensor with this name inside the module, such as "weight"; nil where the state dictionary has none. Set it to add,
    /// replace or, with nil, remove a tensor.
    public subscript(name: String) -> Tensor? {
        get { tensors[prefix + name] }
        set { tensors[prefix + name] = newValue }
    }

    /// Renames tensors if the state dictionary has all of them under their old names and none under its new name.
    mutating func rename(_ names: [(old: String, new: String)]) {
        guard names.allSatisfy({ self[$0.old] != nil && self[$0.new] == nil }) else { return }
        for (old, new) in names {
            (self[new], self[old]) = (self[old], nil)
            renamed.append((prefix + old, prefix + new))
        }
    }

    /// Adds `num_batches_tracked` as 0 where it is missing, as in files from before PyTorch 0.4.1 and of some converters.
    mutating func addMissingBatchCount(of counter: Tensor?) {
        if counter != nil, self["running_mean"] != nil, self["num_batches_tracked"] == nil {
            self["num_batches_tracked"] = Tensor.zeros([], dtype: .int64, device: .cpu)
        }
    }
}

extension Module {
    /// Returns the parameters and persistent buffers of this module and all submodules with their names, in order. A shared
    /// tensor appears once for each of its names.
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

    /// Returns the state dictionary: the parameters and persistent buffers of this module and all submodules, by names such
    /// as `fc1.weight`.
    ///
    /// The tensors are detached and share memory with the module, so later training steps change them. Use `clone()` to keep
    /// a copy.
    ///
    ///     for (name, tensor) in model.stateDict() { print(name, tensor.shape) }
    ///     try Safetensors.save(model.stateDict(), to: "model.safetensors")
    public func stateDict() -> StateDict {
        Dictionary(namedState().map { ($0.name, $0.tensor.detach()) }, uniquingKeysWith: { first, _ in first })
    }

    /// Copies a state dictionary into the parameters and buffers of the same names, as `load_state_dict` in PyTorch. Values
    /// are converted to the dtypes of the module.
    ///
    /// If it throws, the module is unchanged. Shapes must be equal, and floating-point values are not loaded into integer
    /// tensors, also with `strict` false. A tensor that is shared under several names needs only one of them.
    ///
    /// - Parameters:
    ///   - stateDict: The tensors by name.
    ///   - strict: Whether missing and unexpected keys are errors. Default: true.
    ///   - mapping: Rules that change the names and shapes of the tensors to those of the module. Default: none.
    ///   - assigning: Whether the parameters take the memory and the floating-point dtype of the given tensors instead of
    ///     copying the values: tensors of a memory-mapped file are then read when they are first used, and bfloat16 weights
    ///     stay bfloat16. Default: false.
    /// - Returns: The matched, missing and unexpected keys.
    /// - Throws: ``StateDictError`` with all missing keys, unexpected keys and mismatched shapes or dtypes;
    ///   ``StateMappingError`` if a rule cannot be applied to these tensors.
    @discardableResult
    public func load(
        stateDict: StateDict, strict: Bool = true, mapping: StateMapping = [], assigning: Bool = false
    ) throws -> LoadReport {
        let mapped = upgraded(try mapping.apply(to: stateDict))
        for (path, module) in modulesAtAllPaths() {
            module.willLoad { mapped.tensors[path.isEmpty ? $0 : "\(path).\($0)"] }
        }
        let undo = adoptQuantizedForms { mapped.tensors[$0] }
        let state = namedState()
        let report = report(on: mapped, state: state)
        guard report.mismatched.isEmpty, !strict || report.isComplete else {
            undo()
            throw StateDictError(report: report, strict: strict)
        }
        noGrad {
            for (name, tensor) in state {
                guard let source = mapped.tensors.value(of: name), source !== tensor else { continue }
                // A parameter that is a view keeps its memory, and read-only memory cannot become a parameter's.
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

    /// Compares a state dictionary with this module without loading it.
    ///
    /// - Returns: The matched, missing, unexpected and mismatched keys.
    /// - Throws: ``StateMappingError`` if a rule cannot be applied to these tensors.
    public func report(
        on stateDict: StateDict, mapping: StateMapping = []
    ) throws(StateMappingError) -> LoadReport {
        report(on: upgraded(try mapping.apply(to: stateDict)), state: namedState())
    }

    /// The state dictionary after ``upgrade(_:)`` of every module.
    private func upgraded(_ mapped: StateMapping.Result) -> StateMapping.Result {
        var mapped = mapped
        for (path, module) in modulesAtAllPaths() {
            var state = ModuleState(mapped.tensors, at: path)
            // A single reference, so that a change does not copy the dictionary.
            mapped.tensors = [:]
            for (name, parametrization) in module.parametrizations {
                let names = parametrization.formerNames(of: name)
                if !names.isEmpty { state.rename(names) }
            }
            module.upgrade(&state)
            mapped.tensors = state.tensors
            for (old, new) in state.renamed { mapped.sources[new] = mapped.sources.removeValue(forKey: old) }
        }
        return mapped
    }

    /// This module and all submodules with all their paths; a module that is held twice has two.
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
        // Names are compared byte by byte: Swift strings are equal where they are canonically equivalent in Unicode.
        let names = Set(state.map { Array($0.name.utf8) })
        // A tensor with several names needs only one of them: files often contain tied weights once.
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
    /// The tensor whose name is equal in every byte.
    fileprivate func value(of name: String) -> Tensor? {
        guard let index = index(forKey: name), keys[index].utf8.elementsEqual(name.utf8) else { return nil }
        return values[index]
    }
}

/// The candidate with the smallest edit distance, if that is at most half the length of the longer name.
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

/// The smallest number of insertions, deletions and substitutions that turn one text into the other (Levenshtein, 1966).
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
