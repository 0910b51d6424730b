import Foundation
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

@Suite struct TorchFileTests {
    let folder = TemporaryFolder()

    @Test func savesAndLoadsValues() throws {
        var dictionary = TorchDictionary([(1, "one"), (.tuple([2, "b"]), [1.5, true, nil])])
        dictionary.items.append((.bytes([0, 255, 10]), .byteArray([1, 2])))
        let value: TorchValue = [
            "int": [0, 255, 256, 65536, -1, -2_147_483_649, .int(.min)], "float": [0.1, .float(-.infinity)],
            "text": "tab\t日本\0", "dictionary": .dictionary(dictionary), "set": .set([1, 2]),
            "size": .size([1, 2, 3, 4]), "dtype": .dtype("bfloat16"), "device": [.device("cuda:1"), .device("cpu")],
            "complex": .complex(real: 1, imaginary: -0.0), "empty": [[], .tuple([]), [:], .set([])],
            "big": .bigInt(TorchInteger(bytes: [UInt8](repeating: 1, count: 20))),
            "attributes": .dictionary(
                TorchDictionary([("w", 1)], isOrdered: true, attributes: [("_metadata", ["v": 1])])),
        ]
        try TorchFile.save(value, to: folder("a.pt"))
        let loaded = try TorchFile.load(folder("a.pt"))
        #expect("\(loaded)" == "\(value)")
        #expect(loaded["attributes"]?.dictionary?.attributes.first?.value["v"]?.int == 1)
        #expect(loaded["dictionary"]?.dictionary?[1]?.string == "one" && loaded["text"]?.string == "tab\t日本\0")
        try TorchFile.save(value, to: folder("b.pt"))
        #expect(try FileSystem.read(folder("a.pt")) == FileSystem.read(folder("b.pt")))
    }

