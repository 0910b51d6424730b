/// Runs the body in mixed precision: matrix products, convolutions and attention in bfloat16, numerically sensitive
/// operations in float32.
///
///     for (x, y) in loader {
///         let loss = autocast { crossEntropy(model(x), y) }
///         optimizer.zeroGrad()
///         loss.backward()                 // outside: the gradients of float32 parameters are float32
///         optimizer.step()
///     }
///
/// The parameters stay in float32. Each operation converts its operands, and autograd records the conversions. The
/// classes of operations are those of PyTorch on the CPU:
///
/// - **In the low precision**: `matmul`, `mm`, `bmm`, `addmm`, `addbmm`, `baddbmm`, functions composed of them
///   (`einsum`, `tensordot`, `chainMatmul`, `multiDot`, `matrixPower`, `cov`, `affineGrid`), `vecdot`, `linear`,
///   `conv1d` to `conv3d`, `convTranspose1d` to `convTranspose3d`, `prelu`, `scaledDotProductAttention`, `RNN` and
///   `LSTM`, and so the layers of all these, `MultiheadAttention` and the transformers.
/// - **In float32**: every loss except `gaussianNLLLoss`, `multilabelSoftMarginLoss` and
///   `tripletMarginWithDistanceLoss`; `prod`, `trace`, `quantile`, `nanquantile`, `cdist`, `gridSample`; `avgPool3d`,
///   `maxPool3d`, `adaptiveAvgPool3d`, `adaptiveMaxPool3d` and `maxUnpool1d` to `maxUnpool3d`; reflection padding of
///   one or two dimensions and replication padding of one to three; inverses, `solve`, `lstsq`, `pinv`, `cond`,
///   `matrixRank`, and the factorisations except LU.
/// - **In the widest dtype of the operands**: `cat`, `stack`, `indexCopy`.
/// - **In the dtype of the operands**: all others. Element-wise functions, sums, softmax and normalisations of bfloat16
///   compute in float32 and round once; layer and batch normalisation accept float32 parameters with a bfloat16 input.
///   `mv`, `dot`, `addmv`, `addr` and `bilinear` are in this class too, and all in-place operations.
///
/// float64 and integers are never converted. A parameter that is used several times is converted once: the copy is kept
/// until the outermost block ends, and is made again if the parameter was changed. Blocks nest; `enabled: false` turns
/// conversion off inside. A block affects the calling thread only. A backward pass computes in the dtypes of its
/// forward pass, inside a block and outside.
///
/// bfloat16 has the range of float32, so small gradients do not underflow and the loss needs no scaling. On CPUs with
/// bfloat16 instructions (AVX512-BF16, AMX) oneDNN's kernels are used. On others, products convert to float32 and back,
/// which gives the same results and saves memory but not time.
///
/// - Parameters:
///   - dtype: the low precision, bfloat16 or float16. Default: bfloat16. Other dtypes are an error.
///   - enabled: whether operations convert their operands. Default: true.
/// - Returns: the result of the body.
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

/// Whether `autocast` is enabled on the current thread.
public var isAutocastEnabled: Bool { isAutocasting }

/// The low-precision dtype of `autocast` on the current thread; nil if it is not enabled.
public var autocastDType: DType? { isAutocasting ? DType(rawValue: threadState.pointee.autocast) : nil }
