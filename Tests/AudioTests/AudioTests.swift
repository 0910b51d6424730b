import TestSupport
import Testing
import Torchlight

@Suite struct AudioTests {
    /// A sum of two tones, `[time]`.
    private static func tones(_ count: Int, _ frequencies: [Double], sampleRate: Int = 8000) -> Tensor {
        let time = Tensor.arange(0, count, dtype: .float64) * (2 * Double.pi / Double(sampleRate))
        return frequencies.map { (time * $0).sin() }.reduce(Tensor.zeros([count], dtype: .float64)) { $0 + $1 }
    }

    @Test func aToneIsInTheBinOfItsFrequency() {
        // Bin k of a transform of size 64 at 8000 Hz is 125 k Hz.
        let spectrogram = Spectrogram(nFFT: 64, dtype: .float64)(Self.tones(1024, [1000]))
        #expect(spectrogram.shape == [33, 33])
        #expect(spectrogram.select(1, 16).argmax().item(Int.self) == 8)
        #expect(spectrogram.mean(dim: 1).argmax().item(Int.self) == 8)
    }

    @Test func theInverseOfASpectrogramIsTheWaveform() {
        let x = Tensor.randn([2, 3, 200], dtype: .float64, generator: Generator(seed: 1))
        for normalized in [Audio.SpectrumNormalization.none, .window, .frameLength] {
            for pad in [0, 5] {
                let forward = Spectrogram(
                    nFFT: 32, hopLength: 8, pad: pad, power: nil, normalized: normalized, dtype: .float64)
                let inverse = InverseSpectrogram(
                    nFFT: 32, hopLength: 8, pad: pad, normalized: normalized, dtype: .float64)
                let back = inverse(forward(x), length: 200)
                #expect(back.allclose(x, rtol: 1e-8, atol: 1e-10), "\(normalized), pad: \(pad)")
            }
        }
    }

    @Test func griffinLimApproachesTheMagnitudes() {
        let waveform = Self.tones(800, [500, 1200])
        let spectrogram = Spectrogram(nFFT: 64, hopLength: 16, dtype: .float64)
        let wanted = spectrogram(waveform)
        func distance(_ iterations: Int) -> Double {
            let layer = GriffinLim(
                nFFT: 64, iterations: iterations, hopLength: 16, length: 800, dtype: .float64,
                generator: Generator(seed: 4))
            let got = layer(wanted)
            #expect(got.shape == [800])
            return ((spectrogram(got).sqrt() - wanted.sqrt()).norm() / wanted.sqrt().norm()).item()
        }
        let (early, late) = (distance(1), distance(60))
        #expect(late < 0.5 * early, "distances \(early) and \(late)")
    }

    @Test func slaneyFiltersHaveEqualAreasAndHTKFiltersAMaximumOfOne() {
        let (nFreqs, rate) = (2049, 16_000)
        let spacing = Double(rate / 2) / Double(nFreqs - 1)
        for scale in [MelScaleFormula.htk, .slaney] {
            let plain = Audio.melScaleFilterBank(
                nFreqs: nFreqs, fMin: 0, fMax: 8000, nMels: 20, sampleRate: rate, melScale: scale, dtype: .float64)
            #expect(plain.shape == [nFreqs, 20])
            let largest = plain.amax(dim: 0).toArray(Double.self)
            #expect(largest.allSatisfy { $0 > 0.9 && $0 <= 1 }, "\(scale): \(largest)")
            let scaled = Audio.melScaleFilterBank(
                nFreqs: nFreqs, fMin: 0, fMax: 8000, nMels: 20, sampleRate: rate, norm: .slaney, melScale: scale,
                dtype: .float64)
            let areas = (scaled.sum(dim: 0) * spacing).toArray(Double.self)
            #expect(areas.allSatisfy { abs($0 - 1) < 0.02 }, "\(scale): \(areas)")
        }
    }

    @Test func melAndHertzAreInverse() {
        for scale in [MelScaleFormula.htk, .slaney] {
            for frequency in [0.0, 60, 999.9, 1000, 4321, 20_000] {
                let back = Audio.melToHz(Audio.hzToMel(frequency, melScale: scale), melScale: scale)
                #expect(abs(back - frequency) < 1e-8 * max(frequency, 1), "\(scale), \(frequency) Hz")
            }
        }
        #expect(abs(Audio.hzToMel(1000, melScale: .htk) - 999.9855) < 1e-3)
        #expect(Audio.hzToMel(1000, melScale: .slaney) == 15)
    }

    @Test func inverseMelScaleHasTheMelSpectrogram() {
        let spectrogram = Spectrogram(nFFT: 64, dtype: .float64)(Self.tones(1024, [500, 2200]))
        let mel = MelScale(nMels: 12, sampleRate: 8000, nSTFT: 33, dtype: .float64)
        let estimate = InverseMelScale(nSTFT: 33, nMels: 12, sampleRate: 8000, dtype: .float64)(mel(spectrogram))
        #expect(estimate.shape == spectrogram.shape)
        #expect(estimate.min().item() >= 0)
        let error = (mel(estimate) - mel(spectrogram)).norm() / mel(spectrogram).norm()
        #expect(error.item() < 0.2, "relative error \(error.item())")
    }

