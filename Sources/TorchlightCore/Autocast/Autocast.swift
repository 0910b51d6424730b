import CKernels

/// Runs the body in mixed precision: products, convolutions and attention in bfloat16, what must stay exact in float32.
///
///     for (x, y) in loader {
///         let loss = autocast { crossEntropy(model(x), y) }
///         optimizer.zeroGrad()
///         loss.backward()                 // outside: the gradients of float32 parameters are float32
///         optimizer.step()
///     }
///
/// The parameters stay in float32; each operation converts its operands, and the conversions are recorded like any other
/// operation. The classes are PyTorch's for the processor:
///
/// - **In the low precision**: `matmul`, `mm`, `bmm`, `addmm`, `addbmm`, `baddbmm`, what is made of them (`einsum`,
///   `tensordot`, `chainMatmul`, `multiDot`, `matrixPower`, `cov`, `affineGrid`), `vecdot`, `linear`, `conv1d` to `conv3d`,
///   `convTranspose1d` to `convTranspose3d`, `prelu`, `scaledDotProductAttention`, `RNN` and `LSTM`, and so the layers of all
///   these, `MultiheadAttention` and the transformers.
/// - **In float32**: every loss but `gaussianNLLLoss`, `multilabelSoftMarginLoss` and `tripletMarginWithDistanceLoss`; `prod`,
///   `trace`, `quantile`, `nanquantile`, `cdist`, `gridSample`; `avgPool3d`, `maxPool3d`, `adaptiveAvgPool3d`,
///   `adaptiveMaxPool3d` and `maxUnpool1d` to `maxUnpool3d`; reflected borders of up to two and replicated ones of up to three
///   dimensions; inverses, `solve`, `lstsq`, `pinv`, `cond`, `matrixRank`, and the factorisations but LU.
/// - **In the widest dtype of the operands**: `cat`, `stack`, `indexCopy`.
/// - **As their operands come**: all others. Element-wise functions, sums, softmax and normalisations of bfloat16 compute in
///   float32 and round once; layer and batch normalisation take float32 parameters beside a bfloat16 input. `mv`, `dot`,
///   `addmv`, `addr` and `bilinear` are here too, and what writes in place.
///
/// float64 and integers are never converted. A parameter that is used several times is converted once: the copy is kept until
/// the outermost block ends, and made anew where the parameter was changed since. Blocks nest; `enabled: false` turns
/// conversion off inside. A block is of its thread: what other threads run meanwhile is not concerned. A backward pass
/// computes in the dtypes of its forward pass, inside a block as outside.
///
/// bfloat16 has the range of float32, so that small gradients do not vanish and the loss needs no scaling. Where the processor
/// multiplies bfloat16 (AVX512-BF16, AMX) oneDNN's kernels do; elsewhere products convert to float32 and back, which gives the
/// same results and saves memory, not time.
///
/// - Parameters:
///   - dtype: bfloat16 or float16; others are refused.
///   - enabled: whether to convert at all.
@discardableResult
public func autocast<R, E: Error>(
    _ dtype: DType = .bfloat16, enabled: Bool = true, _ body: () throws(E) -> R
) throws(E) -> R {
    let isHalf = dtype == .bfloat16 || dtype == .float16
    if enabled && !isHalf {
        reportFailure(
            TensorError(
                .dtype, in: "autocast", "operations cannot run in this precision", got: "\(dtype)",
                expected: "bfloat16 or float16",
                fix: dtype == .float32 || dtype == .float64
                    ? "leave autocast out, or pass enabled: false" : "use autocast(.bfloat16)"))
    }
    let (state, context) = (threadState, ThreadContext.current)
    let outer = state.pointee.autocast
    state.pointee.autocast = enabled && isHalf ? dtype.rawValue : 0
    context.autocastDepth += 1
    defer {
        state.pointee.autocast = outer
        context.autocastDepth -= 1
        if context.autocastDepth == 0 && !context.autocastCopies.isEmpty { context.autocastCopies.removeAll() }
    }
    return try body()
}

/// Whether operations convert their operands on this thread now.
public var isAutocastEnabled: Bool { isAutocasting }

/// The dtype in which `autocast` runs products on this thread now; nil outside.
public var autocastDType: DType? { isAutocasting ? DType(rawValue: threadState.pointee.autocast) : nil }
