import TorchlightCore

/// Ways in which the same elements can lie in memory.
package enum TestLayout: String, Sendable, CaseIterable {
    case contiguous, transposed, stepped, offset

    /// The elements of `tensor` laid out this way; nil where the shape has no such layout.
    package func arrange(_ tensor: Tensor) -> Tensor? {
        let rank = tensor.shape.count
        switch self {
        case .contiguous: return tensor
        case .transposed:
            guard rank >= 2 else { return nil }
            return tensor.transpose(0, rank - 1).contiguous().transpose(0, rank - 1)
        case .stepped:
            guard rank >= 1 else { return nil }
            // Every other element of a longer dimension.
            let last = tensor.shape[rank - 1]
            let wide = Tensor.zeros(Array(tensor.shape.dropLast()) + [2 * last + 1], dtype: tensor.dtype)
            var strides = wide.strides
            strides[rank - 1] = 2
            return wide.asStrided(tensor.shape, stride: strides, offset: 1).copy_(tensor)
        case .offset:
            guard rank >= 1 else { return nil }
            let tall = Tensor.zeros([tensor.shape[0] + 2] + tensor.shape.dropFirst(), dtype: tensor.dtype)
            return tall.narrow(0, start: 2, length: tensor.shape[0]).copy_(tensor)
        }
    }
}
