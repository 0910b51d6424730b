import Foundation
import TorchlightCore

/// Beam search: keeps the `beamCount` most probable continuations of each prompt.
///
/// The score of a finished sequence is the sum of its log probabilities divided by the number of its generated tokens to the
/// power of `lengthPenalty`.
struct BeamSearch {
    private struct Beam {
        var tokens: [Int]
        var sum: Double
    }

    private struct Finished {
        var tokens: [Int]
        var score: Double
    }

    private let scores: TokenScores
    private let options: GenerationOptions
    private let session: any DecodingSession
    private let device: Device
    private let prompts: [[Int]]

    init(_ options: GenerationOptions, _ session: any DecodingSession, prompt: Tensor, sequences: [[Int]]) {
        scores = TokenScores(options)
        self.options = options
        self.session = session
        device = prompt.device
        prompts = sequences
    }

    /// The prompt and the best continuation of each sequence, `[N, T + generated]`.
    func run(prompt: Tensor) throws -> Tensor {
        let width = options.beamCount
        var beams = prompts.map { prompt in
            (0..<width).map { Beam(tokens: prompt, sum: $0 == 0 ? 0 : -1e9) }
        }
        var finished: [[Finished]] = prompts.map { _ in [] }
        var isDone = prompts.map { _ in false }
        var pending = prompt
        for generated in 0..<options.maxNewTokens {
            try Task.checkCancellation()
            var logits = session.next(pending)
            if generated == 0 {
                // All beams of a prompt begin with the state of the prompt.
                let copies = prompts.indices.flatMap { Array(repeating: Int64($0), count: width) }
                let indices = Tensor(copies, shape: [copies.count], device: device)
                session.reorder(indices)
                logits = logits.indexSelect(0, indices)
            }
            let vocabulary = logits.shape[1]
            let values = logits.logSoftmax(dim: -1, dtype: .float32).toArray(Float.self)
            var order: [Int64] = []
            var tokens: [Int64] = []
            for row in prompts.indices {
                if isDone[row] {
                    order += (0..<width).map { Int64(row * width + $0) }
                    tokens += Array(repeating: Int64(options.pad), count: width)
                    continue
                }
                let candidates = best(beams[row], values, row: row, vocabulary: vocabulary, generated: generated)
                var next: [(from: Int, beam: Beam)] = []
                for (rank, candidate) in candidates.enumerated() where next.count < width {
                    let beam = beams[row][candidate.beam]
                    if scores.ends(candidate.token) {
                        if rank < width {
                            let length = Double(generated + 1)
                            finished[row].append(
                                Finished(
                                    tokens: beam.tokens + [candidate.token],
                                    score: candidate.sum / pow(length, options.lengthPenalty)))
                        }
                    } else {
                        next.append((candidate.beam, Beam(tokens: beam.tokens + [candidate.token], sum: candidate.sum)))
                    }
                }
                keepBest(&finished[row])
                isDone[row] = cannotImprove(
                    finished[row], best: next.first?.beam.sum ?? -.infinity, length: generated + 1)
                // Fewer beams than the width only if every candidate was forbidden.
                while next.count < width {
                    next.append(next.last ?? (0, Beam(tokens: beams[row][0].tokens, sum: -1e9)))
                }
                beams[row] = next.map(\.beam)
                order += next.map { Int64(row * width + $0.from) }
                tokens += next.map { Int64($0.beam.tokens.last ?? options.pad) }
            }
            if isDone.allSatisfy({ $0 }) { break }
            session.reorder(Tensor(order, shape: [order.count], device: device))
            pending = Tensor(tokens, shape: [tokens.count, 1], device: device)
        }
        return result(prompt, beams, finished, isDone)
    }

    private struct Candidate {
        var beam, token: Int
        var sum: Double
    }

    /// The best continuations of the beams of a prompt, best first: as many as are needed to keep the width when some end.
    private func best(_ beams: [Beam], _ values: [Float], row: Int, vocabulary: Int, generated: Int) -> [Candidate] {
        let count = max(2, 1 + options.endTokens.count) * options.beamCount
        var candidates: [Candidate] = []
        for (index, beam) in beams.enumerated() {
            let start = (row * options.beamCount + index) * vocabulary
            var line = Array(values[start..<start + vocabulary])
            scores.applyRules(&line, sequence: beam.tokens, generated: generated)
            let top = TokenScores.largest(line, count: count)
            candidates += top.map { Candidate(beam: index, token: $0, sum: beam.sum + Double(line[$0])) }
        }
        candidates.sort {
            $0.sum != $1.sum ? $0.sum > $1.sum : ($0.beam, $0.token) < ($1.beam, $1.token)
        }
        return Array(candidates.prefix(count))
    }

    private func keepBest(_ finished: inout [Finished]) {
        finished.sort { $0.score > $1.score }
        if finished.count > options.beamCount { finished.removeLast(finished.count - options.beamCount) }
    }

    private func cannotImprove(_ finished: [Finished], best: Double, length: Int) -> Bool {
        guard finished.count >= options.beamCount else { return false }
        if options.stopsEarly { return true }
        return finished.last!.score >= best / pow(Double(length), options.lengthPenalty)
    }

    private func result(_ prompt: Tensor, _ beams: [[Beam]], _ finished: [[Finished]], _ isDone: [Bool]) -> Tensor {
        var generated: [[Int]] = []
        for row in prompts.indices {
            var all = finished[row]
            if !isDone[row] {
                all += beams[row].map { beam in
                    let length = Double(max(beam.tokens.count - prompts[row].count, 1))
                    return Finished(tokens: beam.tokens, score: beam.sum / pow(length, options.lengthPenalty))
                }
            }
            let best = all.max { $0.score < $1.score }
            generated.append(Array((best?.tokens ?? prompts[row]).dropFirst(prompts[row].count)))
        }
        let length = generated.map(\.count).max() ?? 0
        let padded = generated.flatMap { tokens in
            tokens.map { Int64($0) } + Array(repeating: Int64(options.pad), count: length - tokens.count)
        }
        return cat([prompt.to(.int64), Tensor(padded, shape: [prompts.count, length], device: device)], dim: 1)
    }
}
