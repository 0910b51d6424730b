import Glibc
@_spi(Reflection) import Swift
import Synchronization
import TorchlightCore

// The parameters, buffers and submodules of a module, found by reflection over its stored properties.
//
// `Mirror` costs microseconds for each property, and `parameters()` may be called in every step. So the result is cached,
// together with a copy of the memory of the properties that were read. While that memory is unchanged, so are the contents
// of the module: the cache retains the values, so no address is reused, and an array or dictionary with a second reference
// copies itself before it changes, which changes the reference in the property.

/// The parameters, buffers and modules that one module holds directly.
struct Contents {
    var parameters: [(name: String, tensor: Tensor)] = []
    var buffers: [(name: String, tensor: Tensor, persistent: Bool)] = []
    var children: [(name: String, module: Module)] = []
    /// The children in the printed form: an array or dictionary of modules is one group.
    var groups: [(name: String, group: ModuleGroup)] = []
    /// The values of the properties that were read, retained.
    var held: [Any] = []
    /// The memory of those properties, and where they lie.
    fileprivate var snapshot: [UInt8] = []
    fileprivate var fields = StoredFields()

    /// Whether the memory of the module's properties has not changed since its contents were found.
    func areUnchanged(in module: Module) -> Bool { fields.match(snapshot, in: module) }
}

/// A child in the printed form.
enum ModuleGroup {
    case module(Module)
    /// "ModuleList" or "ModuleDict" with its elements.
    case list(String, [(name: String, group: ModuleGroup)])
}

extension Module {
    /// The current contents of the module.
    var currentContents: Contents {
        if let contents, contents.areUnchanged(in: self) { return contents }
        let scanned = scan(StoredFields.of(type(of: self)))
        contents = scanned
        return scanned
    }

    private func scan(_ fields: StoredFields) -> Contents {
        var scanner = Scanner(inlinesLists: inlinesItsList, elementNames: elementNames)
        var mirrors: [Mirror] = []
        var next: Mirror? = Mirror(reflecting: self)
        while let mirror = next, mirror.subjectType != Module.self {
            mirrors.append(mirror)
            next = mirror.superclassMirror
        }
        var index = 0
        for mirror in mirrors.reversed() {
            for child in mirror.children {
                defer { index += 1 }
                guard let field = fields.relevant[index] else { continue }
                if isWeak(child.value, at: field.offset) { continue }
                scanner.contents.held.append(child.value)
                scanner.read(child.value, name: Self.propertyName(child.label ?? "\(index)"))
            }
        }
        scanner.contents.snapshot = fields.copy(of: self)
        scanner.contents.fields = fields
        for (name, parametrization) in parametrizations {
            scanner.contents.parameters.removeAll { $0.name == name }
            if let tensors = parametrization.stateTensors(of: name) {
                scanner.contents.parameters += tensors.parameters.map { (name: $0.0, tensor: $0.1) }
                scanner.contents.buffers += tensors.buffers.map { (name: $0.0, tensor: $0.1, persistent: true) }
                continue
            }
            scanner.contents.children.append(("parametrizations.\(name)", parametrization))
            scanner.contents.groups.append(("parametrizations.\(name)", .module(parametrization)))
        }
        if let layerAdapters {
            scanner.contents.children.append(("lora", layerAdapters))
            scanner.contents.groups.append(("lora", .module(layerAdapters)))
        }
        return scanner.contents
    }

    /// A weak reference is not stored as the address of its object.
    private func isWeak(_ value: Any, at offset: Int) -> Bool {
        guard let module = value as? Module else { return false }
        let word = Unmanaged.passUnretained(self).toOpaque().load(fromByteOffset: offset, as: UInt.self)
        return word != UInt(bitPattern: Unmanaged.passUnretained(module).toOpaque()) && !(value is any PropertyMark)
    }

    /// The name of the property behind a stored variable: `_name` for wrappers, `$__lazy_storage_$_name` for lazy ones.
    fileprivate static func propertyName(_ label: String) -> String {
        let lazyPrefix = "$__lazy_storage_$_"
        return label.hasPrefix(lazyPrefix) ? String(label.dropFirst(lazyPrefix.count)) : label
    }
}

/// Sorts values into parameters, buffers and modules.
private struct Scanner {
    /// Whether elements are named "0" instead of "layers.0", as in ``Sequential``.
    let inlinesLists: Bool
    /// The names of the elements of an inlined list, instead of "0".
    let elementNames: [String]?
    var contents = Contents()

