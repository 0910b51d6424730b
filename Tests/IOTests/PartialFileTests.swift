import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// Files in which some members cannot be read: the others are, and what is left out is listed.
@Suite struct PartialFileTests {
    private let folder = TemporaryFolder()

    // MARK: - Pickles

    /// Opcodes for pickles, written by hand.
    struct Pickle {
        var bytes: [UInt8] = [0x80, 2]

        static func text(_ text: String) -> [UInt8] {
            [UInt8(ascii: "X")] + withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian, Array.init) + text.utf8
        }
        static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
        static func int(_ value: Int) -> [UInt8] { [UInt8(ascii: "K"), UInt8(value)] }
        /// A call with arguments that are opcodes themselves.
        static func call(_ function: [UInt8], _ arguments: [UInt8]...) -> [UInt8] {
            function + Array("(".utf8) + arguments.flatMap { $0 } + Array("tR".utf8)
        }
        static func object(_ module: String, _ name: String, state: [UInt8]) -> [UInt8] {
            global(module, name) + [UInt8(ascii: ")"), 0x81] + state + [UInt8(ascii: "b")]
        }
        static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
            Array("}(".utf8) + items.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
        }
        static let none: [UInt8] = Array("N".utf8)
        static let isFalse: [UInt8] = [0x89]
        static let hooks = global("collections", "OrderedDict") + Array(")R".utf8)
        /// The arguments of a tensor of four elements.
        static func tensorArguments(_ storage: String, key: String = "0") -> [UInt8] {
            Array("((".utf8) + text("storage") + global("torch", storage) + text(key) + text("cpu") + int(4)
                + Array("tQ".utf8) + int(0) + int(4) + [0x85] + int(1) + [0x85, 0x89] + hooks + Array("t".utf8)
        }
        static func tensor(_ storage: String = "FloatStorage", key: String = "0") -> [UInt8] {
            global("torch._utils", "_rebuild_tensor_v2") + tensorArguments(storage, key: key) + Array("R".utf8)
        }
    }

    /// A file of `torch.save` with a pickle and storages of four elements of so many bytes each.
    private func write(_ pickle: [UInt8], storages: [Int] = [4], to name: String = "a.pth") throws -> String {
        let path = folder(name)
        let file = try AtomicFile(path)
        let archive = ZipWriter(file, path: path, operation: "pth")
        try archive.add("archive/data.pkl", [0x80, 2] + pickle + Array(".".utf8))
        for (key, size) in storages.enumerated() {
            let one = size == 4 ? withUnsafeBytes(of: Float(1), Array.init) : [UInt8](repeating: 0x38, count: size)
            try archive.add("archive/data/\(key)", (0..<4).flatMap { _ in one })
        }
        try archive.finish()
        try file.commit()
        return path
    }

    /// Members that are no values here, with a text of the reason.
    static let members: [(label: String, opcodes: [UInt8], reason: String)] = {
        typealias P = Pickle
        return [
            (
                "a namespace", P.object("argparse", "Namespace", state: P.dictionary([("lr", P.int(1))])),
                "argparse.Namespace"
            ),
            ("a date", P.call(P.global("datetime", "datetime"), P.text("now")), "datetime.datetime"),
            ("a path", P.call(P.global("pathlib", "PosixPath"), P.text("/tmp")), "pathlib.PosixPath"),
            (
                "a damaged number of NumPy", P.call(P.global("numpy.core.multiarray", "scalar"), P.none, P.text("x")),
                "scalar"
            ),
            (
                "a damaged array of NumPy",
                P.call(P.global("numpy.core.multiarray", "_reconstruct"), P.global("numpy", "ndarray"), P.none)
                    + P.none + Array("b".utf8), "numpy"
            ),
            ("a class", P.global("my.module", "Net"), "my.module.Net"),
            ("a call that would run", P.call(P.global("os", "system"), P.text("true")), "os.system"),
            (
                "a sparse tensor",
                P.call(P.global("torch._utils", "_rebuild_sparse_tensor"), P.none, P.tensor()), "sparse"
            ),
            ("a quantised tensor", P.call(P.global("torch._utils", "_rebuild_qtensor"), P.none), "quantized"),
            ("a quantised storage", P.tensor("QInt8Storage", key: "1"), "QInt8Storage"),
            ("a tensor of an unknown storage", P.tensor("QuadStorage", key: "1"), "QuadStorage"),
            (
                "a meta tensor", P.call(P.global("torch._utils", "_rebuild_meta_tensor_no_storage"), P.none), "meta"
            ),
            ("an object in a list", Array("]".utf8) + P.global("a", "B") + Array("a".utf8), "a.B"),
            ("a list in itself", Array("]q\0h\0a".utf8), "a list that contains itself"),
            (
                "a dictionary in itself", Array("}q\0".utf8) + P.text("me") + Array("h\0s".utf8),
                "a dictionary that contains itself"
            ),
            (
                "a deep list",
                [UInt8](repeating: UInt8(ascii: "]"), count: 400) + [UInt8](repeating: UInt8(ascii: "a"), count: 399),
                "nested in more than 256 levels"
            ),
            ("text in other bytes", [UInt8(ascii: "X"), 3, 0, 0, 0, 0xed, 0xa0, 0x80], "not UTF-8"),
            ("text of Python 2", [UInt8(ascii: "U"), 2, 0xe9, 0x61], "not UTF-8"),
            ("a large integer", [0x8b, 0, 8, 0, 0] + [UInt8](repeating: 1, count: 2048), "2048 bytes"),
        ]
    }()

    @Test(arguments: members.indices) func oneForeignMemberDoesNotCloseAFileOfPyTorch(index: Int) throws {
        let (label, opcodes, reason) = Self.members[index]
        let path = try write(Pickle.dictionary([("odd", opcodes), ("w", Pickle.tensor())]), storages: [4, 8])
        let value = try TorchFile.load(path)
        #expect(value["w"]?.tensor?.toArray(Float.self) == [1, 1, 1, 1], "\(label)")
        let left = try #require(value.leftOut.first, "\(label)")
        #expect(left.name.hasPrefix("odd") && left.reason.contains(reason), "\(label): \(left)")
        let file = try TensorFile.open(path)
        #expect(file.tensors.map(\.name) == ["w"] && file.leftOut == value.leftOut, "\(label)")
        #expect(try TensorFile.load(path, only: ["w"]).count == 1)
        let error = #expect(throws: IOError.self, "\(label)") { try TensorFile.load(path, only: [left.name]) }
        #expect(
            error?.problem.contains(String(left.name.prefix(20))) == true && error?.problem.contains(reason) == true,
            "\(error as Any)")
        // Alone it is an error that names it; an object with values of its own is read as these.
        let alone = try write(Pickle.dictionary([("odd", opcodes)]), storages: [4, 8], to: "alone.pth")
        #expect(throws: IOError.self, "\(label)") { try TorchFile.load(alone) }
    }

    /// The format before PyTorch 1.6 has no directory: the data of a storage that cannot be read is skipped by its size.
    @Test(arguments: [("QInt8Storage", 1), ("QUInt8Storage", 1), ("QInt32Storage", 4)])
    func aQuantisedStorageDoesNotCloseAFileOfTheOldFormat(storage: String, size: Int) throws {
        typealias P = Pickle
        func pickle(_ opcodes: [UInt8]) -> [UInt8] { [0x80, 2] + opcodes + Array(".".utf8) }
        func data(_ element: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: UInt64(4).littleEndian, Array.init) + (0..<4).flatMap { _ in element }
        }
        let magic: [UInt8] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
        let odd = P.call(P.global("torch._utils", "_rebuild_qtensor"), P.tensor(storage, key: "1"))
        let start = pickle(magic) + pickle([0x4d, 0xe9, 0x03]) + pickle(Array("}".utf8))
        let values = pickle(P.dictionary([("odd", odd), ("w", P.tensor())]))
        let keys = pickle(Array("](".utf8) + P.text("1") + P.text("0") + Array("e".utf8))
        let storages = data([UInt8](repeating: 7, count: size)) + data(withUnsafeBytes(of: Float(1), Array.init))
        let path = folder("old.pth")
        try AtomicFile.write(start + values + keys + storages, to: path)
        let file = try TensorFile.open(path)
        #expect(file.tensors.map(\.name) == ["w"] && file.tensors[0].tensor.toArray(Float.self) == [1, 1, 1, 1])
        #expect(file.leftOut.map(\.name) == ["odd"])
        try AtomicFile.write(Array((start + values + keys + storages).dropLast()), to: path)
        #expect(throws: IOError.self) { try TensorFile.open(path) }
    }

    @Test func containersAndTensorsOfOtherClassesAreRead() throws {
        typealias P = Pickle
        let from = P.global("torch._tensor", "_rebuild_from_type_v2")
        let inner = P.tensorArguments("FloatStorage")
        let members: [(String, [UInt8])] = [
            (
                "default",
                P.call(P.global("collections", "defaultdict"), P.global("builtins", "list")) + P.text("k") + P.tensor()
                    + Array("s".utf8)
            ),
            ("deque", P.call(P.global("collections", "deque"), Array("]".utf8) + P.tensor() + Array("a".utf8))),
            (
                "buffer",
                P.call(
                    from, P.global("torch._utils", "_rebuild_tensor_v2"), P.global("torch.nn.parameter", "Buffer"),
                    inner, P.dictionary([("note", P.int(1))]))
            ),
            (
                "parameter",
                P.call(
                    P.global("torch._utils", "_rebuild_parameter_with_state"), P.tensor(), [0x88], P.hooks,
                    P.dictionary([("tag", P.int(1))]))
            ),
            (
                "float8",
                P.call(
                    P.global("torch._utils", "_rebuild_tensor_v3"),
                    Array("(".utf8) + P.text("storage") + P.global("torch.storage", "UntypedStorage") + P.text("1")
                        + P.text("cpu") + P.int(4) + Array("tQ".utf8), P.int(0), P.int(4) + [0x85], P.int(1) + [0x85],
                    P.isFalse, P.hooks, P.global("torch", "float8_e4m3fn"))
            ),
        ]
        let value = try TorchFile.load(try write(P.dictionary(members), storages: [4, 1]))
        #expect(value.leftOut.isEmpty, "\(value.leftOut)")
        #expect(
            value.tensors.map(\.name) == ["default.k", "deque.0", "buffer", "parameter", "float8"], "\(value.tensors)")
        #expect(value["parameter"]?.tensor?.isParameter == true)
        #expect(
            value["float8"]?.tensor?.dtype == .float16 && value["float8"]?.tensor?.toArray(Float.self) == [1, 1, 1, 1])
    }

    /// A storage is a vector of its elements; without an element type, of its bytes.
    @Test func storagesAreReadAsVectors() throws {
        typealias P = Pickle
        func storage(_ module: String, _ name: String, _ key: String, count: Int) -> [UInt8] {
            Array("(".utf8) + P.text("storage") + P.global(module, name) + P.text(key) + P.text("cpu") + P.int(count)
                + Array("tQ".utf8)
        }
        let typed = storage("torch", "FloatStorage", "0", count: 4)
        let bytes = storage("torch.storage", "UntypedStorage", "1", count: 4)
        let members = [
            ("typed", typed), ("bytes", bytes), ("list", Array("](".utf8) + bytes + P.int(1) + Array("e".utf8)),
            ("object", P.object("a", "B", state: P.dictionary([("kept", typed)]))), ("w", P.tensor()),
        ]
        for name in ["typed", "bytes", "w"] {
            let root = members.first { $0.0 == name }!.1
            #expect(try TensorFile.load(try write(root, storages: [4, 1]))["tensor"]?.count == 4, "\(name)")
        }
        let path = try write(P.dictionary(members), storages: [4, 1])
        let tensors = try TensorFile.load(path)
        #expect(Set(tensors.keys) == ["typed", "bytes", "list.0", "object.kept", "w"])
        #expect(tensors["typed"]?.dtype == .float32 && tensors["typed"]?.toArray(Float.self) == [1, 1, 1, 1])
        for name in ["bytes", "list.0"] {
            #expect(tensors[name]?.dtype == .uint8 && tensors[name]?.toArray(UInt8.self) == [0x38, 0x38, 0x38, 0x38])
        }
        #expect(try StoredFile.open(path).tensors.first { $0.name == "bytes" }?.type == "uint8")
        // One storage with several types, and one that a tensor and a value have.
        let mixed = storage("torch.storage", "UntypedStorage", "0", count: 16)
        let both = try TensorFile.load(try write(P.dictionary([("m", mixed), ("w", P.tensor())])))
        #expect(both["m"]?.count == 16 && both["w"]?.toArray(Float.self) == [1, 1, 1, 1])
        // A storage that is the key of a dictionary is no closed file either.
        let keyed = try write(Array("}".utf8) + typed + P.tensor() + Array("s".utf8))
        #expect(try TensorFile.open(keyed).tensors.count == 1)
    }

    /// Sets and strings that are not UTF-8 may be keys: they are compared by value.
    @Test func keysOfEveryKindAreRead() throws {
        typealias P = Pickle
        let set = P.call(P.global("builtins", "frozenset"), Array("](".utf8) + P.int(1) + P.int(2) + Array("e".utf8))
        let reversed = P.call(
            P.global("builtins", "frozenset"), Array("](".utf8) + P.int(2) + P.int(1) + Array("e".utf8))
        let text: [UInt8] = [UInt8(ascii: "X"), 3, 0, 0, 0, 0xed, 0xa0, 0x80]
        let items = set + P.int(5) + text + P.tensor() + reversed + P.tensor()
        let value = try TorchFile.load(try write(Array("}(".utf8) + items + Array("u".utf8)))
        #expect(value.dictionary?.items.count == 2 && value.tensors.count == 2)
        // They are written as frozensets, which Python accepts as keys and as members of sets.
        let sets: TorchValue = .list([
            .dictionary(TorchDictionary([(.set([1, 2]), 5)])), .set([.set([3]), .tuple([.set([4])])]), .set([6]),
        ])
        try TorchFile.save(sets, to: folder("sets.pth"))
        let written = String(decoding: try FileSystem.read(folder("sets.pth")), as: UTF8.self)
        #expect(written.contains("frozenset"))
        #expect("\(try TorchFile.load(folder("sets.pth")))" == "\(sets)")
    }

    @Test func aWholeModuleGivesTheNamesOfItsStateDict() throws {
        typealias P = Pickle
        let empty = P.dictionary([])
        let hidden = P.call(P.global("builtins", "set"), Array("](".utf8) + P.text("cache") + Array("e".utf8))
        func module(_ parameters: [String], buffers: [String] = [], children: [(String, [UInt8])] = []) -> [UInt8] {
            P.object(
                "my.models", "Net",
                state: P.dictionary([
                    ("training", P.isFalse), ("_parameters", P.dictionary(parameters.map { ($0, P.tensor()) })),
                    ("_buffers", P.dictionary(buffers.map { ($0, P.tensor()) })),
                    ("_non_persistent_buffers_set", hidden), ("_modules", P.dictionary(children)),
                    ("_hooks", empty), ("callback", P.global("my.models", "function")),
                ]))
        }
        let root = module(
            ["weight"], buffers: ["running", "cache"], children: [("0", module(["bias"])), ("none", P.none)])
        let expected = ["weight", "running", "0.bias"]
        let path = try write(root)
        #expect(try TensorFile.open(path).tensors.map(\.name) == expected)
        #expect(try TorchFile.load(path).leftOut.first?.reason.contains("my.models.Net") == true)
        // As in a checkpoint that holds the module beside other values.
        let checkpoint = try write(P.dictionary([("epoch", P.int(3)), ("model", root)]))
        let value = try TorchFile.load(checkpoint)
        #expect(value.tensors.map(\.name) == expected.map { "model." + $0 } && value["epoch"]?.int == 3)
        #expect(throws: IOError.self) { try TorchFile.save(value, to: folder("again.pth")) }
    }

    @Test func anObjectMayContainItself() throws {
        let cycle =
            Array("ca\nB\n)\u{81}".unicodeScalars.map { UInt8($0.value) }) + Array("q\0}".utf8)
            + Pickle.text("me") + Array("h\0s".utf8) + Array("b".utf8)
        let value = try TorchFile.load(
            try write(Pickle.dictionary([("o", cycle), ("w", Pickle.tensor())])))
        #expect(value.tensors.count == 1 && value.leftOut.map(\.name) == ["o"])
    }

    @Test func lengthsAreHeldAgainstTheBytesThatAreThere() throws {
        let huge = withUnsafeBytes(of: UInt64(1 << 62).littleEndian, Array.init)
        for (label, opcodes) in [
            ("FRAME", [0x95] + huge + Array("N".utf8)), ("BINUNICODE8", [0x8d] + huge), ("BINBYTES8", [0x8e] + huge),
            ("BYTEARRAY8", [0x96] + huge), ("LONG4", [0x8b, 0xff, 0xff, 0xff, 0x7f]),
            ("LONG4 below 0", [0x8b, 0xff, 0xff, 0xff, 0xff]),
            ("BINSTRING", Array("T".utf8) + [0xff, 0xff, 0xff, 0xff]),
            ("BINUNICODE", Array("X".utf8) + [0xff, 0xff, 0xff, 0xff]),
        ] {
            let path = try write(opcodes)
            let error = #expect(throws: IOError.self, "\(label)") { try TorchFile.load(path) }
            #expect(error?.kind == .malformed, "\(label): \(error as Any)")
        }
    }

    /// What a pickle may hold grows with its bytes: data sets and vocabularies kept with `torch.save` are read.
    @Test func manySmallValuesAreRead() throws {
        let pair: [UInt8] = Pickle.tensor() + Pickle.int(1) + [0x86]
        let pairs = [UInt8](repeatElement(pair, count: 40_000).joined())
        let path = try write(Array("](".utf8) + pairs + Array("e".utf8))
        #expect(try TorchFile.load(path).items?.count == 40_000)
        let numbers = [UInt8](repeating: UInt8(ascii: "N"), count: 3_000_000)
        #expect(try TorchFile.load(try write(Array("](".utf8) + numbers + Array("e".utf8))).items?.count == 3_000_000)
    }

    // MARK: - Safetensors and NumPy

    /// Entries of an archive that are no arrays, or packed in another way, do not close it.
    @Test func oneEntryDoesNotCloseAnArchive() throws {
        func pack(_ odd: String, _ bytes: [UInt8], method: UInt8 = 0, encrypted: Bool = false) throws -> String {
            let path = folder("a.npz")
            let array = folder("x.npy")
            try NumpyFile.save(Tensor([1.0, 2]), to: array)
            let file = try AtomicFile(path)
            let archive = ZipWriter(file, path: path, operation: "npz")
            try archive.add("w.npy", try FileSystem.read(array))
            try archive.add(odd, bytes)
            try archive.finish()
            try file.commit()
            var packed = try FileSystem.read(path)
            // The second local header and the second entry of the directory.
            for (signature, flags) in [([0x50, 0x4b, 3, 4] as [UInt8], 6), ([0x50, 0x4b, 1, 2], 8)] {
                let start = try #require(packed.indices.last { packed[$0...].starts(with: signature) })
                if encrypted { packed[start + flags] |= 1 }
                packed[start + flags + 2] = method
            }
            try AtomicFile.write(packed, to: path)
            return path
        }
        try NumpyFile.save(Tensor([3.0]), to: folder("y.npy"))
        let array = try FileSystem.read(folder("y.npy"))
        let entries: [(label: String, entry: String, bytes: [UInt8], method: UInt8, encrypted: Bool, reason: String)] =
            [
                ("bzip2", "y.npy", array, 12, false, "compressed by method 12"),
                ("encrypted", "y.npy", array, 0, true, "encrypted"),
                ("a file of macOS", "__MACOSX/._w.npy", [0, 5, 22, 7], 0, false, "not an array"),
                ("nothing", "y.npy", [], 0, false, "not an array"),
                ("a text", "readme.txt", [65], 0, false, "not an array"),
            ]
        for (label, entry, bytes, method, encrypted, reason) in entries {
            let path = try pack(entry, bytes, method: method, encrypted: encrypted)
            let name = entry.hasSuffix(".npy") ? String(entry.dropLast(4)) : entry
            let file = try TensorFile.open(path)
            #expect(file.tensors.map(\.name) == ["w"], "\(label)")
            #expect(file.leftOut.map(\.name) == [name], "\(label)")
            #expect(file.leftOut.first?.reason.contains(reason) == true, "\(label): \(file.leftOut)")
            #expect(try StoredFile.open(path).leftOut == file.leftOut, "\(label)")
            let error = #expect(throws: IOError.self, "\(label)") { try TensorFile.load(path, only: [name]) }
            #expect(error?.problem.contains(reason) == true, "\(label): \(error as Any)")
        }
    }

    /// Other bytes than 0 and 1 are no damage of a file: programs write them through views.
    @Test func boolsOfOtherBytesAreLeftOut() throws {
        typealias P = Pickle
        let entries: [(name: String, dtype: String, shape: [Int], byteCount: Int)] = [
            ("w", "F32", [1], 4), ("b", "BOOL", [4], 4),
        ]
        let header = SafetensorsHeader(tensors: entries, metadata: nil)
        var data = header.encoded() + [UInt8](repeating: 0, count: 8)
        data[header.entries.first { $0.name == "b" }!.range.lowerBound] = 2
        try AtomicFile.write(data, to: folder("b.safetensors"))
        let pth = try write(
            P.dictionary([("b", P.tensor("BoolStorage", key: "1")), ("w", P.tensor())]), storages: [4, 1])
        for path in [folder("b.safetensors"), pth] {
            for leftOut in [try TensorFile.open(path).leftOut, try StoredFile.open(path).leftOut] {
                #expect(
                    leftOut.map(\.name) == ["b"] && leftOut[0].reason.contains("bool values"), "\(path): \(leftOut)")
            }
            #expect(try TensorFile.load(path).keys.sorted() == ["w"])
            #expect(throws: IOError.self) { try TensorFile.load(path, only: ["b"]) }
        }
    }

    /// A storage that is packed in another way is left out, also where several tensors use it.
    @Test func oneStorageThatIsPackedInAnotherWayIsLeftOut() throws {
        typealias P = Pickle
        let other = P.tensor(key: "1")
        let path = try write(
            P.dictionary([("odd", other), ("again", other), ("w", P.tensor())]), storages: [4, 4])
        var packed = try FileSystem.read(path)
        for (signature, method) in [([0x50, 0x4b, 3, 4] as [UInt8], 8), ([0x50, 0x4b, 1, 2], 10)] {
            let start = try #require(packed.indices.last { packed[$0...].starts(with: signature) })
            packed[start + method] = 12
        }
        try AtomicFile.write(packed, to: path)
        let file = try TensorFile.open(path)
        #expect(file.tensors.map(\.name) == ["w"] && file.leftOut.map(\.name) == ["odd", "again"])
        #expect(file.leftOut.allSatisfy { $0.reason.contains("method 12") })
    }

    @Test(arguments: [
        ("F4", [4], 2), ("F6_E2M3", [4], 3), ("F6_E3M2", [4], 3), ("I4_NEW", [4], 2), ("Q7", [0], 0),
    ])
    func elementsWithoutADTypeAreLeftOutOfSafetensors(type: String, shape: [Int], size: Int) throws {
        let entries: [(name: String, dtype: String, shape: [Int], byteCount: Int)] = [
            ("odd", type, shape, size), ("w", "F32", [1], 4),
        ]
        let header = SafetensorsHeader(tensors: entries, metadata: nil)
        var data = [UInt8](repeating: 0, count: header.entries.map(\.range.upperBound).max()!)
        data.replaceSubrange(0..<header.encoded().count, with: header.encoded())
        let path = folder("a.safetensors")
        try AtomicFile.write(data, to: path)
        #expect(try Safetensors.header(of: path).entries.count == 2)
        let file = try Safetensors.open(path)
        #expect(file.tensors.map(\.name) == ["w"] && file.leftOut.map(\.name) == ["odd"])
        #expect(file.leftOut.first?.reason.contains(type) == true)
        #expect(try Safetensors.load(path, only: ["w"]).count == 1)
        let error = #expect(throws: IOError.self) { try Safetensors.load(path, only: ["odd"]) }
        #expect(error?.problem.contains("'odd'") == true && error?.problem.contains(type) == true)
        #expect(throws: IOError.self) { try Safetensors.load(path, only: ["none"]) }
    }

    @Test func tensorsOfTooManyDimensionsAreLeftOutOfSafetensors() throws {
        func path(rank: Int) throws -> String {
            let sizes = Array(repeating: "1", count: rank).joined(separator: ",")
            let text = """
                {"deep":{"dtype":"U8","shape":[\(sizes)],"data_offsets":[0,1]},\
                "w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}
                """
            let bytes = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian, Array.init) + text.utf8 + [7, 8]
            try AtomicFile.write(bytes, to: folder("deep\(rank).safetensors"))
            return folder("deep\(rank).safetensors")
        }
        #expect(try Safetensors.load(path(rank: 64))["deep"]?.rank == 64)
        let file = try Safetensors.open(path(rank: 65))
        #expect(file.tensors.map(\.name) == ["w"] && file.leftOut.map(\.name) == ["deep"])
        let error = #expect(throws: IOError.self) { try Safetensors.load(path(rank: 65), only: ["deep"]) }
        #expect(error?.problem.contains("65 dimensions") == true, "\(error as Any)")
    }

    @Test func nullMetadataIsNone() throws {
        let text = Array("{\"__metadata__\":null,\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}".utf8)
        let bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text + [7]
        try AtomicFile.write(bytes, to: folder("n"))
        let file = try Safetensors.open(folder("n"))
        #expect(file["a"]?.toArray(Int.self) == [7] && file.metadata.isEmpty)
    }

    /// An array of NumPy's with a header of its own.
    private func array(_ descr: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
        let header = Array("{'descr': \(descr), 'fortran_order': False, 'shape': \(shape), }\n".utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0]
            + withUnsafeBytes(of: UInt16(header.count).littleEndian, Array.init)
            + header + data
    }

    @Test(arguments: [
        ("'|O'", "()", 10), ("'<U3'", "(2,)", 24), ("'|S1'", "(1,)", 1), ("'<M8[ns]'", "(1,)", 8),
        ("'<f16'", "(1,)", 16), ("[('a', '<f4')]", "(1,)", 4), ("'|V4'", "(1,)", 4),
    ])
    func arraysOfOtherThingsAreLeftOutOfAnArchive(descr: String, shape: String, size: Int) throws {
        let path = folder("a.npz")
        let file = try AtomicFile(path)
        let archive = ZipWriter(file, path: path, operation: "npz")
        try archive.add("labels.npy", array(descr, shape, [UInt8](repeating: 0, count: size)))
        try archive.add("x.npy", array("'<f4'", "(1,)", [0, 0, 0x80, 0x3f]))
        try archive.finish()
        try file.commit()
        #expect(try NumpyFile.loadArchive(path)["x"]?.toArray(Float.self) == [1])
        let contents = try NumpyFile.contents(of: path)
        #expect(contents.arrays.map(\.name) == ["x"] && contents.leftOut.map(\.name) == ["labels"], "\(descr)")
        #expect(try NumpyFile.loadArchive(path, only: ["x"]).count == 1)
        let error = #expect(throws: IOError.self) { try NumpyFile.loadArchive(path, only: ["labels"]) }
        #expect(error?.problem.contains("'labels'") == true, "\(error as Any)")
        #expect(try TensorFile.open(path).leftOut.map(\.name) == ["labels"])
    }

    // MARK: - Several files

    @Test func anIndexOfPyTorchFilesIsRead() throws {
        try TorchFile.save(["a": Tensor([1.0])], to: folder("pytorch_model-00001-of-00002.bin"))
        try TorchFile.save(["b": Tensor([2])], to: folder("pytorch_model-00002-of-00002.bin"))
        let map = "\"a\":\"pytorch_model-00001-of-00002.bin\",\"b\":\"pytorch_model-00002-of-00002.bin\""
        for name in ["pytorch_model.bin.index.json", "other.json"] {
            try AtomicFile.write("{\"metadata\":{},\"weight_map\":{\(map)}}", to: folder(name))
            let file = try TensorFile.open(folder(name))
            #expect(file.format == .torch && file.tensors.map(\.name) == ["a", "b"])
            #expect(try TensorFile.load(folder(name), only: ["b"])["b"]?.toArray(Int.self) == [2])
        }
    }

    @Test func namesThatDifferInTheirUnicodeFormAreDifferent() throws {
        let names = ["caf\u{e9}", "cafe\u{301}"]
        let tensors = [Tensor([1.0, 2]), Tensor([7.0, 8])]
        let list = zip(names, tensors).map { (key: $0, value: $1) }
        try Safetensors.save(list, to: folder("a.safetensors"))
        try Safetensors.saveShards(list, to: folder("a.safetensors.index.json"), shardSize: 8)
        try NumpyFile.save(list, to: folder("a.npz"))
        for name in ["a.safetensors", "a.safetensors.index.json", "a.npz"] {
            let file = try TensorFile.open(folder(name))
            for (name, tensor) in zip(names, tensors) {
                let found = file.tensors.filter { $0.name.utf8.elementsEqual(name.utf8) }
                #expect(found.count == 1 && found.first?.tensor.equal(tensor) == true, "\(name)")
            }
            #expect(try TensorFile.open(folder(name), only: [names[1]]).tensors.first?.tensor.equal(tensors[1]) == true)
            #expect(throws: IOError.self) { try TensorFile.load(folder(name)) }
        }
    }
}
