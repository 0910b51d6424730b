import TestSupport
import Testing

@testable import TorchlightCore

/// Norms, means and variances at the ends of the range and beside large offsets; conventions at kinks.
@Suite struct RangeTests {
    static let scales: [(DType, Double)] = [
        (.float32, 1e-38), (.float32, 1e-30), (.float32, 1e-20), (.float32, 1), (.float32, 1e20), (.float32, 1e30),
        (.float64, 1e-300), (.float64, 1e-200), (.float64, 1e200), (.float64, 1e300),
    ]

    /// Norms grow with the scale of the numbers, and their gradients do not depend on it.
    @Test(arguments: [-2, -1, 0.5, 1, 1.5, 2, 3, 10, Double.infinity, -Double.infinity])
    func normsAtAnyScale(_ p: Double) {
        let numbers = [3.0, -4, 0.5, 2, -1, 7, 6, 5, 2.5, 1.25, -8, 3.5, 0.75, 1.5, 2.75, 4.5, 6.5]
        let plain = Tensor(numbers, dtype: .float64, requiresGrad: true)
        let expected = plain.norm(p: p)
        expected.backward()
        for (dtype, scale) in Self.scales {
            let x = Tensor(numbers.map { $0 * scale }, dtype: dtype, requiresGrad: true)
            let length = x.norm(p: p)
            length.backward()
            let label = "p: \(p), \(dtype), scale: \(scale)"
            let tolerance = Tolerance(
                units: scale == 1e-38 ? 0x1p20 : 64, reason: "powers; numbers near the smallest have few digits")
            #expect(length.item() == x.detach().norm(p: p).item(), "\(label)")
            #expect(tolerance.allows(length.item() / scale, expected.item(), dtype), "\(label): \(length.item())")
            expectClose(x.grad!, ReferenceArray(plain.grad!), tolerance, label)
            let row = x.detach().reshape([1, -1])
            expectClose(row.norm(p: p, dim: 1), [length.item()], .exact, label)
        }
    }

    @Test func columnsAndManyRowsOverflowNowhere() {
        let x = Tensor.full([70, 9], 2e38, dtype: .float32)
        let expected = Double(Float(2e38))
        #expect(x.mean(dim: 0).toArray(Double.self) == Array(repeating: expected, count: 9))
        #expect(x.mean(dim: 1).toArray(Double.self) == Array(repeating: expected, count: 70))
        #expect(x.T.mean(dim: 1).toArray(Double.self) == Array(repeating: expected, count: 9))
        #expect(x.mean().item() == expected)
        #expect(Tensor.full([100_000], 2e38, dtype: .float32).mean().item() == expected)
        #expect(Tensor([3e38, 3e38, -3e38], dtype: .float32).sum().item() == Double(Float(3e38)))
        expectClose((x / 1e20).norm(dim: 0), Array(repeating: 2e18 * 70.0.squareRoot(), count: 9), .sums)
        expectClose(x.T.contiguous().norm(dim: 0), Array(repeating: 6e38, count: 70), .sums)
        #expect(Tensor([Double.infinity, 1], dtype: .float32).sum().item() == .infinity)
        #expect(Tensor([Double.infinity, -.infinity], dtype: .float32).mean().item().isNaN)
        #expect(Tensor([Double.nan, 1], dtype: .float64).norm().item().isNaN)
        #expect(Tensor([Double.infinity, 1], dtype: .float64).norm().item() == .infinity)
    }

    @Test(arguments: scales.filter { $0.1 >= 1e-30 || $0.0 == .float64 })
    func deviationsAtAnyScale(_ dtype: DType, _ scale: Double) {
        let numbers = (0..<40).map { Double($0 * 7 % 11) - 3 }
        let plain = Tensor(numbers, dtype: .float64, requiresGrad: true)
        let x = Tensor(numbers.map { $0 * scale }, dtype: dtype, requiresGrad: true)
        (plain.std()).backward()
        x.std().backward()
        let label = "\(dtype), scale: \(scale)"
        expectClose(x.std() / scale, ReferenceArray(plain.std().detach()), .sums, label)
        expectClose(x.grad!, ReferenceArray(plain.grad!), .sums, label)
        let rows = x.detach().reshape([4, 10])
        let plainRows = plain.detach().reshape([4, 10])
        expectClose(rows.std(dim: 0) / scale, ReferenceArray(plainRows.std(dim: 0)), .sums, label)
        expectClose(rows.corrcoef(), ReferenceArray(plainRows.corrcoef()), .sums, label)
        expectClose(normalize(x, dim: 0, eps: 0), ReferenceArray(normalize(plain, dim: 0).detach()), .sums, label)
        expectClose(
            rmsNorm(x, [40], eps: 0), ReferenceArray(rmsNorm(plain, [40], eps: 0).detach()), .sums, label)
        expectClose(
            layerNorm(x, [40], eps: 0), ReferenceArray(layerNorm(plain, [40], eps: 0).detach()), .sums, label)
    }

