import TorchlightFiles

/// Trains BPE, and WordPiece with a continuation prefix: repeatedly merges the most frequent neighbouring pair. Ties
/// are resolved by smaller ids.
struct BPETrainer: ModelTrainer {
    private let options: Tokenizer.TrainingOptions
    private let continuingPrefix: [UInt8]

    init(_ options: Tokenizer.TrainingOptions, continuingPrefix: String = "") {
        self.options = options
        self.continuingPrefix = Array(continuingPrefix.utf8)
    }

    /// A pair with its frequency at the time of insertion.
    private struct Candidate: Comparable {
        var count: Int
        var left: Int32
        var right: Int32

        /// Whether the other candidate has priority.
        static func < (a: Candidate, b: Candidate) -> Bool {
            a.count != b.count ? a.count < b.count : a.left != b.left ? a.left > b.left : a.right > b.right
        }
    }

    func train(_ words: [(word: [UInt8], count: Int)]) throws(TokenizerError) -> Model {
        var vocabulary = Vocabulary()
        var tokens: [[UInt8]] = []
        func id(_ token: [UInt8]) -> Int32 {
            let known = vocabulary.id(token)
            if known >= 0 { return known }
            vocabulary.insert(token, id: Int32(tokens.count))
            tokens.append(token)
            return Int32(tokens.count - 1)
        }
        for token in options.specialTokens { _ = id(Array(token.utf8)) }
        let alphabet = alphabet(words)
        for code in alphabet.sorted() { _ = id(bytes(code)) }

        var symbols: [[Int32]] = []
        symbols.reserveCapacity(words.count)
        for (word, _) in words {
            var ids: [Int32] = []
            word.withUnsafeBufferPointer { word in
                var position = 0
                while position < word.count {
                    let (code, length) = UTF8Text.scalar(word, position)
                    if alphabet.contains(code) {
                        ids.append(id((position > 0 ? continuingPrefix : []) + bytes(code)))
                    }
                    position += length
                }
            }
            symbols.append(ids)
        }

        // The frequency of each pair, and the words that contain it.
        var counts: [UInt64: Int] = [:]
        var occurrences: [UInt64: [Int32]] = [:]
        for (index, ids) in symbols.enumerated() {
            for (left, right) in zip(ids, ids.dropFirst()) {
                let key = PairTable.key(left, right)
                counts[key, default: 0] += words[index].count
                if occurrences[key]?.last != Int32(index) { occurrences[key, default: []].append(Int32(index)) }
            }
        }
        var queue = counts.map {
            Candidate(count: $0.value, left: Int32($0.key >> 32), right: Int32(truncatingIfNeeded: $0.key))
        }
        Self.makeHeap(&queue)
        var merges: [(left: [UInt8], right: [UInt8])] = []
        while tokens.count < options.vocabularySize, let top = Self.pop(&queue) {
            let key = PairTable.key(top.left, top.right)
            let count = counts[key] ?? 0
            if count != top.count {
                if count > 0 { Self.push(&queue, Candidate(count: count, left: top.left, right: top.right)) }
                continue
            }
            guard count >= max(options.minimumFrequency, 1) else { break }
            let (left, right) = (tokens[Int(top.left)], tokens[Int(top.right)])
            let rest =
                !continuingPrefix.isEmpty && right.starts(with: continuingPrefix)
                ? right.dropFirst(continuingPrefix.count) : right[...]
            let joined = id(left + rest)
            merges.append((left, right))
            var changed: Set<UInt64> = []
            for wordIndex in occurrences.removeValue(forKey: key) ?? [] {
                join(
                    top.left, top.right, joined, Int(wordIndex), &symbols, words[Int(wordIndex)].count, &counts,
                    &occurrences,
                    &changed)
            }
            counts[key] = nil
            // In sorted order, because the order of a set is random.
            for key in changed.sorted() {
                guard let count = counts[key], count > 0 else { continue }
                Self.push(
                    &queue, Candidate(count: count, left: Int32(key >> 32), right: Int32(truncatingIfNeeded: key)))
            }
        }

        if !continuingPrefix.isEmpty {
            return .wordPiece(
                WordPieceModel(
                    vocabulary, unknownToken: options.unknownToken ?? "[UNK]",
                    continuingPrefix: String(decoding: continuingPrefix, as: UTF8.self)))
        }
        var model = BPEModel.Options()
        model.unknownToken = options.unknownToken
        do { return .bpe(try BPEModel(vocabulary, merges: merges, model)) } catch {
            throw TokenizerError("train", "\(error)")
        }
    }

    private func bytes(_ code: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        UTF8Text.append(code, to: &bytes)
        return bytes
    }

    /// The characters of the alphabet.
    private func alphabet(_ words: [(word: [UInt8], count: Int)]) -> Set<UInt32> {
        var counts: [UInt32: Int] = [:]
        for (word, count) in words {
            word.withUnsafeBufferPointer { word in
                var position = 0
                while position < word.count {
                    let (code, length) = UTF8Text.scalar(word, position)
                    counts[code, default: 0] += count
                    position += length
                }
            }
        }
        for scalar in options.initialAlphabet { counts[scalar.value] = .max }
        guard let limit = options.alphabetLimit, limit < counts.count else { return Set(counts.keys) }
        let kept = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.prefix(max(limit, 0))
        return Set(kept.map(\.key))
    }

    /// Merges a pair in one word, and counts the removed and added pairs.
    private func join(
        _ left: Int32, _ right: Int32, _ joined: Int32, _ wordIndex: Int, _ symbols: inout [[Int32]], _ count: Int,
        _ counts: inout [UInt64: Int], _ occurrences: inout [UInt64: [Int32]], _ changed: inout Set<UInt64>
    ) {
        let old = symbols[wordIndex]
        var new: [Int32] = []
        new.reserveCapacity(old.count)
        func remove(_ a: Int32, _ b: Int32) { counts[PairTable.key(a, b), default: 0] -= count }
        func add(_ a: Int32, _ b: Int32) {
            let key = PairTable.key(a, b)
            counts[key, default: 0] += count
            if occurrences[key]?.last != Int32(wordIndex) { occurrences[key, default: []].append(Int32(wordIndex)) }
            changed.insert(key)
        }
        var index = 0
        while index < old.count {
            guard old[index] == left, index + 1 < old.count, old[index + 1] == right else {
                new.append(old[index])
                index += 1
                continue
            }
            if let before = new.last {
                remove(before, left)
                add(before, joined)
            }
            if index + 2 < old.count {
                remove(right, old[index + 2])
                add(joined, old[index + 2])
            }
            new.append(joined)
            index += 2
        }
        symbols[wordIndex] = new
    }

    // MARK: Max-heap of candidates

    private static func makeHeap(_ heap: inout [Candidate]) {
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(&heap, index) }
    }

    private static func push(_ heap: inout [Candidate], _ candidate: Candidate) {
        heap.append(candidate)
        var index = heap.count - 1
        while index > 0, heap[(index - 1) / 2] < heap[index] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private static func pop(_ heap: inout [Candidate]) -> Candidate? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(&heap, 0)
        }
        return top
    }

    private static func siftDown(_ heap: inout [Candidate], _ start: Int) {
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child] < heap[child + 1] { child += 1 }
            guard heap[index] < heap[child] else { return }
            heap.swapAt(index, child)
            index = child
        }
    }
}
