import Torchlight

extension Registry {
    /// Audio transforms, as torchaudio has them.
    mutating func registerAudio() {
        register(
            "audio.spectrogram",
            tensor: { call in
                Audio.spectrogram(
                    try call.tensor(0), window: try call.tensor(1, "window"), nFFT: try call.int(2, "n_fft"),
                    hopLength: try call.int(3, "hop_length"), power: try Self.power(call),
                    normalized: try Self.normalization(call), pad: try call.int(nil, "pad", default: 0),
                    center: try call.bool(nil, "center", default: true), padMode: try Self.padMode(call, nil),
                    onesided: try call.bool(nil, "onesided", default: true))
            })
        register(
            "audio.mel_filter_bank",
            tensor: { call in
                Audio.melScaleFilterBank(
                    nFreqs: try call.int(0, "n_freqs"), fMin: try call.number(1, "f_min").scalar.asDouble,
                    fMax: try call.number(2, "f_max").scalar.asDouble, nMels: try call.int(3, "n_mels"),
                    sampleRate: try call.int(4, "sample_rate"), norm: try call.choice(nil, "norm"),
                    melScale: try call.choice(nil, "mel_scale") ?? .htk, device: ReplayDevice.current)
            })
        register(
            "audio.hz_to_mel_points",
            answer: { call in
                let scale: MelScaleFormula = try call.choice(nil, "mel_scale") ?? .htk
                return .list(
                    try call.doubles(0, "frequencies").map { .number(.double(Audio.hzToMel($0, melScale: scale))) })
            })
        register(
            "audio.dct_matrix",
            tensor: { call in
                Audio.createDCT(
                    nMFCC: try call.int(0, "n_mfcc"), nMels: try call.int(1, "n_mels"),
                    norm: try call.choice(nil, "norm"), device: ReplayDevice.current)
            })
        register(
            "audio.dct",
            tensor: { call in
                let x = try call.tensor(0)
                return x.matmul(
                    Audio.createDCT(
                        nMFCC: x.size(-1), nMels: x.size(-1), norm: try call.choice(nil, "norm"), dtype: x.dtype,
                        device: x.device))
            })
        register(
            "audio.amplitude_to_db",
            tensor: { call in
                Audio.amplitudeToDB(
                    try call.tensor(0), multiplier: try call.double(nil, "multiplier", default: 10),
                    amin: try call.double(nil, "amin", default: 1e-10),
                    dbMultiplier: try call.double(nil, "db_multiplier", default: 0),
                    topDB: try call.optionalDouble(nil, "top_db"))
            })
        register(
            "audio.mel_spectrogram",
            tensor: { call in
                let layer = try Self.melSpectrogram(call, nFFT: 3, hop: 4, nMels: 5)
                return layer(try call.tensor(0))
            })
        register(
            "audio.mfcc",
            tensor: { call in
                let layer = MFCC(
                    nMFCC: try call.int(3, "n_mfcc"),
                    norm: call.isNone(nil, "norm") ? nil : try call.choice(nil, "norm") ?? .ortho,
                    logMels: try call.bool(nil, "log_mels"),
                    topDB: call.isNone(nil, "top_db") ? nil : try call.double(nil, "top_db", default: 80),
                    melSpectrogram: try Self.melSpectrogram(call, nFFT: 4, hop: 5, nMels: 6))
                return layer(try call.tensor(0))
            })
        register(
            "audio.mu_law_encoding",
            tensor: { call in
                Audio.muLawEncoding(
                    try call.tensor(0), quantizationChannels: try call.int(1, "quantization_channels", default: 256))
            })
        register(
            "audio.mu_law_decoding",
            tensor: { call in
                Audio.muLawDecoding(
                    try call.tensor(0), quantizationChannels: try call.int(1, "quantization_channels", default: 256))
            })
        register(
            "audio.deltas",
            tensor: { call in
                Audio.computeDeltas(try call.tensor(0), winLength: try call.int(nil, "win_length", default: 5))
            })
    }

    /// The layer with the recorded window and settings.
    private static func melSpectrogram(_ call: Call, nFFT: Int, hop: Int, nMels: Int) throws -> MelSpectrogram {
        let window = try call.tensor(1, "window")
        return MelSpectrogram(
            sampleRate: try call.int(2, "sample_rate"), nFFT: try call.int(nFFT, "n_fft"), winLength: window.count,
            hopLength: try call.int(hop, "hop_length"), fMin: try call.double(nil, "f_min", default: 0),
            fMax: try call.optionalDouble(nil, "f_max"), nMels: try call.int(nMels, "n_mels"),
            windowFn: { _ in window }, power: try power(call) ?? 2, normalized: try normalization(call),
            center: try call.bool(nil, "center", default: true), padMode: try padMode(call, nil),
            norm: try call.choice(nil, "norm"), melScale: try call.choice(nil, "mel_scale") ?? .htk,
            dtype: window.dtype, device: window.device)
    }

    private static func power(_ call: Call) throws -> Double? {
        call.isNone(nil, "power") ? nil : try call.double(nil, "power", default: 2)
    }

    private static func normalization(_ call: Call) throws -> Audio.SpectrumNormalization {
        guard let value = call.value(nil, "normalized") else { return .none }
        switch (value.bool, value.string) {
        case (true, _), (_, "window"): return .window
        case (_, "frame_length"): return .frameLength
        case (false, _): return .none
        default: throw NotSupported("normalized cannot be \(value.text())")
        }
    }

    /// How the border of a signal is padded.
    static func padMode(_ call: Call, _ place: Int?) throws -> PadMode {
        let modes: [String: PadMode] = [
            "reflect": .reflect, "constant": .constant, "replicate": .replicate, "circular": .circular,
        ]
        return try call.choice(place, "pad_mode", modes) ?? .reflect
    }
}
