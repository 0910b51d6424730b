import TestSupport
@testable import TorchlightCore

/// The records of adaptive pooling, resampling, sampling at given places, and windows as columns.
enum SpatialRecords {
    static let all: [PrimitiveRecord] = adaptive + resampling + sampling + windows

    private static let numbers = DType.real.filter { $0 != .bool }
    private static let floating = DType.real.filter(\.isFloatingPoint)
    private static let noScalar = ContractRecords.noScalar

    // MARK: Adaptive pools

    private static let sizes: [(x: [Int], sizes: Dims)] = [
        ([1, 2, 3, 5], [2, 3]), ([2, 1, 7], [3]), ([1, 1, 2, 3, 4], [1, 2, 3]), ([1, 1, 3], [5]), ([0, 1, 4], [2]),
    ]

    private static let adaptive: [PrimitiveRecord] = [
        PrimitiveRecord(
            AdaptiveAvgPool.self, operands: [.real()],
            samples: sizes.map { x, sizes in
                Sample(
                    "\(sizes)", shapes: [x], run: { [apply(AdaptiveAvgPool(sizes: sizes), $0[0])] },
                    reference: { [average($0[0], sizes)] })
            },
            dtypes: floating, tolerance: .sums, withoutScalar: noScalar, operation: "adaptiveAvgPool2d"),
        PrimitiveRecord(
            AdaptiveAvgPoolBackward.self, operands: [.real()],
            samples: sizes.map { x, sizes in
                let backward = AdaptiveAvgPoolBackward(pool: AdaptiveAvgPool(sizes: sizes), shape: Dims(x))
                return Sample(
                    "\(sizes)", shapes: [average(ContractRecords.zeros(x), sizes).shape],
                    run: { [apply(backward, $0[0])] },
                    reference: { [ContractRecords.transposed($0[0], x) { average($0, sizes) }] })
            },
            dtypes: floating, tolerance: .sums, withoutScalar: noScalar),
        PrimitiveRecord(
            AdaptiveMaxPool.self, operands: [.real()],
            samples: sizes.map { x, sizes in
                Sample(
                    "\(sizes)", shapes: [x],
                    run: { Array(applyAll(AdaptiveMaxPool(sizes: sizes), Few($0[0]), count: 2)) },
                    reference: { operands in
                        let area = x.dropFirst(2).reduce(1, *)
                        let best = pooled(operands[0], sizes) { members in
                            Double(
                                members.max {
                                    (operands[0].values[$0], -$0) < (operands[0].values[$1], -$1)
                                }!)
                        }
                        return [
                            best.map { operands[0].values[Int($0)] }, best.map { Double(Int($0) % area) },
                        ]
                    })
            },
            dtypes: floating, resultTypes: { [$0, .int64] }, tolerance: .exact, withoutScalar: noScalar,
            operation: "adaptiveMaxPool2d"),
    ]

    /// `f` of the flat positions in each window.
    private static func pooled(_ x: ReferenceArray, _ sizes: Dims, _ f: ([Int]) -> Double) -> ReferenceArray {
        ReferenceArray(shape: Array(x.shape.prefix(2)) + Array(sizes)) { index in
            var members = [index[0] * x.shape[1] + index[1]]
            for (d, count) in sizes.enumerated() {
                let n = x.shape[d + 2]
                let window = (index[d + 2] * n / count)..<(((index[d + 2] + 1) * n + count - 1) / count)
                members = members.flatMap { lead in window.map { lead * n + $0 } }
            }
            return f(members)
        }
    }

    private static func average(_ x: ReferenceArray, _ sizes: Dims) -> ReferenceArray {
        pooled(x, sizes) { members in members.reduce(0) { $0 + x.values[$1] } / Double(members.count) }
    }

    // MARK: Resampling

    private static let rules: [(shape: [Int], resample: Resample)] = [
        ([2, 4, 3], Resample(dim: 1, rule: ResamplingRule(kind: .linear, size: 4, count: 6))),
        ([2, 5], Resample(dim: 1, rule: ResamplingRule(kind: .nearest, size: 5, count: 3))),
        ([4, 2], Resample(dim: 0, rule: ResamplingRule(kind: .nearestExact, size: 4, count: 7))),
        ([1, 5], Resample(dim: 1, rule: ResamplingRule(kind: .linear, size: 5, count: 3, alignCorners: true))),
        ([3, 4], Resample(dim: 1, rule: ResamplingRule(kind: .cubic, size: 4, count: 6, factor: 1.6))),
        ([1, 3, 3], Resample(dim: 1, rule: ResamplingRule(kind: .cubic, size: 3, count: 5, alignCorners: true))),
        ([2, 7], Resample(dim: 1, rule: ResamplingRule(kind: .antialiasedLinear, size: 7, count: 3))),
        ([8, 2], Resample(dim: 0, rule: ResamplingRule(kind: .antialiasedCubic, size: 8, count: 3))),
        ([0, 4], Resample(dim: 1, rule: ResamplingRule(kind: .linear, size: 4, count: 2))),
    ]

