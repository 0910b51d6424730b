import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// The files of other systems, read and compared bit by bit, and those that must be refused.
@Suite struct InteropTests {
    let folder = TemporaryFolder()

    /// The values that a case's safetensors file holds, also of dtypes that do not exist here: as raw bytes.
    struct Expected {
        let bytes: [UInt8]
        let header: SafetensorsHeader

        init(_ path: String) throws {
            bytes = try FileSystem.read(path)
            header = try bytes.withUnsafeBytes { try SafetensorsHeader.parse($0, file: path) }
        }

        /// Whether a tensor has the shape and the bits of an expected one; NaN's payload does not matter.
        func check(_ tensor: Tensor, name: String, _ file: String) throws {
            let entry = try #require(header.entries.first { $0.name == name })
            // Complex numbers are kept as pairs.
            let tensor = tensor.dtype.isComplex ? noGrad { tensor.viewAsReal() } : tensor
            #expect(tensor.shape == entry.shape, "\(file) \(name)")
            let raw = Array(bytes[entry.range])
            let wide: [String: DType] = ["U16": .int32, "U32": .int64, "U64": .int64]
            if let dtype = wide[entry.dtype] {
                #expect(tensor.dtype == dtype)
                let size = raw.count / max(tensor.count, 1)
                let values = stride(from: 0, to: raw.count, by: max(size, 1)).map { start in
                    raw[start..<start + size].reversed().reduce(0) { $0 << 8 | Int($1) }
                }
                #expect(tensor.toArray(Int.self) == values, "\(file) \(name)")
                return
            }
            let found = tensor.withUnsafeBytes { Array($0) }
            if found == raw { return }
            #expect(tensor.dtype.isFloatingPoint && found.count == raw.count, "\(file) \(name)")
            let storage = try Storage(byteCount: raw.count, device: .cpu)
            UnsafeMutableRawBufferPointer(start: storage.bytes, count: raw.count).copyBytes(from: raw)
            let other = Tensor(storage: storage, layout: Layout(shape: Dims(entry.shape)), dtype: tensor.dtype)
            for (a, b) in zip(tensor.toArray(Double.self), other.toArray(Double.self)) {
                #expect(a.isNaN && b.isNaN || a == b && a.sign == b.sign, "\(file) \(name)")
            }
        }
    }

