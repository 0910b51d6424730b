import Testing
import TorchlightCore

/// What holds of complex numbers for every primitive that takes them.
package enum ComplexLaws {

    /// Numbers without an imaginary part give what real ones give, in a complex dtype or in the real one of a magnitude.
    package static func agreesOnRealNumbers(_ record: PrimitiveRecord) {
        for sample in record.samples {
            guard record.dtypes.contains(.float64) || record.dtypes.contains(.complex128) else { continue }
            let (inputs, label) = record.draw(sample, .float64)
            let turned = inputs.enumerated().map { i, x in isTurned(record, i, x) ? x.to(.complex128) : x }
            var results: [Tensor] = []
            do { results = try checked { sample.run(turned) } } catch {
                // A sample may ask for what complex numbers do not have, such as an extreme.
                #expect((error as? TensorError)?.kind == .dtype, "\(label), complex: \(error)")
                continue
            }
            for (result, expected) in zip(results, sample.run(inputs)) {
                let real = result.dtype.isComplex ? result.real : result
                // A real operand of complex ones, such as a weight, may have been left real.
                expectClose(real, ReferenceArray(expected), Tolerance.absolute(1e-9), "\(label), complex")
                if result.dtype.isComplex {
                    expectClose(
                        result.imag, ReferenceArray(expected).map { $0 * 0 }, Tolerance.absolute(1e-9),
                        "\(label), imaginary part")
                }
            }
        }
    }

    /// Vectors with a free phase have a derivative only in results that do not depend on it, which raw vectors are not.
    private static let freePhases: Set<String> = ["eigh", "svd"]

    /// Gradients by PyTorch's convention, `dL/dRe + i dL/dIm`: those of the parts agree with central differences.
    package static func gradientsAgree(_ record: PrimitiveRecord) {
        if record.gradient.order == 0 { return }
        for sample in record.samples {
            guard record.dtypes.contains(.float64) || record.dtypes.contains(.complex128) else { continue }
            if freePhases.contains(record.name) && sample.label.hasPrefix("raw") { continue }
            let (inputs, label) = record.draw(sample, .float64)
            if inputs.reduce(0, { $0 + $1.numel }) > 12 { continue }
            let pairs = complexInputs(record, inputs, label).map { $0.dtype.isComplex ? $0.viewAsReal().clone() : $0 }
            let chosen = inputs.indices.map { isTurned(record, $0, inputs[$0]) }
            func run(_ arguments: [Tensor]) -> [Tensor] {
                sample.run(zip(arguments, chosen).map { $1 ? $0.viewAsComplex() : $0 })
                    .map { $0.dtype.isComplex ? $0.viewAsReal() : $0 }
            }
            guard let results = try? checked({ run(pairs) }),
                results.contains(where: { $0.dtype == .float64 && $0.count > 0 })
            else { continue }
            // Numbers off the real line may fall outside of where a sample's formula is defined.
            guard results.allSatisfy({ !$0.dtype.isFloatingPoint || $0.isfinite().all().item() != 0 }) else { continue }
            expectGradients(
                order: record.gradient.order, at: pairs, differentiable: chosen, label: "\(label), complex", run)
        }
    }

    /// Complex numbers give the bits that they give on the CPU, and on `meta` the same shapes and dtypes; how they lie in
    /// memory does not matter.
    package static func equalsTheCPU(_ record: PrimitiveRecord, on device: Device) {
        for sample in record.samples {
            for dtype in [DType.complex64, .complex128] {
                guard record.dtypes.contains(.float64) || record.dtypes.contains(.complex128) else { continue }
                let (inputs, label) = record.draw(sample, .float64)
                let turned = complexInputs(record, inputs, label).map { $0.dtype.isComplex ? $0.to(dtype) : $0 }
                guard let expected = try? checked({ sample.run(turned) }) else { continue }
                let results = sample.run(turned.map { $0.to(device) })
                for (result, expected) in zip(results, expected) {
                    #expect(result.device == device && result.dtype == expected.dtype, "\(label), \(dtype)")
                    #expect(result.shape == expected.shape, "\(label), \(dtype)")
                    #expect(haveSameBits(result, expected), "\(label), \(dtype): the bits differ from the CPU's")
                }
                let calls = RecordedCalls.of { _ = sample.run(turned) }
                if !calls.contains(where: { $0.primitive.hasSizeOfValues }) {
                    do {
                        for (result, expected) in zip(try checked { sample.run(turned.map { $0.to(.meta) }) }, expected)
                        {
                            #expect(result.shape == expected.shape && result.dtype == expected.dtype, "\(label), meta")
                        }
                    } catch { Issue.record("\(label), \(dtype), meta: \(error)") }
                }
                for operand in turned.indices {
                    for layout in TestLayout.allCases where layout != .contiguous {
                        var moved = turned
                        guard let arranged = layout.arrange(turned[operand]) else { continue }
                        moved[operand] = arranged
                        for (result, expected) in zip(sample.run(moved), expected)
                        where result.dtype.isComplex && result.count > 0 {
                            let size = (expected.detach().abs() + 1).max().item()
                            let distance = (result - expected).detach().abs().max().item()
                            #expect(
                                !(distance > size * 1e-4), "\(label), \(dtype), layout: \(layout) (operand \(operand))")
                        }
                    }
                }
            }
        }
    }

    /// Whether an operand takes part as complex numbers: one of the dtype under test.
    private static func isTurned(_ record: PrimitiveRecord, _ i: Int, _ x: Tensor) -> Bool {
        record.operands[min(i, record.operands.count - 1)].dtype == nil && x.dtype == .float64
    }

    /// The operands with imaginary parts of their own.
    private static func complexInputs(_ record: PrimitiveRecord, _ inputs: [Tensor], _ label: String) -> [Tensor] {
        var random = TestRandom(label + " imaginary parts")
        return inputs.enumerated().map { i, x in
            guard isTurned(record, i, x) else { return x }
            let side = Tensor(random.values(x.count, in: 0.2...1), shape: x.shape, dtype: .float64)
            return complex(x, side)
        }
    }

    private static func haveSameBits(_ a: Tensor, _ b: Tensor) -> Bool {
        a.detach().withUnsafeBytes { first in b.detach().withUnsafeBytes { first.elementsEqual($0) } }
    }
}
