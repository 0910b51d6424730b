import Glibc
import TorchlightCore

/// Speculative decoding (Leviathan et al., 2023): a draft source proposes tokens, and the model verifies all of them in
/// one forward pass.
///
/// Greedy search gives the same tokens as without an assistant. With sampling, a proposed token x is accepted with
/// probability `min(1, p(x) / q(x))`, where p is the distribution of the model and q that of the assistant; the first
/// rejected token is replaced by a sample from `max(p − q, 0)`, normalised. The tokens have the distribution p.
struct AssistedDecoding {
    private let run: GenerationRun
    private let source: any TokenSource

    init(_ run: GenerationRun, _ source: any TokenSource) {
        self.run = run
        self.source = source
    }

    /// - Parameter receive: Called with each chosen token; returns whether to continue.
    func sequence(_ receive: ((Int) -> Bool)?) throws -> GeneratedSequence {
        let (options, session, scores) = (run.options, run.session, run.scores)
        let promptCount = run.prompts[0].count
        var tokens = run.prompts[0]
        var result = GeneratedSequence(promptIndex: 0, tokens: [])
        // Tokens of the sequence that are not in the cache; one after the first step.
        var pending = run.pending
        while result.tokens.count < options.maxNewTokens {
            try Task.checkCancellation()
            let generated = result.tokens.count
            // A step gives one token more than accepted proposals.
            let remaining = options.maxNewTokens - generated - 1
            let proposal =
                remaining > 0 ? source.propose(after: tokens, generated: generated, limit: remaining) : Proposal()
            let count = proposal.tokens.count
            let input =
                count == 0
                ? pending
                : cat([pending, run.column(proposal.tokens).transpose(0, 1)], dim: 1)
            let seen = session.length
            let states = session.hidden(input)
            let logits = session.logits(states.narrow(1, start: states.shape[1] - count - 1, length: count + 1))
                .squeeze(0)
            let width = logits.shape[1]
            let values = logits.to(.float32).toArray(Float.self)
            let logProbabilities =
                options.logProbabilities == nil
                ? [] : logits.logSoftmax(dim: -1, dtype: .float32).toArray(Float.self)
            var accepted = 0
            var isEnded = false
            for index in 0...count {
                var line = Array(values[index * width..<(index + 1) * width])
                scores.applyRules(&line, sequence: tokens, generated: tokens.count - promptCount)
                let (token, isAccepted) = choose(line, index, proposal)
                if isAccepted { accepted += 1 }
                tokens.append(token)
                result.tokens.append(token)
                if !logProbabilities.isEmpty {
                    result.logProbabilities.append(
                        run.logProbabilities(logProbabilities[index * width..<(index + 1) * width], chosen: token))
                }
                if let reason = run.endReason(row: 0, token: token) {
                    result.finishReason = reason
                    isEnded = true
                }
                if let receive, !receive(token) {
                    if !isEnded { result.finishReason = .cancelled }
                    isEnded = true
                }
                if isEnded || !isAccepted { break }
            }
            session.truncate(to: seen + pending.shape[1] + accepted)
            if isEnded { break }
            if run.isOutOfTime, result.tokens.count < options.maxNewTokens {
                result.finishReason = .time
                break
            }
            source.accept(accepted, of: count)
            pending = run.column([tokens[tokens.count - 1]])
        }
        return result
    }

    /// The token at an index of the proposal, and whether the proposed token is accepted.
    private func choose(_ line: [Float], _ index: Int, _ proposal: Proposal) -> (token: Int, isAccepted: Bool) {
        let scores = run.scores
        guard run.options.temperature != nil else {
            let token = scores.best(line)
            return (token, index < proposal.tokens.count && proposal.tokens[index] == token)
        }
        let target = scores.candidates(line)
        guard index < proposal.tokens.count else { return (target.sample(uniform()), false) }
        let proposed = proposal.tokens[index]
        let draft = proposal.candidates[index]
        let (p, q) = (target.probability(of: proposed), draft.probability(of: proposed))
        if uniform() * q < p { return (proposed, true) }
        let drafted = Dictionary(zip(draft.tokens, draft.probabilities), uniquingKeysWith: { first, _ in first })
        var rest = target
        for (candidate, token) in rest.tokens.enumerated() {
            rest.probabilities[candidate] = max(rest.probabilities[candidate] - (drafted[token] ?? 0), 0)
        }
        let sum = rest.probabilities.reduce(0, +)
        guard sum > 0 else { return (target.sample(uniform()), false) }
        rest.probabilities = rest.probabilities.map { $0 / sum }
        return (rest.sample(uniform()), false)
    }

