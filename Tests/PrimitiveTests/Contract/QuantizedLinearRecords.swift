import TestSupport
import Testing
@testable import TorchlightCore

/// The record of the linear layer with a weight in integers.
enum QuantizedLinearRecords {
    static let all: [PrimitiveRecord] = [
        record(
            [
                (8, 32, 5, 3, [2], false), (4, 32, 40, 17, [2], false), (8, 64, 96, 2, [], false),
                (4, 64, 33, 16, [2, 1], true), (8, 32, 3, 2, [0], false), (4, 32, 0, 2, [2], false),
                (8, 32, 40, 20, [17], false),
            ])
    ]

    private typealias Case = (bits: Int, group: Int, inputs: Int, outputs: Int, lead: [Int], bias: Bool)

    private static func record(_ cases: [Case]) -> PrimitiveRecord {
        PrimitiveRecord(
            QuantizedLinear.self,
            operands: [
                .real(), Operand(.integers(0...255), dtype: .uint8), .real(0.001...0.01), .real(-0.1...0.1),
                .real(),
            ],
            samples: cases.flatMap { item in [sample(item, hasOffsets: false), sample(item, hasOffsets: true)] },
            dtypes: DType.real.filter(\.isFloatingPoint), tolerance: .sums,
            withoutScalar: ContractRecords.noScalar)
    }

    private static func sample(_ item: Case, hasOffsets: Bool) -> Sample {
        let layout = QuantizedLayout(
            bits: item.bits, group: item.group, inFeatures: item.inputs, outFeatures: item.outputs,
            hasOffsets: hasOffsets)
        var shapes = [item.lead + [item.inputs], layout.codeShape, layout.scaleShape]
        if hasOffsets { shapes.append(layout.scaleShape) }
        if item.bias { shapes.append([item.outputs]) }
        return Sample(
            "\(item.bits) bits, groups of \(item.group)\(hasOffsets ? ", offsets" : "")\(item.bias ? ", bias" : "")",
            shapes: shapes,
            run: {
                [
                    quantizedLinear(
                        $0[0], codes: $0[1], scales: $0[2], offsets: hasOffsets ? $0[3] : nil,
                        bias: item.bias ? $0.last : nil, layout: layout, roundsInput: false)
                ]
            },
            reference: { operands in
                let (x, codes, scales) = (operands[0], operands[1], operands[2])
                let weight = ReferenceArray(shape: [layout.outFeatures, layout.inFeatures]) { index in
                    let (panel, lane, column) = (index[0] / 16, index[0] % 16, index[1])
                    let code: Double
                    if layout.bits == 8 {
                        code = codes[[panel, column / 4, lane * 4 + column % 4]]
                    } else {
                        let byte = Int(codes[[panel, column / 8, lane * 4 + column % 4]])
                        code = Double(column % 8 < 4 ? byte & 15 : byte >> 4)
                    }
                    let scale = scales[[panel, column / layout.group, lane]]
                    return hasOffsets
                        ? scale * code + operands[3][[panel, column / layout.group, lane]]
                        : scale * (code - Double(layout.zero))
                }
                let product = ContractRecords.product(x, weight.permuted([1, 0]))
                guard item.bias else { return [product] }
                return [ReferenceArray.combine([product, operands.last!]) { $0[0] + $0[1] }]
            })
    }
}

@Suite struct QuantizedLinearTests {
    /// Rounding the input to int8 in the kernel gives what the rounding by other operations gives.
    @Test(arguments: [8, 4], [false, true]) func roundsInputsAsItsDecomposition(_ bits: Int, _ hasOffsets: Bool) throws
    {
        for (inputs, outputs, rows, group) in [
            (1, 1, 1, 32), (33, 17, 3, 32), (256, 40, 1, 64), (160, 16, 8, 128), (96, 33, 21, 96), (64, 5, 130, 32),
        ] {
            let label = "\(bits) bits, [\(rows), \(inputs)] to \(outputs), groups of \(group)"
            let generator = Generator(seed: 7)
            let layout = QuantizedLayout(
                bits: bits, group: group, inFeatures: inputs, outFeatures: outputs, hasOffsets: hasOffsets)
            let weight = Tensor.randn([outputs, inputs], generator: generator)
            let (codes, scales, offsets) = layout.quantized(weight, scaleType: .bfloat16)
            let bias = Tensor.randn([outputs], generator: generator)
            for dtype in [DType.float32, .bfloat16, .float16] {
                let x = Tensor.randn([rows, inputs], generator: generator).to(dtype)
                var operands = Few(x, codes, scales)
                if let offsets { operands.append(offsets) }
                operands.append(bias.to(dtype))
                let primitive = QuantizedLinear(layout: layout, roundsInput: true)
                let got = try perform(primitive, operands)[0].to(.float64)
                let expected = try #require(try primitive.decomposed(operands))[0].to(.float64)
                let scale = Double(expected.abs().max().item()) + 1
                let difference = Double((got - expected).abs().max().item()) / scale
                #expect(difference < (dtype == .float32 ? 1e-5 : dtype == .float16 ? 4e-3 : 3e-2), "\(label), \(dtype)")
            }
        }
    }

