/// Gives random operations of a thread their keys in place of the generators: a recording, or the replay of one.
protocol RandomSource: AnyObject {
    /// The key of the next call of a generator.
    func next(of generator: Generator) -> RandomKey
    /// Whether the keys are those of an earlier run.
    var isReplay: Bool { get }
}

/// The keys that a part of a program drew from any generator, so that it can run again on the same numbers whatever other
/// threads draw meanwhile.
final class RandomRecord {
    private var keys: [RandomKey] = []

    /// Runs the body and keeps the keys that it draws.
    func recording<R>(_ body: () -> R) -> R {
        let context = ThreadContext.current
        let outer = context.randomSource
        context.randomSource = Recorder(record: self, outer: outer)
        defer { context.randomSource = outer }
        return body()
    }

    /// Runs the body with the keys that were kept; generators do not move. Returns whether it drew all of them and no more.
    func replaying(_ body: () -> Void) -> Bool {
        let context = ThreadContext.current
        let outer = context.randomSource
        let source = ReplaySource(keys: keys)
        context.randomSource = source
        defer { context.randomSource = outer }
        body()
        return source.drawn == keys.count
    }

    private final class Recorder: RandomSource {
        let record: RandomRecord
        let outer: (any RandomSource)?
        var isReplay: Bool { outer?.isReplay ?? false }

        init(record: RandomRecord, outer: (any RandomSource)?) {
            self.record = record
            self.outer = outer
        }

        func next(of generator: Generator) -> RandomKey {
            let key = outer?.next(of: generator) ?? generator.draw()
            record.keys.append(key)
            return key
        }
    }

    private final class ReplaySource: RandomSource {
        let keys: [RandomKey]
        var drawn = 0
        var isReplay: Bool { true }

        init(keys: [RandomKey]) { self.keys = keys }

        func next(of generator: Generator) -> RandomKey {
            defer { drawn += 1 }
            // One more than was drawn is an error, which the caller reports when the body has ended.
            return drawn < keys.count ? keys[drawn] : RandomKey(seed: 0, call: UInt64(drawn))
        }
    }
}
