import TorchlightCore
import TorchlightNN

/// The blocks of a model, with optional activation checkpoints.
protocol BlockStack: Module {
    /// Whether training saves only the input of each block, and recomputes the block in the backward pass.
    var checkpointsBlocks: Bool { get set }
}

extension BlockStack {
    /// Runs a block. Blocks with a cache are not recomputed.
    func run(_ x: Tensor, cache: KeyValueCache? = nil, _ block: @escaping (Tensor) -> Tensor) -> Tensor {
        guard checkpointsBlocks, isTraining, cache == nil else { return block(x) }
        return checkpoint(x, block)
    }

    /// Runs a decoder block that also reads the encoder output.
    func run(
        _ x: Tensor, _ memory: Tensor?, cache: KeyValueCache? = nil, _ block: @escaping (Tensor, Tensor?) -> Tensor
    ) -> Tensor {
        guard checkpointsBlocks, isTraining, cache == nil else { return block(x, memory) }
        guard let memory else { return checkpoint(x) { block($0, nil) } }
        return checkpoint(x, memory) { block($0, $1) }
    }
}

extension PretrainedModel {
    /// Whether each block uses an activation checkpoint in training mode (Chen et al., 2016): only its input is saved,
    /// and it is recomputed in the backward pass. This reduces activation memory to about one block and costs one more
    /// forward pass. Losses and gradients are the same. Default: false.
    public final var checkpointsActivations: Bool {
        get { modules().contains { ($0 as? any BlockStack)?.checkpointsBlocks == true } }
        set { for module in modules() { (module as? any BlockStack)?.checkpointsBlocks = newValue } }
    }
}
