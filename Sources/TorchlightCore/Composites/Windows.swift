// Window functions of signal processing. They are computed in float64 and rounded once.

/// Signal processing functions, as in `torch.signal`.
public enum Signal {
    /// Window functions with `count` elements, float32 or float64.
    ///
    /// With `sym: true` the window is symmetric, for filter design, and `span` is `count - 1`. With `sym: false` it is
    /// periodic, for spectral analysis, and `span` is `count`. Default: true.
    public enum Windows {
        /// The Bartlett window, a triangle: `1 - |2 i / span - 1|`.
        public static func bartlett(
            _ count: Int, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("bartlett", count, sym, dtype, device, requiresGrad, of: bartlettShape)
        }

        /// The Blackman window: `0.42 - 0.5 cos(2 pi i / span) + 0.08 cos(4 pi i / span)`.
        public static func blackman(
            _ count: Int, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("blackman", count, sym, dtype, device, requiresGrad) { cosineSum([0.42, 0.5, 0.08], $0, $1) }
        }

        /// The cosine window: `sin(pi (i + 0.5) / (span + 1))`.
        public static func cosine(
            _ count: Int, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("cosine", count, sym, dtype, device, requiresGrad) { (($0 + 0.5) * (Double.pi / ($1 + 1))).sin() }
        }

        /// The exponential (Poisson) window: `exp(-|i - center| / tau)`. Default for `center`: `span / 2`, which a
        /// symmetric window requires.
        public static func exponential(
            _ count: Int, center: Double? = nil, tau: Double = 1, sym: Bool = true, dtype: DType = .default,
            device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            guard tau > 0 else { return refuse("exponential", "tau is not positive", "tau \(tau)", "tau > 0") }
            guard center == nil || !sym else {
                return refuse(
                    "exponential", "the center of a symmetric window cannot be set", "center \(center!)",
                    "no center, or sym: false")
            }
            return window("exponential", count, sym, dtype, device, requiresGrad, single: center == nil) {
                (($0 - (center ?? $1 / 2)).abs() * (-1 / tau)).exp()
            }
        }

        /// The Gaussian window: `exp(-((i - span / 2) / std)^2 / 2)`.
        public static func gaussian(
            _ count: Int, std: Double = 1, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            guard std > 0 else {
                return refuse("gaussian", "the standard deviation is not positive", "std \(std)", "std > 0")
            }
            return window("gaussian", count, sym, dtype, device, requiresGrad) {
                ((($0 - $1 / 2) * (1 / std)).square() * -0.5).exp()
            }
        }

        /// The general cosine window: `a[0] - a[1] cos(2 pi i / span) + a[2] cos(4 pi i / span) - ...`.
        public static func generalCosine(
            _ count: Int, a: [Double], sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            guard !a.isEmpty else {
                return refuse("generalCosine", "there are no coefficients", "a []", "at least one coefficient")
            }
            return window("generalCosine", count, sym, dtype, device, requiresGrad) { cosineSum(a, $0, $1) }
        }

        /// The general Hamming window: `alpha - (1 - alpha) cos(2 pi i / span)`.
        public static func generalHamming(
            _ count: Int, alpha: Double = 0.54, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("generalHamming", count, sym, dtype, device, requiresGrad) { cosineSum([alpha, 1 - alpha], $0, $1) }
        }

        /// The Hamming window: `0.54 - 0.46 cos(2 pi i / span)`.
        public static func hamming(
            _ count: Int, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("hamming", count, sym, dtype, device, requiresGrad) { cosineSum([0.54, 0.46], $0, $1) }
        }

        /// The Hann window: `0.5 - 0.5 cos(2 pi i / span)`.
        public static func hann(
            _ count: Int, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("hann", count, sym, dtype, device, requiresGrad) { cosineSum([0.5, 0.5], $0, $1) }
        }

        /// The Kaiser window: `I0(beta sqrt(1 - (2 i / span - 1)^2)) / I0(beta)`, where `I0` is the modified Bessel
        /// function of order 0.
        public static func kaiser(
            _ count: Int, beta: Double = 12, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            guard isShape(beta) else { return refuseShape("kaiser", beta) }
            return window("kaiser", count, sym, dtype, device, requiresGrad) { kaiserShape(beta, $0, $1) }
        }

        /// The minimum 4-term Nuttall window, a sum of four cosines (Nuttall, 1981).
        public static func nuttall(
            _ count: Int, sym: Bool = true, dtype: DType = .default, device: Device = .current,
            requiresGrad: Bool = false
        ) -> Tensor {
            window("nuttall", count, sym, dtype, device, requiresGrad) {
                cosineSum([0.3635819, 0.4891775, 0.1365995, 0.0106411], $0, $1)
            }
        }

        /// `makeWindow` with the dtypes of `torch.signal`.
        private static func window(
            _ operation: String, _ count: Int, _ sym: Bool, _ dtype: DType, _ device: Device, _ requiresGrad: Bool,
            single: Bool = true,
            of shape: (Tensor, Double) -> Tensor
        ) -> Tensor {
            guard dtype == .float32 || dtype == .float64 else {
                return fail(
                    TensorError(
                        .dtype, in: operation, "the dtype is not supported for windows", got: "\(dtype)",
                        expected: "float32 or float64", fix: "convert the window, as in window.to(.\(dtype))"))
            }
            return makeWindow(operation, count, sym, dtype, device, requiresGrad, single: single, of: shape)
        }
    }
}

