import TestSupport
import Testing
import Torchlight
import TorchlightCore

/// Kernels that have no memory for intermediate results: calls fail with an error and do not end the process.
@Suite("Memory for intermediate results", .serialized) struct ScratchMemoryTests {
    private static let limit = 4 << 20

    /// Calls whose results fit in blocks of `limit` bytes, but whose intermediate results do not.
    private static let calls: [(name: String, call: @Sendable () -> () -> Any)] = {
        @Sendable func row(_ count: Int, _ dtype: DType = .float32) -> Tensor {
            Tensor.arange(count).remainder(1000).to(dtype)
        }
        @Sendable func half(_ shape: Int...) -> Tensor { row(shape.reduce(1, *), .bfloat16).reshape(shape) }
        return [
            (
                "sort",
                {
                    let x = row(400_000); return { x.sort() }
                }
            ),
            (
                "topk",
                {
                    let x = row(1_200_000); return { x.topk(100_000) }
                }
            ),
            ("randperm", { { Tensor.randperm(300_000) } }),
            (
                "unique of rows",
                {
                    let x = row(500_000, .float64).reshape(500_000, 1); return { x.unique(dim: 0) }
                }
            ),
            (
                "cdist",
                {
                    let x = row(10).reshape(1, 10), y = row(1_500_000).reshape(150_000, 10);
                    return { cdist(x, y, p: 1) }
                }
            ),
            (
                "pdist",
                {
                    let x = row(2_000_000).reshape(100, 20_000); return { pdist(x, p: 1) }
                }
            ),
            (
                "maxPool2d",
                {
                    let x = half(1, 1, 1500, 1500); return { maxPool2d(x, 10) }
                }
            ),
            (
                "avgPool2d",
                {
                    let x = half(1, 1, 1500, 1500); return { avgPool2d(x, 10) }
                }
            ),
            (
                "fold",
                {
                    let x = half(1, 4, 700_000); return { fold(x, [2, 700_001], 2) }
                }
            ),
            (
                "interpolate",
                {
                    let x = half(1, 1, 1500, 1500); return { interpolate(x, size: [10, 10], mode: .bilinear) }
                }
            ),
            (
                "gridSample",
                {
                    let x = half(1, 1, 1500, 1500), grid = Tensor.zeros([1, 2, 2, 2], dtype: .bfloat16)
                    return { gridSample(x, grid) }
                }
            ),
            (
                "softmax",
                {
                    let x = half(1, 1_200_000); return { x.softmax(dim: 1) }
                }
            ),
            (
                "logSoftmax",
                {
                    let x = half(1, 1_200_000); return { x.logSoftmax(dim: 1) }
                }
            ),
            (
                "layerNorm",
                {
                    let x = half(1, 1_200_000); return { layerNorm(x, [1_200_000]) }
                }
            ),
            (
                "crossEntropy",
                {
                    let x = half(1, 1_200_000); return { crossEntropy(x, Tensor([3])) }
                }
            ),
            (
                "batchNorm",
                {
                    let x = half(1, 1, 1_200_000); return { batchNorm(x, nil, nil, training: true) }
                }
            ),
            (
                "indexAdd_",
                {
                    let x = half(1_200_000, 1), y = half(1, 1)
                    return { x.clone().indexAdd_(0, Tensor([7]), y) }
                }
            ),
            (
                "fft of a large prime length",
                {
                    let x = row(262_147, .complex64); return { FFT.fft(x) }
                }
            ),
            (
                "fft of a large prime length with a plan",
                {
                    let x = row(262_139, .complex64)
                    _ = FFT.fft(x)
                    return { FFT.fft(x) }
                }
            ),
            (
                "rfft",
                {
                    let x = row(900_000); return { FFT.rfft(x) }
                }
            ),
            (
                "rfft with a plan",
                {
                    let x = row(900_002)
                    _ = FFT.rfft(x)
                    return { FFT.rfft(x) }
                }
            ),
            (
                "irfft",
                {
                    let x = row(450_001, .complex64); return { FFT.irfft(x, n: 900_000) }
                }
            ),
        ]
    }()

    @Test("A call without memory for intermediate results throws", arguments: calls.indices)
    func throwsWithoutMemory(_ index: Int) throws {
        let (name, prepare) = Self.calls[index]
        let call = prepare()
        try Memory.refusingBlocks(above: Self.limit) {
            let error = try #require(throws: TensorError.self, "\(name) needs no such memory") {
                try checked { call() }
            }
            #expect(error.kind == .outOfMemory && error.problem.contains("intermediate results"), "\(name): \(error)")
        }
        // Neither the thread nor the kernel remembers the failure.
        _ = try checked { call() }
    }
}
