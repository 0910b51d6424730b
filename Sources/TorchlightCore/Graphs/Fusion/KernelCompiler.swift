import CKernels
import Glibc
import Synchronization

/// Compiles the kernels of fused groups in the background, one translation unit per graph, and sets them in the
/// programs. After a failure the programs stay interpreted, and one notice gives the reason.
package final class KernelCompiler: Sendable {
    package static let shared = KernelCompiler()

    /// The time limit of the compiler for a unit, in seconds.
    private let secondsForUnit: Double
    private let compiler: CompilerProcess?
    private let folder: String?

    private struct State {
        var isWorking = false
        var waiting: [[FusedProgram]] = []
        var continuations: [CheckedContinuation<Void, Never>] = []
        var isNoticed = false
        var counts = Counts()
    }
    private let state = Mutex(State())
    /// Signalled when no unit is waiting or being compiled.
    private let idle = ConditionLock()

    /// The counts of compiled, cached and failed units.
    package struct Counts: Sendable {
        package var compiled = 0
        package var fromCache = 0
        package var failed = 0
    }

    /// - Parameters:
    ///   - compiler: the absolute path of the compiler. Default: TORCHLIGHT_COMPILER, or clang on the search path.
    ///   - folder: the cache folder. Default: TORCHLIGHT_CACHE, or a folder in the cache folder of the user.
    ///   - secondsForUnit: the time limit of the compiler for a unit, in seconds. Default: 60.
    package init(compiler: String? = nil, folder: String? = nil, secondsForUnit: Double = 60) {
        self.compiler = compiler.map { CompilerProcess(path: $0) } ?? CompilerProcess.find()
        self.folder = folder ?? KernelCache.standardFolder()
        self.secondsForUnit = secondsForUnit
    }

    /// Whether a compiler was found.
    package var isAvailable: Bool { compiler != nil }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Compiles the kernels of these programs as one unit, in the background.
    package func compile(_ programs: [FusedProgram]) {
        let programs = programs.filter { $0.isEncoded && !$0.isCompiled }
        guard compiler != nil, !programs.isEmpty else { return }
        let starts = state.withLock { state in
            state.waiting.append(programs)
            defer { state.isWorking = true }
            return !state.isWorking
        }
        guard starts else { return }
        guard let thread = BackgroundThread({ self.work() }) else {
            // If no thread can be started, nothing is compiled.
            return finish()
        }
        thread.detach()
    }

    /// Waits until all requested units are compiled or have failed.
    package func ready() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.isWorking { state.continuations.append(continuation) }
                return !state.isWorking
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Waits as `ready()` does, for synchronous callers.
    package func waitUntilReady() {
        idle.lock()
        while state.withLock({ $0.isWorking }) { idle.wait() }
        idle.unlock()
    }

    private func work() {
        while let programs = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) {
            let fromCache: Bool?
            do {
                fromCache = try load(programs)
            } catch {
                fromCache = nil
                notice(error)
            }
            state.withLock {
                switch fromCache {
                case true?: $0.counts.fromCache += 1
                case false?: $0.counts.compiled += 1
                case nil: $0.counts.failed += 1
                }
            }
        }
        finish()
    }

    private func finish() {
        let (continuations, more) = state.withLock { state in
            // Units that were requested meanwhile are still waiting.
            if !state.waiting.isEmpty { return ([CheckedContinuation<Void, Never>](), true) }
            state.isWorking = false
            defer { state.continuations = [] }
            return (state.continuations, false)
        }
        if more { return work() }
        idle.lock()
        idle.announce()
        idle.unlock()
        for continuation in continuations { continuation.resume() }
    }

    /// Loads the library with the kernels of the programs, from the cache or after compiling it. Returns whether it was
    /// cached.
    private func load(_ programs: [FusedProgram]) throws -> Bool {
        guard let compiler else { return true }
        let (text, names) = KernelSource.unit(programs)
        guard !text.isEmpty else { return true }
        guard let folder else { throw KernelCache.Failure.folder("HOME is not set") }
        let cache = try KernelCache(folder)
        let content = ([compiler.identity] + CompilerProcess.flags + [text]).joined(separator: "\n")
        let known = cache.library(for: content)
        let library =
            try known ?? cache.add(content, source: text, compiler, seconds: secondsForUnit)
        // The library is never closed, because programs keep the addresses of its functions.
        guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
            throw KernelCache.Failure.folder("the compiled library cannot be loaded")
        }
        if library.hasSuffix(KernelCache.ownSuffix) { unlink(library) }
        for (program, names) in zip(programs, names) {
            program.use(
                names.map { name in
                    guard let name, let address = dlsym(handle, name) else { return nil }
                    return unsafeBitCast(address, to: tl_fused_code.self)
                })
        }
        return known != nil
    }

    private func notice(_ error: any Error) {
        let isFirst = state.withLock { state in
            defer { state.isNoticed = true }
            return !state.isNoticed
        }
        guard isFirst else { return }
        let reason =
            switch error {
            case KernelCache.Failure.folder(let problem): "the folder \(folder ?? "for caches"): \(problem)"
            case CompilerProcess.Failure.notStarted(let status):
                "\(compiler?.path ?? "the compiler") does not start: \(String(cString: strerror(status)))"
            case CompilerProcess.Failure.exitStatus: "\(compiler?.path ?? "the compiler") failed"
            case CompilerProcess.Failure.timeLimit:
                "\(compiler?.path ?? "the compiler") took longer than \(secondsForUnit) s"
            default: "\(error)"
            }
        writeToStandardError(
            "compile: kernels are interpreted instead of compiled (\(reason)); set TORCHLIGHT_COMPILER=none to turn "
                + "off compilation, or TORCHLIGHT_CACHE to a folder that only you can write to\n")
    }
}
