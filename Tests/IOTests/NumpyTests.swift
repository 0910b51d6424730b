import Foundation
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

@Suite struct NumpyTests {
    let folder = TemporaryFolder()

    func file(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let length =
            version == 1
            ? withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian, Array.init)
            : withUnsafeBytes(of: UInt32(header.utf8.count).littleEndian, Array.init)
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
    }

    func read(_ header: String, _ data: [UInt8], version: UInt8 = 1) throws -> Tensor {
        try file(header, data, version: version).withUnsafeBytes {
            try NumpyFile.parse(FileContents($0, path: "a.npy"))[0].tensor
        }
    }

    @Test func rawFilesAreVectors() throws {
        try Data([1, 0, 2, 0, 3]).write(to: URL(filePath: folder("raw")))
        let numbers = try Tensor.fromFile(folder("raw"), dtype: .int16)
        #expect(numbers.toArray(Int.self) == [1, 2])
        numbers.zero_()
        #expect(try Tensor.fromFile(folder("raw"), size: 1, dtype: .int16).toArray(Int.self) == [1])
        #expect(try Tensor.fromFile(folder("raw"), size: 0).shape == [0])
        #expect(throws: IOError.self) { try Tensor.fromFile(folder("raw"), size: 2) }
        #expect(throws: IOError.self) { try Tensor.fromFile(folder("raw"), size: -1) }
        #expect(throws: IOError.self) { try Tensor.fromFile(folder("missing")) }
        try NumpyFile.save(Tensor([1.0, 2]), to: folder("a.npy"))
        #expect(try fromNumpy(folder("a.npy")).toArray(Double.self) == [1, 2])
    }

    @Test func savesAndLoadsEveryDtype() throws {
        for dtype in DType.allCases where dtype != .bfloat16 {
            let tensor = Tensor([[0, 1, 1], [1, 0, 0]], dtype: dtype)
            try NumpyFile.save(tensor, to: folder("a.npy"))
            let loaded = try NumpyFile.load(folder("a.npy"))
            #expect(loaded.dtype == dtype && loaded.equal(tensor), "\(dtype)")
        }
        let numbers = [Complex<Double>(1, -2), Complex(0.5, 3)]
        for dtype in [DType.complex64, .complex128] {
            try NumpyFile.save(Tensor(numbers, dtype: dtype), to: folder("a.npy"))
            #expect(try NumpyFile.load(folder("a.npy")).toArray(Complex<Double>.self) == numbers, "\(dtype)")
        }
        // The bytes of each part are exchanged, not those of the pair.
        let swapped = numbers.flatMap { [$0.real, $0.imag] }.flatMap {
            withUnsafeBytes(of: $0.bitPattern.bigEndian, Array.init)
        }
        #expect(
            try read("{'descr': '>c16', 'fortran_order': False, 'shape': (2,), }\n", swapped)
                .toArray(Complex<Double>.self) == numbers)
        try NumpyFile.save(Tensor.zeros([2, 0]), to: folder("a.npy"))
        #expect(try NumpyFile.load(folder("a.npy")).shape == [2, 0])
        try NumpyFile.save(Tensor([[1, 2], [3, 4]]).transpose(0, 1), to: folder("a.npy"))
        #expect(try NumpyFile.load(folder("a.npy")).toArray(Int.self) == [1, 3, 2, 4])
        let error = #expect(throws: IOError.self) {
            try NumpyFile.save(Tensor([1], dtype: .bfloat16), to: folder("b.npy"))
        }
        #expect("\(error!)".contains("NumPy does not have"))
        #expect(folder.names == ["a.npy"])
    }

    @Test func archivesKeepNamesAndAlign() throws {
        let arrays = ["b": Tensor([1.0, 2]), "a/ä": Tensor(3), "c": Tensor.zeros([0])]
        try NumpyFile.save(arrays, to: folder("a.npz"))
        let loaded = try NumpyFile.open(folder("a.npz"))
        #expect(loaded.map(\.name) == ["a/ä", "b", "c"])
        // Not a copy: the elements are those of the mapped file.
        #expect(UInt(bitPattern: loaded[1].tensor.data) % 64 == 0)
        let before = try FileSystem.read(folder("a.npz"))
        loaded[1].tensor.withUnsafeMutableBytes { $0.storeBytes(of: Float(9), as: Float.self) }
        #expect(try FileSystem.read(folder("a.npz")) == before)
        try NumpyFile.save(arrays, to: folder("b.npz"), compressed: true)
        for (name, tensor) in try NumpyFile.loadArchive(folder("b.npz")) { #expect(tensor.equal(arrays[name]!)) }
        #expect(throws: IOError.self) { try NumpyFile.load(folder("a.npz")) }
        #expect(throws: IOError.self) {
            try NumpyFile.save(["x": Tensor(1), "x": Tensor(2)] as KeyValuePairs, to: folder("c.npz"))
        }
        #expect(folder.names == ["a.npz", "b.npz"])
    }

    @Test func readsBothOrders() throws {
        let bytes: [UInt8] = [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]
        let rows = try read("{'descr':'>i2','fortran_order':False,'shape':(2,3)}", bytes)
        #expect(rows.toArray(Int.self) == [1, 2, 3, 4, 5, 6] && rows.isContiguous)
        let columns = try read("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }  \n", bytes, version: 3)
        #expect(columns.toArray(Int.self) == [1, 3, 5, 2, 4, 6] && columns.strides == [1, 2])
        #expect(try read("{'shape': (), 'descr': '|b1', 'fortran_order': False}", [1]).item(Bool.self))
    }

    @Test func takes64DimensionsAndRefuses65() throws {
        func array(_ rank: Int) throws -> Tensor {
            let sizes = String(repeating: "1,", count: rank)
            return try read("{'descr': '|u1', 'fortran_order': False, 'shape': (\(sizes))}", [7])
        }
        #expect(try array(64).rank == 64)
        let error = #expect(throws: IOError.self) { try array(65) }
        #expect(error?.problem.contains("65 dimensions") == true)
    }

    @Test func widensUnsignedIntegers() throws {
        func one(_ type: String, _ data: [UInt8]) throws -> Tensor {
            try read(
                "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(data.count / Int(type.suffix(1))!),)}", data)
        }
        let small = try one("<u2", [0xff, 0xff, 1, 0, 0, 0x80])
        #expect(small.dtype == .int32 && small.toArray(Int.self) == [65535, 1, 32768])
        let swapped = try one(">u4", [0xff, 0, 0, 0, 0, 0, 0, 1])
        #expect(swapped.dtype == .int64 && swapped.toArray(Int.self) == [0xff00_0000, 1])
        #expect(try one("<u8", [UInt8](repeating: 0xff, count: 7) + [0x7f]).item(Int.self) == .max)
        let error = #expect(throws: IOError.self) { try one("<u8", [UInt8](repeating: 0xff, count: 8)) }
        #expect(error?.problem == "the array is uint64 and holds 18446744073709551615")
    }

    @Test(arguments: [
        "", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387905, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}",
        "{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|i4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (1,)}",
    ])
    func refuses(header: String) {
        let error = #expect(throws: IOError.self) { try read(header, [0, 0, 0, 0]) }
        #expect(error?.offset != nil && error?.rule.isEmpty == false)
    }

    @Test func neverTrustsTheLengthOfTheHeader() throws {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}"
        let whole = file(header, [0, 0, 0, 0])
        for count in whole.indices {
            #expect(throws: IOError.self, "\(count) bytes") {
                try Array(whole[..<count]).withUnsafeBytes { try NumpyFile.parse(FileContents($0, path: "a.npy")) }
            }
        }
        for version: UInt8 in [0, 4, 255] {
            #expect(throws: IOError.self) { try read(header, [0, 0, 0, 0], version: version) }
        }
    }
}
