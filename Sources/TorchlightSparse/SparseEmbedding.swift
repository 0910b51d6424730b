import Synchronization
import TorchlightCore
import TorchlightNN

extension Tensor {
    /// The sparse gradient of a parameter, which ``sparseEmbedding(_:_:paddingIdx:)`` accumulates in backward passes and
    /// ``SparseAdam`` reads; nil if there is none. It is separate from ``grad``, which is not changed.
    public var sparseGrad: SparseTensor? {
        get { SparseGradients.shared.gradient(of: self) }
        set { SparseGradients.shared.set(newValue, of: self) }
    }
}

/// The sparse gradients of parameters. A parameter is held weakly.
private final class SparseGradients: Sendable {
    static let shared = SparseGradients()

    private struct Entry: @unchecked Sendable {
        weak var parameter: Tensor?
        var gradient: SparseTensor
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    func gradient(of parameter: Tensor) -> SparseTensor? {
        entries.withLock { entries in
            guard let entry = entries[ObjectIdentifier(parameter)], entry.parameter === parameter else { return nil }
            return entry.gradient
        }
    }

    func set(_ gradient: SparseTensor?, of parameter: Tensor) {
        entries.withLock { entries in
            entries = entries.filter { $0.value.parameter != nil }
            entries[ObjectIdentifier(parameter)] = gradient.map { Entry(parameter: parameter, gradient: $0) }
        }
    }

    func add(_ gradient: SparseTensor, to parameter: Tensor) {
        entries.withLock { entries in
            let key = ObjectIdentifier(parameter)
            if let entry = entries[key], entry.parameter === parameter {
                entries[key]?.gradient = noGrad { entry.gradient.add(gradient) }
            } else {
                entries = entries.filter { $0.value.parameter != nil }
                entries[key] = Entry(parameter: parameter, gradient: gradient)
            }
        }
    }
}

/// Returns the rows of a weight at indices, with a sparse gradient of the weight, as `torch.nn.functional.embedding` with
/// `sparse=True`.
///
/// A backward pass adds the gradient of the rows that were read to `sparseGrad` of the weight, and leaves its
/// `grad` alone, so that it takes time and memory for these rows only. The weight must be a leaf. Second derivatives with respect
/// to the weight are not recorded.
///
/// Shapes: indices `[*]` and weight `[n, d] -> [*, d]`.
///
/// - Parameters:
///   - indices: The indices of rows, of an integer dtype.
///   - weight: The weight.
///   - paddingIdx: The row that gets no gradient. Default: none.
public func sparseEmbedding(_ indices: Tensor, _ weight: Tensor, paddingIdx: Int? = nil) -> Tensor {
    if let placeholder = [indices, weight].first(where: \.isPlaceholder) { return placeholder }
    do throws(TensorError) {
        guard weight.rank == 2, indices.dtype.isInteger, weight.isLeaf else {
            throw TensorError(
                .shape, in: "sparseEmbedding", "the weight is not a leaf matrix, or the indices are not integers",
                expected: "integer indices and a leaf [n, d]", operands: [indices, weight])
        }
        if let paddingIdx, paddingIdx < -weight.size(0) || paddingIdx >= weight.size(0) {
            throw TensorError(
                .index, in: "sparseEmbedding", "paddingIdx is out of range", got: "\(paddingIdx)",
                expected: "\(-weight.size(0)) to \(weight.size(0) - 1)")
        }
    } catch {
        return fail(error, like: indices)
    }
    let flat = indices.detach().flatten().to(.int64)
    let shape = indices.shape + [weight.size(1)]
    let rows = noGrad { weight.detach().indexSelect(0, flat) }
    guard weight.requiresGrad, isGradEnabled, !rows.isPlaceholder else { return rows.reshape(shape) }
    let padding = paddingIdx.map { $0 < 0 ? $0 + weight.size(0) : $0 }
    let leaf = rows.requiresGrad_()
    leaf.registerPostAccumulateGradHook { leaf in
        guard var gradient = leaf.grad else { return }
        leaf.grad = nil
        noGrad {
            if let padding { gradient = gradient.maskedFill((flat .== padding).unsqueeze(1), 0) }
            let sparse = SparseTensor(
                unchecked: flat.unsqueeze(0), gradient.detach(), weight.shape, isCoalesced: false)
            SparseGradients.shared.add(sparse, to: weight)
        }
    }
    return leaf.reshape(shape)
}

/// A table of vectors with sparse gradients, as `torch.nn.Embedding` with `sparse=True`: a training step takes time for the rows
/// that it reads, not for the whole table. Train ``weight`` with ``SparseAdam``, and other parameters with another optimiser.
///
///     let table = SparseEmbedding(1_000_000, 64)
///     let optimizer = SparseAdam([table.weight])
///     loss(table(indices)).backward()
///     optimizer.step()
///     optimizer.zeroGrad()
///
/// Shapes: integer indices `[*] -> [*, d]`. The weight is initialised from a standard normal distribution.
public final class SparseEmbedding: Module, Layer {
    /// The learnable table, `[numEmbeddings, embeddingDim]`.
    public var weight: Tensor
    /// The row that is 0 at the start and gets no gradient; nil for none.
    public let paddingIdx: Int?

    /// Creates a table.
    ///
    /// - Parameters:
    ///   - numEmbeddings: The number of vectors.
    ///   - embeddingDim: The size of each vector.
    ///   - paddingIdx: The row that is 0 at the start and gets no gradient. Default: none.
    ///   - dtype: The dtype of the weight. Default: the default dtype.
    ///   - device: The device of the weight. Default: the current device.
    ///   - generator: The generator of the initial values.
    public init(
        _ numEmbeddings: Int, _ embeddingDim: Int, paddingIdx: Int? = nil, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        weight = Parameter(
            Tensor.randn([numEmbeddings, embeddingDim], dtype: dtype, device: device, generator: generator))
        self.paddingIdx = paddingIdx
        super.init()
        if let paddingIdx, !weight.isPlaceholder { noGrad { _ = weight.select(0, paddingIdx).zero_() } }
    }

    /// Returns the rows at the indices.
    public func forward(_ x: Tensor) -> Tensor { sparseEmbedding(x, weight, paddingIdx: paddingIdx) }

    public override var extraDescription: String {
        let sizes = weight.isPlaceholder ? "" : "\(weight.size(0)), \(weight.size(1)), "
        return sizes + (paddingIdx.map { "padding_idx=\($0), " } ?? "") + "sparse=True"
    }
}
