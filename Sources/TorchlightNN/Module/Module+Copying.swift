import CRuntime
import TorchlightCore

extension Module {
    /// Returns a deep copy of this module: parameters, buffers and submodules are copied.
    ///
    ///     let teacher = student.deepCopy().freeze()
    ///
    /// - A tensor or module that is held several times is copied once and is shared in the copy too.
    /// - Gradients are copied. Modes, frozen parameters and hooks are kept.
    /// - Objects that are neither modules nor tensors, such as generators and closures, are shared with the original.
    /// - Tensors that are not leaves, `unowned` references and properties that cannot be copied, such as a `Mutex`, are errors.
    /// - Initialisers and property observers do not run.
    public func deepCopy() -> Self {
        let copier = ModuleCopier()
        let copy = copier.copy(self)
        copier.redirectWeakReferences()
        return unsafeDowncast(copy, to: Self.self)
    }
}

/// Copies modules property by property, as Python's `copy.deepcopy`.
private final class ModuleCopier {
    private var modules: [ObjectIdentifier: Module] = [:]
    private var tensors: [ObjectIdentifier: Tensor] = [:]
    private var weakReferences: [UnsafeMutableRawPointer] = []
    /// The type of the module whose properties are being copied, for errors.
    private var owner = ""

    /// The copy of a module. Each module is copied once.
    func copy(_ module: Module) -> Module {
        if let known = modules[ObjectIdentifier(module)] { return known }
        let kind = type(of: module)
        let properties = StoredProperty.all(of: kind)
        for property in properties where !property.isCopyable {
            return refuse(module, "a property of type \(property.type) cannot be copied")
        }
        let source = UnsafeRawPointer(Unmanaged.passUnretained(module).toOpaque())
        if holdsUnownedReference(module, source, properties) {
            return refuse(module, "an unowned reference cannot be copied; a weak reference can")
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
        // A parametrised parameter is a result of the last call; the next call computes that of the copy.
        for (name, _) in copy.parametrizations {
            let property = TensorProperty(name, of: copy)
            if let value = property?.value { property?.set(value.detach()) }
        }
        let outer = owner
        owner = "\(kind)"
        defer { owner = outer }
        for property in properties where property.isStrong { replace(in: object + property.offset, property.type) }
        return copy
    }

    /// The copy of a tensor. Each tensor is copied once.
    private func copy(_ tensor: Tensor) -> Tensor {
        if let known = tensors[ObjectIdentifier(tensor)] { return known }
        if tensor.isPlaceholder { return tensor }
        if !tensor.isLeaf {
            reportFailure(
                TensorError(
                    .autograd, in: "deepCopy", "\(owner) holds a tensor that is not a leaf of the computation graph",
                    expected: "leaf tensors", fix: "store tensor.detach() in the module instead", operands: [tensor]))
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
                fix: "create a new module and call copy.load(stateDict: model.stateDict())"))
        return module
    }

    /// An object with uninitialised properties; its size is the end of its last property.
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

    /// Copies a weak reference, and the witness tables after it if its type is an existential.
    private func copyReference(
        _ copy: UnsafeMutableRawPointer, from source: UnsafeRawPointer, _ type: Any.Type
    ) {
        func size<T>(_: T.Type) -> Int { MemoryLayout<T>.size }
        copy.copyMemory(from: source, byteCount: _openExistential(type, do: size))
        tl_copy_weak(copy, UnsafeMutableRawPointer(mutating: source))
        weakReferences.append(copy)
    }

    /// Redirects weak references to copied objects to the copies.
    func redirectWeakReferences() {
        for reference in weakReferences {
            guard let object = tl_load_weak(reference) else { continue }
            let target = Unmanaged<AnyObject>.fromOpaque(object).takeRetainedValue()
            guard let copy = modules[ObjectIdentifier(target)] else { continue }
            tl_assign_weak(reference, Unmanaged.passUnretained(copy).toOpaque())
        }
    }

    /// Replaces the modules and tensors in a copied value with their copies.
    fileprivate func replace(in pointer: UnsafeMutableRawPointer, _ type: Any.Type) {
        func open<T>(_: T.Type) { replace(in: pointer.assumingMemoryBound(to: T.self)) }
        _openExistential(type, do: open)
    }

    fileprivate func replace<T>(in pointer: UnsafeMutablePointer<T>) {
        if _isPOD(T.self) { return }
        if let module = pointer.pointee as? Module {
            if let copy = self.copy(module) as? T { pointer.pointee = copy }
        } else if let tensor = pointer.pointee as? Tensor {
            if let copy = self.copy(tensor) as? T { pointer.pointee = copy }
        } else if var container = pointer.pointee as? any CopiedContainer {
            container.replaceElements(self)
            if let copy = container as? T { pointer.pointee = copy }
        } else {
            switch Mirror(reflecting: pointer.pointee).displayStyle {
            case .struct, .tuple:
                // A value in an existential is shared with the original.
                guard type(of: pointer.pointee as Any) == T.self else { return }
                for property in StoredProperty.all(of: T.self) where property.isStrong && property.isCopyable {
                    replace(in: UnsafeMutableRawPointer(pointer) + property.offset, property.type)
                }
            case .enum: checkEnum(pointer.pointee)
            default: break
            }
        }
    }

    /// Reports an error if an enum holds a module or tensor: associated values cannot be replaced.
    private func checkEnum(_ value: Any) {
        guard let payload = Mirror(reflecting: value).children.first?.value else { return }
        let parts = [payload] + Mirror(reflecting: payload).children.map(\.value)
        if parts.contains(where: { $0 is Module || $0 is Tensor }) {
            reportFailure(
                TensorError(
                    .value, in: "deepCopy", "\(owner) holds a module or tensor in an enum, \(type(of: value))",
                    expected: "modules and tensors in optionals, arrays, dictionaries, tuples or structs"))
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
    /// A copy with the same hooks; hooks that are added later are not shared.
    fileprivate func copy() -> ModuleHooks {
        let copy = ModuleHooks()
        copy.forwardPre = forwardPre
        copy.forward = forward
        copy.backwardPre = backwardPre
        copy.backward = backward
        copy.observers = observers
        copy.addsAdapters = addsAdapters
        copy.continueNumbering(of: self)
        return copy
    }
}
