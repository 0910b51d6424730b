/// A value on the stack of a pickle: small ones themselves, all others by their number in the machine's list of objects.
///
/// Objects refer to each other by number, not by reference: whatever a pickle nests, nothing is released recursively.
enum PickleRef {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case object(Int)
}

/// An object that a pickle made.
enum PickleObject {
    case string(String)
    case bytes([UInt8])
    case byteArray([UInt8])
    /// An integer of more than 64 bits: two's complement, the least significant byte first.
    case bigInt([UInt8])
    case complex(Double, Double)
    case list([PickleRef])
    case tuple([PickleRef])
    case set([PickleRef])
    /// Keys and values in turn; keys may still come twice.
    case dictionary([PickleRef], isOrdered: Bool)
    case size([Int])
    case dtype(String)
    case device(String)
    case global(PickleGlobal)
    /// A typed view of a storage, by its number.
    case storage(Int)
    /// A tensor, by its number.
    case tensor(Int)
    /// Something that is not made: a global that is not on the list, or what a call of one would give.
    case foreign(ForeignObject)

    /// What it is, for messages.
    var summary: String {
        switch self {
        case .string(let text): "the string \(IOError.quoted(text))"
        case .bytes, .byteArray: "bytes"
        case .bigInt: "an integer of more than 64 bits"
        case .complex: "a complex number"
        case .list: "a list"
        case .tuple: "a tuple"
        case .set: "a set"
        case .dictionary: "a dictionary"
        case .size: "a torch.Size"
        case .dtype(let name): "torch.\(name)"
        case .device: "a torch.device"
        case .global(let global): "the global \(global.name)"
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .foreign(let object): object.text
        }
    }
}

/// An object of a class that is not known, or the result of a function that is not run.
struct ForeignObject {
    /// The class or function, with its module.
    let name: String
    /// The object as a Python expression, where a pickle is inspected; otherwise the name.
    let text: String
    /// Why it is not made.
    let reason: String
    /// Where in the pickle it was asked for.
    let offset: Int
    /// What it was given: its attributes, and pairs of keys and values. Data, read as such.
    var state: PickleRef?
    var items: [PickleRef] = []
}

/// What a pickle says about a storage.
struct PickleStorage {
    /// Its name in the file.
    let key: String
    /// Its size in the file.
    let byteCount: Int
    /// The first type that it was asked for with; nil for bytes whose type every tensor states.
    let element: FileElement?
    /// Where in the pickle it was first asked for.
    let offset: Int
    /// Whether it was asked for with different types.
    var isMixed = false
}

/// A part of a storage, as elements of a type.
struct PickleStorageView {
    let storage: Int
    /// Nil for bytes whose type the tensor states.
    let element: FileElement?
    /// In elements; in bytes where the type is not known.
    let start: Int
    let count: Int
}

/// What a pickle says about a tensor; checked against the size of its storage.
struct PickleTensor {
    let storage: Int
    let element: FileElement
    let offset: Int
    let shape: [Int]
    let strides: [Int]
    var requiresGrad: Bool
    var isParameter = false
}

/// A global name that the pickle asked for and that is neither loaded nor run.
package struct PickleRefusal: Sendable {
    /// The name with its module: `os.system`.
    package let name: String
    /// Where it stands in the file.
    package let offset: Int
    /// The call that Python would have made with it, where one follows.
    package var call: String?
}

/// What a pickle made.
struct PickleContents {
    let root: PickleRef
    let objects: [PickleObject]
    let storages: [PickleStorage]
    let tensors: [PickleTensor]
    /// The attributes of ordered dictionaries, by object: dictionaries again.
    let attributes: [Int: PickleRef]
    let refusals: [PickleRefusal]
    /// One past the last byte.
    let end: Int
}
