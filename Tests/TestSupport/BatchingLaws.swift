import Testing
import TorchlightCore

/// Batching rules give what a loop over the examples gives.
package enum BatchingLaws {
    /// Primitives whose batches add products, or run a composition, in another order than the primitive for one example.
    package static let rounded: Set<String> = [
        MatMul.name, Linear.name, AddMatMul.name, Convolution.name, ConvolutionBackwardData.name,
        ConvolutionBackwardWeights.name, LayerNorm.name, LayerNormBackward.name, PseudoInverse.name,
        MatrixSquareRoot.name,
    ]

    /// For each set of mapped operands: one call for three examples equals three calls, bit for bit. The operands come
    /// from three draws of the record, and the examples lie along the first dimension or along the last one.
    package static func batchedEqualsLoop(_ record: PrimitiveRecord) {
        let dtypes = [DType.float32, .float64, .int64, .complex64]
        for sample in record.samples {
            guard let dtype = dtypes.first(where: { record.dtypes.contains($0) }) else { continue }
            let draws = (0..<3).map { number -> [RecordedCalls.Call] in
                let shifted = Sample(
                    sample.label + " \(number)", shapes: sample.shapes, run: sample.run, reference: nil)
                let inputs = record.draw(shifted, dtype).inputs
                return RecordedCalls.of { _ = sample.run(inputs) }
            }
            let label = record.draw(sample, dtype).label
            guard draws.allSatisfy({ $0.count == draws[0].count }) else { continue }
            for (i, call) in draws[0].enumerated() where call.kind != .inPlace {
                let calls = draws.map { $0[i] }
                guard calls.allSatisfy({ AnyHashable($0.primitive) == AnyHashable(call.primitive) }) else { continue }
                check(calls, "\(type(of: call.primitive)) in \(label)")
            }
        }
    }

    private static func check(_ calls: [RecordedCalls.Call], _ label: String) {
        let first = calls[0]
        let count = first.inputs.count
        for set in 1..<(1 << Swift.min(count, 5)) {
            let isMapped = (0..<count).map { set >> Swift.min($0, 4) & 1 == 1 }
            if (0..<count).contains(where: { isMapped[$0] && first.inputs[$0].isWrappedScalar }) { continue }
            for isLast in [false, true] {
                var mapped = Needs()
                var operands = Few<Tensor>()
                for i in 0..<count {
                    mapped[i] = isMapped[i]
                    guard isMapped[i] else {
                        operands.append(first.inputs[i])
                        continue
                    }
                    let examples = calls.map { $0.inputs[i].detach() }
                    operands.append(isLast ? stack(examples, dim: -1).movedim(-1, 0) : stack(examples, dim: 0))
                }
                compare(
                    calls, BatchedOperands(operands, mapped: mapped, size: calls.count),
                    "\(label), mapped: \((0..<count).filter { isMapped[$0] })\(isLast ? ", along the last dimension" : "")"
                )
            }
        }
    }

    /// Operands that are computed from one another, so that they are mapped together: the input, its mean and deviation.
    private static let tied: [String: [Int]] = [LayerNormBackward.name: [1, 2, 3]]

    private static func compare(_ calls: [RecordedCalls.Call], _ operands: BatchedOperands, _ label: String) {
        let primitive = calls[0].primitive
        let name = type(of: primitive).name
        if let tied = tied[name], Set(tied.map { operands.isMapped($0) }).count > 1 { return }
        noGrad {
            do {
                // Operands of different draws need not fit together.
                guard let expected = try? checked({ try loop(calls, operands) }) else { return }
                guard let results = try checked({ try primitive.batched(operands) }) else { return }
                guard results.count == expected.count else {
                    Issue.record("\(label): \(results.count) results, expected \(expected.count)")
                    return
                }
                for (result, loop) in zip(results, expected) {
                    #expect(result.dtype == loop.dtype && result.shape == loop.shape, "\(label)")
                    guard result.dtype == loop.dtype, result.shape == loop.shape else { continue }
                    if rounded.contains(name) {
                        expectClose(
                            result.dtype.isComplex ? result.viewAsReal() : result,
                            ReferenceArray(loop.dtype.isComplex ? loop.viewAsReal() : loop),
                            Tolerance(units: 64, scale: 4, reason: "sums are taken in another order"), label)
                    } else {
                        #expect(haveSameElements(result, loop), "\(label)")
                    }
                }
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    /// The results of one call for each example, on operands in the layouts that were recorded.
    private static func loop(
        _ calls: [RecordedCalls.Call], _ operands: BatchedOperands
    ) throws(TensorError) -> [Tensor] {
        var results: [[Tensor]] = []
        for call in calls {
            var inputs = Few<Tensor>()
            for i in operands.tensors.indices {
                inputs.append((operands.isMapped(i) ? call : calls[0]).inputs[i])
            }
            results.append(Array(try operands.call(call.primitive, inputs)))
        }
        return results[0].indices.map { i in stack(results.map { $0[i] }, dim: 0) }
    }

    private static func haveSameElements(_ a: Tensor, _ b: Tensor) -> Bool {
        if a.dtype.isComplex { return haveSameElements(a.viewAsReal(), b.viewAsReal()) }
        if !a.dtype.isFloatingPoint { return a.equal(b) }
        let (x, y) = (a.toArray(Double.self), b.toArray(Double.self))
        return zip(x, y).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
    }

    /// How primitives are mapped over examples, as the article on function transformations counts them.
    package enum Rule: String, CaseIterable {
        case elementwise = "element-wise"
        case reduction = "reductions"
        case view = "views"
        case composition = "compositions"
        case own = "others with a rule"
        case creation = "without operands"
        case loop = "in a loop"
    }

    package static func rule(of record: PrimitiveRecord) -> Rule {
        let type = record.primitive
        if type is any CreationPrimitive.Type { return .creation }
        if type is any UnaryPrimitive.Type || type is any BinaryPrimitive.Type || type is any TernaryPrimitive.Type {
            return .elementwise
        }
        if type is any ReductionPrimitive.Type { return .reduction }
        if type is any ViewPrimitive.Type { return .view }
        if type is any CompositePrimitive.Type { return .composition }
        return isLoop(record) ? .loop : .own
    }

    /// Whether the primitive has no rule for batches, and runs once for each example.
    private static func isLoop(_ record: PrimitiveRecord) -> Bool {
        for sample in record.samples {
            guard
                let dtype = [DType.float32, .float64, .int64, .complex64].first(where: { record.dtypes.contains($0) })
            else { continue }
            let inputs = record.draw(sample, dtype).inputs
            for call in RecordedCalls.of({ _ = sample.run(inputs) })
            where type(of: call.primitive) == record.primitive && call.kind != .inPlace && call.inputs.count > 0 {
                var operands = Few<Tensor>()
                for input in call.inputs { operands.append(stack([input.detach(), input.detach()], dim: 0)) }
                let batch = BatchedOperands(operands, mapped: Needs(all: operands.count), size: 2)
                return (try? noGrad { () throws in try checked { try call.primitive.batched(batch) } }) == nil
            }
        }
        return false
    }
}
