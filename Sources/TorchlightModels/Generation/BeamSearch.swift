import Glibc
import TorchlightCore

/// Beam search: keeps the `beamCount` most probable continuations of each prompt, optionally in groups with a penalty
/// for tokens of earlier groups (diverse beam search, Vijayakumar et al., 2018).
///
/// The score of a finished sequence is the sum of its log-probabilities divided by its number of generated tokens to
/// the power of `lengthPenalty`.
struct BeamSearch {
    private struct Beam {
        var tokens: [Int]
        var sum: Double
    }

    private struct Finished {
        var tokens: [Int]
        var score: Double
        var reason: GeneratedSequence.FinishReason
    }

    private struct Candidate {
        /// The index of the beam in its group.
        var beam: Int
        var token: Int
        var sum: Double
    }

    /// The beams of one group of one prompt.
    private struct Group {
        var beams: [Beam]
        var finished: [Finished] = []
        var isDone = false
    }

    private let run: GenerationRun
    private let scores: TokenScores
    private let options: GenerationOptions
    /// The number of beams of a group.
    private let width: Int

    init(_ run: GenerationRun) {
        self.run = run
        scores = run.scores
        options = run.options
        width = options.beamCount / options.beamGroupCount
    }

    /// The best continuations of each prompt, best first.
    func sequences() throws -> [GeneratedSequence] {
        var groups: [[Group]] = run.prompts.map { prompt in
            (0..<options.beamGroupCount).map { _ in
                Group(beams: (0..<width).map { Beam(tokens: prompt, sum: $0 == 0 ? 0 : -1e9) })
            }
        }
        var pending = run.pending
        var isOutOfTime = false
        for generated in 0..<options.maxNewTokens {
            try Task.checkCancellation()
            var logits = run.session.next(pending)
            // All beams of a prompt start with its state.
            if generated == 0 { logits = run.repeated(logits, count: options.beamCount) }
            let vocabulary = logits.shape[1]
            let values = logits.logSoftmax(dim: -1, dtype: .float32).toArray(Float.self)
            var order: [Int64] = []
            var tokens: [Int] = []
            for prompt in run.prompts.indices {
                // The tokens chosen by earlier groups in this step.
                var earlier: [Int] = []
                for index in 0..<options.beamGroupCount {
                    let first = prompt * options.beamCount + index * width
                    let rows = (0..<width).map { beam in
                        Array(values[(first + beam) * vocabulary..<(first + beam + 1) * vocabulary])
                    }
                    let next = advance(&groups[prompt][index], rows, earlier, prompt: prompt, generated: generated)
                    order += next.map { Int64(first + $0.from) }
                    earlier += next.map(\.token)
                }
                tokens += earlier
            }
            isOutOfTime = run.isOutOfTime
            if isOutOfTime || groups.allSatisfy({ $0.allSatisfy(\.isDone) }) { break }
            run.session.reorder(Tensor(order, shape: [order.count], device: run.device))
            pending = run.column(tokens)
        }
        return run.prompts.indices.flatMap { prompt in
            result(groups[prompt], prompt: prompt, unfinished: isOutOfTime ? .time : .length)
        }
    }

    /// Extends the beams of a group by one token.
    ///
    /// - Returns: For each beam, its token and the beam that it extends.
    private func advance(
        _ group: inout Group, _ rows: [[Float]], _ earlier: [Int], prompt: Int, generated: Int
    ) -> [(from: Int, token: Int)] {
        if group.isDone { return (0..<width).map { ($0, options.pad) } }
        let candidates = best(group.beams, rows, earlier, prompt: prompt, generated: generated)
        let length = Double(generated + 1)
        var next: [(from: Int, beam: Beam)] = []
        for (rank, candidate) in candidates.enumerated() where next.count < width {
            let beam = group.beams[candidate.beam]
            if scores.ends(candidate.token) {
                if rank < width {
                    group.finished.append(
                        Finished(
                            tokens: beam.tokens + [candidate.token],
                            score: candidate.sum / pow(length, options.lengthPenalty), reason: .endToken))
                }
            } else {
                next.append((candidate.beam, Beam(tokens: beam.tokens + [candidate.token], sum: candidate.sum)))
            }
        }
        keepBest(&group.finished)
        // As in transformers: without groups the best unfinished beam, with groups the best candidate.
        let best = options.beamGroupCount == 1 ? next.first?.beam.sum : candidates.first?.sum
        group.isDone = cannotImprove(group.finished, best: best ?? -.infinity, length: generated + 1)
        // There are fewer beams than the width only if every candidate was forbidden.
        while next.count < width {
            next.append(next.last ?? (0, Beam(tokens: group.beams[0].tokens + [options.pad], sum: -1e9)))
        }
        group.beams = next.map(\.beam)
        return next.map { ($0.from, $0.beam.tokens.last ?? options.pad) }
    }

