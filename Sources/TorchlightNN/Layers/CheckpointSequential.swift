import TorchlightCore

/// Applies layers in order with activation checkpointing: splits them into segments, of which all but the last save only their
/// input, and runs a segment again in the backward pass.
///
///     let y = checkpointSequential(model.layers, segments: 4, x)
///
/// It is `torch.utils.checkpoint.checkpoint_sequential`; see `checkpoint`. Each segment has `layers.count / segments` layers,
/// the last also the remainder. Memory is smallest with about √n segments for n layers.
///
/// - Parameters:
///   - layers: The layers.
///   - segments: The number of segments, at least 1; numbers above `layers.count` mean `layers.count`.
///   - input: The input of the first layer.
///   - preserveRandomState: Whether a segment draws the same random numbers when it runs again; see `checkpoint`.
///     Default: true.
/// - Returns: The output of the last layer.
public func checkpointSequential(
    _ layers: [any Layer], segments: Int, _ input: Tensor, preserveRandomState: Bool = true
) -> Tensor {
    guard segments >= 1 else {
        return fail(
            TensorError(
                .value, in: "checkpointSequential", "the number of segments must be at least 1",
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

/// Applies the layers of a ``Sequential`` with activation checkpointing; see the function of an array of layers. Hooks of the
/// `Sequential` itself do not run.
public func checkpointSequential(
    _ model: Sequential, segments: Int, _ input: Tensor, preserveRandomState: Bool = true
) -> Tensor {
    checkpointSequential(model.layers, segments: segments, input, preserveRandomState: preserveRandomState)
}