    @Test func normalisationsOfLargeNumbers() {
        let numbers = (0..<60).map { Double($0 * 7 % 11) - 3 }
        let large: [(DType, Double)] = [
            (.float32, 1), (.float32, 1e20), (.float32, 1e25), (.float64, 1e-200), (.float64, 1e200), (.float64, 1e300),
        ]
        for (dtype, scale) in large {
            let x = Tensor(numbers.map { $0 * scale }, shape: [5, 3, 4], dtype: dtype, requiresGrad: true)
            let plain = Tensor(numbers, shape: [5, 3, 4], dtype: .float64, requiresGrad: true)
            let weights = (0..<60).map { Double($0 % 7) - 2 }
            let calls: [(String, (Tensor) -> Tensor)] = [
                ("batchNorm", { batchNorm($0, nil, nil, training: true, eps: 0) }),
                (
                    "batchNorm, channels last",
                    { batchNorm($0.permute(0, 2, 1).contiguous().permute(0, 2, 1), nil, nil, training: true, eps: 0) }
                ),
                ("instanceNorm", { instanceNorm($0, eps: 0) }), ("groupNorm", { groupNorm($0, 1, eps: 0) }),
                ("layerNorm", { layerNorm($0, [4], eps: 0) }),
            ]
            for (name, f) in calls {
                let (y, expected) = (f(x), f(plain))
                let label = "\(name), \(dtype), scale: \(scale)"
                expectClose(y, ReferenceArray(expected), .sums, label)
                let seed = Tensor(weights, shape: [5, 3, 4], dtype: .float64)
                let wanted = grad(outputs: [expected], inputs: [plain], gradOutputs: [seed])[0]!
                let got = grad(outputs: [y], inputs: [x], gradOutputs: [seed.to(dtype)])[0]!
                expectClose(got * scale, ReferenceArray(wanted), Tolerance(units: 128, scale: 4, reason: "sums"), label)
            }
        }
    }

    /// Means lie within the range of the numbers where their sums do not.
    @Test func meansNearTheLargestNumber() {
        for (dtype, large) in [(DType.float16, 65504.0), (.bfloat16, 0x1.FEp127), (.float32, 0x1.FFFFFEp127)] {
            let image = Tensor.full([1, 70, 6, 6], large, dtype: dtype)
            let sideBySide = image.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
            for x in [image, sideBySide] {
                let label = "\(dtype), strides: \(x.strides)"
                #expect(avgPool2d(x, [2, 3]).allclose(Tensor.full([1, 70, 3, 2], large, dtype: dtype)), "\(label)")
                #expect(adaptiveAvgPool2d(x, [2, 2]).max().item() == large, "\(label)")
                #expect(x.mean().item() == large && x.nanmean().item() == large, "\(label)")
                #expect(x.nanmean(dim: [1]).min().item() == large, "\(label)")
            }
            let row = Tensor([large, .nan, large, large], dtype: dtype, requiresGrad: true)
            let mean = row.nanmean()
            mean.backward()
            #expect(mean.item() == large && mean.dtype == dtype)
            expectClose(row.grad!, [1.0 / 3, 0, 1.0 / 3, 1.0 / 3], .sums, "\(dtype)")
        }
        #expect(Tensor([1.0, .nan, 2], dtype: .float32).nanmean().item() == 1.5)
        let pairs = avgPool1d(Tensor([Double.infinity, 1, 2, 3], shape: [1, 4]), 2)
        #expect(pairs.toArray(Double.self) == [.infinity, 2.5])
    }

