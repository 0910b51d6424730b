import Testing
import TorchlightCore

/// What holds for every primitive on every device.
package enum DeviceLaws {
    /// The samples give the bits that they give on the CPU, first gradients included, and their results are on the device.
    package static func equalsTheCPU(_ record: PrimitiveRecord, on device: Device) {
        for sample in record.samples {
            for dtype in record.dtypes {
                let (inputs, label) = record.draw(sample, dtype)
                let expected = sample.run(inputs)
                let results = sample.run(inputs.map { $0.to(device) })
                #expect(results.count == expected.count, "\(label)")
                for (result, expected) in zip(results, expected) {
                    #expect(result.device == device, "\(label)")
                    expectSame(result, expected, label)
                }
                guard record.gradient.order > 0, dtype == .float32 else { continue }
                let (here, there) = (
                    gradients(record, inputs, sample), gradients(record, inputs.map { $0.to(device) }, sample)
                )
                for (gradient, expected) in zip(there, here) {
                    guard let gradient, let expected else {
                        #expect(gradient == nil && expected == nil, "\(label), gradient")
                        continue
                    }
                    #expect(gradient.device == device, "\(label), gradient")
                    expectSame(gradient, expected, "\(label), gradient")
                }
            }
        }
    }

    private static func gradients(_ record: PrimitiveRecord, _ inputs: [Tensor], _ sample: Sample) -> [Tensor?] {
        let leaves = inputs.enumerated().map { i, x in
            record.operands[min(i, record.operands.count - 1)].isDifferentiable ? x.detach().requiresGrad_() : x
        }
        for root in sample.run(leaves) where root.requiresGrad {
            root.backward(gradient: Tensor.ones(like: root), retainGraph: true)
        }
        return leaves.map(\.grad)
    }

    private static func expectSame(_ result: Tensor, _ expected: Tensor, _ label: String) {
        #expect(result.dtype == expected.dtype && result.shape == expected.shape, "\(label)")
        #expect(result.strides == expected.strides, "\(label)")
        let same = result.detach().withUnsafeBytes { a in expected.detach().withUnsafeBytes { a.elementsEqual($0) } }
        #expect(same, "\(label): the bits differ from the CPU's")
    }
}