    init(inlinesLists: Bool, elementNames: [String]?) {
        self.inlinesLists = inlinesLists
        self.elementNames = elementNames
    }

    mutating func read(_ value: Any, name: String) {
        var groups: [(name: String, group: ModuleGroup)] = []
        read(value, name: name, label: name, buffer: nil, into: &groups)
        contents.groups += groups
    }

    private mutating func read(
        _ value: Any, name: String, label: String, buffer: BufferKind?,
        into groups: inout [(name: String, group: ModuleGroup)]
    ) {
        switch value {
        case let tensor as Tensor:
            if let buffer {
                contents.buffers.append((name, tensor, buffer.persistent))
            } else if tensor.isParameter || (tensor.requiresGrad && tensor.isLeaf) {
                tensor.isParameter = true
                contents.parameters.append((name, tensor))
            }
        case let module as Module:
            contents.children.append((name, module))
            groups.append((label, .module(module)))
        case let mark as any PropertyMark:
            // The last component of the path is the name of the property.
            let start = name.lastIndex(of: ".").map { name.index(after: $0) } ?? name.startIndex
            let (path, plain) = (name[..<start], name[start...])
            let own = mark.key ?? String(plain.hasPrefix("_") ? plain.dropFirst() : plain)
            read(mark.content, name: path + own, label: own, buffer: mark.buffer ?? buffer, into: &groups)
        case let container as any PropertyContainer:
            guard let elements = container.elementsToScan else { return }
            var inner: [(name: String, group: ModuleGroup)] = []
            for (key, element) in elements {
                guard let key else {
                    read(element, name: name, label: label, buffer: buffer, into: &groups)
                    continue
                }
                let own = Int(key).flatMap { elementNames?[$0] } ?? key
                let full = inlinesLists || value is NamedTensors ? own : "\(name).\(key)"
                read(element, name: full, label: own, buffer: buffer, into: &inner)
            }
            if inlinesLists {
                groups += inner
            } else if !inner.isEmpty {
                groups.append((label, .list(container.printedName, inner)))
            }
        default: readParts(of: value, name: name, label: label, buffer: buffer, into: &groups)
        }
    }

    /// Reads tuples, structs, and associated values of enums.
    private mutating func readParts(
        of value: Any, name: String, label: String, buffer: BufferKind?,
        into groups: inout [(name: String, group: ModuleGroup)]
    ) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .enum:
            // The name of the case is not part of the path, as with an optional.
            if let payload = mirror.children.first {
                read(payload.value, name: name, label: label, buffer: buffer, into: &groups)
            }
        case .struct, .tuple, .collection:
            let isStruct = mirror.displayStyle == .struct
            let properties = isStruct ? StoredProperty.all(of: type(of: value)) : []
            var inner: [(name: String, group: ModuleGroup)] = []
            for (index, child) in mirror.children.enumerated() {
                // A weak reference to the parent module is not followed.
                if index < properties.count, !properties[index].isStrong { continue }
                // Elements of a tuple without names are called ".0", ".1", ...
                let own = child.label.map { $0.hasPrefix(".") ? String($0.dropFirst()) : Module.propertyName($0) }
                let key = own ?? "\(index)"
                // A property wrapper's value is stored under its name with a leading "_".
                let plain = child.value is any PropertyMark && key.hasPrefix("_") ? String(key.dropFirst()) : key
                read(child.value, name: "\(name).\(plain)", label: plain, buffer: buffer, into: &inner)
            }
            if !inner.isEmpty { groups.append((label, .list(isStruct ? "\(type(of: value))" : "ModuleList", inner))) }
        case .set:
            let holdsAny = mirror.children.contains { $0.value is Module || ($0.value as? Tensor)?.isParameter == true }
            if holdsAny {
                reportFailure(
                    TensorError(
                        .value, in: "Module",
                        "the property \(name) is a set of modules or parameters, and a set has no order",
                        expected: "an array or a dictionary of modules or parameters"))
            }
        default: break
        }
    }
}

/// Arrays, dictionaries and optionals of anything.
private protocol PropertyContainer {
    /// The elements with their keys, which are nil for an optional's value; nil where the elements are numbers.
    var elementsToScan: [(key: String?, value: Any)]? { get }
    /// The name of a group of modules in printed models.
    var printedName: String { get }
}

