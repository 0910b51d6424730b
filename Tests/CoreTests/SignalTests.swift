import Foundation
import Synchronization
import Testing
import TorchlightCore

/// A signal handler may run at any time, also inside a kernel.
@Suite struct SignalTests {
    /// A kernel that uses the stack pointer for something else would have the frame of the handler written over other memory.
    @Test func signalsDuringProductsChangeNothing() {
        signal(SIGURG) { _ in }
        let target = pthread_self()
        let (isDone, ended) = (Flag(), DispatchSemaphore(value: 0))
        Thread.detachNewThread {
            while !isDone.value.load(ordering: .relaxed) {
                pthread_kill(target, SIGURG)
                usleep(50)
            }
            ended.signal()
        }
        let generator = Generator(seed: 1)
        let a = Tensor.rand([64, 784], generator: generator), b = Tensor.rand([784, 250], generator: generator)
        let expected = a.matmul(b)
        for _ in 0..<300 { #expect(a.matmul(b).equal(expected)) }
        isDone.value.store(true, ordering: .relaxed)
        ended.wait()
    }

    private final class Flag: Sendable {
        let value = Atomic(false)
    }
}
