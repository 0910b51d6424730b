#if os(Linux) && arch(x86_64)
    import Glibc
    import Testing
    import TorchlightCore

    /// A signal handler runs on the stack of the thread that it interrupts. Kernels of some libraries use the stack pointer for a
    /// buffer in the heap, where the frame of the handler would overwrite other memory: signals have to be blocked meanwhile.
    @Suite("Signals during products", .serialized)
    struct SignalStackTests {
        /// What the handler notes. The handler allocates nothing, so this is plain memory.
        struct Samples {
            let stack: Range<UInt>
            var taken = 0, outside = 0
        }

        private nonisolated(unsafe) static var samples: UnsafeMutablePointer<Samples>?

        /// Products whose sizes lead to different kernels of the library, with and without a bias, and convolutions.
        private static func compute() {
            let generator = Generator(seed: 1)
            func random(_ shape: [Int]) -> Tensor { Tensor.randn(shape, generator: generator) }
            let features = random([360, 784]), image = random([2, 12, 24, 24])
            for size in [7, 10, 112, 256] {
                let weight = random([size, 784]), bias = random([size]), kernel = random([size, 12, 3, 3])
                for _ in 0..<6 {
                    let plain = linear(features, weight)
                    _ = linear(features, weight, bias) + plain
                    _ = features.transpose(0, 1).matmul(plain)
                    _ = conv2d(image, kernel)
                }
            }
        }

        /// The addresses that the frames of functions called from here may take: no stack here has more than 8 MiB.
        private static func stackBelow() -> Range<UInt> {
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { memory in
                let here = UInt(bitPattern: memory.baseAddress)
                return (here - (8 << 20))..<(here + (1 << 14))
            }
        }

        private static func threadNumber() throws -> pid_t {
            var text = [UInt8](repeating: 0, count: 64)
            let count = readlink("/proc/thread-self", &text, text.count)
            return try #require(
                pid_t(String(decoding: text.prefix(max(count, 0)), as: UTF8.self).split(separator: "/").last ?? ""))
        }

        @Test("The stack pointer is in the stack of the thread wherever a signal can interrupt it")
        func stackPointer() throws {
            let samples = UnsafeMutablePointer<Samples>.allocate(capacity: 1)
            samples.initialize(to: Samples(stack: Self.stackBelow()))
            Self.samples = samples

            // A stack of its own for the handler, so that a failure of the test overwrites nothing.
            let size = 1 << 17
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            var own = stack_t(ss_sp: memory, ss_flags: 0, ss_size: size), oldStack = stack_t()
            try #require(sigaltstack(&own, &oldStack) == 0)
            var action = sigaction(), oldAction = sigaction()
            action.__sigaction_handler.sa_sigaction = { _, _, context in
                guard let context, let samples = SignalStackTests.samples else { return }
                let registers = context.assumingMemoryBound(to: ucontext_t.self).pointee.uc_mcontext.gregs
                let stackPointer = UInt(bitPattern: Int(registers.15))  // REG_RSP
                samples.pointee.taken += 1
                if !samples.pointee.stack.contains(stackPointer) { samples.pointee.outside += 1 }
            }
            action.sa_flags = SA_SIGINFO | Int32(SA_ONSTACK) | SA_RESTART
            try #require(sigaction(SIGURG, &action, &oldAction) == 0)

            // Threads of the concurrency runtime block signals.
            var unblocked = sigset_t(), oldMask = sigset_t()
            sigemptyset(&unblocked)
            sigaddset(&unblocked, SIGURG)
            pthread_sigmask(SIG_UNBLOCK, &unblocked, &oldMask)

            // A timer interrupts the kernels themselves; another thread might have to wait for a processor until they are done.
            var event = sigevent(), timer: timer_t?
            event.sigev_notify = 4  // SIGEV_THREAD_ID
            event.sigev_signo = SIGURG
            event._sigev_un._tid = try Self.threadNumber()
            try #require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
            let interval = timespec(tv_sec: 0, tv_nsec: 20_000)
            var times = itimerspec(it_interval: interval, it_value: interval)
            timer_settime(timer, 0, &times, nil)
            let end = ContinuousClock.now + .seconds(30)
            while samples.pointee.taken < 5000, ContinuousClock.now < end { Self.compute() }
            timer_delete(timer)

            pthread_sigmask(SIG_SETMASK, &oldMask, nil)
            sigaction(SIGURG, &oldAction, nil)
            sigaltstack(&oldStack, nil)
            memory.deallocate()
            #expect(samples.pointee.taken >= 5000)
            #expect(samples.pointee.outside == 0, "of \(samples.pointee.taken) signals")
            Self.samples = nil
            samples.deallocate()
        }
    }
#endif
