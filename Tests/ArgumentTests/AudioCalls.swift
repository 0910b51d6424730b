import Torchlight

// Audio functions and layers.

extension CallTable {
    mutating func addAudio() {
        add("Audio.spectrogram(nFFT: Int, hopLength: Int, pad: Int)") {
            Audio.spectrogram(
                $0.tensor(), window: $0.tensor(), nFFT: $0.int(), hopLength: $0.int(), power: $0.maybe($0.double()),
                normalized: $0.norm(), pad: $0.int(), center: $0.bool(), padMode: $0.padMode(), onesided: $0.bool())
        }
        add("Audio.inverseSpectrogram(length: Int?, nFFT: Int, hopLength: Int, pad: Int)") {
            Audio.inverseSpectrogram(
                $0.tensor(), length: $0.maybe($0.int()), window: $0.tensor(), nFFT: $0.int(), hopLength: $0.int(),
                normalized: $0.norm(), pad: $0.int(), center: $0.bool(), onesided: $0.bool())
        }
        add("Audio.griffinLim(nFFT: Int, hopLength: Int, iterations: Int, length: Int?)") {
            Audio.griffinLim(
                $0.tensor(), window: $0.tensor(), nFFT: $0.int(), hopLength: $0.int(), power: $0.double(),
                iterations: $0.int() % 5, momentum: $0.double(), length: $0.maybe($0.int()), randomInit: $0.bool(),
                generator: $0.generator)
        }
        add("Audio.melScaleFilterBank(nFreqs: Int, nMels: Int, sampleRate: Int)") {
            Audio.melScaleFilterBank(
                nFreqs: $0.count(), fMin: $0.double(), fMax: $0.double(), nMels: $0.count(), sampleRate: $0.int(),
                norm: $0.maybe(.slaney), melScale: $0.pick([.htk, .slaney]), dtype: $0.dtype())
        }
        add("Audio.createDCT(nMFCC: Int, nMels: Int)") {
            Audio.createDCT(
                nMFCC: $0.count(), nMels: $0.count(), norm: $0.maybe(.ortho), dtype: $0.dtype())
        }
        add("Audio.muLawEncoding(quantizationChannels: Int)") {
            Audio.muLawEncoding($0.tensor(), quantizationChannels: $0.int())
        }
        add("Audio.muLawDecoding(quantizationChannels: Int)") {
            Audio.muLawDecoding($0.tensor(), quantizationChannels: $0.int())
        }
        add("Audio.computeDeltas(winLength: Int)") {
            Audio.computeDeltas($0.tensor(), winLength: $0.int(), mode: $0.padMode())
        }
        add("Spectrogram.init(nFFT: Int, winLength: Int?, hopLength: Int?, pad: Int)") {
            Spectrogram(
                nFFT: $0.count(), winLength: $0.maybe($0.count()), hopLength: $0.maybe($0.int()), pad: $0.int(),
                dtype: $0.dtype())($0.tensor())
        }
        add("InverseSpectrogram.init(nFFT: Int, winLength: Int?, hopLength: Int?, pad: Int)") {
            InverseSpectrogram(
                nFFT: $0.count(), winLength: $0.maybe($0.count()), hopLength: $0.maybe($0.int()), pad: $0.int())(
                    $0.tensor())
        }
        add("InverseSpectrogram.callAsFunction(length: Int?)") {
            InverseSpectrogram(nFFT: 4)($0.tensor(), length: $0.maybe($0.int()))
        }
        add("GriffinLim.init(nFFT: Int, iterations: Int, winLength: Int?, hopLength: Int?, length: Int?)") {
            GriffinLim(
                nFFT: $0.count(), iterations: $0.int() % 5, winLength: $0.maybe($0.count()),
                hopLength: $0.maybe($0.int()), power: $0.double(), momentum: $0.double(), length: $0.maybe($0.int()))(
                    $0.tensor())
        }
        add("MelScale.init(nMels: Int, sampleRate: Int, nSTFT: Int)") {
            MelScale(nMels: $0.count(), sampleRate: $0.int(), fMin: $0.double(), nSTFT: $0.count())($0.tensor())
        }
        add("InverseMelScale.init(nSTFT: Int, nMels: Int, sampleRate: Int)") {
            InverseMelScale(nSTFT: $0.count(), nMels: $0.count(), sampleRate: $0.int(), fMin: $0.double())($0.tensor())
        }
        add("MelSpectrogram.init(sampleRate: Int, nFFT: Int, winLength: Int?, hopLength: Int?, pad: Int, nMels: Int)") {
            MelSpectrogram(
                sampleRate: $0.int(), nFFT: $0.count(), winLength: $0.maybe($0.count()),
                hopLength: $0.maybe($0.int()), pad: $0.int(), nMels: $0.count())($0.tensor())
        }
        add("MFCC.init(nMFCC: Int)") {
            MFCC(nMFCC: $0.count(), melSpectrogram: MelSpectrogram(nFFT: 8, nMels: 3))($0.tensor())
        }
        add("MuLawEncoding.init(quantizationChannels: Int)") {
            MuLawEncoding(quantizationChannels: $0.int())($0.tensor())
        }
        add("MuLawDecoding.init(quantizationChannels: Int)") {
            MuLawDecoding(quantizationChannels: $0.int())($0.tensor())
        }
        add("ComputeDeltas.init(winLength: Int)") { ComputeDeltas(winLength: $0.int())($0.tensor()) }
    }
}

extension Arguments {
    fileprivate func norm() -> Audio.SpectrumNormalization { pick([.none, .window, .frameLength]) }
    fileprivate func padMode() -> PadMode { pick([.constant, .reflect, .replicate, .circular]) }
}
