import TorchlightCore
import TorchlightNN

/// The blocks of a model, which can be run with activation checkpointing.
protocol BlockStack: Module {
    /// Whether each block saves only its input in training, and runs again in the backward pass.
    var checkpointsBlocks: Bool { get set }
}

extension BlockStack {
    /// Runs a block. Blocks that read and write a cache are not run again.
    func run(_ x: Tensor, cache: KeyValueCache? = nil, _ block: @escaping (Tensor) -> Tensor) -> Tensor {
        guard checkpointsBlocks, isTraining, cache == nil else { return block(x) }
        return checkpoint(x, block)
    }

    /// Runs a block of a decoder that reads the output of an encoder too.
    func run(
        _ x: Tensor, _ memory: Tensor?, cache: KeyValueCache? = nil, _ block: @escaping (Tensor, Tensor?) -> Tensor
    ) -> Tensor {
        guard checkpointsBlocks, isTraining, cache == nil else { return block(x, memory) }
        guard let memory else { return checkpoint(x) { block($0, nil) } }
        return checkpoint(x, memory) { block($0, $1) }
    }
}

extension PretrainedModel {
    /// Whether each block saves only its input in training mode, and runs again in the backward pass (Chen et al., 2016): memory
    /// for the activations of one block instead of all, for one more forward pass. Losses and gradients are the same.
    /// Default: false.
    public final var checkpointsActivations: Bool {
        get { modules().contains { ($0 as? any BlockStack)?.checkpointsBlocks == true } }
        set { for module in modules() { (module as? any BlockStack)?.checkpointsBlocks = newValue } }
    }
}
