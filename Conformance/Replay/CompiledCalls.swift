import Torchlight

extension Replayer {
    /// The answer of a call that was made before, once more: by the graph that another call of it recorded.
    func compiledAnswer(_ call: Call, like answer: Answer, _ operation: @escaping (Call) throws -> Answer) throws
        -> Answer
    {
        let step = compile { () throws in try operation(call).leaves.compactMap(\.tensor) }
        try call.restore()
        _ = try step()
        try call.restore()
        var tensors = try step()[...]
        guard step.report.replays == 1 else {
            throw Difference(expected: "a recorded graph in the second call", got: "\(step.report)")
        }
        return answer.replacing(&tensors)
    }
}

extension Answer {
    fileprivate var tensor: Tensor? { if case .tensor(let tensor) = self { tensor } else { nil } }

    /// The answer with other tensors, in their order.
    fileprivate func replacing(_ tensors: inout ArraySlice<Tensor>) -> Answer {
        switch self {
        case .tensor: .tensor(tensors.removeFirst())
        case .list(let parts): .list(parts.map { $0.replacing(&tensors) })
        case .number, .text, .nothing: self
        }
    }
}
