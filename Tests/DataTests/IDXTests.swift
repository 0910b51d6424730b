import TestSupport
import Testing
import TorchlightIO

@testable import TorchlightData

@Suite struct IDXTests {
    static func file(_ header: [UInt8], _ dimensions: [UInt32], data: Int) -> [UInt8] {
        header + dimensions.flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) }
            + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
    }

    @Test func readsTypesAndShapes() throws {
        let images = try IDX.parse(Self.file([0, 0, 8, 3], [2, 3, 4], data: 24), file: "a.idx")
        #expect(images.element == .uint8)
        #expect(images.shape == [2, 3, 4])
        #expect(Array(images.data) == Array(0..<24))
        #expect(try IDX.parse(Self.file([0, 0, 0x0e, 1], [3], data: 24), file: "a.idx").element == .float64)
        #expect(try IDX.parse(Self.file([0, 0, 8, 2], [0, 7], data: 0), file: "a.idx").data.isEmpty)
    }

    @Test(arguments: [
        [], [0, 0, 8], file([0, 0, 8, 0], [], data: 1), file([0, 0, 8, 1], [], data: 3),
        file([0, 0, 7, 1], [1], data: 1),
        file([8, 0, 8, 1], [1], data: 1), file([0, 0, 8, 1], [2], data: 1), file([0, 0, 8, 1], [2], data: 3),
        file([0, 0, 8, 4], [.max, .max, .max, .max], data: 4), file([1, 8, 0, 0], [1], data: 1),
    ])
    func refuses(bytes: [UInt8]) {
        let error = #expect(throws: IOError.self) { try IDX.parse(bytes, file: "a.idx") }
        #expect(error?.offset != nil)
    }

    @Test(arguments: Interop.cases("hostile/idx")) func behavesOnHostileFiles(file: Interop.Case) throws {
        do {
            let idx = try IDX.read(file.path, limit: 256 << 20)
            #expect(file.expected != "error")
            guard let values = file.entry["values"] else { return }
            #expect(idx.shape == values["shape"]!.elements!.map { $0.int! })
            #expect(idx.data.reduce(0) { $0 + Int($1) } == values["sum"]!.int!)
        } catch {
            #expect(file.expected != "ok")
            #expect(!"\(error)".contains("\n"))
        }
    }
}
