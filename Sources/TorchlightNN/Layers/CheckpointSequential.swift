import TorchlightCore

/// Runs layers one after the other in segments, of which each but the last keeps nothing for its gradients but its input:
/// the backward pass runs a segment again when it comes to it, as `checkpoint` does.
///
///     let y = checkpointSequential(model.layers, segments: 4, x)
///
/// Each segment has `layers.count / segments` layers, the last also what is left over. As
/// `torch.utils.checkpoint.checkpoint_sequential`. About the square root of the number of layers is the number of segments
/// that needs the least memory.
///
/// - Parameters:
///   - layers: called in order, each on the result of the last.
///   - segments: at least 1; more than there are layers are as many as there are layers.
///   - input: what the first layer gets.
///   - preserveRandomState: whether a segment draws the same random numbers when it runs again; see `checkpoint`.
/// - Returns: what the last layer gives.
public func checkpointSequential(
    _ layers: [any Layer], segments: Int, _ input: Tensor, preserveRandomState: Bool = true
) -> Tensor {
    guard segments >= 1 else {
        return fail(
            TensorError(
                .value, in: "checkpointSequential", "the layers cannot be split into this many segments",
                got: "\(segments)", expected: "at least 1"), like: input)
    }
    func run(_ layers: ArraySlice<any Layer>, _ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
    let count = Swift.max(1, layers.count / segments)
    var x = input
    var rest = layers[...]
    for _ in 1..<min(segments, layers.count + 1) where rest.count > count {
        let segment = rest.prefix(count)
        x = checkpoint(x, preserveRandomState: preserveRandomState) { run(segment, $0) }
        rest = rest.dropFirst(count)
    }
    return run(rest, x)
}

/// Runs the layers of a `Sequential` in segments that keep only their inputs for the gradients; see
/// ``checkpointSequential(_:segments:_:preserveRandomState:)``. Hooks of the `Sequential` itself do not run.
public func checkpointSequential(
    _ model: Sequential, segments: Int, _ input: Tensor, preserveRandomState: Bool = true
) -> Tensor {
    checkpointSequential(model.layers, segments: segments, input, preserveRandomState: preserveRandomState)
}
