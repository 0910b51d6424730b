import TorchlightCore

/// A key-value cache: the keys and values of the processed tokens, so that generating a token computes the forward pass
/// of that token only.
///
///     let cache = KeyValueCache()
///     var output = model(prompt, cache: cache)
///     let next = output.logits[0..., -1].argmax(dim: -1, keepdim: true)
///     output = model(next, cache: cache)
///
/// The memory of each layer grows by doubling, so that appending a token does not copy the earlier ones. Layers with a
/// sliding window keep only the tokens of the window. Must be used inside `noGrad`.
public final class KeyValueCache {
    var layers: [LayerCache] = []
    /// The keys and values of the encoder output, for cross-attention.
    var crossLayers: [Int: (keys: Tensor, values: Tensor)] = [:]
    /// The number of processed tokens, including padding.
    public internal(set) var length = 0
    /// The number of tokens that layers with a sliding window keep beyond the window, so that ``truncate(to:)`` can
    /// remove as many.
    var reserve = 0

    /// Creates an empty cache.
    public init() {}

    func layer(_ index: Int) -> LayerCache {
        while layers.count <= index { layers.append(LayerCache(self)) }
        return layers[index]
    }

    /// Reorders the sequences of the batch, as in beam search: sequence `i` becomes sequence `indices[i]`.
    ///
    /// - Parameter indices: Indices of an integer dtype, `[N]`.
    public func reorder(_ indices: Tensor) {
        for layer in layers { layer.reorder(indices) }
        for (index, pair) in crossLayers {
            crossLayers[index] = (pair.keys.indexSelect(0, indices), pair.values.indexSelect(0, indices))
        }
    }

    /// Truncates the cache to its first `length` tokens, as in speculative decoding.
    ///
    /// - Precondition: No layer has discarded tokens that the truncated cache needs; layers with a sliding window keep
    ///   the tokens of one window.
    public func truncate(to length: Int) {
        for layer in layers { layer.count = max(min(layer.count, length - layer.start), 0) }
        self.length = min(self.length, length)
    }

    /// Whether ``truncate(to:)`` keeps all tokens that the next ones attend to.
    func canTruncate(to length: Int) -> Bool {
        layers.allSatisfy { layer in
            guard let window = layer.window else { return true }
            return layer.start == 0 || layer.start <= length - (window - 1)
        }
    }

    /// The size of the keys and values in bytes, including unused capacity.
    public var byteCount: Int {
        layers.reduce(0) { $0 + $1.byteCount }
    }
}

/// Keys and values of one layer: `[N, H, capacity, D]`, of which `count` tokens are used.
final class LayerCache {
    private unowned let cache: KeyValueCache
    private var keys: Tensor?
    private var values: Tensor?
    /// The position of the first token that is kept.
    private(set) var start = 0
    /// The number of tokens that are kept.
    var count = 0
    /// The number of tokens that a later token attends to; nil for all.
    private(set) var window: Int?

    init(_ cache: KeyValueCache) { self.cache = cache }

    /// Creates the cache of a layer from saved keys and values.
    init(_ cache: KeyValueCache, keys: Tensor, values: Tensor, start: Int, window: Int?) {
        self.cache = cache
        self.keys = keys
        self.values = values
        self.start = start
        self.window = window
        count = keys.shape[2]
    }

    /// The keys and values of the tokens that are kept; nil if there are none.
    var contents: (keys: Tensor, values: Tensor)? {
        guard let keys, let values else { return nil }
        return (keys.narrow(2, start: 0, length: count), values.narrow(2, start: 0, length: count))
    }

    var byteCount: Int {
        [keys, values].reduce(0) { sum, tensor in
            guard let tensor else { return sum }
            return sum + tensor.shape.reduce(1, *) * tensor.dtype.byteSize
        }
    }

    /// Appends keys and values `[N, H, T, D]`; returns those of all tokens that are kept.
    ///
    /// - Parameter window: The number of tokens that a later token attends to; nil for all.
    func append(_ newKeys: Tensor, _ newValues: Tensor, window: Int?) -> (keys: Tensor, values: Tensor) {
        let added = newKeys.shape[2]
        self.window = window
        if let window, count >= window + cache.reserve {
            // A query attends to itself and `window - 1` tokens before it.
            drop(count - (window - 1) - cache.reserve, needing: added)
        }
        reserve(count + added, like: newKeys, newValues)
        keys!.narrow(2, start: count, length: added).copy_(newKeys)
        values!.narrow(2, start: count, length: added).copy_(newValues)
        count += added
        return (keys!.narrow(2, start: 0, length: count), values!.narrow(2, start: 0, length: count))
    }

    /// Discards the first tokens if the memory is full, so that the copy is made once in many steps.
    private func drop(_ number: Int, needing added: Int) {
        guard let oldKeys = keys, let oldValues = values, count + added > oldKeys.shape[2] else { return }
        let rest = count - number
        keys!.narrow(2, start: 0, length: rest).copy_(oldKeys.narrow(2, start: number, length: rest).clone())
        values!.narrow(2, start: 0, length: rest).copy_(oldValues.narrow(2, start: number, length: rest).clone())
        start += number
        count = rest
    }

    private func reserve(_ needed: Int, like newKeys: Tensor, _ newValues: Tensor) {
        let capacity = keys?.shape[2] ?? 0
        guard needed > capacity else { return }
        let size = max(needed, 2 * capacity, 32)
        func grown(_ old: Tensor?, _ new: Tensor) -> Tensor {
            var shape = new.shape
            shape[2] = size
            let tensor = Tensor.empty(shape, dtype: new.dtype, device: new.device)
            if let old, count > 0 {
                tensor.narrow(2, start: 0, length: count).copy_(old.narrow(2, start: 0, length: count))
            }
            return tensor
        }
        keys = grown(keys, newKeys)
        values = grown(values, newValues)
    }

    func reorder(_ indices: Tensor) {
        keys = keys?.indexSelect(0, indices)
        values = values?.indexSelect(0, indices)
    }
}