    /// Compares a value with the description of the fixtures.
    func check(
        _ value: TorchValue, _ tree: JSON, _ expected: Expected, _ storages: inout [Int: [Storage]], _ file: String
    ) throws {
        let items = tree["items"]?.elements ?? []
        func each(_ values: [TorchValue]) throws {
            try #require(values.count == items.count, "\(file)")
            for (value, item) in zip(values, items) { try check(value, item, expected, &storages, file) }
        }
        switch (tree["type"]!.string!, value) {
        case ("none", .none): break
        case ("bool", .bool(let value)): #expect(value == tree["value"]!.bool!)
        case ("int", .int(let value)): #expect("\(value)" == tree["value"]!.string!)
        case ("int", .bigInt(let value)): #expect("\(value)" == tree["value"]!.string!)
        case ("float", .float(let value)):
            let other = try #require(Double(tree["value"]!.string!))
            #expect(value.isNaN && other.isNaN || value.bitPattern == other.bitPattern, "\(value) \(other)")
        case ("complex", .complex(let real, let imaginary)):
            #expect([real, imaginary] == tree["value"]!.elements!.map { Double($0.string!)! })
        case ("str", .string(let text)): #expect(text.utf8.elementsEqual(tree["value"]!.string!.utf8))
        case ("bytes", .bytes(let bytes)), ("bytearray", .byteArray(let bytes)):
            let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(hex == tree["hex"]!.string!)
        case ("size", .size(let sizes)): #expect(sizes == items.map { $0.int! })
        case ("dtype", .dtype(let name)), ("device", .device(let name)): #expect(name == tree["value"]!.string!)
        case ("list", .list(let values)), ("tuple", .tuple(let values)): try each(values)
        case ("set", .set(let values)): try each(values)
        case ("dict", .dictionary(let dictionary)), ("ordered_dict", .dictionary(let dictionary)):
            #expect(dictionary.isOrdered == (tree["type"]!.string! == "ordered_dict"), "\(file)")
            try #require(dictionary.items.count == items.count)
            for (pair, item) in zip(dictionary.items, items) {
                try check(pair.key, item.elements![0], expected, &storages, file)
                try check(pair.value, item.elements![1], expected, &storages, file)
            }
        case ("tensor", .tensor(let tensor)), ("parameter", .tensor(let tensor)):
            try expected.check(tensor, name: tree["values"]!.string!, file)
            #expect(tensor.isParameter == (tree["type"]!.string! == "parameter"))
            #expect(tensor.requiresGrad == tree["requires_grad"]!.bool!, "\(file)")
            #expect(tensor.strides == tree["stride"]!.elements!.map { $0.int! }, "\(file)")
            storages[tree["storage"]!.int!, default: []].append(tensor.storage)
            if tensor.count > 0 { #expect(tensor.storageOffset == tree["offset"]!.int!, "\(file)") }
        case ("tensor", .object(let object)):
            // An element type that has no dtype here, or values that its dtype does not hold.
            let dtype = tree["dtype"]!.string!
            #expect(object.reason.contains(dtype) || object.reason.contains("uint64"), "\(file): \(object.reason)")
        default: Issue.record("\(file): \(value) for \(tree.text())")
        }
    }

    func check(_ value: TorchValue, _ file: Interop.Case) throws {
        let tree = try JSON.parse(FileSystem.read(file.tree!), file: file.tree!, depth: 300)
        let index = FileSystem.directory(of: file.path) + "/" + file.entry["values"]!.string!
        var storages: [Int: [Storage]] = [:]
        try check(value, tree, Expected(index), &storages, FileSystem.name(of: file.path))
        for (_, same) in storages { #expect(same.allSatisfy { $0 === same[0] }, "shared storages stay shared") }
        let different = storages.values.map { ObjectIdentifier($0[0]) }
        #expect(Set(different).count == different.count, "other storages stay apart")
    }

    @Test(arguments: Interop.cases("pth")) func readsAndWritesPyTorchsFiles(file: Interop.Case) throws {
        let value: TorchValue
        do { value = try TorchFile.load(file.path) } catch {
            #expect(file.expected == "ok_or_error" && error.kind == .unsupported, "\(error)")
            return
        }
        try check(value, file)
        guard value.leftOut.isEmpty else {
            #expect(file.expected == "ok_or_error", "\(value.leftOut)")
            return
        }
        try TorchFile.save(value, to: folder("again.pth"))
        let again = try TorchFile.load(folder("again.pth"))
        // What views do not reach is not written, so that they may begin elsewhere; unsigned integers were widened.
        if !file.testDescription.contains("unsigned") && !file.testDescription.contains("views") {
            try check(again, file)
        }
        #expect("\(again)" == "\(value)")
        for (a, b) in zip(value.tensors, again.tensors) {
            #expect(a.name == b.name && a.tensor.strides == b.tensor.strides)
            #expect(a.tensor.withUnsafeBytes { Array($0) } == b.tensor.withUnsafeBytes { Array($0) }, "\(a.name)")
        }
    }

    @Test(arguments: Interop.cases("npy")) func readsAndWritesNumPysFiles(file: Interop.Case) throws {
        let arrays: [(name: String, tensor: Tensor)]
        do { arrays = try NumpyFile.open(file.path) } catch {
            #expect(file.expected == "ok_or_error" && error.kind == .unsupported, "\(error)")
            return
        }
        let expected = try Expected(FileSystem.directory(of: file.path) + "/" + file.entry["values"]!.string!)
        #expect(Set(arrays.map(\.name)) == Set(file.entry["arrays"]!.elements!.map { $0["name"]!.string! }))
        for (name, tensor) in arrays { try expected.check(tensor, name: name, file.testDescription) }
        let named = arrays.map { (key: $0.name, value: $0.tensor) }
        for compressed in [false, true] {
            try NumpyFile.save(named, to: folder("again.npz"), compressed: compressed)
            let again = try NumpyFile.open(folder("again.npz"))
            #expect(again.count == arrays.count)
            for (name, tensor) in again { try expected.check(tensor, name: name, file.testDescription) }
        }
    }

    /// Runs a reader over a hostile file and holds the error to the rules.
    func refuse(_ file: Interop.Case, _ read: () throws -> Void) {
        do {
            try read()
            #expect(file.expected != "error", "\(file.testDescription) was read")
        } catch {
            #expect(file.expected != "ok")
            let error = error as? IOError
            #expect(error?.offset != nil, "\(file.testDescription): \(error as Any)")
            #expect(error?.file.hasPrefix(file.path) == true && error?.rule.isEmpty == false)
            #expect(error.map { !"\($0)".contains("\n") } == true)
        }
    }

    @Test(arguments: Interop.cases("hostile/pth")) func refusesHostilePyTorchFiles(file: Interop.Case) throws {
        if file.entry["group"]!.string! == "arbitrary_global" {
            // Objects of other classes are left out, and named; the tensors beside and inside them are read.
            let (value, refusals) = (try TorchFile.load(file.path), try TorchFile.refusals(file.path))
            #expect(!value.tensors.isEmpty && !value.leftOut.isEmpty && !refusals.isEmpty)
            #expect("\(value)".contains(refusals[0].name) && value.leftOut[0].reason.contains(refusals[0].name))
            return
        }
        refuse(file) {
            // What is read can be looked at and let go without harm.
            let value = try TorchFile.load(file.path)
            #expect(!"\(value)".isEmpty)
            #expect(value.tensors.allSatisfy { $0.tensor.count < 1 << 27 })
        }
        refuse(file) { _ = try TensorFile.load(file.path) }
        if file.entry["group"]!.string! == "code_execution" {
            let error = #expect(throws: IOError.self) { try TorchFile.load(file.path) }
            let refusals = try TorchFile.refusals(file.path)
            if error?.problem.contains("asks for") == true {
                #expect(error?.problem.contains("'\(refusals[0].name)'") == true)
                #expect(error?.offset == refusals[0].offset)
            }
        }
    }

    @Test(arguments: Interop.cases("hostile/npy")) func refusesHostileNumPyFiles(file: Interop.Case) throws {
        refuse(file) { _ = try NumpyFile.open(file.path) }
    }

    @Test(arguments: Interop.cases("hostile/safetensors")) func refusesHostileSafetensors(file: Interop.Case) throws {
        refuse(file) { _ = try Safetensors.load(file.path) }
    }

    /// A short look at what `make fuzz` does at length: whatever bytes change, a reader returns or throws.
    @Test func readersOfChangedFilesReturnOrThrow() throws {
        var random = TestRandom("changed files")
        for file in Interop.cases("pth") + Interop.cases("npy") {
            let bytes = try FileSystem.read(file.path)
            for _ in 0..<10 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let index = Int.random(in: changed.indices, using: &random)
                    let byte: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
                    changed[index] = byte.randomElement(using: &random)!
                }
                changed.withUnsafeBytes { bytes in
                    let contents = FileContents(bytes, path: file.path)
                    if let value = try? TorchFile.parse(contents, verifyingChecksums: false) {
                        #expect(!"\(value)".isEmpty)
                    }
                    _ = try? NumpyFile.parse(contents, verifyingChecksums: false)
                    _ = TorchFile.readPickle(bytes, file: file.path)
                }
            }
        }
    }
}
