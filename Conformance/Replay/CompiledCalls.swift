import Torchlight

extension Replayer {
    /// Makes a call that was made before through `compile`: first a call that records a graph, then one that runs it.
    ///
    /// - Parameters:
    ///   - answer: what the call gave before.
    ///   - restore: gives everything that the call changes besides its arguments the state of before.
    /// - Returns: the answer of the graph, and the call with its tensors.
    func compiled(
        _ call: Call, like answer: Answer, restore: () throws -> Void = {},
        _ operation: @escaping (Call) throws -> Answer
    ) throws -> (answer: Answer, call: Call) {
        let step = compile { (arguments: [Tensor]) throws in
            try operation(call.with(arguments)).leaves.compactMap(\.tensor)
        }
        // A layer that takes its size from its input does that in a call that is not recorded.
        for _ in 0..<3 where step.report.graphs == 0 {
            try restore()
            _ = try step(try call.decodedAgain())
        }
        try restore()
        let arguments = try call.decodedAgain()
        var tensors = try step(arguments)[...]
        guard step.report.replays == 1 else {
            throw Difference(expected: "a recorded graph in the second call", got: "\(step.report)")
        }
        return (answer.replacing(&tensors), call.with(arguments))
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
