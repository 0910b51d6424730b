import Torchlight

// Fourier transforms.

extension CallTable {
    mutating func addFourierTransforms() {
        add("FFT.fft(n: Int?, dim: Int)") {
            FFT.fft($0.tensor(), n: $0.maybe($0.int()), dim: $0.int(), norm: $0.norm())
        }
        add("FFT.ifft(n: Int?, dim: Int)") {
            FFT.ifft($0.tensor(), n: $0.maybe($0.int()), dim: $0.int(), norm: $0.norm())
        }
        add("FFT.rfft(n: Int?, dim: Int)") {
            FFT.rfft($0.tensor(), n: $0.maybe($0.int()), dim: $0.int(), norm: $0.norm())
        }
        add("FFT.irfft(n: Int?, dim: Int)") {
            FFT.irfft($0.tensor(), n: $0.maybe($0.int()), dim: $0.int(), norm: $0.norm())
        }
        add("FFT.hfft(n: Int?, dim: Int)") {
            FFT.hfft($0.tensor(), n: $0.maybe($0.int()), dim: $0.int(), norm: $0.norm())
        }
        add("FFT.ihfft(n: Int?, dim: Int)") {
            FFT.ihfft($0.tensor(), n: $0.maybe($0.int()), dim: $0.int(), norm: $0.norm())
        }
        add("FFT.fft2(s: [Int]?, dim: [Int])") {
            FFT.fft2($0.tensor(), s: $0.maybe($0.ints()), dim: $0.ints(), norm: $0.norm())
        }
        add("FFT.ifft2(s: [Int]?, dim: [Int])") {
            FFT.ifft2($0.tensor(), s: $0.maybe($0.ints()), dim: $0.ints(), norm: $0.norm())
        }
        add("FFT.rfft2(s: [Int]?, dim: [Int])") {
            FFT.rfft2($0.tensor(), s: $0.maybe($0.ints()), dim: $0.ints(), norm: $0.norm())
        }
        add("FFT.irfft2(s: [Int]?, dim: [Int])") {
            FFT.irfft2($0.tensor(), s: $0.maybe($0.ints()), dim: $0.ints(), norm: $0.norm())
        }
        add("FFT.hfft2(s: [Int]?, dim: [Int])") {
            FFT.hfft2($0.tensor(), s: $0.maybe($0.ints()), dim: $0.ints(), norm: $0.norm())
        }
        add("FFT.ihfft2(s: [Int]?, dim: [Int])") {
            FFT.ihfft2($0.tensor(), s: $0.maybe($0.ints()), dim: $0.ints(), norm: $0.norm())
        }
        add("FFT.fftn(s: [Int]?, dim: [Int]?)") {
            FFT.fftn($0.tensor(), s: $0.maybe($0.ints()), dim: $0.maybe($0.ints()), norm: $0.norm())
        }
        add("FFT.ifftn(s: [Int]?, dim: [Int]?)") {
            FFT.ifftn($0.tensor(), s: $0.maybe($0.ints()), dim: $0.maybe($0.ints()), norm: $0.norm())
        }
        add("FFT.rfftn(s: [Int]?, dim: [Int]?)") {
            FFT.rfftn($0.tensor(), s: $0.maybe($0.ints()), dim: $0.maybe($0.ints()), norm: $0.norm())
        }
        add("FFT.irfftn(s: [Int]?, dim: [Int]?)") {
            FFT.irfftn($0.tensor(), s: $0.maybe($0.ints()), dim: $0.maybe($0.ints()), norm: $0.norm())
        }
        add("FFT.hfftn(s: [Int]?, dim: [Int]?)") {
            FFT.hfftn($0.tensor(), s: $0.maybe($0.ints()), dim: $0.maybe($0.ints()), norm: $0.norm())
        }
        add("FFT.ihfftn(s: [Int]?, dim: [Int]?)") {
            FFT.ihfftn($0.tensor(), s: $0.maybe($0.ints()), dim: $0.maybe($0.ints()), norm: $0.norm())
        }
        add("FFT.fftfreq(_: Int)") { FFT.fftfreq($0.count(), d: $0.double()) }
        add("FFT.rfftfreq(_: Int)") { FFT.rfftfreq($0.count(), d: $0.double()) }
        add("FFT.fftshift(dim: [Int]?)") { FFT.fftshift($0.tensor(), dim: $0.maybe($0.ints())) }
        add("FFT.fftshift(dim: Int)") { FFT.fftshift($0.tensor(), dim: $0.int()) }
        add("FFT.ifftshift(dim: [Int]?)") { FFT.ifftshift($0.tensor(), dim: $0.maybe($0.ints())) }
        add("FFT.ifftshift(dim: Int)") { FFT.ifftshift($0.tensor(), dim: $0.int()) }
        add("Tensor.stft(nFFT: Int, hopLength: Int?, winLength: Int?)") {
            $0.tensor().stft(
                nFFT: $0.int(), hopLength: $0.maybe($0.int()), winLength: $0.maybe($0.int()),
                window: $0.maybe($0.tensor()),
                center: $0.bool(), normalized: $0.bool(), onesided: $0.maybe($0.bool()))
        }
        add("stft(nFFT: Int, hopLength: Int?, winLength: Int?)") {
            stft(
                $0.tensor(), nFFT: $0.int(), hopLength: $0.maybe($0.int()), winLength: $0.maybe($0.int()),
                window: $0.maybe($0.tensor()),
                center: $0.bool(), normalized: $0.bool(), onesided: $0.maybe($0.bool()))
        }
        add("Tensor.istft(nFFT: Int, hopLength: Int?, winLength: Int?, length: Int?)") {
            $0.tensor().istft(
                nFFT: $0.int(), hopLength: $0.maybe($0.int()), winLength: $0.maybe($0.int()),
                window: $0.maybe($0.tensor()),
                center: $0.bool(), normalized: $0.bool(), length: $0.maybe($0.int()))
        }
        add("istft(nFFT: Int, hopLength: Int?, winLength: Int?, length: Int?)") {
            istft(
                $0.tensor(), nFFT: $0.int(), hopLength: $0.maybe($0.int()), winLength: $0.maybe($0.int()),
                window: $0.maybe($0.tensor()),
                center: $0.bool(), normalized: $0.bool(), length: $0.maybe($0.int()))
        }
    }
}

extension Arguments {
    fileprivate func norm() -> FFT.Norm { pick([.backward, .ortho, .forward]) }
}