    @Test func savesAndLoadsEveryDtypeShapeAndView() throws {
        var tensors: [String: Tensor] = [
            "scalar": Tensor(2.5), "empty": Tensor.zeros([0, 3]), "transposed": Tensor.randn([3, 4]).transpose(0, 1),
            "expanded": Tensor([1.0, 2]).expand(3, 2), "slice": Tensor((0..<100).map { Float($0) })[10..<20],
            "backwards": Tensor([1.0, 2, 3]).flip(0),
        ]
        for dtype in DType.allCases { tensors["\(dtype)"] = Tensor([1, 0, 1], dtype: dtype) }
        try TorchFile.save(tensors, to: folder("a.pth"))
        let loaded = try TorchFile.loadTensors(folder("a.pth"))
        #expect(Set(loaded.keys) == Set(tensors.keys))
        for (name, tensor) in tensors {
            let other = try #require(loaded[name])
            #expect(
                other.dtype == tensor.dtype && other.shape == tensor.shape && other.strides == tensor.strides, "\(name)"
            )
            #expect(other.withUnsafeBytes { Array($0) } == tensor.withUnsafeBytes { Array($0) }, "\(name)")
        }
        // Of the hundred elements only the ten of the slice are written.
        #expect(loaded["slice"]?.storageOffset == 0 && loaded["slice"]?.storage.byteCount == 40)
    }

    @Test func tiedAndSharedTensorsStaySo() throws {
        let base = Tensor.randn([4, 4])
        let tied = Tensor.randn([2])
        tied.isParameter = true
        tied.requiresGrad_()
        let value: TorchValue = [
            "a": .tensor(tied), "b": .tensor(tied), "row": .tensor(base[1]), "column": .tensor(base.transpose(0, 1)[2]),
        ]
        try TorchFile.save(value, to: folder("a.pt"))
        let loaded = try TorchFile.load(folder("a.pt"))
        #expect(loaded["a"]?.tensor === loaded["b"]?.tensor)
        #expect(loaded["a"]?.tensor?.isParameter == true && loaded["a"]?.tensor?.requiresGrad == true)
        let (row, column) = (try #require(loaded["row"]?.tensor), try #require(loaded["column"]?.tensor))
        #expect(row.storage === column.storage)
        row[2] = 7
        #expect(column[1].item(Float.self) == 7)
        try TorchFile.save(["a": tied], to: folder("b.pt"))
        let plain = try TorchFile.load(folder("b.pt"))
        #expect(plain["a"]?.tensor?.isParameter == false && plain["a"]?.tensor?.requiresGrad == false)
        #expect(plain.dictionary?.isOrdered == true)
    }

    @Test func loadedTensorsAreTheFilesPages() throws {
        try TorchFile.save(["a": Tensor([1.0, 2])], to: folder("a.pth"))
        let before = try FileSystem.read(folder("a.pth"))
        let tensor = try #require(try TorchFile.loadTensors(folder("a.pth"))["a"])
        #expect(UInt(bitPattern: tensor.data) % 64 == 0)
        tensor.withUnsafeMutableBytes { $0.storeBytes(of: Float(7), as: Float.self) }
        #expect(try FileSystem.read(folder("a.pth")) == before)
        // Saving over the file that a tensor lies in is safe.
        try TorchFile.save(["a": tensor], to: folder("a.pth"))
        #expect(try TorchFile.loadTensors(folder("a.pth"))["a"]?.toArray(Float.self) == [7, 2])
    }

    @Test func whatCannotBeSavedLeavesTheOldFile() throws {
        try TorchFile.save(["a": Tensor([1.0])], to: folder("a.pth"))
        var deep: TorchValue = 1
        for _ in 0..<300 { deep = [deep] }
        #expect(throws: IOError.self) { try TorchFile.save(deep, to: folder("a.pth")) }
        #expect(throws: IOError.self) { try TorchFile.save(.dtype("float33"), to: folder("a.pth")) }
        #expect(throws: IOError.self) { try TorchFile.save(["a": Tensor([1.0])], to: folder("none/a.pth")) }
        #expect(throws: IOError.self) { try TorchFile.save(["a": Tensor([1.0])], to: "/dev/full") }
        #expect(try TorchFile.loadTensors(folder("a.pth")).count == 1)
        #expect(folder.names == ["a.pth"])
    }

    @Test func damageIsFound() throws {
        try TorchFile.save(["a": Tensor([1.0, 2])], to: folder("a.pth"))
        let bytes = try FileSystem.read(folder("a.pth"))
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x55
            damaged.withUnsafeBytes { damaged in
                guard let value = try? TorchFile.parse(FileContents(damaged, path: "a.pth")) else { return }
                // Padding, times and the notes for PyTorch are not covered.
                #expect(value["a"]?.tensor?.toArray(Float.self) == [1, 2], "byte \(index)")
            }
        }
        #expect(bytes.count > 500)
    }

    @Test func aFileIsKnownByItsBytes() throws {
        let tensors = ["w": Tensor([1.0, 2]), "b": Tensor([3])]
        try TorchFile.save(tensors, to: folder("1"))
        try Safetensors.save(tensors, to: folder("2"))
        try NumpyFile.save(tensors, to: folder("3"))
        for (name, format) in [("1", TensorFile.Format.torch), ("2", .safetensors), ("3", .npz)] {
            let file = try TensorFile.open(folder(name))
            #expect(file.format == format && Set(file.tensors.map(\.name)) == ["w", "b"])
            #expect(try TensorFile.load(folder(name))["w"]?.toArray(Float.self) == [1, 2])
        }
        try NumpyFile.save(Tensor([1.0, 2]), to: folder("4"))
        #expect(try TensorFile.open(folder("4")).tensors.map(\.name) == ["array"])
        try AtomicFile.write("<html>", to: folder("5.pth"))
        let error = #expect(throws: IOError.self) { try TensorFile.open(folder("5.pth")) }
        #expect(error?.problem.contains("web page") == true)
    }

    @Test func namesAreThePathsThroughTheContainers() throws {
        let w = Tensor([1.0])
        let value: TorchValue = [
            "model": ["0.weight": .tensor(w)], "optimizer": ["state": [0: ["exp_avg": .tensor(w)]]],
            "list": [1, .tensor(w)],
        ]
        #expect(value.tensors.map(\.name) == ["model.0.weight", "optimizer.state.0.exp_avg", "list.1"])
        #expect(TorchValue.tensor(w).tensors.map(\.name) == ["tensor"])
        try TorchFile.save(["a": ["b": .tensor(w)], "a.b": .tensor(w)] as TorchValue, to: folder("a"))
        #expect(throws: IOError.self) { try TorchFile.loadTensors(folder("a")) }
    }
}

/// What PyTorch itself makes of the files, where a Python with torch is at hand: `$TORCHLIGHT_PYTHON`, or python3.
@Suite struct RealPyTorchTests {
    let folder = TemporaryFolder()

    /// A Python that can import torch.
    static let python: String? = {
        let candidate = FileSystem.environment("TORCHLIGHT_PYTHON") ?? "python3"
        return run(candidate, "import torch, numpy", []) == nil ? nil : candidate
    }()