extension Tensor {
    /// The Bartlett window, a triangle: `1 - |2 i / span - 1|`, where `span` is `count`, or `count - 1` if `periodic`
    /// is false. Any floating-point dtype.
    public static func bartlettWindow(
        _ count: Int, periodic: Bool = true, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        makeWindow("bartlettWindow", count, !periodic, dtype, device, requiresGrad, of: bartlettShape)
    }

    /// The Blackman window: `0.42 - 0.5 cos(2 pi i / span) + 0.08 cos(4 pi i / span)`; `span` and dtypes as for
    /// `bartlettWindow`.
    public static func blackmanWindow(
        _ count: Int, periodic: Bool = true, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        makeWindow("blackmanWindow", count, !periodic, dtype, device, requiresGrad) {
            cosineSum([0.42, 0.5, 0.08], $0, $1)
        }
    }

    /// The Hamming window: `alpha - beta cos(2 pi i / span)`; `span` and dtypes as for `bartlettWindow`.
    public static func hammingWindow(
        _ count: Int, periodic: Bool = true, alpha: Double = 0.54, beta: Double = 0.46, dtype: DType = .default,
        device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        makeWindow("hammingWindow", count, !periodic, dtype, device, requiresGrad) { cosineSum([alpha, beta], $0, $1) }
    }

    /// The Hann window: `0.5 - 0.5 cos(2 pi i / span)`; `span` and dtypes as for `bartlettWindow`.
    public static func hannWindow(
        _ count: Int, periodic: Bool = true, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        makeWindow("hannWindow", count, !periodic, dtype, device, requiresGrad) { cosineSum([0.5, 0.5], $0, $1) }
    }

    /// The Kaiser window: `I0(beta sqrt(1 - (2 i / span - 1)^2)) / I0(beta)`, where `I0` is the modified Bessel
    /// function of order 0; `span` and dtypes as for `bartlettWindow`.
    public static func kaiserWindow(
        _ count: Int, periodic: Bool = true, beta: Double = 12, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        guard isShape(beta) else { return refuseShape("kaiserWindow", beta) }
        return makeWindow("kaiserWindow", count, !periodic, dtype, device, requiresGrad) { kaiserShape(beta, $0, $1) }
    }
}

/// A window from the numbers 0 ..< count and the span of its shape. A window of one element is 1 if `single` is true.
private func makeWindow(
    _ operation: String, _ count: Int, _ sym: Bool, _ dtype: DType, _ device: Device, _ requiresGrad: Bool,
    single: Bool = true,
    of shape: (Tensor, Double) -> Tensor
) -> Tensor {
    guard count >= 0 else {
        return refuse(operation, "the window length is negative", "\(count)", "at least 0")
    }
    guard dtype.isFloatingPoint else {
        return fail(
            TensorError(
                .dtype, in: operation, "the dtype is not floating point", got: "\(dtype)",
                expected: "a floating-point dtype"))
    }
    if count == 0 || (count == 1 && single) {
        return .ones([count], dtype: dtype, device: device, requiresGrad: requiresGrad)
    }
    let span = Double(sym || count == 1 ? count - 1 : count)
    let window = shape(.arange(count, dtype: .float64, device: device), span).to(dtype)
    return requiresGrad ? window.requiresGrad_() : window
}

private func cosineSum(_ weights: [Double], _ positions: Tensor, _ span: Double) -> Tensor {
    var sum = Tensor.full(like: positions, weights[0])
    for (i, weight) in weights.enumerated().dropFirst() {
        let wave = (positions * (2 * Double.pi * Double(i) / span)).cos()
        sum = sum + wave * (i % 2 == 0 ? weight : -weight)
    }
    return sum
}

private func bartlettShape(_ positions: Tensor, _ span: Double) -> Tensor { 1 - (positions * (2 / span) - 1).abs() }

private func kaiserShape(_ beta: Double, _ positions: Tensor, _ span: Double) -> Tensor {
    let distance = positions * (2 / span) - 1
    // (x / 2)^2 for the argument x of the Bessel function; rounding may make the ends negative.
    let squares = (1 - distance.square()).clamp(min: 0) * (beta * beta / 4)
    // I0(x) is the sum of (x / 2)^2k / k!^2: all terms are positive, so nothing cancels. The sum for beta, the largest
    // argument, determines when to stop.
    let square = beta * beta / 4
    var (term, sum) = (Tensor.ones(like: squares), Tensor.ones(like: squares))
    var (lastTerm, lastSum) = (1.0, 1.0)
    var k = 1.0
    while lastTerm > lastSum * 1e-17 {
        term = term * squares * (1 / (k * k))
        sum = sum + term
        lastTerm *= square / (k * k)
        lastSum += lastTerm
        k += 1
    }
    return sum * (1 / lastSum)
}

/// For larger beta the Bessel function overflows in float64.
private func isShape(_ beta: Double) -> Bool { beta >= 0 && beta <= 700 }

private func refuseShape(_ operation: String, _ beta: Double) -> Tensor {
    refuse(operation, "beta is out of range", "beta \(beta)", "0 ... 700")
}

private func refuse(_ operation: String, _ problem: String, _ got: String, _ expected: String) -> Tensor {
    fail(TensorError(.value, in: operation, problem, got: got, expected: expected))
}
