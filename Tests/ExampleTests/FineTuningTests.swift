import TestSupport
import Testing
import TorchlightIO

/// Runs the example of fine-tuning.
@Suite struct FineTuningTests {
    @Test func theAdapterLearnsTheNewText() throws {
        let folder = TemporaryFolder()
        let program = try ExampleTests.program("FineTuning")
        let output = try run(program, [folder("adapter"), "60"], in: folder.path)
        func loss(_ title: String) throws -> Double {
            let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("\(title): loss") }, "\(output)")
            return try #require(line.split(separator: " ").last.flatMap { Double($0) }, "\(output)")
        }
        let (before, after) = (try loss("before"), try loss("after"))
        #expect(after < before / 2, "\(output)")
        #expect(try loss("without the adapter") == before, "\(output)")
        #expect(try abs(loss("merged") - after) < 0.01, "\(output)")
        #expect(output.contains("the sun is warm.") && output.contains("the sun is yellow."), "\(output)")
        #expect(FileSystem.isFile(folder("adapter/adapter_model.safetensors")))
    }
}