    private static let weights = Tolerance(
        units: 64, scale: 4, reason: "places, and with them weights, are rounded to float32")

    private static let resampling: [PrimitiveRecord] = [
        PrimitiveRecord(
            Resample.self, operands: [.real()],
            samples: rules.map { shape, resample in
                Sample(
                    "\(resample)", shapes: [shape], run: { [apply(resample, $0[0])] },
                    reference: { [resampled($0[0], resample)] })
            },
            dtypes: floating, tolerance: weights, withoutScalar: noScalar, operation: "interpolate"),
        PrimitiveRecord(
            ResampleBackward.self, operands: [.real()],
            samples: rules.map { shape, resample in
                Sample(
                    "\(resample)", shapes: [resampled(ContractRecords.zeros(shape), resample).shape],
                    run: { [apply(ResampleBackward(resample: resample), $0[0])] },
                    reference: { [ContractRecords.transposed($0[0], shape) { resampled($0, resample) }] })
            },
            dtypes: floating, tolerance: weights, withoutScalar: noScalar),
    ]

    /// Every result as a sum over all elements, each weighted by its distance.
    private static func resampled(_ x: ReferenceArray, _ resample: Resample) -> ReferenceArray {
        let rule = resample.rule
        let n = rule.size
        let step =
            rule.alignCorners
            ? Double(n - 1) / Double(rule.count - 1) : rule.factor.map { 1 / $0 } ?? Double(n) / Double(rule.count)
        return x.mapLines(along: resample.dim) { line in
            (0..<rule.count).map { i in
                let middle = rule.alignCorners ? step * Double(i) : step * (Double(i) + 0.5) - 0.5
                switch rule.kind {
                case .nearest: return line[min(Int(Double(i) * step), n - 1)]
                case .nearestExact: return line[min(Int((Double(i) + 0.5) * step), n - 1)]
                case .linear:
                    let place = min(max(middle, 0), Double(n - 1))
                    return line.enumerated().reduce(0) { $0 + max(1 - abs(place - Double($1.offset)), 0) * $1.element }
                case .cubic:
                    // Beyond the ends the line goes on with its first or last element.
                    return (-3..<(n + 3)).reduce(0) {
                        $0 + keys(middle - Double($1), -0.75) * line[min(max($1, 0), n - 1)]
                    }
                case .antialiasedLinear, .antialiasedCubic:
                    let stretch = max(step, 1)
                    let shares = line.indices.map { place -> Double in
                        let distance = (Double(place) - middle) / stretch
                        return rule.kind == .antialiasedLinear ? max(1 - abs(distance), 0) : keys(distance, -0.5)
                    }
                    return zip(line, shares).reduce(0) { $0 + $1.0 * $1.1 } / shares.reduce(0, +)
                }
            }
        }
    }

    /// Keys's cubic kernel.
    private static func keys(_ distance: Double, _ a: Double) -> Double {
        let x = abs(distance)
        if x <= 1 { return (a + 2) * x * x * x - (a + 3) * x * x + 1 }
        return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0
    }

    // MARK: Sampling

    private static let places: [(x: [Int], grid: [Int], sample: GridSample)] = [
        ([1, 2, 3, 4], [1, 2, 2, 2], GridSample(mode: .bilinear, border: .zeros, alignCorners: true)),
        ([2, 1, 3, 4], [2, 1, 3, 2], GridSample(mode: .bicubic, border: .zeros, alignCorners: false)),
        ([1, 1, 2, 3, 4], [1, 1, 2, 2, 3], GridSample(mode: .bilinear, border: .zeros, alignCorners: true)),
        ([1, 2, 3, 2, 4], [1, 1, 2, 1, 3], GridSample(mode: .bicubic, border: .zeros, alignCorners: false)),
        ([1, 1, 3, 4], [1, 1, 3, 2], GridSample(mode: .nearest, border: .zeros, alignCorners: false)),
        ([0, 1, 3, 4], [0, 2, 2, 2], GridSample(mode: .bilinear, border: .zeros, alignCorners: true)),
    ]

    /// Straight lines bend at the middles of elements.
    private static let grid = Operand.real(-0.9...0.9, avoiding: [-1.0 / 3, 0, 1.0 / 3])

