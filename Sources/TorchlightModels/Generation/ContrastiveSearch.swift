import Glibc
import TorchlightCore

/// Contrastive search (Su et al., 2022): chooses the token with the largest `(1 − α) · probability − α · similarity`
/// among the `topK` most probable tokens, where the similarity is the largest cosine between its hidden state and those
/// of the earlier tokens.
struct ContrastiveSearch {
    private let run: GenerationRun

    init(_ run: GenerationRun) { self.run = run }

    /// - Parameter receive: Called with each chosen token of the first sequence; returns whether to continue.
    func sequences(_ receive: ((Int) -> Bool)?) throws -> [GeneratedSequence] {
        let (options, session) = (run.options, run.session)
        let alpha = options.contrastivePenalty ?? 0
        var tokens = run.prompts
        var sequences = run.prompts.indices.map { GeneratedSequence(promptIndex: $0, tokens: []) }
        var ended = run.prompts.map { _ in false }
        let first = session.hidden(run.pending)
        var logits = session.logits(first.narrow(1, start: first.shape[1] - 1, length: 1)).squeeze(1)
        var context = normalize(first.to(.float32), dim: -1)
        // 1 for tokens of the prompt and 0 for left padding.
        let length = first.shape[1]
        let seen = run.prompts.flatMap { prompt in
            (0..<length).map { length - $0 <= prompt.count ? Float(1) : 0 }
        }
        var mask = Tensor(seen, shape: [run.prompts.count, length], device: run.device)
        for generated in 0..<options.maxNewTokens {
            try Task.checkCancellation()
            let vocabulary = logits.shape[1]
            let width = min(options.topK ?? 1, vocabulary)
            let values = logits.to(.float32).toArray(Float.self)
            var (candidates, probabilities): ([Int], [Double]) = ([], [])
            for row in tokens.indices {
                var line = Array(values[row * vocabulary..<(row + 1) * vocabulary])
                run.scores.applyRules(&line, sequence: tokens[row], generated: generated, prompt: row)
                let best = TokenScores.largest(line, count: width)
                candidates += best
                let (highest, sum) = TokenScores.exponentials(line)
                probabilities += best.map { exp(Double(line[$0] - highest)) / sum }
            }
            // All candidates of all sequences in one forward pass.
            let copies = tokens.indices.flatMap { Array(repeating: Int64($0), count: width) }
            session.reorder(Tensor(copies, shape: [copies.count], device: run.device))
            let states = session.hidden(run.column(candidates))
            let directions = normalize(states.to(.float32), dim: -1).reshape([tokens.count, width, states.shape[2]])
            let similarity =
                (context.matmul(directions.transpose(1, 2)) + (mask - 1).unsqueeze(-1) * 1e30).amax(dim: 1)
                .toArray(Float.self)
            var rows: [Int64] = []
            var chosen: [Int] = []
            for row in tokens.indices {
                var (best, bestScore) = (0, -Double.infinity)
                for index in 0..<width {
                    let position = row * width + index
                    let score = (1 - alpha) * probabilities[position] - alpha * Double(similarity[position])
                    if score > bestScore { (best, bestScore) = (index, score) }
                }
                rows.append(Int64(row * width + best))
                chosen.append(candidates[row * width + best])
            }
            record(chosen, &tokens, &sequences, &ended, logits)
            if let receive, !receive(chosen[0]) {
                for row in ended.indices where !ended[row] { sequences[row].finishReason = .cancelled }
                return sequences
            }
            if ended.allSatisfy({ $0 }) { break }
            if run.isOutOfTime {
                for row in ended.indices where !ended[row] { sequences[row].finishReason = .time }
                break
            }
            let selected = Tensor(rows, shape: [rows.count], device: run.device)
            session.reorder(selected)
            let state = states.indexSelect(0, selected)
            logits = session.logits(state).squeeze(1)
            context = cat([context, normalize(state.to(.float32), dim: -1)], dim: 1)
            mask = cat([mask, Tensor.ones([mask.shape[0], 1], device: run.device)], dim: 1)
        }
        return sequences
    }

    private func record(
        _ chosen: [Int], _ tokens: inout [[Int]], _ sequences: inout [GeneratedSequence], _ ended: inout [Bool],
        _ logits: Tensor
    ) {
        let width = logits.shape[1]
        let values =
            run.options.logProbabilities == nil ? [] : logits.logSoftmax(dim: -1, dtype: .float32).toArray(Float.self)
        for (row, token) in chosen.enumerated() {
            tokens[row].append(token)
            if ended[row] { continue }
            sequences[row].tokens.append(token)
            if !values.isEmpty {
                sequences[row].logProbabilities.append(
                    run.logProbabilities(values[row * width..<(row + 1) * width], chosen: token))
            }
            if let reason = run.endReason(row: row, token: token) {
                ended[row] = true
                sequences[row].finishReason = reason
            }
        }
    }
}
