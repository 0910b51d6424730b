import Testing
import TorchlightCore

/// What holds for every primitive, given its record. The test targets hand their records to these.
package enum Laws {
    /// Results equal the slow reference, in every dtype that is supported, and have the promised dtypes.
    package static func equalsReference(_ record: PrimitiveRecord) {
        for sample in record.samples {
            for dtype in record.dtypes {
                let (inputs, label) = record.draw(sample, dtype)
                let results = sample.run(inputs)
                let types = record.resultTypes(dtype)
                for (i, result) in results.enumerated() where i < types.count {
                    #expect(result.dtype == types[i], "\(label), result \(i)")
                }
                guard let reference = sample.reference else { continue }
                let expected = reference(inputs.map { ReferenceArray($0) })
                #expect(expected.count == results.count, "\(label)")
                for (result, expected) in zip(results, expected) {
                    expectClose(result, expected, record.tolerance, label)
                }
            }
        }
    }

    /// How the operands lie in memory does not matter.
    package static func layoutDoesNotMatter(_ record: PrimitiveRecord) {
        for sample in record.samples {
            for dtype in [DType.float32, .float16, .int64] where record.dtypes.contains(dtype) {
                let (inputs, label) = record.draw(sample, dtype)
                let expected = sample.run(inputs).map { ReferenceArray($0) }
                for operand in inputs.indices {
                    for layout in TestLayout.allCases where layout != .contiguous {
                        var moved = inputs
                        guard let arranged = layout.arrange(inputs[operand]) else { continue }
                        moved[operand] = arranged
                        for (result, expected) in zip(sample.run(moved), expected) {
                            expectClose(
                                result, expected, record.tolerance, "\(label), layout: \(layout) (operand \(operand))")
                        }
                    }
                }
            }
        }
    }

    /// Gradients agree with central differences, to the order that the record promises; what has none neither passes
    /// gradients on nor loses them silently.
    package static func gradientsAgree(_ record: PrimitiveRecord) {
        for sample in record.samples {
            let (inputs, label) = record.draw(sample, .float64)
            let chosen = inputs.indices.map {
                record.operands[min($0, record.operands.count - 1)].isDifferentiable
            }
            if case .none = record.gradient {
                let leaves = inputs.map { $0.dtype.isFloatingPoint ? $0.detach().requiresGrad_() : $0 }
                guard leaves.contains(where: \.requiresGrad) else { continue }
                do {
                    for result in try checked({ sample.run(leaves) }) {
                        #expect(!result.requiresGrad, "\(label): a constant requires a gradient")
                    }
                } catch let error as TensorError {
                    #expect(error.kind == .autograd || error.kind == .dtype, "\(label): \(error)")
                } catch { Issue.record("\(label): \(error)") }
                continue
            }
            if inputs.reduce(0, { $0 + $1.numel }) > 30 { continue }
            // Differences mean nothing in results of less precision.
            guard sample.run(inputs).contains(where: { $0.dtype == .float64 }) else { continue }
            expectGradients(
                order: record.gradient.order, at: inputs, differentiable: chosen, label: label, sample.run)
        }
    }

    /// Results that are dropped without a backward pass go with all that was saved for it: no result keeps itself alive, also
    /// where hooks hold what is saved or a checkpoint computes it again.
    package static func graphsAreFreed(_ record: PrimitiveRecord) {
        if case .none = record.gradient { return }
        let ways: [(name: String, run: (@escaping () -> [Tensor]) -> [Tensor])] = [
            ("plain", { $0() }),
            ("savedTensorsHooks", { body in savedTensorsHooks(pack: { $0 }, unpack: { $0 }) { body() } }),
            ("checkpoint", { checkpoint($0) }),
            (
                "retainGrad",
                {
                    $0().map {
                        if $0.requiresGrad { $0.retainGrad() }; return $0
                    }
                }
            ),
        ]
        for sample in record.samples {
            for (name, run) in ways {
                let (inputs, label) = record.draw(sample, .float64)
                let operands = inputs.indices.map { record.operands[min($0, record.operands.count - 1)] }
                let leaves = zip(inputs, operands).map { input, operand in
                    operand.isDifferentiable && input.dtype.isFloatingPoint ? input.detach().requiresGrad_() : input
                }
                var results = run { sample.run(leaves) }
                let weak = results.filter(\.requiresGrad).map(WeakResult.init)
                results = []
                #expect(weak.allSatisfy { $0.tensor == nil }, "\(label), \(name): a result keeps itself alive")
            }
        }
    }

    private struct WeakResult {
        weak var tensor: Tensor?
    }

    /// Numbers at which formulas for values and for gradients part: zeros of both signs, ends of the range, ties, NaN.
    private static let special: [Double] = [
        0, -0.0, 1, -1, 0.5, 2, .infinity, -.infinity, .nan, 1e-40, -1e-40, 1e-20, 1e20, -1e20, 1e-38, 3e38, 1, 0,
    ]

    /// The primitives whose results differ in the last place where a gradient is wanted: a backward pass whose decomposition runs
    /// then, and eigenvalues and singular values, for which the library has another algorithm where it computes vectors too.
    private static let roundedOtherwise: Set<String> = [
        "crossEntropyBackward", "ctcLossBackward", "gridSampleBackward", "recurrenceBackward", "eigh", "svd",
    ]

    /// Results are the same, bit for bit, whether or not a gradient is wanted, and so are refusals.
    package static func gradientFlagDoesNotMatter(_ record: PrimitiveRecord) {
        if roundedOtherwise.contains(record.name) { return }
        for sample in record.samples {
            for dtype in [DType.float32, .float64] where record.dtypes.contains(dtype) {
                var (inputs, label) = record.draw(sample, dtype)
                for useSpecial in [false, true] {
                    if useSpecial {
                        var random = TestRandom(label + " special")
                        inputs = inputs.map { x in
                            guard x.dtype == dtype else { return x }
                            let values = (0..<x.count).map { _ in special.randomElement(using: &random)! }
                            return Tensor(values, shape: x.shape, dtype: dtype)
                        }
                        label += ", special numbers"
                    }
                    let leaves = inputs.map { $0.dtype == dtype ? $0.detach().requiresGrad_() : $0 }
                    let (plain, watched) = (outcome(sample, inputs), outcome(sample, leaves))
                    // A primitive without a gradient refuses to lose one.
                    if case .none = record.gradient, watched == nil { continue }
                    #expect(plain == watched, "\(label)")
                }
            }
        }
    }

    /// The bits of the results; nil for a refusal.
    private static func outcome(_ sample: Sample, _ inputs: [Tensor]) -> [[UInt8]]? {
        try? checked { sample.run(inputs) }.map { $0.detach().contiguous().withUnsafeBytes { Array($0) } }
    }

    /// A dtype that is not supported is refused by an error that names the operation.
    package static func refusesOtherDTypes(_ record: PrimitiveRecord) {
        guard let sample = record.samples.first else { return }
        for dtype in DType.allCases where !record.dtypes.contains(dtype) {
            // What computes on complex numbers has laws of its own for them, and a function may do so by other primitives.
            if dtype.isComplex && record.primitive.supportsComplex { continue }
            let (inputs, label) = record.draw(sample, dtype)
            if dtype.isComplex {
                // The dispatcher refuses for all primitives, also for one before, and names the one that it refused.
                do { _ = try checked { sample.run(inputs) } } catch {
                    #expect((error as? TensorError)?.kind == .dtype, "\(label): \(error)")
                }
                continue
            }
            expectRefusal(by: record.operation, .dtype, label) { sample.run(inputs) }
        }
    }

    /// The primitives that run in the low precision inside `autocast { }`: a new one that does must be named here. That the
    /// classes are PyTorch's is for other tests.
    private static let lowInAutocast: Set<String> = ["addmm", "conv", "linear", "matmul"]
    /// Those whose samples multiply the results.
    private static let multipliedInSamples: Set<String> = ["eigh", "inv", "qr", "svd"]

    /// Inside `autocast { }` float32 operands give bfloat16 where the primitive is of that class, and float32 elsewhere.
    package static func convertsInAutocast(_ record: PrimitiveRecord) {
        guard let sample = record.samples.first, record.dtypes.contains(.float32),
            !multipliedInSamples.contains(record.name)
        else { return }
        let (inputs, label) = record.draw(sample, .float32)
        let plain = sample.run(inputs).map(\.dtype)
        let mixed = autocast { sample.run(inputs).map(\.dtype) }
        let isLow = lowInAutocast.contains(record.name)
        #expect(mixed == plain.map { isLow && $0 == .float32 ? .bfloat16 : $0 }, "\(label)")
    }

    /// There is a sample with an empty operand and one with a 0-dimensional one, or a reason why not.
    package static func coversEmptyAndScalar(_ record: PrimitiveRecord) {
        let shapes = record.samples.flatMap(\.shapes)
        #expect(shapes.contains { $0.contains(0) } || record.withoutEmpty != nil, "\(record.name): no empty operand")
        #expect(shapes.contains([]) || record.withoutScalar != nil, "\(record.name): no 0-dimensional operand")
    }

    /// The in-place form writes the same result over its operand, wherever that lies, counts as a write, and has the
    /// same gradients.
    package static func inPlaceAgrees(_ record: PrimitiveRecord) {
        guard let inPlace = record.inPlace, let sample = record.samples.first else { return }
        for dtype in record.dtypes {
            let (inputs, label) = record.draw(sample, dtype)
            let expected = sample.run(inputs)[0]
            // The result may not fit into the operand: bool into float is fine, float32 into int64 is refused.
            if category(expected.dtype) > category(dtype) {
                let target = inputs[0].clone()
                expectRefusal(by: record.name + "_", .dtype, label) { inPlace([target] + inputs.dropFirst()) }
                continue
            }
            for layout in TestLayout.allCases {
                guard let target = layout.arrange(inputs[0].clone()) else { continue }
                let version = target.version
                let result = inPlace([target] + inputs.dropFirst())
                #expect(result === target, "\(label)")
                #expect(target.version > version, "\(label)")
                expectClose(target, ReferenceArray(expected), record.tolerance, "\(label), layout: \(layout), in place")
            }
        }
        guard record.gradient.order > 0 else { return }
        let (inputs, label) = record.draw(sample, .float64)
        let chosen = inputs.indices.map { record.operands[min($0, record.operands.count - 1)].isDifferentiable }
        expectGradients(order: 1, at: inputs, differentiable: chosen, label: "\(label), in place") { arguments in
            [inPlace([arguments[0].clone()] + arguments.dropFirst())]
        }
    }

    private static func category(_ dtype: DType) -> Int { dtype.isFloatingPoint ? 2 : dtype.isInteger ? 1 : 0 }
}
