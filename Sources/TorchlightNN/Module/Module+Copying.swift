import CRuntime
import TorchlightCore

extension Module {
    /// A module of the same type and settings with parameters, buffers and modules of its own: training one leaves the other
    /// as it is.
    ///
    ///     let teacher = student.deepCopy().freeze()
    ///
    /// Tensors and modules that are held several times are copied once and shared in the copy as in the original. Gradients are
    /// copied, modes, frozen parameters and hooks are kept. Objects that are neither modules nor tensors are shared: generators,
    /// closures, and what these hold. Tensors with a history, `unowned` references and properties that cannot be copied (a
    /// `Mutex`) are errors; initialisers and property observers do not run.
    public func deepCopy() -> Self {
        let copier = ModuleCopier()
        let copy = copier.copy(self)
        copier.redirectWeakReferences()
        return unsafeDowncast(copy, to: Self.self)
    }
}

/// Copies modules property by property, as Python's deepcopy does.
private final class ModuleCopier {
    private var modules: [ObjectIdentifier: Module] = [:]
    private var tensors: [ObjectIdentifier: Tensor] = [:]
    private var weakReferences: [UnsafeMutableRawPointer] = []
    /// The module whose property is copied, for errors.
    private var owner = ""

    /// The copy of a module; the same one each time.
    func copy(_ module: Module) -> Module {
        if let known = modules[ObjectIdentifier(module)] { return known }
        let kind = type(of: module)
        let properties = StoredProperty.all(of: kind)
        for property in properties where !property.isCopyable {
            return refuse(module, "a property of type \(property.type) cannot be copied")
        }
        let source = UnsafeRawPointer(Unmanaged.passUnretained(module).toOpaque())
        if holdsUnownedReference(module, source, properties) {
            return refuse(module, "it holds an unowned reference; a weak one can be copied")
        }
        let object = allocate(kind, properties)
        for property in properties {
            if property.isStrong {
                initialize(object + property.offset, from: source + property.offset, property.type)
            } else {
                copyReference(object + property.offset, from: source + property.offset, property.type)
            }
        }
        let copy = Unmanaged<Module>.fromOpaque(object).takeRetainedValue()
        modules[ObjectIdentifier(module)] = copy
        copy.contents = nil
        copy.hooks = copy.hooks?.copy()
        let outer = owner
        owner = "\(kind)"
        defer { owner = outer }
        for property in properties where property.isStrong { replace(in: object + property.offset, property.type) }
        return copy
    }

    /// The copy of a tensor; the same one each time.
    private func copy(_ tensor: Tensor) -> Tensor {
        if let known = tensors[ObjectIdentifier(tensor)] { return known }
        if tensor.isPlaceholder { return tensor }
        if !tensor.isLeaf {
            reportFailure(
                TensorError(
                    .autograd, in: "deepCopy", "\(owner) holds a tensor with a history", expected: "leaves",
                    fix: "detach() it", operands: [tensor]))
        }
        let copy = noGrad { tensor.detach().clone() }
        copy.isParameter = tensor.isParameter
        if tensor.isLeaf, tensor.requiresGrad { copy.requiresGrad_() }
        if let gradient = tensor.grad { copy.grad = noGrad { gradient.detach().clone() } }
        tensors[ObjectIdentifier(tensor)] = copy
        return copy
    }

    private func refuse(_ module: Module, _ problem: String) -> Module {
        reportFailure(
            TensorError(
                .value, in: "deepCopy", "\(type(of: module)): \(problem)", expected: "properties that can be copied",
                fix: "make a new module and load the state dict of this one"))
        return module
    }

    /// An object without values, which ends where its last property does.
    private func allocate(_ type: Module.Type, _ properties: [StoredProperty]) -> UnsafeMutableRawPointer {
        func size<T>(_: T.Type) -> Int { MemoryLayout<T>.size }
        let header = 2 * MemoryLayout<Int>.size
        let end = properties.map { $0.offset + _openExistential($0.type, do: size) }.max() ?? header
        return tl_allocate_object(
            unsafeBitCast(type as AnyClass, to: UnsafeRawPointer.self), max(end, header), header - 1)
    }

    private func initialize(_ copy: UnsafeMutableRawPointer, from source: UnsafeRawPointer, _ type: Any.Type) {
        func open<T>(_: T.Type) {
            copy.initializeMemory(as: T.self, from: source.assumingMemoryBound(to: T.self), count: 1)
        }
        _openExistential(type, do: open)
    }

