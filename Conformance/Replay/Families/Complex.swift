import Torchlight

extension Registry {
    /// Complex numbers: how they are made, their parts, and numbers that leave a tensor.
    mutating func registerComplex() {
        unary("conj") { $0.conj() }
        unary("resolve_conj") { $0.resolveConj() }
        unary("adjoint") { $0.mH }
        unary("real") { $0.real }
        unary("imag") { $0.imag }
        unary("view_as_real") { $0.viewAsReal() }
        unary("view_as_complex") { $0.viewAsComplex() }
        register("complex", tensor: { call in complex(try call.tensor(0, "real"), try call.tensor(1, "imag")) })
        register("polar", tensor: { call in polar(try call.tensor(0, "abs"), try call.tensor(1, "angle")) })
        register("is_conj", answer: { call in .number(.bool(try call.tensor(0).isConj)) })
        register("is_floating_point", answer: { call in .number(.bool(try call.tensor(0).isFloatingPoint)) })
        for (name, dtype) in [("cfloat", DType.complex64), ("cdouble", .complex128)] {
            register(
                name,
                tensor: { call in
                    _ = call.value(nil, "memory_format")
                    return try call.tensor(0).to(dtype)
                })
        }
        register("__float__", answer: { call in .number(.double(try call.tensor(0).item(Double.self))) })
        register("__int__", answer: { call in .number(.int(try call.tensor(0).item(Int.self))) })
    }

    /// Fourier transforms.
    mutating func registerFourier() {
        one("fft.fft", FFT.fft)
        one("fft.ifft", FFT.ifft)
        one("fft.rfft", FFT.rfft)
        one("fft.irfft", FFT.irfft)
        one("fft.hfft", FFT.hfft)
        one("fft.ihfft", FFT.ihfft)
        two("fft.fft2", FFT.fft2)
        two("fft.ifft2", FFT.ifft2)
        two("fft.rfft2", FFT.rfft2)
        two("fft.irfft2", FFT.irfft2)
        several("fft.fftn", FFT.fftn)
        several("fft.ifftn", FFT.ifftn)
        several("fft.rfftn", FFT.rfftn)
        several("fft.irfftn", FFT.irfftn)
        register(
            "fft.fftshift",
            tensor: { call in FFT.fftshift(try call.tensor(0), dim: try call.optionalInts(1, "dim")) })
        register(
            "fft.ifftshift",
            tensor: { call in FFT.ifftshift(try call.tensor(0), dim: try call.optionalInts(1, "dim")) })
        register(
            "fft.fftfreq",
            tensor: { call in FFT.fftfreq(try call.int(0, "n"), d: try call.double(1, "d", default: 1)) })
        register(
            "fft.rfftfreq",
            tensor: { call in FFT.rfftfreq(try call.int(0, "n"), d: try call.double(1, "d", default: 1)) })
        register(
            "stft",
            tensor: { call in
                try call.tensor(0).stft(
                    nFFT: try call.int(1, "n_fft"), hopLength: try call.optionalInt(2, "hop_length"),
                    winLength: try call.optionalInt(3, "win_length"), window: try call.optionalTensor(4, "window"),
                    center: try call.bool(5, "center", default: true),
                    padMode: try Self.padMode(call, 6),
                    normalized: try call.bool(7, "normalized"),
                    onesided: call.has(8, "onesided") ? try call.bool(8, "onesided") : nil,
                    returnComplex: try call.bool(9, "return_complex"))
            })
        register(
            "istft",
            tensor: { call in
                try call.tensor(0).istft(
                    nFFT: try call.int(1, "n_fft"), hopLength: try call.optionalInt(2, "hop_length"),
                    winLength: try call.optionalInt(3, "win_length"), window: try call.optionalTensor(4, "window"),
                    center: try call.bool(5, "center", default: true), normalized: try call.bool(6, "normalized"),
                    onesided: call.has(7, "onesided") ? try call.bool(7, "onesided") : nil,
                    length: try call.optionalInt(8, "length"), returnComplex: try call.bool(9, "return_complex"))
            })
    }

    private mutating func one(_ name: String, _ function: @escaping (Tensor, Int?, Int, FFT.Norm) -> Tensor) {
        register(
            name,
            tensor: { call in
                function(
                    try call.tensor(0), try call.optionalInt(1, "n"), try call.int(2, "dim", default: -1),
                    try Self.norm(call))
            })
    }

    private mutating func two(_ name: String, _ function: @escaping (Tensor, [Int]?, [Int], FFT.Norm) -> Tensor) {
        register(
            name,
            tensor: { call in
                function(
                    try call.tensor(0), try call.optionalInts(1, "s"), try call.ints(2, "dim", default: [-2, -1]),
                    try Self.norm(call))
            })
    }

    private mutating func several(_ name: String, _ function: @escaping (Tensor, [Int]?, [Int]?, FFT.Norm) -> Tensor) {
        register(
            name,
            tensor: { call in
                function(
                    try call.tensor(0), try call.optionalInts(1, "s"), try call.optionalInts(2, "dim"),
                    try Self.norm(call))
            })
    }

    private static func norm(_ call: Call) throws -> FFT.Norm {
        switch try call.optionalString(3, "norm") ?? "backward" {
        case "backward": .backward
        case "ortho": .ortho
        case "forward": .forward
        case let other: throw NotSupported("the norm \(other)")
        }
    }
}
