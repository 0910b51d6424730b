import Testing
import TorchlightCore

/// Function transformations of every primitive agree with plain calls, differences and each other.
package enum TransformationLaws {
    /// The product of the Jacobian with a tangent equals central differences, and `<w, Jv> = <Jᵀw, v>`; both are the same
    /// for each example of a mapped function.
    package static func derivativesAgree(_ record: PrimitiveRecord) {
        if case .none = record.gradient { return }
        for sample in record.samples {
            guard let function = Function(record, sample) else { continue }
            function.tangentsEqualDifferences()
            function.mappedDerivativesEqualLoop()
        }
    }

    /// A function that is mapped over two dimensions, by two calls of `vmap`, gives what a loop over both gives.
    package static func nestedMapEqualsLoop(_ record: PrimitiveRecord) {
        for sample in record.samples {
            guard let dtype = [DType.float64, .float32, .int64].first(where: { record.dtypes.contains($0) }) else {
                continue
            }
            nestedMapEqualsLoop(record, sample, dtype)
        }
    }

    private static func nestedMapEqualsLoop(_ record: PrimitiveRecord, _ sample: Sample, _ dtype: DType) {
        let draws = (0..<4).map { number in
            let other = Sample("\(sample.label) \(number)", shapes: sample.shapes, run: sample.run, reference: nil)
            return record.draw(other, dtype).inputs
        }
        let label = record.draw(sample, dtype).label + ", vmap of vmap"
        // A size that depends on values differs between the examples.
        var expected: [[Tensor]] = []
        for inputs in draws {
            var results: [Tensor] = []
            let calls = RecordedCalls.of { results = sample.run(inputs) }
            if calls.contains(where: { $0.primitive.hasSizeOfValues || $0.primitive.effects.isRandom }) { return }
            expected.append(results)
        }
        guard !draws[0].isEmpty, expected.allSatisfy({ $0.map(\.shape) == expected[0].map(\.shape) }) else { return }
        let stacked = draws[0].indices.map { i in
            stack([stack([draws[0][i], draws[1][i]], dim: 0), stack([draws[2][i], draws[3][i]], dim: 0)], dim: 0)
        }
        // The outer examples lie along the last dimension.
        let moved = stacked.map { $0.movedim(0, -1) }
        do {
            let results = try checked {
                vmap(vmap { (x: [Tensor]) in sample.run(x) }, inDims: -1, outDims: 0)(moved)
            }
            for (i, result) in results.enumerated() {
                for (number, loop) in expected.enumerated() {
                    let one = result[number / 2][number % 2]
                    #expect(one.dtype == loop[i].dtype, "\(label)")
                    expectClose(one.realParts, ReferenceArray(loop[i].realParts), .sums, "\(label), result \(i)")
                }
            }
        } catch { Issue.record("\(label): \(error)") }
    }

    /// A sample as a function of the operands that have derivatives.
    private struct Function {
        let label: String
        let point: [Tensor]
        let tangent: [Tensor]
        let call: ([Tensor]) -> [Tensor]

        init?(_ record: PrimitiveRecord, _ sample: Sample) {
            let (inputs, label) = record.draw(sample, .float64)
            self.label = label
            let chosen = inputs.indices.filter { i in
                record.operands[Swift.min(i, record.operands.count - 1)].isDifferentiable
                    && inputs[i].dtype == .float64
            }
            let count = chosen.reduce(0) { $0 + inputs[$1].numel }
            guard count > 0, inputs.reduce(0, { $0 + $1.numel }) <= 60 else { return nil }
            let places = sample.run(inputs).enumerated().filter { $0.element.dtype == .float64 }.map(\.offset)
            guard !places.isEmpty else { return nil }
            point = chosen.map { inputs[$0] }
            call = { operands in
                var all = inputs
                for (operand, i) in zip(operands, chosen) { all[i] = operand }
                let results = sample.run(all)
                return places.map { results[$0] }
            }
            var random = TestRandom(label + " tangents")
            tangent = point.map { Tensor(random.values($0.numel, in: -1...1), shape: $0.shape, dtype: .float64) }
        }

        private func moved(_ step: Double) -> [Tensor] { zip(point, tangent).map { $0 + $1 * step } }

        private func cotangents(of results: [Tensor]) -> [Tensor] {
            var random = TestRandom(label + " cotangents")
            return results.map { Tensor(random.values($0.numel, in: 0.5...1.5), shape: $0.shape, dtype: .float64) }
        }

        func tangentsEqualDifferences() {
            do {
                try checked {
                    let (values, derivative) = jvp(call, primals: point, tangents: tangent)
                    let plain = call(point)
                    for i in plain.indices {
                        expectClose(values[i], ReferenceArray(plain[i]), .sums, "\(label): value of jvp")
                    }
                    // Sums over the results, as the sign of some of them is free.
                    let weights = cotangents(of: plain)
                    let step = 1e-5
                    let (ahead, behind) = (call(moved(step)), call(moved(-step)))
                    let numeric = (dot(weights, ahead) - dot(weights, behind)) / (2 * step)
                    let forward = dot(weights, derivative)
                    if !(abs(numeric - forward) <= 5e-6 * Swift.max(1, abs(numeric))) {
                        Issue.record("\(label): jvp gives \(forward), differences \(numeric)")
                    }
                    let (_, pullback) = vjp(call, point)
                    let backward = dot(pullback(weights), tangent)
                    if !(abs(forward - backward) <= 1e-9 * Swift.max(1, abs(forward))) {
                        Issue.record("\(label): <w, Jv> is \(forward), <J'w, v> is \(backward)")
                    }
                }
            } catch { Issue.record("\(label): \(error)") }
        }

        /// Two examples: the point, and a point beside it.
        func mappedDerivativesEqualLoop() {
            do {
                try checked {
                    let weights = cotangents(of: call(point))
                    let examples = [point, moved(0.01)]
                    let batch = point.indices.map { i in stack(examples.map { $0[i] }, dim: 0) }
                    let forward = vmap { (x: [Tensor]) in jvp(call, primals: x, tangents: tangent).tangent }(batch)
                    let backward = vmap { (x: [Tensor]) -> [Tensor] in
                        let gradients: [Tensor] = vjp(call, x).pullback(weights)
                        return gradients
                    }(batch)
                    for (number, example) in examples.enumerated() {
                        let tangents = jvp(call, primals: example, tangents: tangent).tangent
                        for (mapped, one) in zip(forward, tangents) {
                            expectClose(
                                mapped[number], ReferenceArray(one), .absolute(1e-9),
                                "\(label): vmap of jvp, example \(number)")
                        }
                        let gradients = vjp(call, example).pullback(weights)
                        for (mapped, one) in zip(backward, gradients) {
                            expectClose(
                                mapped[number], ReferenceArray(one), .absolute(1e-9),
                                "\(label): vmap of vjp, example \(number)")
                        }
                    }
                }
            } catch { Issue.record("\(label): \(error)") }
        }

        private func dot(_ a: [Tensor], _ b: [Tensor]) -> Double {
            zip(a, b).reduce(0) { sum, pair in sum + (pair.0 * pair.1).sum().item() }
        }
    }
}

extension Tensor {
    /// Complex numbers as pairs of real ones.
    fileprivate var realParts: Tensor { dtype.isComplex ? viewAsReal() : self }
}
