import Testing
import TorchlightCore

/// What primitives say about how their results depend on their operands is true.
package enum AlgebraLaws {
    /// Linear primitives are linear in the operands that they name, multilinear ones in each by itself, element-wise ones
    /// change a result only where an operand changes.
    package static func algebraIsTrue(_ record: PrimitiveRecord) {
        for (call, label) in DescriptionLaws.calls(of: record, dtype: .float64) where call.kind != .inPlace {
            guard call.outputs.contains(where: { $0.dtype == .float64 && $0.count > 0 }) else { continue }
            switch call.primitive.algebra {
            case .linear(let named):
                isLinear(call, in: named.isEmpty ? Array(0..<call.inputs.count) : named, label)
            case .multilinear(let factors, let added):
                var alone = call.inputs
                for i in added where i < alone.count { alone[i] = Tensor.zeros(like: alone[i]) }
                for i in factors where i < alone.count { isLinear(call, alone, in: [i], label) }
            case .elementwise: isElementwise(call, label)
            case .constant:
                if case .differentiable = call.primitive.differentiability {
                    Issue.record("\(label): a constant primitive is differentiable")
                }
            case .other: break
            }
        }
    }

    /// A pointwise primitive computes each element by itself: turned operands give the turned result.
    package static func fusionIsTrue(_ record: PrimitiveRecord) {
        for (call, label) in DescriptionLaws.calls(of: record) where call.kind == .newMemory {
            guard call.primitive.fusion.isPointwise, call.inputs.count > 0, call.outputs[0].count > 1 else { continue }
            let shape = call.outputs[0].shape
            var turned = Few<Tensor>()
            for input in call.inputs {
                let flat = input.isWrappedScalar ? input : input.expand(shape).reshape([-1]).flip(0)
                turned.append(flat)
            }
            do {
                let result = try perform(call.primitive, turned)[0]
                let expected = call.outputs[0].reshape([-1]).flip(0)
                expectClose(result, ReferenceArray(expected), .exact, "\(label), turned")
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    private static func isLinear(
        _ call: RecordedCalls.Call, _ operands: Few<Tensor>? = nil, in named: [Int], _ label: String
    ) {
        let operands = operands ?? call.inputs
        guard named.contains(where: { $0 < operands.count && operands[$0].dtype == .float64 }) else { return }
        var random = TestRandom(label)
        // f(2 x - 3 y) = 2 f(x) - 3 f(y)
        var (other, combined) = (operands, operands)
        for i in named where i < operands.count && operands[i].dtype == .float64 {
            let x = operands[i].detach()
            let y = Tensor(random.values(x.count, in: -2...2), shape: x.shape, dtype: .float64)
            other[i] = y
            combined[i] = x * 2.0 - y * 3.0
        }
        do {
            let (fx, fy) = (try run(call, operands), try run(call, other))
            for (i, both) in try run(call, combined).enumerated() where both.dtype == .float64 {
                let expected = fx[i] * 2.0 - fy[i] * 3.0
                expectClose(both, ReferenceArray(expected), Tolerance.absolute(1e-9), "\(label), linear in \(named)")
            }
        } catch { Issue.record("\(label): \(error)") }
    }

    private static func isElementwise(_ call: RecordedCalls.Call, _ label: String) {
        let shape = call.outputs[0].shape
        for (i, input) in call.inputs.enumerated() where input.shape == shape && input.dtype == .float64 {
            guard input.count > 1 else { continue }
            let changed = input.detach().rowMajorClone()
            changed.reshape([-1])[0] = Tensor([0.25], dtype: .float64).squeeze()
            var operands = call.inputs
            operands[i] = changed
            do {
                let result = try run(call, operands)[0].reshape([-1]).narrow(0, start: 1, length: input.count - 1)
                let expected = call.outputs[0].reshape([-1]).narrow(0, start: 1, length: input.count - 1)
                expectClose(result, ReferenceArray(expected), .exact, "\(label), operand \(i)")
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    private static func run(_ call: RecordedCalls.Call, _ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        try noGrad { () throws(TensorError) in
            if let view = call.primitive as? any ViewPrimitive { return Few(applyView(view, inputs[0])) }
            return try perform(call.primitive, inputs)
        }
    }
}
