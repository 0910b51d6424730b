import Testing
import TestSupport
import TorchlightIO
@testable import TorchlightONNX

struct DocumentationTests {
    @Test func `The article lists the operators of the registry`() throws {
        let root = FileSystem.directory(of: FileSystem.directory(of: testFolder))
        let bytes = try FileSystem.read(root + "/Docs/Torchlight.docc/ONNX.md")
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(
            text.contains(OperatorTable.standard.markdown),
            "print the table with `torchlight onnx operators` and paste it at the end of ONNX.md")
    }

    @Test func `The article lists the operations that are exported`() throws {
        let root = FileSystem.directory(of: FileSystem.directory(of: testFolder))
        let bytes = try FileSystem.read(root + "/Docs/Torchlight.docc/ONNX.md")
        let list = Translations.standard.markdown
        #expect(String(decoding: bytes, as: UTF8.self).contains(list), "the list is now \(list)")
    }
}
