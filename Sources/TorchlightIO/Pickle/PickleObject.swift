/// A value on the stack of a pickle: a small value itself, or the index of an object in the machine's list of objects.
///
/// Objects refer to each other by index and not by reference, so that deep nesting needs no recursive release.
enum PickleRef {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case object(Int)
}

/// An object that a pickle created.
enum PickleObject {
    case string(String)
    case bytes([UInt8])
    case byteArray([UInt8])
    /// An integer of more than 64 bits in two's complement, little-endian.
    case bigInt([UInt8])
    case complex(Double, Double)
    case list([PickleRef])
    case tuple([PickleRef])
    case set([PickleRef])
    /// Keys and values alternately; a key may occur twice.
    case dictionary([PickleRef], isOrdered: Bool)
    case size([Int])
    case dtype(String)
    case device(String)
    case global(PickleGlobal)
    /// A typed view of a storage, by its index.
    case storage(Int)
    /// A tensor, by its index.
    case tensor(Int)
    case numpyType(NumpyType)
    /// An array; nil before it has got its elements.
    case numpyArray(NumpyArray?)
    /// An object that is not created: an unsupported global, or the result of calling one.
    case foreign(ForeignObject)

    /// A description for error texts.
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
        case .numpyType: "a numpy.dtype"
        case .numpyArray: "a NumPy array"
        case .foreign(let object): object.text
        }
    }
}

/// The element type of NumPy's arrays and scalars.
struct NumpyType {
    let element: FileElement
    var isBigEndian = false
}

/// An array or a scalar of NumPy, checked against its bytes.
struct NumpyArray {
    let header: NumpyHeader
    /// Whether it is a scalar and not a 0-dimensional array.
    let isScalar: Bool
    /// The object that holds the bytes.
    let bytes: Int
}

/// An object of an unsupported class, or the result of a function that is not executed.
struct ForeignObject {
    /// The class or function with its module.
    let name: String
    /// The object as a Python expression if a pickle is inspected; otherwise the name.
    let text: String
    /// Why it is not created.
    let reason: String
    /// The position in the pickle.
    let offset: Int
    /// Its data: attributes, and pairs of keys and values.
    var state: PickleRef?
    var items: [PickleRef] = []
}

/// The description of a storage in a pickle.
struct PickleStorage {
    /// The name of the storage in the file. The size in the file, in bytes.
    let key: String
    /// Its size in the file.
    let byteCount: Int
    /// The element type of its first use; nil for bytes whose type each tensor states.
    let element: FileElement?
    /// The position of its first use in the pickle.
    let offset: Int
    /// Whether it is used with different element types.
    var isMixed = false
}

/// A range of a storage, with an element type.
struct PickleStorageView {
    let storage: Int
    /// nil for bytes whose type the tensor states.
    let element: FileElement?
    /// In elements; in bytes if the type is unknown.
    let start: Int
    let count: Int
}

/// The description of a tensor in a pickle, checked against the size of its storage.
struct PickleTensor {
    let storage: Int
    let element: FileElement
    let offset: Int
    let shape: [Int]
    let strides: [Int]
    var requiresGrad: Bool
    var isParameter = false
}

/// A global name in the pickle that is neither loaded nor executed.
package struct PickleRefusal: Sendable {
    /// The name with its module: `os.system`.
    package let name: String
    /// The position in the file.
    package let offset: Int
    /// The call that Python would have made with it; nil if there is none.
    package var call: String?
}

/// The objects that a pickle created.
struct PickleContents {
    let root: PickleRef
    let objects: [PickleObject]
    let storages: [PickleStorage]
    let tensors: [PickleTensor]
    /// The attributes of ordered dictionaries, by object index; each is a dictionary.
    let attributes: [Int: PickleRef]
    let refusals: [PickleRefusal]
    /// The sizes of storages of unsupported element types, by key; only in the format before PyTorch 1.6.
    let skippedStorages: [String: (count: Int, byteCount: Int)]
    /// The position after the last byte.
    let end: Int
}
