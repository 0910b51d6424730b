import ONNXBackendTests
import Testing
import TestSupport
import TorchlightCore
import TorchlightIO

/// The folder of these tests.
let testFolder = FileSystem.directory(of: #filePath)

struct BackendSampleTests {
    /// A sample of the standard's tests; `scripts/onnx-backend-tests` writes all of them.
    @Test func `The sample of the standard's tests passes`() throws {
        let results = try BackendTests.run(in: testFolder + "/BackendSample.zip")
        let failed = results.filter { $0.problem != nil && !$0.isLeftOut }
        for result in failed { Issue.record("\(result.name): \(result.problem ?? "")") }
        #expect(results.count > 400, "the archive has \(results.count) tests")
        let passed = results.count { $0.problem == nil }
        #expect(passed * 100 >= results.count * 95, "\(passed) of \(results.count) tests pass")
    }
}
