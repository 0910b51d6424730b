/// The key of a recorded graph: dtypes, layouts, devices and `requiresGrad` of the tensor arguments, values of the
/// other arguments, and the modes of the thread.
struct CallKey {
    /// The modes that operations depend on.
    private struct Modes: Equatable {
        var isGradEnabled = TorchlightCore.isGradEnabled
        var autocast = threadState.pointee.autocast
        var device = Device.current
        var dtype = DType.default
    }

    private struct Argument {
        let layout: Layout
        let dtype: DType
        let device: Device
        let requiresGrad: Bool
        let isWrappedScalar: Bool
        let hasHistory: Bool
        /// The index of the first argument with the same storage.
        let memory: Int
        /// The index of the first argument that is the same tensor object.
        let identity: Int

        @inline(__always)
        init(_ tensor: Tensor, _ index: Int, _ all: [Tensor]) {
            layout = tensor.layout
            dtype = tensor.dtype
            device = tensor.device
            requiresGrad = tensor.requiresGrad
            isWrappedScalar = tensor.isWrappedScalar
            hasHistory = tensor.node != nil
            var (memory, identity) = (index, index)
            for i in 0..<index where all[i].storage === tensor.storage {
                if memory == index { memory = i }
                if all[i] === tensor {
                    identity = i
                    break
                }
            }
            (self.memory, self.identity) = (memory, identity)
        }

        @inline(__always)
        func fits(_ other: Argument, at index: Int) -> Bool {
            dtype == other.dtype && layout.shape == other.layout.shape && layout.strides == other.layout.strides
                && requiresGrad == other.requiresGrad && device == other.device && memory == other.memory
                && identity == other.identity && hasHistory == other.hasHistory
                && isWrappedScalar == other.isWrappedScalar
                // If arguments share memory, their relative offset is part of the key.
                && (memory == index || layout.offset == other.layout.offset)
        }
    }

    private let arguments: [Argument]
    /// The arguments that are not tensors, and the structure of the arguments that contain tensors.
    private let values: [AnyHashable]
    private let modes = Modes()

    init(_ tensors: [Tensor], _ values: [AnyHashable]) {
        arguments = tensors.indices.map { Argument(tensors[$0], $0, tensors) }
        self.values = values
    }

    /// Whether a call with these arguments, in the current modes of the thread, matches this key.
    @inline(__always)
    func fits(_ tensors: [Tensor], _ values: [AnyHashable]) -> Bool {
        guard arguments.count == tensors.count, values.isEmpty && self.values.isEmpty || values == self.values else {
            return false
        }
        for i in tensors.indices where !arguments[i].fits(Argument(tensors[i], i, tensors), at: i) { return false }
        return modes == Modes()
    }

    /// The first difference between a call and this key, for the report.
    func difference(_ tensors: [Tensor], _ values: [AnyHashable]) -> String? {
        if arguments.count != tensors.count {
            return "\(quantity(tensors.count, "tensor")) in the arguments, recorded with \(arguments.count)"
        }
        for (i, old) in arguments.enumerated() {
            let new = Argument(tensors[i], i, tensors)
            if old.fits(new, at: i) { continue }
            func text(_ name: String, _ new: some CustomStringConvertible, _ old: some CustomStringConvertible)
                -> String
            {
                "\(name) of tensor \(i) is \(new), recorded with \(old)"
            }
            if new.layout.shape != old.layout.shape { return text("the shape", new.layout.shape, old.layout.shape) }
            if new.dtype != old.dtype { return text("the dtype", new.dtype, old.dtype) }
            if new.device != old.device { return text("the device", new.device, old.device) }
            if new.layout.strides != old.layout.strides {
                return text("the strides", new.layout.strides, old.layout.strides)
            }
            if new.requiresGrad != old.requiresGrad {
                return text("requiresGrad", new.requiresGrad, old.requiresGrad)
            }
            return "tensor \(i) shares memory with different arguments, or has a history and was recorded without one"
        }
        if values != self.values {
            let index = zip(values, self.values).firstIndexOfDifference ?? 0
            if index < values.count && index < self.values.count {
                return "an argument is \(values[index]), recorded with \(self.values[index])"
            }
            return "the structure of the arguments differs"
        }
        let now = Modes()
        if now == modes { return nil }
        if now.isGradEnabled != modes.isGradEnabled {
            return "gradients are \(now.isGradEnabled ? "" : "not ")recorded"
        }
        if now.autocast != modes.autocast { return "the autocast mode differs" }
        return "the default dtype or device differs"
    }
}

extension Zip2Sequence<[AnyHashable], [AnyHashable]> {
    fileprivate var firstIndexOfDifference: Int? {
        for (i, pair) in self.enumerated() where pair.0 != pair.1 { return i }
        return nil
    }
}

/// The tensors and the other values of the arguments of a compiled function.
struct CallArguments {
    private(set) var tensors: [Tensor] = []
    private(set) var values: [AnyHashable] = []
    /// The type of an argument that cannot be part of a key; nil if there is none.
    private(set) var unsupported: String?

    @inline(__always)
    mutating func add<Argument>(_ argument: Argument) {
        if Argument.self == Tensor.self {
            return withUnsafeBytes(of: argument) { tensors.append($0.load(as: Tensor.self)) }
        }
        if Argument.self == [String: Tensor].self {
            return withUnsafeBytes(of: argument) { add($0.load(as: [String: Tensor].self)) }
        }
        addGeneral(argument)
    }

    /// The keys of a dictionary, which `AnyHashable` compares faster than an array.
    private struct Names: Hashable, CustomStringConvertible {
        let names: [String]
        var description: String { "a dictionary of \(names)" }
    }

    /// Adds tensors by name, such as the inputs of an ONNX model, without the lookups of `addGeneral`.
    private mutating func add(_ named: [String: Tensor]) {
        let names = named.keys.sorted()
        for name in names { tensors.append(named[name]!) }
        values.append(AnyHashable(Names(names: names)))
    }

    @inline(never)
    private mutating func addGeneral(_ argument: Any) {
        if let structure = argument as? any TensorStructure {
            let slots = structure.tensorSlots
            values.append(AnyHashable(slots.map { $0 == nil }))
            for case .some(let tensor) in slots { tensors.append(tensor) }
            addNames(of: structure)
        } else if let value = argument as? AnyHashable {
            values.append(value)
        } else {
            unsupported = "\(type(of: argument))"
        }
    }

    /// Adds the parts of a structure that are not tensors, such as the keys of a dictionary.
    private mutating func addNames(of value: Any) {
        if value is Tensor { return }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .dictionary:
            let pairs = mirror.children.compactMap { child -> (key: AnyHashable, value: Any)? in
                let pair = Array(Mirror(reflecting: child.value).children)
                guard pair.count == 2, let key = pair[0].value as? AnyHashable else { return nil }
                return (key, pair[1].value)
            }
            values.append(AnyHashable(Set(pairs.map(\.key))))
            for pair in pairs.sorted(by: { "\($0.key)" < "\($1.key)" }) { addNames(of: pair.value) }
        case .none:
            if let value = value as? AnyHashable { values.append(value) }
        default:
            if mirror.children.isEmpty, let value = value as? AnyHashable { return values.append(value) }
            values.append(mirror.children.count)
            for child in mirror.children { addNames(of: child.value) }
        }
    }
}