    /// What lies far from 0 is normalised as what lies around 0.
    @Test(arguments: [1000, 4096, 7])
    func besideALargeOffset(_ n: Int) {
        for offset in [1e6, -3e6, 8e6] {
            let numbers = (0..<n).map { offset + Double($0 % 2) }
            let exact = Tensor(numbers, shape: [1, n], dtype: .float64)
            let x = exact.to(.float32)
            let label = "n: \(n), offset: \(offset)"
            #expect(x.mean().item() == Double(Float(exact.mean().item())), "\(label)")
            #expect(x.mean(dim: 1).item() == Double(Float(exact.mean().item())), "\(label)")
            #expect(x.T.contiguous().mean(dim: 0).item() == Double(Float(exact.mean().item())), "\(label)")
            let columns = x.T.expand([n, 8]).contiguous()
            #expect(columns.mean(dim: 0)[3].item() == Double(Float(exact.mean().item())), "\(label), columns")
            let pooled = x.unsqueeze(0).expand([2, 3, n]).contiguous()
            #expect(adaptiveAvgPool1d(pooled, 1).max().item() == Double(Float(exact.mean().item())), "\(label)")
            if n > 64 {
                let images = pooled.unsqueeze(2)
                let sideBySide = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
                for layout in [images, sideBySide] {
                    let means = avgPool2d(layout, [1, n])
                    #expect(means.min().item() == Double(Float(exact.mean().item())), "\(label)")
                    #expect(means.max().item() == Double(Float(exact.mean().item())), "\(label)")
                }
            }
            let variance = exact.var(correction: 0).item()
            expectClose(x.var(correction: 0), [variance], .sums, label)
            expectClose(x.cov(correction: 0), [variance], .sums, label)
            expectClose(
                x.cov(correction: 0, weights: Tensor.ones([n])), [variance], .sums, "\(label), with weights")
            expectClose(layerNorm(x, [n]), ReferenceArray(layerNorm(exact, [n])), .sums, label)
            expectClose(groupNorm(x.unsqueeze(0), 1), ReferenceArray(groupNorm(exact.unsqueeze(0), 1)), .sums, label)
            guard offset == 1e6 else { continue }
            expectClose(
                batchNorm(x.T.contiguous(), nil, nil, training: true).T,
                ReferenceArray(batchNorm(exact.T.contiguous(), nil, nil, training: true).T),
                Tolerance(units: 0x1p19, reason: "the saved mean is float32: half a unit beside a deviation of 1/2"),
                label)
        }
    }

