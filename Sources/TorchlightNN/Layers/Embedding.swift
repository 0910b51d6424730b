import TorchlightCore

/// A table of vectors that is looked up by number.
///
/// Shapes: integers `[*] -> [*, dim]`; the weight is `[count, dim]`, normal with deviation 1 at the start.
public final class Embedding: Module, Layer {
    /// The number of vectors.
    public let count: Int
    /// The elements of each.
    public let dim: Int
    /// The vector that gets no gradient and starts at zero, if there is one.
    public let paddingIndex: Int?
    /// `[count, dim]`.
    public var weight: Tensor

    /// A table of this size. A negative padding index counts from the end.
    public init(
        _ count: Int, _ dim: Int, paddingIndex: Int? = nil, dtype: DType = .default, device: Device = .cpu,
        generator: Generator = .default
    ) {
        var padding = paddingIndex
        if let index = paddingIndex {
            if index < 0 { padding = index + count }
            if !(0..<count).contains(padding ?? -1) {
                reportFailure(
                    TensorError(
                        .index, in: "Embedding", "paddingIndex is out of range", got: "\(index)",
                        expected: "\(-count) ..< \(count)"))
                padding = nil
            }
        }
        self.count = count
        self.dim = dim
        self.paddingIndex = padding
        let table = Tensor.empty([count, dim], dtype: dtype, device: device)
        Initializers.normal_(table, generator: generator)
        if let padding { table.select(0, padding).zero_() }
        weight = Parameter(table)
        super.init()
    }

    /// The vectors of these numbers.
    public func forward(_ x: Tensor) -> Tensor { embedding(x, weight, paddingIdx: paddingIndex) }

    public override var extraDescription: String {
        "\(count), \(dim)" + (paddingIndex.map { ", padding_idx=\($0)" } ?? "")
    }
}
