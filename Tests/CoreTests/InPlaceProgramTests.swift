import TestSupport
import Testing
import TorchlightCore

/// Random programs of views and in-place operations, against finite differences: whatever is written through whichever view
/// has to reach the gradients of everything that shares the memory.
@Suite("Programs of views and in-place operations")
struct InPlaceProgramTests {
    /// A step of a program: what to take a view of, how, and what to write there.
    private struct Step: CustomStringConvertible {
        var target: Int
        var views: [Int]
        var place: Int
        var operation: Int

        init(_ random: inout TestRandom) {
            target = Int.random(in: 0..<4, using: &random)
            views = (0..<Int.random(in: 0...2, using: &random)).map { _ in Int.random(in: 0..<5, using: &random) }
            place = Int.random(in: 0..<12, using: &random)
            operation = Int.random(in: 0..<8, using: &random)
        }

        var description: String { "(\(target), \(views), \(place), \(operation))" }
    }

    private func view(_ x: Tensor, _ kind: Int, _ place: Int) -> Tensor {
        guard x.rank > 0 else { return x.unsqueeze(0) }
        let dim = place % x.rank
        switch kind {
        case 0: return x.rank > 1 ? x.transpose(0, -1) : x
        case 1: return x.select(dim, place % x.shape[dim])
        case 2: return x.narrow(dim, start: place % x.shape[dim], length: 1)
        case 3: return x.rank > 1 ? x.diagonal() : x
        default: return x.shape[dim] > 1 ? x.narrow(dim, start: 1, length: x.shape[dim] - 1) : x
        }
    }

    private func write(_ kind: Int, to target: Tensor, _ x: Tensor, _ w: Tensor) {
        switch kind {
        case 0: target.mul_(1.5)
        case 1: target.mul_(w[0])
        case 2: target.add_(x.sum())
        case 3: target.copy_(w[1])
        case 4: target.fill_(0.5)
        case 5: target.zero_()
        case 6: target.sin_()
        default: target.copy_(x[0, 0] * w[2])
        }
    }

    private func run(_ start: Int, _ steps: [Step], _ x: Tensor, _ w: Tensor) -> [Tensor] {
        let base: Tensor
        switch start {
        case 0: base = x * 1
        case 1: base = x.T * w[0]
        case 2: base = x.unsqueeze(0).permute(2, 0, 1).clone()
        default: base = cat([x, x], dim: 1) + 0
        }
        // A part of a tensor is written too, and read later under the view that was taken first.
        var known = [base]
        for step in steps {
            var target = known[step.target % known.count]
            for kind in step.views { target = view(target, kind, step.place) }
            write(step.operation, to: target, x, w)
            known.append(target)
        }
        return known.map { $0 * 2 }
    }

    @Test("Gradients agree with finite differences", arguments: 0..<60)
    func gradients(number: Int) {
        var random = TestRandom("in-place program \(number)")
        let steps = (0..<Int.random(in: 1...4, using: &random)).map { _ in Step(&random) }
        let start = number % 4
        let x = Tensor(random.values(6), shape: [2, 3], dtype: .float64)
        let w = Tensor(random.values(3), shape: [3], dtype: .float64)
        expectGradients(
            order: number < 30 ? 2 : 1, at: [x, w], label: "seed \(TestRandom.seed), start \(start), steps \(steps)"
        ) {
            run(start, steps, $0[0], $0[1])
        }
    }
}