    @Test func theTransformIsOrthogonal() {
        let matrix = Audio.createDCT(nMFCC: 9, nMels: 9, dtype: .float64)
        #expect(matrix.mT.matmul(matrix).allclose(Tensor.eye(9, dtype: .float64), atol: 1e-12))
    }

    @Test func decibelAreBoundedFromBelow() {
        let x = Tensor([1.0, 0.1, 1e-3, 0])
        #expect(Audio.amplitudeToDB(x).allclose(Tensor([0.0, -10, -30, -100])))
        #expect(AmplitudeToDB(stype: .magnitude, topDB: 30)(x).allclose(Tensor([0.0, -20, -30, -30])))
        #expect(Audio.dbToAmplitude(Audio.amplitudeToDB(x + 1e-2)).allclose(x + 1e-2))
        // Each spectrogram of a batch has its own bound.
        let batch = Tensor([1.0, 1e-6, 100, 1e-6]).reshape([2, 1, 1, 2])
        #expect(
            Audio.amplitudeToDB(batch, topDB: 20).flatten().allclose(Tensor([0.0, -20, 20, 0])))
    }

    @Test func muLawCodesAreKept() {
        for channels in [2, 16, 256] {
            let codes = Tensor.arange(0, channels)
            let back = MuLawEncoding(quantizationChannels: channels)(
                MuLawDecoding(quantizationChannels: channels)(codes))
            #expect(back.dtype == .int64)
            #expect((back - codes).abs().max().item(Int.self) <= (channels == 2 ? 0 : 1), "\(channels) channels")
        }
        let x = Tensor.linspace(-1, 1, steps: 101)
        let restored = Audio.muLawDecoding(Audio.muLawEncoding(x))
        #expect((restored - x).abs().max().item() < 0.03)
    }

    @Test func theSlopeOfALineIsConstant() {
        let line = (Tensor.arange(0, 20, dtype: .float64) * 0.5).reshape([1, 2, 10]).contiguous()
        let deltas = ComputeDeltas(winLength: 5)(line)
        #expect(deltas.shape == line.shape)
        #expect(deltas.narrow(-1, start: 2, length: 6).allclose(Tensor.full([1, 2, 6], 0.5, dtype: .float64)))
    }

    @Test func featuresHaveGradients() throws {
        let x = Tensor.randn([2, 64], dtype: .float64, generator: Generator(seed: 3)).requiresGrad_()
        let layer = MFCC(
            nMFCC: 3, melSpectrogram: MelSpectrogram(sampleRate: 8000, nFFT: 16, nMels: 4, dtype: .float64))
        layer(x).square().sum().backward()
        let gradient = try #require(x.grad)
        #expect(gradient.isfinite().all().item(Bool.self))
        #expect(gradient.abs().max().item() > 0)
    }

    @Test func statesHaveTheNamesOfTorchaudio() {
        let layer = MFCC(nMFCC: 3, melSpectrogram: MelSpectrogram(sampleRate: 8000, nFFT: 16, nMels: 4))
        #expect(layer.stateDict().keys.sorted() == ["MelSpectrogram.mel_scale.fb", "dct_mat"])
    }

    @Test func layersWorkWithoutValues() {
        let layer = withDevice(.meta) {
            MFCC(nMFCC: 3, melSpectrogram: MelSpectrogram(sampleRate: 8000, nFFT: 16, nMels: 4))
        }
        let x = Tensor.empty([2, 64], device: .meta)
        #expect(layer(x).shape == [2, 3, 9])
        #expect(ComputeDeltas()(layer(x)).shape == [2, 3, 9])
        #expect(MuLawDecoding()(MuLawEncoding()(x)).shape == [2, 64])
    }

    @Test func wrongArgumentsAreErrors() {
        func refused(_ body: () -> Tensor) -> String? {
            do {
                _ = try checked(body)
                return nil
            } catch { return "\(error)" }
        }
        let x = Tensor.zeros([1, 64])
        let calls: [(String, () -> Tensor)] = [
            ("spectrogram", { Spectrogram(nFFT: 128)(x) }),
            ("stft", { Spectrogram(nFFT: 16, winLength: 32)(x) }),
            (
                "melScaleFilterBank",
                { Audio.melScaleFilterBank(nFreqs: 9, fMin: 100, fMax: 50, nMels: 4, sampleRate: 8000) }
            ),
            ("melScale", { MelScale(nMels: 4, sampleRate: 8000, nSTFT: 9)(x) }),
            ("createDCT", { Audio.createDCT(nMFCC: 0, nMels: 4) }),
            ("amplitudeToDB", { Audio.amplitudeToDB(x, amin: 0) }),
            ("muLawEncoding", { Audio.muLawEncoding(x, quantizationChannels: 1) }),
            ("computeDeltas", { Audio.computeDeltas(x, winLength: 2) }),
            ("griffinLim", { Audio.griffinLim(x, window: Tensor.ones(4), nFFT: 4, hopLength: 2, momentum: 1) }),
        ]
        for (name, call) in calls { #expect(refused(call) != nil, "\(name)") }
    }
}