    @Test func normsOfZerosAndInfinitiesAreThoseWithoutAGradient() {
        let rows: [[Double]] = [
            [0, 2, 3], [0, 0, 0], [-.infinity, -.infinity, .infinity], [.infinity, 1, 0], [.nan, 1, 2], [1, 1, 1],
        ]
        for p in [-2, -1, -0.5, 0, 0.5, 1, 2, 3, Double.infinity, -Double.infinity] {
            for row in rows {
                let plain = Tensor(row, dtype: .float64)
                let watched = Tensor(row, dtype: .float64, requiresGrad: true)
                let (a, b) = (plain.norm(p: p).item(), watched.norm(p: p).item())
                #expect(a == b || (a.isNaN && b.isNaN), "p: \(p), \(row): \(a) and \(b)")
                if p < 0, row.contains(0), !row.contains(where: \.isNaN) { #expect(a == 0, "p: \(p), \(row)") }
                if row.allSatisfy({ $0.isInfinite }) { #expect(a == .infinity || p == 0, "p: \(p), \(row): \(a)") }
                guard row.allSatisfy(\.isFinite) else { continue }
                watched.norm(p: p).backward()
                #expect(watched.grad!.isfinite().all().item() == 1, "p: \(p), \(row): \(watched.grad!)")
            }
        }
    }

    @Test func slopesAtTheOrigin() {
        func slopes(_ y: Double, _ x: Double, _ f: (Tensor, Tensor) -> Tensor) -> [Double] {
            let a = Tensor([y], dtype: .float32, requiresGrad: true)
            let b = Tensor([x], dtype: .float32, requiresGrad: true)
            return grad(outputs: [f(a, b)], inputs: [a, b], gradOutputs: [Tensor.ones([1])]).map { $0!.item() }
        }
        #expect(slopes(0, 0) { $0.atan2($1) } == [0, 0])
        #expect(slopes(0, 0) { $0.hypot($1) } == [0, 0])
    }

    /// One rule for all: at a bound that is a number the slope is 0, as that of relu at 0; equal tensors share.
    @Test func slopesAtBounds() {
        func slope(_ f: (Tensor) -> Tensor) -> [Double] {
            let x = Tensor([-1.0, 0, 0.5, 1, 2], dtype: .float64, requiresGrad: true)
            f(x).sum().backward()
            return x.grad!.toArray(Double.self)
        }
        #expect(slope { $0.clamp(min: 0, max: 1) } == [0, 0, 1, 0, 0])
        #expect(slope { $0.clamp(min: 0) } == [0, 0, 1, 1, 1])
        #expect(slope { $0.clamp(max: 1) } == [1, 1, 1, 0, 0])
        #expect(slope { $0.relu() } == [0, 0, 1, 1, 1])
        #expect(slope { $0.hardtanh(min: 0, max: 1) } == [0, 0, 1, 0, 0])
        #expect(slope { $0.clamp(min: Tensor(0.0, dtype: .float64), max: nil as Tensor?) } == [0, 0.5, 1, 1, 1])
        #expect(slope { $0.clampMin(Tensor(0.0, dtype: .float64)) } == [0, 0.5, 1, 1, 1])
        let infinite = Tensor([Double.infinity, -.infinity], requiresGrad: true)
        infinite.clamp(min: 0).sum().backward()
        #expect(infinite.grad!.toArray(Double.self) == [1, 0])
        let low = Tensor([0.0, 0, 0], dtype: .float64, requiresGrad: true)
        Tensor([-1.0, 0, 1], dtype: .float64).clamp(min: low, max: nil).sum().backward()
        #expect(low.grad!.toArray(Double.self) == [1, 0.5, 0])
    }

    /// The derivative of a branch that is not taken is no part of the gradient, at infinities and NaN too.
    @Test func branchesThatAreNotTakenDoNotSpoilGradients() {
        func slopes(_ numbers: [Double], _ f: (Tensor) -> Tensor) -> [Double] {
            let x = Tensor(numbers, dtype: .float64, requiresGrad: true)
            f(x).sum().backward()
            return x.grad!.toArray(Double.self)
        }
        let weight = Tensor([0.25], dtype: .float64, requiresGrad: true)
        Tensor([Double.infinity, 3, -2], dtype: .float64).prelu(weight).sum().backward()
        #expect(weight.grad!.toArray(Double.self) == [-2])
        // Slices that stay as they are pass their gradient on.
        let kept = slopes([.nan, 1, 3, 4]) { $0.reshape(2, 2).renorm(p: 2, dim: 0, maxNorm: 10) }
        #expect(kept == [1, 1, 1, 1])
        #expect(slopes([.infinity, 1]) { $0.hardswish() }[0] == 1)
        let seed = Tensor([1.0], dtype: .float64, requiresGrad: true)
        let x = Tensor([Double.infinity], dtype: .float64, requiresGrad: true)
        let slope = grad(outputs: [x.hardswish()], inputs: [x], gradOutputs: [seed], createGraph: true)[0]!
        #expect(grad(outputs: [slope], inputs: [seed])[0]!.item() == 1)
    }

    /// An element that a selection leaves out has the gradient 0, whatever the gradient of the result is.
    @Test(arguments: [Double.infinity, .nan])
    func elementsThatAreLeftOutHaveNoGradient(_ seed: Double) {
        let selections: [(String, (Tensor) -> Tensor)] = [
            ("max", { $0.max() }), ("min", { $0.min() }), ("amax", { $0.amax(dim: 0) }),
            ("amin", { $0.amin(dim: [0], keepdim: true) }), ("aminmax", { $0.aminmax().max }),
            ("median", { $0.median() }), ("nanmedian", { $0.nanmedian() }), ("maximum norm", { $0.norm(p: .infinity) }),
            ("minimum norm", { $0.norm(p: -.infinity) }), ("max of a dimension", { $0.max(dim: 0).values }),
            ("median of a dimension", { $0.median(dim: 0).values }),
            ("mode", { $0.mode().values }),
            ("kthvalue", { $0.kthvalue(2).values }), ("topk", { $0.topk(1).values }),
            ("cummax", { $0.cummax(dim: 0).values[5] }),
            ("sort", { $0.sort().values[3] }), ("subscript", { $0[2] }),
            ("maskedSelect", { $0.maskedSelect($0 > 2.5) }), ("maxPool1d", { maxPool1d($0.reshape(1, 1, 6), 6) }),
            ("adaptiveMaxPool1d", { adaptiveMaxPool1d($0.reshape(1, 1, 6), 1) }),
            ("relu", { $0.relu()[1] }), ("clamp", { $0.clamp(min: 1, max: 2.5).max() }),
            ("fmax", { $0.fmax(Tensor(2.5)).max() }),
        ]
        for (name, f) in selections {
            let x = Tensor([-1.5, 0.25, 2, -0.75, 3, 0.5], dtype: .float32, requiresGrad: true)
            let y = f(x)
            y.backward(gradient: Tensor.full(y.shape, seed))
            #expect(x.grad!.toArray(Double.self).filter { $0 == 0 }.count >= 5, "\(name): \(x.grad!)")
        }
    }

    /// The running log-sum-exp stays at infinity after one; what comes before keeps its gradient.
    @Test func runningSumsOfExponentialsBesideInfinities() {
        func slopes(_ numbers: [Double]) -> [Double] {
            let x = Tensor(numbers, dtype: .float64, requiresGrad: true)
            x.logcumsumexp(dim: 0).backward(gradient: Tensor([1.0, 2, 3], dtype: .float64))
            return x.grad!.toArray(Double.self)
        }
        let first = slopes([0, .infinity, 1])
        #expect(first[0] == 1 && first[1].isNaN && first[2] == 0)
        let last = slopes([0, 1, .infinity])
        #expect(abs(last[0] - 1.5378828427399902) < 1e-12 && abs(last[1] - 1.4621171572600098) < 1e-12)
        let low = slopes([0, -.infinity, 1])
        #expect(abs(low[0] - 3.8068242641099856) < 1e-12 && low[1] == 0)
    }
}
