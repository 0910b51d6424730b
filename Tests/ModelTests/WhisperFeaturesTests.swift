import TestSupport
import Testing
import Torchlight
import TorchlightIO
import TorchlightModels

/// What the recorded features of transformers (`RecordedModelTests`) do not show.
@Suite struct WhisperFeaturesTests {
    @Test func waveformsAreCutAndPaddedToTheChunk() throws {
        let features = try WhisperFeatures(chunkLength: 1)
        let long = Tensor.rand([2, 20_000], generator: Generator(seed: 3)) - 0.5
        let y = features(long)
        #expect(y.shape == [2, 80, 100])
        #expect(hasSameBits(y, features(long.narrow(1, start: 0, length: 16_000))))
        let short = long.narrow(1, start: 0, length: 9000)
        #expect(hasSameBits(features(short), features(short.pad([0, 7000]))))
        // A single waveform is a batch of one, and each has a maximum of its own.
        #expect(features(short[0]).allclose(features(short).narrow(0, start: 0, length: 1), rtol: 1e-5, atol: 1e-5))
        let (low, high) = (y.amin(dim: [1, 2]), y.amax(dim: [1, 2]))
        #expect((high - low).toArray(Double.self).allSatisfy { $0 <= 2.000_001 })
        // Silence is the smallest value.
        #expect(features(Tensor.zeros([16_000])).allclose(Tensor.full([1, 80, 100], -1.5)))
        #expect(try WhisperFeatures()(short[0]).shape == [1, 80, 3000])
    }

    @Test func aToneIsInTheBandOfItsFrequency() throws {
        let features = try WhisperFeatures(chunkLength: 1)
        let time = Tensor.arange(16_000, dtype: .float64) / 16_000
        var bands: [Int] = []
        for frequency in [200.0, 1000, 4000] {
            let y = features(sin(time * (2 * Double.pi * frequency)))
            bands.append(y.select(2, 50).argmax().item(Int.self))
        }
        // Slaney's scale has equal steps below 1000 Hz: 80 filters up to 45.25 mel, 1000 Hz is 15.
        #expect(abs(bands[1] - 26) <= 1 && abs(bands[0] - 5) <= 1 && bands[2] > bands[1] + 20, "\(bands)")
    }

    @Test func wrongSettingsAndInputsAreErrors() throws {
        #expect(throws: ModelError.self) { try WhisperFeatures(melBins: 0) }
        #expect(throws: ModelError.self) { try WhisperFeatures(sampleRate: 8000) }
        #expect(throws: ModelError.self) { try WhisperFeatures(nFFT: 1 << 20, chunkLength: 1) }
        let features = try WhisperFeatures(chunkLength: 1)
        #expect(errorText { _ = features(Tensor.zeros([1, 1, 16_000])) }.contains("[N, samples]"))
        #expect(errorText { _ = features(Tensor.zeros([16_000], dtype: .int64)) }.contains("floating-point"))
        let folder = TemporaryFolder()
        for (json, part) in [
            (#"{"feature_extractor_type": "Wav2Vec2FeatureExtractor"}"#, "Wav2Vec2FeatureExtractor"),
            (#"{"dither": 0.1}"#, "dither"), (#"{"do_normalize": true}"#, "do_normalize"),
            (#"{"feature_size": 0}"#, "feature_size"), (#"{"window": "hamming"}"#, "window"),
        ] {
            try AtomicFile.write(json, to: folder("preprocessor_config.json"))
            let text = errorText { _ = try WhisperFeatures.load(folder.path) }
            #expect(text.contains(part), "\(text)")
        }
    }
}
