import TorchlightCore

/// The property in which a module stores a tensor of its state dictionary.
struct TensorProperty {
    private enum Location {
        /// A property of type `Tensor` or `Tensor?`.
        case property(UnsafeMutableRawPointer)
        /// An element of a property of type `[Tensor]`.
        case element(UnsafeMutableRawPointer, Int)
        /// A value of a property of type `[String: Tensor]`.
        case entry(UnsafeMutableRawPointer, String)
        /// A tensor of ``Module/listedTensors``.
        case listed
    }

    private let module: Module
    private let name: String
    private let location: Location

    /// nil if the module itself has no tensor property, array element or dictionary value with this name.
    init?(_ name: String, of module: Module) {
        self.module = module
        self.name = name
        let base = Unmanaged.passUnretained(module).toOpaque()
        for property in StoredProperty.all(of: type(of: module)) where property.isStrong && property.isCopyable {
            guard let location = Self.find(name, property, base + property.offset) else { continue }
            self.location = location
            return
        }
        guard module.listedTensors.elements.contains(where: { $0.name == name }) else { return nil }
        location = .listed
    }

    private static func find(_ name: String, _ property: StoredProperty, _ address: UnsafeMutableRawPointer)
        -> Location?
    {
        if let location = find(name, in: property.name, property.type, address) { return location }
        // ``Key`` and ``Buffer`` may rename the property.
        func mark<T>(_: T.Type) -> (any PropertyMark)? {
            T.self is any PropertyMark.Type
                ? address.assumingMemoryBound(to: T.self).pointee as? any PropertyMark : nil
        }
        guard let mark = _openExistential(property.type, do: mark) else { return nil }
        let own = property.name.hasPrefix("_") ? String(property.name.dropFirst()) : property.name
        for inner in StoredProperty.all(of: property.type) {
            if let location = find(name, in: mark.key ?? own, inner.type, address + inner.offset) { return location }
        }
        return nil
    }

    /// Finds the tensor with the name `own` in a stored value.
    private static func find(
        _ name: String, in own: String, _ type: Any.Type, _ address: UnsafeMutableRawPointer
    ) -> Location? {
        if type == Tensor.self || type == Tensor?.self { return name == own ? .property(address) : nil }
        guard name.hasPrefix(own + ".") else { return nil }
        let key = String(name.dropFirst(own.count + 1))
        if type == [Tensor].self {
            let count = address.assumingMemoryBound(to: [Tensor].self).pointee.count
            guard let index = Int(key), index >= 0, index < count else { return nil }
            return .element(address, index)
        }
        guard type == [String: Tensor].self,
            address.assumingMemoryBound(to: [String: Tensor].self).pointee[key] != nil
        else { return nil }
        return .entry(address, key)
    }

    /// The current tensor.
    var value: Tensor? {
        withExtendedLifetime(module) {
            switch location {
            case .property(let address): address.assumingMemoryBound(to: Tensor?.self).pointee
            case .element(let address, let index): address.assumingMemoryBound(to: [Tensor].self).pointee[index]
            case .entry(let address, let key): address.assumingMemoryBound(to: [String: Tensor].self).pointee[key]
            case .listed: module.listedTensors.elements.first { $0.name == name }?.tensor
            }
        }
    }

    /// Stores another tensor. `Tensor` and `Tensor?` have the same memory representation.
    func set(_ tensor: Tensor) {
        withExtendedLifetime(module) {
            switch location {
            case .property(let address): address.assumingMemoryBound(to: Tensor?.self).pointee = tensor
            case .element(let address, let index):
                address.assumingMemoryBound(to: [Tensor].self).pointee[index] = tensor
            case .entry(let address, let key):
                address.assumingMemoryBound(to: [String: Tensor].self).pointee[key] = tensor
            case .listed: module.listedTensors.replace(name, by: tensor)
            }
        }
    }
}