    /// An unowned reference is stored as the address of its object, a weak one is not.
    private func holdsUnownedReference(
        _ module: Module, _ source: UnsafeRawPointer, _ properties: [StoredProperty]
    ) -> Bool {
        if properties.allSatisfy(\.isStrong) { return false }
        var mirrors: [Mirror] = []
        var next: Mirror? = Mirror(reflecting: module)
        while let mirror = next {
            mirrors.append(mirror)
            next = mirror.superclassMirror
        }
        let values = mirrors.reversed().flatMap { $0.children.map(\.value) }
        return zip(properties, values).contains { property, value in
            guard !property.isStrong,
                let object = Mirror(reflecting: value).displayStyle == .optional
                    ? Mirror(reflecting: value).children.first?.value : value
            else { return false }
            let word = source.load(fromByteOffset: property.offset, as: UInt.self)
            return word == UInt(bitPattern: Unmanaged.passUnretained(object as AnyObject).toOpaque())
        }
    }

    /// A weak reference, and what stands behind it of an existential.
    private func copyReference(
        _ copy: UnsafeMutableRawPointer, from source: UnsafeRawPointer, _ type: Any.Type
    ) {
        func size<T>(_: T.Type) -> Int { MemoryLayout<T>.size }
        copy.copyMemory(from: source, byteCount: _openExistential(type, do: size))
        tl_copy_weak(copy, UnsafeMutableRawPointer(mutating: source))
        weakReferences.append(copy)
    }

    /// Makes weak references to what was copied refer to the copies.
    func redirectWeakReferences() {
        for reference in weakReferences {
            guard let object = tl_load_weak(reference) else { continue }
            let target = Unmanaged<AnyObject>.fromOpaque(object).takeRetainedValue()
            guard let copy = modules[ObjectIdentifier(target)] else { continue }
            tl_assign_weak(reference, Unmanaged.passUnretained(copy).toOpaque())
        }
    }

    /// Replaces the modules and tensors in a value, which is a copy of another, by copies.
    fileprivate func replace(in place: UnsafeMutableRawPointer, _ type: Any.Type) {
        func open<T>(_: T.Type) { replace(in: place.assumingMemoryBound(to: T.self)) }
        _openExistential(type, do: open)
    }

    fileprivate func replace<T>(in place: UnsafeMutablePointer<T>) {
        if _isPOD(T.self) { return }
        if let module = place.pointee as? Module {
            if let copy = self.copy(module) as? T { place.pointee = copy }
        } else if let tensor = place.pointee as? Tensor {
            if let copy = self.copy(tensor) as? T { place.pointee = copy }
        } else if var container = place.pointee as? any CopiedContainer {
            container.replaceElements(self)
            if let copy = container as? T { place.pointee = copy }
        } else {
            switch Mirror(reflecting: place.pointee).displayStyle {
            case .struct, .tuple:
                // What stands behind a protocol's type is shared.
                guard type(of: place.pointee as Any) == T.self else { return }
                for property in StoredProperty.all(of: T.self) where property.isStrong && property.isCopyable {
                    replace(in: UnsafeMutableRawPointer(place) + property.offset, property.type)
                }
            case .enum: checkEnum(place.pointee)
            default: break
            }
        }
    }

    /// What the case of an enum carries cannot be replaced.
    private func checkEnum(_ value: Any) {
        guard let payload = Mirror(reflecting: value).children.first?.value else { return }
        let parts = [payload] + Mirror(reflecting: payload).children.map(\.value)
        if parts.contains(where: { $0 is Module || $0 is Tensor }) {
            reportFailure(
                TensorError(
                    .value, in: "deepCopy", "\(owner) holds a module or a tensor in an enum, \(type(of: value))",
                    expected: "optionals, arrays, dictionaries, tuples or structs"))
        }
    }
}

/// Containers of values that may hold modules or tensors.
private protocol CopiedContainer {
    mutating func replaceElements(_ copier: ModuleCopier)
}

extension Array: CopiedContainer {
    fileprivate mutating func replaceElements(_ copier: ModuleCopier) {
        if _isPOD(Element.self) || Element.self == String.self { return }
        withUnsafeMutableBufferPointer { elements in
            for i in elements.indices { copier.replace(in: elements.baseAddress! + i) }
        }
    }
}

extension Dictionary: CopiedContainer {
    fileprivate mutating func replaceElements(_ copier: ModuleCopier) {
        if _isPOD(Value.self) || Value.self == String.self { return }
        for key in Array(keys) {
            guard var value = self[key] else { continue }
            withUnsafeMutablePointer(to: &value) { copier.replace(in: $0) }
            self[key] = value
        }
    }
}

extension Optional: CopiedContainer {
    fileprivate mutating func replaceElements(_ copier: ModuleCopier) {
        guard var value = self else { return }
        withUnsafeMutablePointer(to: &value) { copier.replace(in: $0) }
        self = .some(value)
    }
}

extension ModuleHooks {
    /// The same hooks, to which others can be added.
    fileprivate func copy() -> ModuleHooks {
        let copy = ModuleHooks()
        copy.forwardPre = forwardPre
        copy.forward = forward
        copy.backwardPre = backwardPre
        copy.backward = backward
        copy.observers = observers
        copy.continueNumbering(of: self)
        return copy
    }
}