    private func uniform() -> Double {
        Tensor.rand([], dtype: .float64, device: .cpu, generator: run.options.generator).item()
    }
}

/// Proposed tokens and the distributions from which they were sampled.
struct Proposal {
    var tokens: [Int] = []
    var candidates: [TokenCandidates] = []
}

/// A source of proposed tokens.
protocol TokenSource: AnyObject {
    /// Proposes at most `limit` tokens after a sequence.
    func propose(after sequence: [Int], generated: Int, limit: Int) -> Proposal
    /// Receives the number of accepted tokens of the last proposal.
    func accept(_ accepted: Int, of proposed: Int)
}

/// Prompt lookup (Saxena, 2023): proposes the tokens after an earlier occurrence of the last tokens.
final class PromptLookup: TokenSource {
    private let options: GenerationOptions

    init(_ options: GenerationOptions) { self.options = options }

    func propose(after sequence: [Int], generated: Int, limit: Int) -> Proposal {
        let count = min(options.promptLookupTokens ?? 0, limit)
        for size in stride(from: min(options.promptLookupNgramSize, sequence.count - 1), to: 0, by: -1) {
            let last = sequence.suffix(size)
            for start in 0..<sequence.count - size where sequence[start..<start + size].elementsEqual(last) {
                let tokens = Array(sequence[(start + size)...].prefix(count))
                guard !tokens.isEmpty else { continue }
                return Proposal(
                    tokens: tokens, candidates: tokens.map { TokenCandidates(tokens: [$0], probabilities: [1]) })
            }
        }
        return Proposal()
    }

    func accept(_ accepted: Int, of proposed: Int) {}
}

/// Proposes tokens of a smaller model, chosen with the same options.
final class AssistantModel: TokenSource {
    private let session: any DecodingSession
    private let scores: TokenScores
    private let device: Device
    /// The number of tokens to propose.
    private var count: Int
    /// The tokens in the cache of the session.
    private var seen: [Int] = []

    /// - Parameter sources: The tokens of the encoder input, or of the prompt without an encoder.
    init(_ session: any DecodingSession, _ options: GenerationOptions, sources: [[Int]], device: Device) {
        self.session = session
        scores = TokenScores(options, sources: sources)
        self.device = device
        count = options.assistantTokens
    }

    func propose(after sequence: [Int], generated: Int, limit: Int) -> Proposal {
        let options = scores.options
        let common = min(zip(seen, sequence).prefix { $0 == $1 }.count, sequence.count - 1)
        session.truncate(to: common)
        session.reserve(count + 1)
        seen.removeLast(seen.count - common)
        var all = sequence
        var proposal = Proposal()
        while proposal.tokens.count < min(count, limit) {
            let new = all[seen.count...]
            let input = Tensor(new.map { Int64($0) }, shape: [1, new.count], device: device)
            var line = session.next(input).to(.float32).toArray(Float.self)
            seen = all
            scores.applyRules(&line, sequence: all, generated: generated + proposal.tokens.count)
            let candidates = scores.candidates(line)
            let token =
                options.temperature == nil
                ? candidates.tokens[0]
                : candidates.sample(
                    Tensor.rand([], dtype: .float64, device: .cpu, generator: options.generator).item())
            all.append(token)
            proposal.tokens.append(token)
            proposal.candidates.append(candidates)
            if scores.ends(token) || confidence(line, token) < options.assistantConfidence { break }
        }
        return proposal
    }

    /// The probability of a token before the sampling options are applied.
    private func confidence(_ line: [Float], _ token: Int) -> Double {
        let (highest, sum) = TokenScores.exponentials(line)
        return highest.isFinite ? exp(Double(line[token] - highest)) / sum : 1
    }

    func accept(_ accepted: Int, of proposed: Int) {
        guard !scores.options.assistantTokensAreConstant, proposed > 0 else { return }
        count = accepted == proposed ? count + 2 : max(count - 1, 1)
    }
}