    /// A row of the result does not depend on the other rows.
    @Test(arguments: [8, 4]) func answersRowsAlike(_ bits: Int) {
        let generator = Generator(seed: 3)
        let layout = QuantizedLayout(bits: bits, group: 64, inFeatures: 192, outFeatures: 48, hasOffsets: false)
        let (codes, scales, _) = layout.quantized(
            Tensor.randn([48, 192], generator: generator), scaleType: .bfloat16)
        let x = Tensor.randn([19, 192], generator: generator)
        func product(_ x: Tensor) -> Tensor {
            quantizedLinear(x, codes: codes, scales: scales, offsets: nil, layout: layout, roundsInput: true)
        }
        let all = product(x)
        for count in [1, 2, 3, 5, 8, 9] {
            let part = product(x.narrow(0, start: 4, length: count))
            #expect(part.equal(all.narrow(0, start: 4, length: count)), "\(count) rows")
        }
    }

    @Test func infinitiesAndNaNStayInTheirRow() {
        let layout = QuantizedLayout(bits: 8, group: 64, inFeatures: 64, outFeatures: 4, hasOffsets: false)
        let (codes, scales, _) = layout.quantized(Tensor.ones([4, 64]), scaleType: .float32)
        let x = Tensor.ones([4, 64])
        x[1, 3].fill_(Double.nan)
        x[2, 40].fill_(Double.infinity)
        let y = quantizedLinear(x, codes: codes, scales: scales, offsets: nil, layout: layout, roundsInput: true)
        #expect(y.isnan().any(dim: 1).toArray(Bool.self) == [false, true, true, false])
    }

    /// The error of a weight is at most half a step of its group, or a step where the range is cut.
    @Test(arguments: [(8, 32), (8, 128), (4, 32), (4, 64), (4, 128)], [false, true])
    func roundsToTheNearest(_ format: (bits: Int, group: Int), _ hasOffsets: Bool) {
        let layout = QuantizedLayout(
            bits: format.bits, group: format.group, inFeatures: 200, outFeatures: 24, hasOffsets: hasOffsets)
        let weight = Tensor.randn([24, 200], generator: Generator(seed: 5))
        let (codes, scales, offsets) = layout.quantized(weight, scaleType: .float32)
        let again = layout.dequantized(codes, scales, offsets, dtype: .float32)
        let relative = Double(((again - weight).square().mean() / weight.square().mean()).sqrt().item())
        #expect(relative < (format.bits == 8 ? 0.01 : 0.12), "\(format), \(hasOffsets): \(relative)")
        let rows = layout.rows(Tensor([3, 23, 0, 3]), codes, scales, offsets, dtype: .float32)
        #expect(rows.equal(again.indexSelect(0, Tensor([3, 23, 0, 3]))), "\(format)")
        let empty = layout.rows(Tensor.zeros([0], dtype: .int64), codes, scales, offsets, dtype: .float32)
        #expect(empty.shape == [0, 200])
    }

    @Test func refusesWhatDoesNotFit() throws {
        let layout = QuantizedLayout(bits: 8, group: 32, inFeatures: 32, outFeatures: 16, hasOffsets: false)
        let (codes, scales, _) = layout.quantized(Tensor.ones([16, 32]), scaleType: .float32)
        let x = Tensor.ones([2, 32])
        func call(_ x: Tensor, _ codes: Tensor, _ scales: Tensor, bias: Tensor? = nil, bits: Int = 8) throws {
            var layout = layout
            layout.bits = bits
            _ = try checked {
                quantizedLinear(
                    x, codes: codes, scales: scales, offsets: nil, bias: bias, layout: layout, roundsInput: true)
            }
        }
        #expect(throws: TensorError.self) { try call(Tensor.ones([2, 31]), codes, scales) }
        #expect(throws: TensorError.self) { try call(x.to(.int32), codes, scales) }
        #expect(throws: TensorError.self) { try call(x, codes.to(.int32), scales) }
        #expect(throws: TensorError.self) { try call(x, codes, scales.to(.int8)) }
        #expect(throws: TensorError.self) { try call(x, codes, Tensor.ones([1, 2, 16])) }
        #expect(throws: TensorError.self) { try call(x, codes, scales, bias: Tensor.ones([15])) }
        #expect(throws: TensorError.self) { try call(x, codes, scales, bits: 5) }
    }
}
