// The short-time Fourier transform: the spectra of overlapping windows of a signal, and the signal of such spectra.

extension Tensor {
    /// The short-time Fourier transform, the spectra of windows of the signal that are `hopLength` apart:
    /// `[length]` or `[batch, length]` `-> [(batch,) frequencies, windows]`, complex.
    ///
    /// - Parameters:
    ///   - nFFT: the size of each transform.
    ///   - hopLength: the distance of windows; left out, `nFFT / 4`.
    ///   - winLength: the size of the window, which is filled with zeros to `nFFT` on both sides; left out, `nFFT`.
    ///   - window: the factors of the elements, `[winLength]`; left out, ones.
    ///   - center: whether the signal is padded by `nFFT / 2` on both sides, so that window t is around element
    ///     `t hopLength`.
    ///   - padMode: how it is padded.
    ///   - normalized: whether the spectra are divided by the square root of `nFFT`.
    ///   - onesided: whether only the `nFFT / 2 + 1` frequencies that are not conjugate to others are returned; left out, they
    ///     are for a real signal and window.
    ///   - returnComplex: whether the result is complex, or pairs of real numbers in a last dimension.
    public func stft(
        nFFT: Int, hopLength: Int? = nil, winLength: Int? = nil, window: Tensor? = nil, center: Bool = true,
        padMode: PadMode = .reflect, normalized: Bool = false, onesided: Bool? = nil, returnComplex: Bool = true
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            let (hop, width) = (hopLength ?? nFFT / 4, winLength ?? nFFT)
            guard dtype.isDifferentiable, rank == 1 || rank == 2 else {
                throw TensorError(
                    .shape, in: "stft", "this is no signal",
                    expected: "floating-point or complex numbers, [length] or [batch, length]", operands: [self])
            }
            var signal = rank == 1 ? unsqueeze(0) : self
            if center { signal = signal.pad([nFFT / 2, nFFT / 2], mode: padMode) }
            guard nFFT > 0, nFFT <= signal.layout.shape[1], hop > 0, width > 0, width <= nFFT else {
                throw TensorError(
                    .value, in: "stft", "the windows do not fit the signal",
                    got: "nFFT \(nFFT), hopLength \(hop), winLength \(width) for a length of \(signal.layout.shape[1])",
                    expected: "0 < winLength <= nFFT <= length and a positive hopLength", operands: [self])
            }
            let factors = try Self.spectralWindow(window, nFFT, width, "stft", like: self)
            let isComplex = dtype.isComplex || factors?.dtype.isComplex ?? false
            let isOneSided = onesided ?? !isComplex
            guard !isOneSided || !isComplex else {
                throw .dtype(
                    "stft", [self], expected: "a real signal and window for onesided", fix: "pass onesided: false")
            }
            var frames = signal.unfold(1, size: nFFT, step: hop)
            if let factors { frames = frames * factors }
            let norm: FFT.Norm = normalized ? .ortho : .backward
            var spectra = isOneSided ? FFT.rfft(frames, norm: norm) : FFT.fft(frames, norm: norm)
            spectra = spectra.transpose(1, 2)
            if rank == 1 { spectra = spectra.squeeze(0) }
            return returnComplex ? spectra : spectra.contiguous().viewAsReal()
        }
    }

    /// The signal of a short-time Fourier transform, `[(batch,) frequencies, windows] -> [(batch,) length]`: windows are
    /// transformed back, multiplied by the window once more, added up, and divided by the sum of its squares.
    ///
    /// - Parameters: as those of ``stft(nFFT:hopLength:winLength:window:center:padMode:normalized:onesided:returnComplex:)``;
    ///   `length` is the size of the result, as much as the windows cover where it is left out. Without `onesided` a real result
    ///   is computed from the first `nFFT / 2 + 1` frequencies, as in PyTorch.
    public func istft(
        nFFT: Int, hopLength: Int? = nil, winLength: Int? = nil, window: Tensor? = nil, center: Bool = true,
        normalized: Bool = false, onesided: Bool? = nil, length: Int? = nil, returnComplex: Bool = false
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            let (hop, width) = (hopLength ?? nFFT / 4, winLength ?? nFFT)
            let isOneSided = onesided ?? !returnComplex
            guard dtype.isComplex, rank == 2 || rank == 3 else {
                throw TensorError(
                    .shape, in: "istft", "these are no spectra",
                    expected: "complex numbers, [frequencies, windows] or [batch, frequencies, windows]",
                    operands: [self])
            }
            guard !(isOneSided && returnComplex) else {
                throw TensorError(
                    .value, in: "istft", "one side of the frequencies is that of a real signal",
                    got: "onesided and returnComplex", expected: "one of them", operands: [self])
            }
            let spectra = (rank == 2 ? unsqueeze(0) : self).transpose(1, 2)
            let (windows, frequencies) = (spectra.layout.shape[1], spectra.layout.shape[2])
            guard nFFT > 0, hop > 0, hop <= width, width > 0, width <= nFFT, windows > 0,
                frequencies == (isOneSided ? nFFT / 2 + 1 : nFFT)
            else {
                throw TensorError(
                    .value, in: "istft", "the sizes do not fit the spectra",
                    got: "nFFT \(nFFT), hopLength \(hop), winLength \(width)",
                    expected: "0 < hopLength <= winLength <= nFFT and nFFT\(isOneSided ? " / 2 + 1" : "") frequencies",
                    operands: [self])
            }
            let factors =
                try Self.spectralWindow(window, nFFT, width, "istft", like: self)
                ?? Tensor.ones([nFFT], dtype: dtype.toReal, device: device)
            guard returnComplex || !factors.dtype.isComplex else {
                throw .dtype(
                    "istft", [self, factors], expected: "a real window for a real signal",
                    fix: "pass returnComplex: true")
            }
            let norm: FFT.Norm = normalized ? .ortho : .backward
            // A real signal follows from one half of the frequencies; the other half is not read.
            let half = isOneSided || returnComplex ? spectra : spectra.narrow(2, start: 0, length: nFFT / 2 + 1)
            var frames = returnComplex ? FFT.ifft(spectra, norm: norm) : FFT.irfft(half, n: nFFT, norm: norm)
            frames = frames * factors
            let covered = nFFT + hop * (windows - 1)
            let unfold = Unfold(dim: 1, size: nFFT, step: hop)
            let batch = frames.layout.shape[0]
            let sum = apply(UnfoldBackward(unfold: unfold, shape: [batch, covered]), frames)
            let squares = factors.square().expand([1, windows, nFFT])
            let envelope = apply(UnfoldBackward(unfold: unfold, shape: [1, covered]), squares)
            let start = center ? nFFT / 2 : 0
            let end = length.map { start +| $0 } ?? (center ? covered - nFFT / 2 : covered)
            guard end > start, start < covered else {
                throw TensorError(
                    .value, in: "istft", "the result would be empty", got: "length \(length ?? end -| start)",
                    expected: "a positive length", operands: [self])
            }
            let kept = Swift.min(end, covered) - start
            let weights = envelope.narrow(1, start: start, length: kept)
            try checkValues("istft", [weights, detach()]) { operands throws(TensorError) in
                guard operands[0].abs().min().item() < 1e-11 else { return }
                throw TensorError(
                    .value, in: "istft", "the windows leave an element of the result without weight",
                    expected: "windows whose squares add up to more than 1e-11 everywhere",
                    fix: "use another window or a smaller hopLength", operands: [operands[1]])
            }
            var signal = sum.narrow(1, start: start, length: kept) / weights
            signal = signal.resized(1, to: end - start)
            return rank == 2 ? signal.squeeze(0) : signal
        }
    }

    /// A window with zeros on both sides up to the size of the transform; nil for ones.
    private static func spectralWindow(
        _ window: Tensor?, _ size: Int, _ width: Int, _ operation: String, like x: Tensor
    ) throws(TensorError) -> Tensor? {
        guard let window else {
            return width == size
                ? nil : padded(Tensor.ones([width], dtype: x.dtype.toReal, device: x.device), size, width)
        }
        guard window.rank == 1, window.layout.shape[0] == width else {
            throw TensorError(
                .shape, in: operation, "the window has another size than winLength", expected: "[\(width)]",
                operands: [window])
        }
        return padded(window, size, width)
    }

    private static func padded(_ window: Tensor, _ size: Int, _ width: Int) -> Tensor {
        let left = (size - width) / 2
        return window.pad([left, size - width - left])
    }
}

/// The short-time Fourier transform; see the method of this name.
public func stft(
    _ x: Tensor, nFFT: Int, hopLength: Int? = nil, winLength: Int? = nil, window: Tensor? = nil, center: Bool = true,
    padMode: PadMode = .reflect, normalized: Bool = false, onesided: Bool? = nil, returnComplex: Bool = true
) -> Tensor {
    x.stft(
        nFFT: nFFT, hopLength: hopLength, winLength: winLength, window: window, center: center, padMode: padMode,
        normalized: normalized, onesided: onesided, returnComplex: returnComplex)
}

/// The signal of a short-time Fourier transform; see the method of this name.
public func istft(
    _ x: Tensor, nFFT: Int, hopLength: Int? = nil, winLength: Int? = nil, window: Tensor? = nil, center: Bool = true,
    normalized: Bool = false, onesided: Bool? = nil, length: Int? = nil, returnComplex: Bool = false
) -> Tensor {
    x.istft(
        nFFT: nFFT, hopLength: hopLength, winLength: winLength, window: window, center: center, normalized: normalized,
        onesided: onesided, length: length, returnComplex: returnComplex)
}