    private static let sampling: [PrimitiveRecord] = [
        PrimitiveRecord(
            GridSample.self, operands: [.real(), grid],
            samples: places.map { x, grid, sample in
                Sample(
                    "\(sample)", shapes: [x, grid], run: { [apply(sample, $0[0], $0[1])] },
                    reference: { [sampled($0[0], $0[1], sample)] })
            },
            dtypes: floating,
            tolerance: Tolerance(
                units: 256, scale: 4, reason: "a place that is rounded to its dtype moves along steep curves"),
            withoutScalar: noScalar),
        PrimitiveRecord(
            GridSampleBackward.self, operands: [.real(), .real(), grid],
            samples: places.map { x, grid, sample in
                Sample(
                    "\(sample)", shapes: [Array(x.prefix(2)) + grid.dropFirst().dropLast(), x, grid],
                    run: { Array(applyAll(GridSampleBackward(sample: sample), Few($0), count: 2)) }, reference: nil)
            },
            dtypes: floating, resultTypes: { [$0, $0] }, tolerance: .sums, withoutScalar: noScalar),
    ]

    private static func sampled(_ x: ReferenceArray, _ grid: ReferenceArray, _ sample: GridSample) -> ReferenceArray {
        let spatial = x.shape.count - 2
        let sizes = Array(x.shape.dropFirst(2))
        let elements = ReferenceArray.indices(of: sizes)
        return ReferenceArray(shape: Array(x.shape.prefix(2)) + grid.shape.dropFirst().dropLast()) { index in
            let point = [index[0]] + index.dropFirst(2)
            return elements.reduce(0) { sum, element in
                var weight = 1.0
                for d in 0..<spatial {
                    let at = grid[point + [spatial - 1 - d]]
                    let n = Double(sizes[d])
                    let place = sample.alignCorners ? (at + 1) / 2 * (n - 1) : ((at + 1) * n - 1) / 2
                    let distance = place - Double(element[d])
                    switch sample.mode {
                    case .bilinear: weight *= max(1 - abs(distance), 0)
                    case .nearest: weight *= place.rounded(.toNearestOrEven) == Double(element[d]) ? 1 : 0
                    case .bicubic: weight *= keys(distance, -0.75)
                    }
                }
                return sum + weight * x[[index[0], index[1]] + element]
            }
        }
    }

    // MARK: Windows

    private static let folds: [(x: [Int], window: Window)] = [
        ([1, 2, 3, 4], Window(kernel: [2, 2], stride: [1, 2], padding: [1, 0], dilation: [1, 1])),
        ([2, 1, 5, 4], Window(kernel: [3, 2], stride: [2, 1], padding: [1, 1], dilation: [1, 2])),
        ([1, 1, 2, 2], Window(kernel: [1, 2], stride: [1, 1], padding: [0, 0], dilation: [1, 1])),
        ([0, 1, 3, 3], Window(kernel: [2, 2], stride: [1, 1], padding: [0, 0], dilation: [1, 1])),
    ]

    private static let windows: [PrimitiveRecord] = [
        PrimitiveRecord(
            UnfoldWindows.self, operands: [.real()],
            samples: folds.map { x, window in
                Sample(
                    "\(window)", shapes: [x],
                    run: {
                        [
                            unfold(
                                $0[0], Size2(window.kernel[0], window.kernel[1]),
                                dilation: Size2(window.dilation[0], window.dilation[1]),
                                padding: Size2(window.padding[0], window.padding[1]),
                                stride: Size2(window.stride[0], window.stride[1]))
                        ]
                    },
                    reference: { [columns($0[0], window)] })
            },
            tolerance: .exact, withoutScalar: noScalar, operation: "unfold"),
        PrimitiveRecord(
            FoldWindows.self, operands: [.real(0...3)],
            samples: folds.map { x, window in
                let fold = FoldWindows(window: window, size: [x[2], x[3]])
                return Sample(
                    "\(window)", shapes: [columns(ContractRecords.zeros(x), window).shape],
                    run: { [apply(fold, $0[0])] },
                    reference: { [ContractRecords.transposed($0[0], x) { columns($0, window) }] })
            },
            dtypes: numbers, tolerance: .sums, withoutScalar: noScalar, operation: "fold"),
    ]

    private static func columns(_ x: ReferenceArray, _ window: Window) -> ReferenceArray {
        let counts = (0..<2).map { (i: Int) -> Int in
            let reach: Int = window.dilation[i] * (window.kernel[i] - 1) + 1
            let free: Int = x.shape[i + 2] + 2 * window.padding[i] - reach
            return free / window.stride[i] + 1
        }
        let (kh, kw) = (window.kernel[0], window.kernel[1])
        return ReferenceArray(shape: [x.shape[0], x.shape[1] * kh * kw, counts[0] * counts[1]]) { index in
            let tap: [Int] = [index[1] / kw % kh, index[1] % kw]
            let position: [Int] = [index[2] / counts[1], index[2] % counts[1]]
            let place = (0..<2).map { (i: Int) -> Int in
                position[i] * window.stride[i] + tap[i] * window.dilation[i] - window.padding[i]
            }
            guard place[0] >= 0, place[1] >= 0, place[0] < x.shape[2], place[1] < x.shape[3] else { return 0 }
            return x[[index[0], index[1] / (kh * kw)] + place]
        }
    }
}
