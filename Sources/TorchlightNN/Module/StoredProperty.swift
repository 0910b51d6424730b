import Synchronization

// Information of the Swift runtime about stored properties that `Mirror` does not give: offsets, and whether references are
// strong.

/// A stored property of a class, its superclasses included, or of a struct or tuple.
struct StoredProperty: @unchecked Sendable {
    let name: String
    let type: Any.Type
    let offset: Int
    /// Not `weak` and not `unowned`.
    let isStrong: Bool
    /// Whether values of the type can be copied.
    let isCopyable: Bool

    private static let known = Mutex<[ObjectIdentifier: [StoredProperty]]>([:])

    /// The properties of a type in the order of declaration, those of superclasses first.
    static func all(of type: Any.Type) -> [StoredProperty] {
        if let properties = known.withLock({ $0[ObjectIdentifier(type)] }) { return properties }
        let properties = (0..<recursiveChildCount(type)).map { index in
            var metadata = FieldMetadata()
            let fieldType = recursiveChildMetadata(type, index, &metadata)
            let name = metadata.name.map { String(cString: $0) } ?? "\(index)"
            metadata.freeName?(metadata.name)
            return StoredProperty(
                name: name, type: fieldType, offset: recursiveChildOffset(type, index), isStrong: metadata.isStrong,
                isCopyable: isCopyable(fieldType))
        }
        known.withLock { $0[ObjectIdentifier(type)] = properties }
        return properties
    }

    /// Whether values of the type can be copied, from its value witness table. Values of a noncopyable type such as `Mutex`
    /// must not be read.
    private static func isCopyable(_ type: Any.Type) -> Bool {
        let metadata = unsafeBitCast(type, to: UnsafeRawPointer.self)
        let witnesses = metadata.load(fromByteOffset: -MemoryLayout<Int>.size, as: UnsafeRawPointer.self)
        // The flags follow eight functions, the size and the stride.
        let flags = witnesses.load(fromByteOffset: 10 * MemoryLayout<Int>.size, as: UInt32.self)
        return flags & 0x0080_0000 == 0
    }
}

/// The runtime's description of a field, in the layout of the standard library.
private struct FieldMetadata {
    var name: UnsafePointer<CChar>?
    var freeName: (@convention(c) (UnsafePointer<CChar>?) -> Void)?
    // The runtime does not set the flags for elements of tuples.
    var isStrong = true
    var isVar = true
}

@_silgen_name("swift_reflectionMirror_recursiveCount")
private func recursiveChildCount(_: Any.Type) -> Int

@_silgen_name("swift_reflectionMirror_recursiveChildMetadata")
private func recursiveChildMetadata(_: Any.Type, _ index: Int, _: UnsafeMutablePointer<FieldMetadata>) -> Any.Type

@_silgen_name("swift_reflectionMirror_recursiveChildOffset")
private func recursiveChildOffset(_: Any.Type, _ index: Int) -> Int
