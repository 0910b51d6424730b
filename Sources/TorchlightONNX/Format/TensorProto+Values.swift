import TorchlightCore
import TorchlightIO

extension TensorProto {
    private var what: String { name.isEmpty ? "a tensor" : "the tensor \(quoted(name))" }

    /// The value of the tensor. Elements whose bytes have the layout of memory are not copied.
    ///
    /// - Parameter external: the external files of the model.
    package func value(external: ExternalData? = nil) throws -> ONNXValue {
        let type = try ONNXElementType.read(dataType, of: what)
        if isSegmented { throw Problem("\(what) is stored in segments", kind: .unsupported) }
        var count = 1
        for size in dims {
            let (product, overflows) = count.multipliedReportingOverflow(by: size)
            if size < 0 || overflows || product > maximumCount {
                throw Problem(
                    "\(what) has the shape \(dims.prefix(64))",
                    expected: "sizes of at least 0 whose product is below 2^59",
                    kind: .malformed)
            }
            count = product
        }
        if dims.count > maximumRank {
            throw Problem(
                "\(what) has \(quantity(dims.count, "dimension"))", expected: "at most \(maximumRank)",
                kind: .unsupported)
        }
        if type == .string {
            if stringData.count != count { throw wrongCount(stringData.count, "strings", count) }
            return .strings(StringTensor(stringData.map { String(decoding: $0, as: UTF8.self) }, shape: dims))
        }
        let data = try contents(type, external)
        let size = (count * type.bitCount + 7) / 8
        if data.count != size { throw wrongCount(data.count, "bytes of \(type)", size) }
        return .tensor(ONNXTensor(try data.tensor(type, dims, count), type))
    }

    private func wrongCount(_ found: Int, _ unit: String, _ needed: Int) -> Problem {
        Problem(
            "\(what) with the shape \(dims) has \(found) \(unit)", expected: "\(needed)", kind: .malformed)
    }

    /// The raw bytes of the elements.
    private func contents(_ type: ONNXElementType, _ external: ExternalData?) throws -> ByteSlice {
        if isExternal {
            guard let external else {
                throw Problem(
                    "\(what) is stored in another file, and the model was not read from a folder", kind: .unsupported)
            }
            return try external.bytes(of: externalData, for: what)
        }
        if let rawData { return rawData }
        func bytes<Number>(_ numbers: [Number]) -> ByteSlice { ByteSlice(numbers.withUnsafeBytes { Array($0) }) }
        switch type {
        case .float, .complex64: return bytes(floatData)
        case .double, .complex128: return bytes(doubleData)
        case .int64: return bytes(int64Data)
        case .uint64: return bytes(uint64Data)
        case .uint32: return bytes(uint64Data.map { UInt32(truncatingIfNeeded: $0) })
        case .int32: return bytes(int32Data)
        case .int16, .uint16, .float16, .bfloat16: return bytes(int32Data.map { UInt16(truncatingIfNeeded: $0) })
        default: return ByteSlice(int32Data.map { UInt8(truncatingIfNeeded: $0) })
        }
    }
}

extension ByteSlice {
    /// The tensor of elements in this message, whose number of bytes was checked.
    fileprivate func tensor(_ type: ONNXElementType, _ shape: [Int], _ count: Int) throws -> Tensor {
        defer { withExtendedLifetime(owner) {} }
        guard let dtype = type.dtype else { throw Problem("strings are not stored as bytes", kind: .malformed) }
        if type.isExact && type != .bool { return try direct(dtype, shape) }
        switch type {
        case .bool: return Tensor(bytes.map { $0 != 0 }, shape: shape)
        case .uint16:
            return Tensor(
                (0..<count).map { Int32(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }, shape: shape)
        case .uint32:
            return Tensor(
                (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }, shape: shape)
        case .uint64: return try direct(.int64, shape)
        case .uint4, .int4, .uint2, .int2:
            let codes = unpacked(type.bitCount, count)
            if type.isUnsigned { return Tensor(codes, shape: shape) }
            let sign = Int8(1 << (type.bitCount - 1))
            return Tensor(codes.map { (Int8($0) ^ sign) - sign }, shape: shape)
        default:
            guard let table = type.smallFloat?.table else { throw Problem("no values of \(type)", kind: .unsupported) }
            let codes = type.bitCount == 8 ? Array(bytes) : unpacked(type.bitCount, count)
            return Tensor(codes.map { table[Int($0)] }, shape: shape, dtype: .float32)
        }
    }

    /// Unpacks elements of less than a byte; the first is in the lowest bits.
    private func unpacked(_ bits: Int, _ count: Int) -> [UInt8] {
        let perByte = 8 / bits
        let mask = UInt8(1 << bits - 1)
        return (0..<count).map { bytes[$0 / perByte] >> UInt8($0 % perByte * bits) & mask }
    }

    /// A tensor of the bytes, without a copy if they are aligned.
    private func direct(_ dtype: DType, _ shape: [Int]) throws -> Tensor {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return Tensor.empty(shape, dtype: dtype) }
        var (start_, owner_) = (start, owner)
        let alignment = Swift.min(dtype.byteSize, 8)
        if UInt(bitPattern: start) % UInt(alignment) != 0 {
            let copy = ByteSlice(Array(bytes))
            guard let base = copy.bytes.baseAddress else { return Tensor.empty(shape, dtype: dtype) }
            (start_, owner_) = (base, copy.owner)
        }
        let storage = Storage(
            bytes: UnsafeMutableRawPointer(mutating: start_), byteCount: bytes.count, device: .cpu, owner: owner_,
            isReadOnly: false)
        return Tensor(storage: storage, layout: Layout(shape: Dims(shape)), dtype: dtype)
    }
}