    /// Runs a program; its standard output, nil where it fails.
    static func run(_ python: String, _ program: String, _ arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-c", program] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }

    /// Named tensors of every dtype, with views and tied weights, and values of every kind beside them.
    static func everything() -> (tensors: [String: Tensor], value: TorchValue) {
        let base = Tensor((0..<12).map { Float($0) / 7 }, shape: [3, 4])
        let tied = Tensor([1.0, 2])
        tied.isParameter = true
        tied.requiresGrad_()
        var named: [(key: TorchValue, value: TorchValue)] = [
            ("row", .tensor(base[1])), ("transposed", .tensor(base.transpose(0, 1))), ("a", .tensor(tied)),
            ("b", .tensor(tied)), ("scalar", .tensor(Tensor(3))), ("empty", .tensor(Tensor.zeros([0, 2]))),
        ]
        for dtype in DType.allCases { named.append((.string("\(dtype)"), .tensor(Tensor([1, 0, 1], dtype: dtype)))) }
        let value: TorchValue = [
            "model": .dictionary(
                TorchDictionary(named, isOrdered: true, attributes: [("_metadata", ["": ["version": 1]])])),
            "epoch": 70_000, "big": .bigInt(TorchInteger(bytes: [UInt8](repeating: 1, count: 20))), "text": "ü\n",
            "floats": [0.1, .float(.infinity)], "size": .size([2, 3]), "dtype": .dtype("float16"),
            "device": .device("cuda:1"), "bytes": .bytes([0, 200]), "array": .byteArray([1]), "set": .set([1, 2]),
            "complex": .complex(real: 1, imaginary: 2), "tuple": .tuple([1, nil, true]), 5: .int(.min),
        ]
        let tensors = named.prefix(6).map { ($0.key.string!, $0.value.tensor!) }
        return (Dictionary(uniqueKeysWithValues: tensors), value)
    }

    /// The bytes that PyTorch 2.13 read as it should, by the test below.
    @Test func theBytesAreThoseThatPyTorchRead() throws {
        try TorchFile.save(Self.everything().value, to: folder("a.pt"))
        let digest = MD5.hex(try FileSystem.read(folder("a.pt")))
        #expect(digest == "66e2ad5b62572971c67393849ec68bee")
    }

    @Test(.enabled(if: python != nil, "no Python with PyTorch and NumPy")) func readsWhatIsWritten() throws {
        let (tensors, value) = Self.everything()
        try TorchFile.save(value, to: folder("a.pt"))
        // As zip64, which otherwise only files of more than 4 GiB are.
        let file = try AtomicFile(folder("wide.pt"))
        try TorchFile.write(
            value, to: ZipWriter(file, path: folder("wide.pt"), operation: "pth", wideFrom: 0), path: folder("wide.pt"))
        try file.commit()
        try NumpyFile.save(tensors, to: folder("a.npz"), compressed: true)
        try NumpyFile.save(tensors, to: folder("b.npz"))
        let program = """
            import sys, zipfile, torch, numpy
            folder = sys.argv[1]
            for name in ['/a.pt', '/wide.pt']:
                assert zipfile.ZipFile(folder + name).testzip() is None
                for options in [{}, {'mmap': True}]:
                    v = torch.load(folder + name, weights_only=True, map_location='cpu', **options)
                    m = v['model']
                    base = (torch.arange(12, dtype=torch.float32) / 7).reshape(3, 4)
                    assert torch.equal(m['row'], base[1]) and torch.equal(m['transposed'], base.t())
                    assert m['transposed'].stride() == (1, 4)
                    assert m['row'].untyped_storage().data_ptr() == m['transposed'].untyped_storage().data_ptr()
                    assert m['a'] is m['b'] and isinstance(m['a'], torch.nn.Parameter) and m['a'].requires_grad
                    assert m['scalar'].item() == 3 and m['scalar'].dtype == torch.int64 and m['empty'].shape == (0, 2)
                    for n in 'float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128'.split():
                        assert m[n].dtype == getattr(torch, n) and m[n].tolist() == [1, 0, 1]
                    assert m._metadata == {'': {'version': 1}} and type(m).__name__ == 'OrderedDict'
                    assert v['epoch'] == 70000 and v['big'] == int.from_bytes(bytes([1] * 20), 'little')
                    assert v['text'] == 'ü\\n' and v['floats'] == [0.1, float('inf')] and v['size'] == torch.Size([2, 3])
                    assert v['dtype'] is torch.float16 and v['device'] == torch.device('cuda:1')
                    assert v['bytes'] == bytes([0, 200]) and v['array'] == bytearray([1]) and v['set'] == {1, 2}
                    assert v['complex'] == 1 + 2j and v['tuple'] == (1, None, True) and v[5] == -2**63
            for name in ['/a.npz', '/b.npz']:
                a = numpy.load(folder + name)
                assert set(a.files) == {'row', 'transposed', 'a', 'b', 'scalar', 'empty'}
                assert (a['transposed'] == base.t().numpy()).all() and a['scalar'] == 3 and a['empty'].shape == (0, 2)
            torch.save(v, folder + '/again.pt')
            print('agrees')
            """
        let output = try #require(Self.run(Self.python!, program, [folder.path]), "PyTorch disagrees")
        #expect(output == "agrees\n")
        #expect("\(try TorchFile.load(folder("again.pt")))" == "\(value)")
    }
}
