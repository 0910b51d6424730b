/// The supported global names: containers, numbers, and the functions that create tensors. None of them is looked up or
/// executed: the reader implements each. The results of all other names are skipped.
enum PickleGlobal: Equatable {
    case orderedDict
    case counter
    /// `collections.defaultdict`; its default factory is ignored.
    case defaultDict
    /// `collections.deque`, read as a list.
    case deque
    case set
    case frozenSet
    case complex
    case byteArray
    /// `_codecs.encode`, with which protocol 2 writes bytes.
    case encode
    /// `bytes`, by which old protocols write none.
    case noBytes
    case size
    case device
    case dtype(String)
    case storage(FileElement?)
    case rebuildTensor
    case rebuildTensorV3
    case rebuildParameter
    /// A parameter with attributes, which are ignored.
    case rebuildParameterWithState
    /// A tensor of a subclass or with attributes, read as a plain tensor.
    case rebuildFromType
    /// `numpy.dtype`.
    case numpyDType
    /// `numpy.ndarray`, as the class of an array that is made.
    case numpyArray
    /// Makes an empty array, which gets its shape, type and elements as attributes.
    case numpyReconstruct
    /// Makes an array of its elements, in protocol 5.
    case numpyFromBuffer
    /// Makes a single number of NumPy's, of its type and bytes.
    case numpyScalar

    /// Finds the global of a module and a name.
    ///
    /// - Returns: the global; or nil and, for known unsupported names, the reason.
    static func find(module: String, name: String) -> (global: PickleGlobal?, reason: String?) {
        switch (module, name) {
        case ("collections", "OrderedDict"): return (.orderedDict, nil)
        case ("collections", "Counter"): return (.counter, nil)
        case ("collections", "defaultdict"): return (.defaultDict, nil)
        case ("collections", "deque"): return (.deque, nil)
        case ("builtins", _), ("__builtin__", _):
            let globals: [String: PickleGlobal] = [
                "set": .set, "frozenset": .frozenSet, "complex": .complex, "bytearray": .byteArray, "bytes": .noBytes,
            ]
            return (globals[name], nil)
        case ("_codecs", "encode"): return (.encode, nil)
        case ("numpy", "dtype"): return (.numpyDType, nil)
        case ("numpy", "ndarray"): return (.numpyArray, nil)
        // The modules were renamed in NumPy 2.
        case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
            return (.numpyReconstruct, nil)
        case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"):
            return (.numpyFromBuffer, nil)
        case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): return (.numpyScalar, nil)
        case ("torch", "Size"): return (.size, nil)
        case ("torch", "device"): return (.device, nil)
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): return (.rebuildTensor, nil)
        case ("torch._utils", "_rebuild_tensor_v3"): return (.rebuildTensorV3, nil)
        case ("torch._utils", "_rebuild_parameter"): return (.rebuildParameter, nil)
        case ("torch._utils", "_rebuild_parameter_with_state"): return (.rebuildParameterWithState, nil)
        case ("torch._tensor", "_rebuild_from_type_v2"), ("torch._tensor", "_rebuild_from_type"):
            return (.rebuildFromType, nil)
        case ("torch._utils", _): return (nil, unsupportedTensors[name])
        case ("torch", _), ("torch.storage", _), ("torch.cuda", _):
            if module == "torch", dtypes.contains(name) { return (.dtype(name), nil) }
            if name == "UntypedStorage" { return (.storage(nil), nil) }
            guard let element = storages[name] else { return (nil, nil) }
            guard let known = FileElement(name: element) else {
                return (nil, "the element type \(element) is not supported")
            }
            return (.storage(known), nil)
        default: return (nil, nil)
        }
    }

    /// The name for error texts.
    var name: String {
        switch self {
        case .orderedDict: "collections.OrderedDict"
        case .counter: "collections.Counter"
        case .set: "set"
        case .frozenSet: "frozenset"
        case .complex: "complex"
        case .byteArray: "bytearray"
        case .encode: "_codecs.encode"
        case .noBytes: "bytes"
        case .size: "torch.Size"
        case .device: "torch.device"
        case .dtype(let name): "torch.\(name)"
        case .storage(let element): "the storage class of \(element?.name ?? "bytes")"
        case .rebuildTensor: "torch._utils._rebuild_tensor_v2"
        case .rebuildTensorV3: "torch._utils._rebuild_tensor_v3"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .rebuildParameterWithState: "torch._utils._rebuild_parameter_with_state"
        case .rebuildFromType: "torch._tensor._rebuild_from_type_v2"
        case .defaultDict: "collections.defaultdict"
        case .deque: "collections.deque"
        case .numpyDType: "numpy.dtype"
        case .numpyArray: "numpy.ndarray"
        case .numpyReconstruct: "numpy._core.multiarray._reconstruct"
        case .numpyFromBuffer: "numpy._core.numeric._frombuffer"
        case .numpyScalar: "numpy._core.multiarray.scalar"
        }
    }

    /// The element types of PyTorch's storage classes.
    private static let storages: [String: String] = [
        "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
        "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
        "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
        "ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8", "QUInt8Storage": "quint8",
        "QInt32Storage": "qint32", "QUInt4x2Storage": "quint4x2", "QUInt2x4Storage": "quint2x4",
    ]

    /// The sizes in bytes of elements of storage classes that are not supported. Their data is skipped in the format before
    /// PyTorch 1.6, which has no directory.
    static let quantizedStorages: [String: Int] = [
        "torch.QInt8Storage": 1, "torch.QUInt8Storage": 1, "torch.QInt32Storage": 4, "torch.QUInt4x2Storage": 1,
        "torch.QUInt2x4Storage": 1,
    ]

    /// The name of the storage class of an element type in PyTorch's pickles.
    static func storageClass(of element: FileElement) -> String {
        storages.first { $0.value == element.name }!.key
    }

    /// PyTorch's dtypes. As values they are names; tensors are created only for supported dtypes.
    private static let dtypes: Set<String> = [
        "float64", "double", "float32", "float", "float16", "half", "bfloat16", "int64", "long", "int32", "int",
        "int16",
        "short", "int8", "uint8", "bool", "uint16", "uint32", "uint64", "complex32", "complex64", "complex128", "qint8",
        "quint8", "qint32", "quint4x2", "quint2x4", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
        "float8_e5m2fnuz", "float8_e8m0fnu",
    ]

    /// The reasons for other functions that create tensors.
    private static let unsupportedTensors = [
        "_rebuild_sparse_tensor": "sparse tensors are not supported",
        "_rebuild_sparse_csr_tensor": "sparse tensors are not supported",
        "_rebuild_qtensor": "quantized tensors are not supported",
        "_rebuild_nested_tensor": "nested tensors are not supported",
        "_rebuild_meta_tensor_no_storage": "tensors on the device 'meta' have no values",
        "_rebuild_wrapper_subclass": "subclasses of tensors are not supported",
        "_rebuild_device_tensor_from_numpy": "tensors that are pickled as NumPy arrays are not supported",
    ]
}
