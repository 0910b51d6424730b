import TestSupport
import Testing
import TorchlightCore

/// Calls that skip the general steps of the dispatcher are counted and recorded as other calls are.
@Suite struct ShortPathTests {
    @Test func callsAreCountedAndRecorded() {
        let (a, b) = (Tensor.ones([2, 2]), Tensor.ones([2, 2]))
        let calls: [(name: String, run: () -> Tensor)] = [
            ("add", { a + b }), ("mul", { a * b }), ("lt", { a < b }),
            ("matmul", { a.matmul(b) }),
            ("full", { try! Tensor.filled(0, shape: [2, 2], dtype: .float32, device: .cpu) }),
        ]
        for (name, run) in calls {
            let recorded = RecordedCalls.of { _ = run() }.map { type(of: $0.primitive).name }
            #expect(recorded.filter { $0 == name } == [name], "\(name) is recorded once, got \(recorded)")
            #expect(WorkCounts.of { _ = run() }.kernels == recorded.count, "\(name) counts a kernel for each call")
        }
    }
}