extension ONNXValue {
    /// The `TensorProto` of this value; nil for values that are not tensors.
    package func proto(named name: String) -> TensorProto? {
        var proto = TensorProto()
        proto.name = name
        switch self {
        case .strings(let strings):
            proto.dims = strings.shape
            proto.dataType = ONNXElementType.string.rawValue
            proto.stringData = strings.elements.map { Array($0.utf8) }
        case .tensor(let value):
            proto.dims = value.tensor.shape
            proto.dataType = value.type.rawValue
            proto.rawData = ByteSlice(value.storedBytes)
        default: return nil
        }
        return proto
    }
}

extension ONNXTensor {
    /// The bytes of the elements in a file.
    var storedBytes: [UInt8] {
        let plain = tensor.detach().contiguous()
        func truncated<Number: FixedWidthInteger>(_ type: Number.Type) -> [UInt8] {
            plain.toArray(Int.self).map { Number(truncatingIfNeeded: $0) }.withUnsafeBytes { Array($0) }
        }
        switch type {
        case .uint16: return truncated(UInt16.self)
        case .uint32: return truncated(UInt32.self)
        case .uint4, .int4, .uint2, .int2: return packed(plain.toArray(Int.self).map { UInt8(truncatingIfNeeded: $0) })
        default:
            if let format = type.smallFloat {
                let codes = plain.toArray(Float.self).map { format.encode($0) }
                return type.bitCount == 8 ? codes : packed(codes)
            }
            return plain.withUnsafeBytes { Array($0) }
        }
    }

    private func packed(_ codes: [UInt8]) -> [UInt8] {
        let bits = type.bitCount
        var bytes = [UInt8](repeating: 0, count: (codes.count * bits + 7) / 8)
        for (index, code) in codes.enumerated() {
            bytes[index * bits / 8] |= (code & UInt8(1 << bits - 1)) << UInt8(index * bits % 8)
        }
        return bytes
    }
}

extension SparseTensorProto {
    /// The dense tensor.
    func value(external: ExternalData? = nil) throws -> ONNXValue {
        guard case .tensor(let elements) = try values.value(external: external),
            case .tensor(let indexTensor) = try indices.value(external: external),
            elements.tensor.rank == 1, indexTensor.tensor.dtype == .int64, (1...2).contains(indexTensor.tensor.rank)
        else { throw Problem("a sparse tensor has values or indices of the wrong kind", kind: .malformed) }
        let count = elements.tensor.count
        var strides = [Int](repeating: 1, count: dims.count)
        var total = 1
        for dim in dims.indices.reversed() {
            strides[dim] = total
            let (product, overflows) = total.multipliedReportingOverflow(by: dims[dim])
            // A small sparse tensor could have any number of zeros.
            if dims[dim] < 0 || overflows || product > Swift.max(count, 1) << 12 + 1 << 22 {
                throw Problem(
                    "a sparse tensor of \(quantity(count, "value")) has the shape \(dims)",
                    expected: "a shape of at most 4096 elements for each value", kind: .unsupported)
            }
            total = product
        }
        let given = indexTensor.tensor.toArray(Int.self)
        let isFlat = indexTensor.tensor.rank == 1
        guard given.count == (isFlat ? count : count * dims.count) else {
            throw Problem(
                "a sparse tensor of \(quantity(count, "value")) has \(quantity(given.count, "index", plural: "indices"))",
                kind: .malformed)
        }
        let flat = (0..<count).map { row in
            isFlat ? given[row] : dims.indices.reduce(0) { $0 &+ given[row * dims.count + $1] &* strides[$1] }
        }
        if !flat.allSatisfy({ $0 >= 0 && $0 < total }) {
            throw Problem("a sparse tensor has an index outside its shape \(dims)", kind: .malformed)
        }
        let full = Tensor.zeros([total], dtype: elements.tensor.dtype)
            .scatter(0, Tensor(flat, shape: [count]), elements.tensor)
        return .tensor(ONNXTensor(full.reshape(dims), elements.type))
    }
}

extension ONNXModel.Description {
    /// The value of a data file for this input or output: a tensor, a sequence or an optional.
    package func value(of bytes: ByteSlice) throws -> ONNXValue {
        switch type {
        case .sequence: try SequenceProto(bytes).value()
        case .optional: try OptionalProto(bytes).value()
        default: try TensorProto(bytes).value()
        }
    }
}

extension SequenceProto {
    func value() throws -> ONNXValue {
        .sequence(
            try tensors.map { try $0.value() } + sequences.map { try $0.value() } + optionals.map { try $0.value() })
    }
}

extension OptionalProto {
    func value() throws -> ONNXValue {
        if let tensor { return try tensor.value() }
        if let sequence = sequences.first { return try sequence.value() }
        return .absent
    }
}