    /// The best continuations of the beams of a group, best first: enough to keep the width if some end.
    private func best(
        _ beams: [Beam], _ rows: [[Float]], _ earlier: [Int], prompt: Int, generated: Int
    ) -> [Candidate] {
        let count = max(2, 1 + options.endTokens.count) * width
        var candidates: [Candidate] = []
        for (index, beam) in beams.enumerated() {
            var line = rows[index]
            if options.diversityPenalty != 0 {
                for token in earlier { line[token] -= Float(options.diversityPenalty) }
            }
            scores.applyRules(&line, sequence: beam.tokens, generated: generated, prompt: prompt)
            if options.renormalizes { line = Self.normalized(line) }
            if let temperature = options.temperature {
                let kept = scores.candidates(line, keeping: max(2, 1 + options.endTokens.count)).tokens
                candidates += kept.map {
                    Candidate(beam: index, token: $0, sum: beam.sum + Double(line[$0]) / temperature)
                }
            } else {
                let top = TokenScores.largest(line, count: count)
                candidates += top.map { Candidate(beam: index, token: $0, sum: beam.sum + Double(line[$0])) }
            }
        }
        if options.temperature != nil { candidates = drawn(candidates, count: count) }
        candidates.sort {
            $0.sum != $1.sum ? $0.sum > $1.sum : ($0.beam, $0.token) < ($1.beam, $1.token)
        }
        return Array(candidates.prefix(count))
    }

    /// Samples candidates without replacement, by their probabilities.
    ///
    /// The largest sums of log-probability and Gumbel noise are such a sample (Gumbel top-k).
    private func drawn(_ candidates: [Candidate], count: Int) -> [Candidate] {
        let uniform = Tensor.rand(
            [candidates.count], dtype: .float64, device: .cpu, generator: options.generator
        ).toArray(Double.self)
        let keys = zip(candidates, uniform).map { $0.sum - log(-log(max($1, .leastNormalMagnitude))) }
        return candidates.indices.sorted { keys[$0] > keys[$1] }.prefix(count).map { candidates[$0] }
    }

    private static func normalized(_ line: [Float]) -> [Float] {
        let (highest, sum) = TokenScores.exponentials(line)
        return highest.isFinite ? line.map { $0 - highest - Float(log(sum)) } : line
    }

    private func keepBest(_ finished: inout [Finished]) {
        finished.sort { $0.score > $1.score }
        if finished.count > width { finished.removeLast(finished.count - width) }
    }

    private func cannotImprove(_ finished: [Finished], best: Double, length: Int) -> Bool {
        guard finished.count >= width else { return false }
        if options.stopsEarly { return true }
        // With a positive penalty long sequences score higher: the best possible score is that at the maximum length.
        let isLongest = options.searchesToMaxLength && options.lengthPenalty > 0
        let reached = Double(isLongest ? options.maxNewTokens : length)
        return finished[finished.count - 1].score >= best / pow(reached, options.lengthPenalty)
    }

    private func result(
        _ groups: [Group], prompt: Int, unfinished: GeneratedSequence.FinishReason
    ) -> [GeneratedSequence] {
        let start = run.prompts[prompt].count
        var all: [Finished] = []
        for var group in groups {
            defer { all += group.finished }
            if group.isDone { continue }
            group.finished += group.beams.map { beam in
                let length = Double(max(beam.tokens.count - start, 1))
                return Finished(
                    tokens: beam.tokens, score: beam.sum / pow(length, options.lengthPenalty), reason: unfinished)
            }
            keepBest(&group.finished)
        }
        return all.sorted { $0.score > $1.score }.prefix(options.sequenceCount).map { finished in
            GeneratedSequence(
                promptIndex: prompt, tokens: Array(finished.tokens[start...]), finishReason: finished.reason,
                score: finished.score)
        }
    }
}
