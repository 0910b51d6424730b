import TestSupport
import Testing
@testable import TorchlightCore

/// Fourier transforms of the public interface: sizes, norms, pairs of inverses, and what is refused.
@Suite struct FourierTests {
    private func signal(_ shape: [Int], _ label: String) -> Tensor {
        var random = TestRandom(label)
        return Tensor(random.values(shape.reduce(1, *), in: -1...1), shape: shape, dtype: .float64)
    }

    /// Lengths of every kind: powers of two, mixed factors, primes, and those that are transformed as matrices.
    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 30, 31, 37, 64, 97, 128, 210, 1009, 32768, 60060])
    func inverseOfTransformIsTheSignal(n: Int) {
        let x = signal([2, n], "fourier \(n)")
        for norm in [FFT.Norm.backward, .ortho, .forward] {
            let whole = FFT.fft(x, norm: norm)
            #expect((FFT.ifft(whole, norm: norm) - x).abs().max().item() < 1e-12, "\(n) \(norm)")
            let half = FFT.rfft(x, norm: norm)
            #expect((half - whole.narrow(1, start: 0, length: n / 2 + 1)).abs().max().item() < 1e-9, "\(n) \(norm)")
            #expect((FFT.irfft(half, n: n, norm: norm) - x).abs().max().item() < 1e-12, "\(n) \(norm)")
            let again = FFT.hfft(FFT.ihfft(x, norm: norm), n: n, norm: norm)
            #expect((again - x).abs().max().item() < 1e-12, "\(n) \(norm)")
        }
        // The energy of a signal is that of its spectrum.
        let energy = FFT.fft(x, norm: .ortho).abs().square().sum().item()
        #expect(abs(energy - x.square().sum().item()) < 1e-9 * Double(n), "\(n)")
    }

    /// Transforms are computed in groups; what a group holds, and in which order its rows are in memory, does not matter. 16,384 is
    /// transformed as a matrix, and the primes 1,009 and 8,209 by a convolution.
    @Test(arguments: [1, 8, 15, 60, 256, 1009, 8209, 16384], [DType.complex64, .complex128])
    func aBatchHasTheBitsOfSingleTransforms(n: Int, dtype: DType) {
        for count in n > 4096 ? [3] : [3, 8, 21, 70] {
            let parts = signal([2, count, n], "fourier batch \(n) \(count)")
            let x = complex(parts[0], parts[1]).to(dtype)
            let columns = x.t().contiguous()
            let real = parts[0].to(dtype.toReal)
            let realColumns = real.t().contiguous()
            let (rows, inverse, half) = (FFT.fft(x), FFT.ifft(x), FFT.rfft(real))
            let size = 2 * n - (n % 2 == 0 ? 2 : 1)
            let signals = FFT.irfft(x, n: size)
            for i in 0..<count {
                #expect(rows[i].equal(FFT.fft(x[i])) && inverse[i].equal(FFT.ifft(x[i])), "\(n) \(count)")
                #expect(half[i].equal(FFT.rfft(real[i])), "\(n) \(count)")
                #expect(signals[i].equal(FFT.irfft(x[i], n: size)), "\(n) \(count)")
            }
            #expect(FFT.fft(columns, dim: 0).t().equal(rows), "\(n) \(count)")
            #expect(FFT.ifft(columns, dim: 0).t().equal(inverse), "\(n) \(count)")
            #expect(FFT.rfft(realColumns, dim: 0).t().equal(half), "\(n) \(count)")
            #expect(FFT.fft(columns.t()).equal(rows) && FFT.rfft(realColumns.t()).equal(half), "\(n) \(count)")
        }
    }

    /// Small images are transformed one by one, and large ones together.
    @Test(arguments: [(5, 24, 20), (2, 600, 300)])
    func imagesAreTransformedAlongBothDimensions(count: Int, height: Int, width: Int) {
        let parts = signal([2, count, height, width], "fourier images \(height)")
        let x = complex(parts[0], parts[1])
        let expected = FFT.fft(FFT.fft(x, dim: 2), dim: 1)
        #expect(FFT.fft2(x).equal(expected))
        #expect(FFT.fft2(x.transpose(1, 2)).equal(FFT.fft(FFT.fft(x, dim: 1), dim: 2).transpose(1, 2)))
        #expect((FFT.ifft2(expected) - x).abs().max().item() < 1e-12)
    }

    @Test func severalDimensionsAreOneAfterTheOther() {
        let x = signal([3, 4, 5], "fourier dimensions")
        let expected = FFT.fft(FFT.fft(FFT.fft(x, dim: 0), dim: 1), dim: 2)
        #expect((FFT.fftn(x) - expected).abs().max().item() < 1e-12)
        #expect((FFT.fft2(x) - FFT.fft(FFT.fft(x, dim: 1), dim: 2)).abs().max().item() < 1e-12)
        #expect((FFT.irfftn(FFT.rfftn(x), s: [3, 4, 5]) - x).abs().max().item() < 1e-12)
        #expect((FFT.ifftn(FFT.fftn(x)) - x).abs().max().item() < 1e-12)
        #expect((FFT.hfftn(FFT.ihfftn(x), s: [3, 4, 5]) - x).abs().max().item() < 1e-12)
        #expect(FFT.fftn(x, s: [6]).shape == [3, 4, 6] && FFT.rfft2(x, s: [2, 7]).shape == [3, 2, 4])
    }

    @Test func frequenciesAndShifts() {
        expectClose(FFT.fftfreq(5), [0, 0.2, 0.4, -0.4, -0.2])
        expectClose(FFT.fftfreq(4, d: 0.5), [0, 0.5, -1, -0.5])
        expectClose(FFT.rfftfreq(4), [0, 0.25, 0.5])
        let x = Tensor.arange(5)
        #expect(FFT.fftshift(x).toArray(Int.self) == [3, 4, 0, 1, 2])
        #expect(FFT.ifftshift(FFT.fftshift(x)).equal(x))
    }

    @Test func shortTimeTransformsAreInverses() {
        let x = signal([2, 64], "stft")
        let window = Tensor.hannWindow(16, dtype: .float64)
        let spectra = x.stft(nFFT: 16, hopLength: 4, window: window)
        #expect(spectra.shape == [2, 9, 17])
        let again = spectra.istft(nFFT: 16, hopLength: 4, window: window, length: 64)
        #expect((again - x).abs().max().item() < 1e-12)
        expectRefusal(by: "stft", .value) { x.stft(nFFT: 16, hopLength: 0) }
        expectRefusal(by: "istft", .value) { spectra.istft(nFFT: 20) }
    }

    @Test func aRealSignalFollowsFromOneHalfOfTheFrequencies() throws {
        let x = signal([2, 64], "istft")
        let whole = x.stft(nFFT: 16, hopLength: 4, onesided: false).detach().requiresGrad_()
        let half = whole.detach().narrow(1, start: 0, length: 9).contiguous().requiresGrad_()
        let (fromWhole, fromHalf) = (
            whole.istft(nFFT: 16, hopLength: 4, onesided: false), half.istft(nFFT: 16, hopLength: 4)
        )
        #expect(fromWhole.allclose(fromHalf))
        fromWhole.square().sum().backward()
        fromHalf.square().sum().backward()
        let (a, b) = (try #require(whole.grad), try #require(half.grad))
        #expect((a.narrow(1, start: 0, length: 9) - b).abs().max().item() < 1e-12)
        #expect(a.narrow(1, start: 9, length: 7).abs().max().item() == 0)
        let window = complex(Tensor.ones([16], dtype: .float64), Tensor.ones([16], dtype: .float64))
        expectRefusal(by: "istft", .dtype) { half.istft(nFFT: 16, hopLength: 4, window: window) }
    }

    @Test func whatCannotBeTransformedIsRefused() {
        expectRefusal(by: "fft", .shape) { FFT.fft(Tensor(1.0)) }
        expectRefusal(by: "fft", .value) { FFT.fft(Tensor.ones([3]), n: 0) }
        expectRefusal(by: "rfft", .dtype) { FFT.rfft(Tensor([Complex(1.0, 2)])) }
        expectRefusal(by: "irfft", .value) { FFT.irfft(Tensor.ones([1])) }
        expectRefusal(by: "fft", .dtype) { FFT.fft(Tensor.ones([2], dtype: .float16)) }
        expectRefusal(by: "fft2", .index) { FFT.fft2(Tensor.ones([2])) }
        let spec = TensorSpec(Layout(shape: Dims([2, 3])), .complex64)
        #expect(throws: TensorError.self) {
            try FourierTransform(dims: Dims([1, 1]), isInverse: false, scale: 1).infer(Specs([spec]))
        }
    }
}
