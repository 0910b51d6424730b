import Glibc
import Synchronization
import Testing

@testable import TorchlightCore

/// Each test has a process of its own, whose threads, limits and processors are its alone.
@Suite("Threads at their limits")
struct ThreadLimitTests {
    /// Operations of every kind that shares work, on whole numbers so small that every order of a sum gives the same, and one
    /// large factorisation, for which the library starts threads of its own.
    private static func results() -> [[Float]] {
        let x = Tensor((0..<(256 * 256)).map { Float(($0 * 7) % 5 - 2) }).reshape([256, 256])
        let images = x.reshape([4, 16, 32, 32]), kernels = x.narrow(0, start: 0, length: 18).reshape([32, 16, 3, 3])
        let inverse = LinAlg.inv(Tensor.eye(300, dtype: .float32) * 2)
        return [
            matmul(x, x), conv2d(images, kernels, padding: 1), (x * x + x).relu(), x.sum(dim: 0), x.sort(dim: 1).values,
            x.cumsum(dim: 1), inverse,
        ].map { $0.toArray(Float.self) }
    }

    /// The same without a second thread.
    private static func resultsAlone() -> [[Float]] {
        numThreads = 1
        return results()
    }

    /// Products, convolutions and sums of numbers whose sums are rounded.
    private static func roundedResults() -> [[Float]] {
        func numbers(_ shift: Int) -> Tensor {
            Tensor((0..<(256 * 256)).map { Float(($0 &* 7919 &+ shift) % 10007) / 10007 - 0.5 }).reshape([256, 256])
        }
        let x = numbers(1), y = numbers(2)
        let images = x.reshape([4, 16, 32, 32]), kernels = y.narrow(0, start: 0, length: 18).reshape([32, 16, 3, 3])
        let batch = x.reshape([16, 64, 64]), others = y.reshape([16, 64, 64])
        return [
            matmul(x, y), matmul(batch, others), conv2d(images, kernels, padding: 1), x.sum(), x.sum(dim: 0),
            softmax(x, dim: 1),
        ].map { $0.toArray(Float.self) }
    }

    /// A function of the system that the Swift overlay leaves out.
    private static func system<Function>(_ name: String, as type: Function.Type) -> Function {
        unsafeBitCast(dlsym(nil, name), to: type)
    }

    @Test("A number of threads that nobody can have becomes the nearest that is possible") func absurdNumbers() async {
        await #expect(processExitsWith: .success) {
            let expected = ThreadLimitTests.resultsAlone()
            for (wish, least, most) in [
                (0, 1, 1), (-5, 1, 1), (.min, 1, 1), (3, 3, 3), (64, 64, 64), (40_000, 64, 1024), (100_000, 64, 1024),
                (1 << 40, 64, 1024), (.max, 64, 1024),
            ] {
                numThreads = wish
                #expect(numThreads >= least && numThreads <= most, "\(wish) became \(numThreads)")
                #expect(ThreadLimitTests.results() == expected, "with \(wish) threads")
            }
        }
    }

    @Test("Where the system gives no thread, operations run on those that there are") func refusedThreads() async {
        await #expect(processExitsWith: .success) {
            // Neither this process nor others of its user may start one more; the system's administrator always may.
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            setrlimit(__rlimit_resource_t(6), &none)  // RLIMIT_NPROC
            if getuid() == 0 && setuid(65534) != 0 { return }
            let expected = ThreadLimitTests.resultsAlone()
            numThreads = 8
            let result = try? checked { ThreadLimitTests.results() }
            #expect(result == expected)
            #expect(BackgroundThread {} == nil, "the limit holds")
        }
    }

    @Test("A process that forks after use goes on in both processes") func forks() async {
        await #expect(processExitsWith: .success) {
            typealias Fork = @convention(c) () -> pid_t
            let fork = ThreadLimitTests.system("fork", as: Fork.self)
            let expected = ThreadLimitTests.resultsAlone()
            numThreads = 4
            #expect(ThreadLimitTests.results() == expected)
            let child = fork()
            if child == 0 {
                let isRight = ThreadLimitTests.results() == expected
                _exit(isRight ? 0 : 1)
            }
            var status: CInt = -1, waited = 0
            while waitpid(child, &status, WNOHANG) == 0, waited < 6000 {
                usleep(10_000)
                waited += 1
            }
            kill(child, SIGKILL)
            #expect(status == 0, "of the child, after \(waited) hundredths of a second")
            #expect(ThreadLimitTests.results() == expected)
        }
    }

    @Test("There are no more threads than processors that the process is bound to") func boundProcessors() async {
        await #expect(processExitsWith: .success) {
            unsetenv("OMP_NUM_THREADS")
            typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutablePointer<UInt8>) -> CInt
            var set = [UInt8](repeating: 0, count: 8192)
            _ = ThreadLimitTests.system("sched_getaffinity", as: Affinity.self)(0, set.count, &set)
            // The first of them alone.
            let first = set.firstIndex { $0 != 0 }!
            for i in set.indices { set[i] = i == first ? set[i] & ~(set[i] - 1) : 0 }
            #expect(ThreadLimitTests.system("sched_setaffinity", as: Affinity.self)(0, set.count, &set) == 0)
            #expect(numThreads == 1)
        }
    }

    @Test("Results are the same bits, whoever computes them and however busy the threads are") func sameBits() async {
        await #expect(processExitsWith: .success) {
            numThreads = 4
            let expected = ThreadLimitTests.roundedResults()
            let wrong = Mutex<[String]>([])
            // More callers than the pool has regions; every other keeps its operations, as loaders do.
            let threads = (0..<80).map { caller in
                BackgroundThread {
                    if caller % 2 == 1 { runOperationsInline() }
                    for round in 0..<2 {
                        let found = ThreadLimitTests.roundedResults()
                        for (index, values) in found.enumerated() where values != expected[index] {
                            wrong.withLock { $0.append("caller \(caller), round \(round), result \(index)") }
                        }
                    }
                }
            }
            for thread in threads { thread?.join() }
            withReservedThread { #expect(ThreadLimitTests.roundedResults() == expected, "one thread reserved") }
            #expect(wrong.withLock { $0 } == [])
        }
    }
}