extension Array: PropertyContainer {
    var elementsToScan: [(key: String?, value: Any)]? {
        if Element.self is any TensorElement.Type { return nil }
        return enumerated().map { (String($0.offset), $0.element) }
    }
    var printedName: String { "ModuleList" }
}

extension Dictionary: PropertyContainer {
    var elementsToScan: [(key: String?, value: Any)]? {
        if Value.self is any TensorElement.Type { return nil }
        if let numbers = self as? [Int: Value] {
            return numbers.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) }
        }
        return map { ("\($0.key)", $0.value) }.sorted { $0.0 < $1.0 }
    }
    var printedName: String { "ModuleDict" }
}

/// Named parameters in order, for modules whose number of parameters depends on their settings.
struct OrderedTensors {
    private(set) var elements: [(name: String, tensor: Tensor)] = []
    mutating func append(_ name: String, _ tensor: Tensor) { elements.append((name, tensor)) }

    /// Replaces the tensor with a name.
    mutating func replace(_ name: String, by tensor: Tensor) {
        for index in elements.indices where elements[index].name == name { elements[index].tensor = tensor }
    }
}

extension OrderedTensors: PropertyContainer {
    var elementsToScan: [(key: String?, value: Any)]? { elements.map { ($0.name, $0.tensor) } }
    var printedName: String { "" }
}

/// Tensors in order whose names in the state dictionary do not begin with the name of the property that holds them.
package struct NamedTensors {
    package let elements: [(name: String, tensor: Tensor)]
    package init(_ elements: [(name: String, tensor: Tensor)]) { self.elements = elements }
}

extension NamedTensors: PropertyContainer {
    var elementsToScan: [(key: String?, value: Any)]? { elements.map { ($0.name, $0.tensor) } }
    var printedName: String { "" }
}

extension Optional: PropertyContainer {
    var elementsToScan: [(key: String?, value: Any)]? { map { [(nil, $0)] } }
    var printedName: String { "" }
}

/// The memory layout of the stored properties of a class that may hold parameters or modules; computed once for each class.
fileprivate struct StoredFields: Sendable {
    struct Field: Sendable {
        var offset: Int
        var size: Int
    }

    /// By the index of the property, superclasses first; nil where the type can hold neither a tensor nor a module.
    var relevant: [Field?] = []

    private static let known = Mutex<[ObjectIdentifier: StoredFields]>([:])

    static func of(_ type: Module.Type) -> StoredFields {
        known.withLock { known in
            if let fields = known[ObjectIdentifier(type)] { return fields }
            let fields = StoredFields(type)
            known[ObjectIdentifier(type)] = fields
            return fields
        }
    }

    /// The option "the type is a class", written as its value: the standard library's constant is a mutable variable.
    private static var asClass: _EachFieldOptions { _EachFieldOptions(rawValue: 1) }

    /// Those of a class without such properties.
    init() {}

    private init(_ type: Module.Type) {
        var own = 0
        _ = _forEachField(of: Module.self, options: Self.asClass) { _, _, _, _ in
            own += 1
            return true
        }
        var index = 0
        _ = _forEachField(of: type, options: Self.asClass) { _, offset, fieldType, _ in
            defer { index += 1 }
            // The properties of `Module` itself come first.
            guard index >= own else { return true }
            // A trivial type holds no reference.
            let (size, isTrivial) = Self.size(of: fieldType)
            relevant.append(isTrivial || fieldType == String.self ? nil : Field(offset: offset, size: size))
            return true
        }
    }

    private static func size(of type: Any.Type) -> (size: Int, isTrivial: Bool) {
        func open<T>(_ type: T.Type) -> (size: Int, isTrivial: Bool) { (MemoryLayout<T>.size, _isPOD(type)) }
        return _openExistential(type, do: open)
    }

    func copy(of module: Module) -> [UInt8] {
        let object = Unmanaged.passUnretained(module).toOpaque()
        var bytes: [UInt8] = []
        for case let field? in relevant {
            bytes += UnsafeRawBufferPointer(start: object + field.offset, count: field.size)
        }
        return bytes
    }

    func match(_ snapshot: [UInt8], in module: Module) -> Bool {
        let object = Unmanaged.passUnretained(module).toOpaque()
        return snapshot.withUnsafeBytes { snapshot in
            var position = 0
            for case let field? in relevant {
                if memcmp(object + field.offset, snapshot.baseAddress! + position, field.size) != 0 { return false }
                position += field.size
            }
            return true
        }
    }
}
