import CKernels
import Synchronization

/// A pseudorandom number generator whose state can be saved, restored and forked.
///
/// Element `i` of a random operation is a function of the seed, the number of the call and `i` (Philox 4x32-10; Salmon
/// et al., 2011), so results are the same for any number of threads and on every device. A generator may be used by
/// several threads, but the order of their calls is then not determined; use `fork(_:)` to give each thread its own.
public final class Generator: Sendable {
    /// The complete state of a generator, for example to be stored in a checkpoint.
    public struct State: Sendable, Hashable, Codable {
        /// The seed of the sequence.
        public var seed: UInt64
        /// The number of the next call.
        public var call: UInt64

        /// The state before call `call` of the sequence of a seed.
        public init(seed: UInt64, call: UInt64 = 0) {
            self.seed = seed
            self.call = call
        }
    }

    private let current: Mutex<State>

    /// A generator at the start of the sequence of a seed.
    public init(seed: UInt64) {
        current = Mutex(State(seed: seed))
        activeRecorder?.made(generator: self)
    }

    /// A generator with a given state.
    public init(state: State) {
        current = Mutex(state)
        activeRecorder?.made(generator: self)
    }

    /// The default generator, used by random operations without a `generator` argument. It is that of the process, with
    /// a random seed, or inside `asDefault { }` the generator set for this thread.
    public static var `default`: Generator { ThreadContext.existing?.defaultGenerator ?? program }

    private static let program = Generator(seed: .random(in: 0...UInt64.max))

    /// Runs the body with this generator as the default generator of the thread. Random operations inside are
    /// reproducible and do not change the generator of the process.
    ///
    ///     let noise = Generator(seed: 1).asDefault { Tensor.randn(3) }
    public func asDefault<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
        let context = ThreadContext.current
        let outer = context.defaultGenerator
        context.defaultGenerator = self
        defer { context.defaultGenerator = outer }
        return try body()
    }

    /// A seed for another generator: the next draw of this one.
    package func drawSeed() -> UInt64 {
        activeRecorder?.changed(generator: self)
        let key = next()
        let philox = tl_philox(seed: key.seed, call: key.call)
        return UInt64(tl_philox_word(philox, 0)) << 32 | UInt64(tl_philox_word(philox, 1))
    }

    /// The state of the generator; set it to restore a saved one.
    public var state: State {
        get { current.withLock { $0 } }
        set {
            // Code that is run again gets its numbers from a record, and does not change the state of generators.
            if ThreadContext.existing?.randomSource?.isReplay == true { return }
            activeRecorder?.changed(generator: self)
            current.withLock { $0 = newValue }
        }
    }

    /// The seed of the sequence.
    public var seed: UInt64 { state.seed }

    /// Sets the generator to the start of the sequence of a seed, and returns it.
    @discardableResult
    public func manualSeed(_ seed: UInt64) -> Generator {
        state = State(seed: seed)
        return self
    }

    /// An independent generator that depends only on the seed and the index, not on the current state.
    public func fork(_ index: Int) -> Generator {
        // Words that no call of this generator draws: their call number is the last.
        let key = tl_philox(seed: seed, call: .max)
        let counter = UInt64(bitPattern: Int64(index)) &* 2
        let low = UInt64(tl_philox_word(key, counter))
        return Generator(seed: UInt64(tl_philox_word(key, counter &+ 1)) << 32 | low)
    }

    /// The key of the next call.
    package func next() -> RandomKey {
        ThreadContext.existing?.randomSource?.next(of: self) ?? draw()
    }

    /// The key of the next call, as a random operation on this device takes it.
    package func nextKey(on device: Device) throws(TensorError) -> Tensor {
        if threadState.pointee.recording > 0, let recorder = GraphRecorder.current {
            return try recorder.draw(from: self, on: device)
        }
        let key = next()
        let tensor = try key.tensor(on: device)
        if let recorder = activeRecorder { withoutRecording { recorder.drew(key, from: self, as: tensor) } }
        return tensor
    }

    /// The key of the next call, past any record.
    func draw() -> RandomKey {
        current.withLock { state in
            defer { state.call &+= 1 }
            return RandomKey(seed: state.seed, call: state.call)
        }
    }
}

/// What the random numbers of one call are made from.
package struct RandomKey: Sendable, Hashable, Codable {
    package var seed: UInt64
    package var call: UInt64

    package init(seed: UInt64, call: UInt64) {
        self.seed = seed
        self.call = call
    }

    /// The operand of a random operation: int64 `[2]`, the bits of the seed and of the call.
    package func tensor(on device: Device) throws(TensorError) -> Tensor {
        let words = try Tensor(empty: Dims([2]), dtype: .int64)
        words.data.storeBytes(of: seed, as: UInt64.self)
        words.data.storeBytes(of: call, toByteOffset: 8, as: UInt64.self)
        return words.to(device)
    }
}

/// Sets the seed of the default generator, so that the random numbers drawn from it are the same in every run.
///
///     manualSeed(0)
///     let model = Net()       // the same initial parameters in every run
///
/// They are the same for any number of threads and on every CPU. Random numbers of Swift, such as `shuffled()`, have another
/// generator.
public func manualSeed(_ seed: UInt64) { Generator.default.manualSeed(seed) }
