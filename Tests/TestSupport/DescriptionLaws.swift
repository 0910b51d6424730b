internal import Foundation
import Testing
import TorchlightCore

/// What primitives say about themselves without running is true of every call that the samples make.
package enum DescriptionLaws {
    /// From shapes, strides and dtypes alone, without memory, `infer` gives what the call gave.
    package static func inferenceAgrees(_ record: PrimitiveRecord) {
        for (call, label) in calls(of: record) where call.kind != .inPlace {
            var inferred: [TensorSpec] = []
            let cost = WorkCounts.of {
                do { inferred = try inferResults(of: call.primitive, Specs(call.inputSpecs)) } catch {
                    Issue.record("\(label): \(error)")
                }
            }
            #expect(cost.kernels == 0 && cost.allocations == 0, "\(label): a description computes or takes memory")
            // A primitive of several results may leave out what nobody asked for.
            #expect(inferred.count == call.outputSpecs.count, "\(label)")
            for (inferred, eager) in zip(inferred, call.outputSpecs) {
                #expect(inferred.layout.shape == eager.layout.shape, "\(label)")
                #expect(inferred.layout.strides == eager.layout.strides, "\(label)")
                #expect(inferred.dtype == eager.dtype && inferred.device == eager.device, "\(label)")
            }
        }
    }

    /// On `Device.meta` the samples give the shapes, strides and dtypes that they give on the CPU, and run no kernel.
    package static func runsOnMeta(_ record: PrimitiveRecord) {
        for sample in record.samples {
            guard let dtype = record.dtypes.first else { continue }
            let (inputs, label) = record.draw(sample, dtype)
            var eager: [Tensor] = []
            let calls = RecordedCalls.of { eager = sample.run(inputs) }
            let needsValues = calls.contains { $0.primitive.hasSizeOfValues }
            let abstract = inputs.map { $0.to(.meta) }
            var results: [Tensor] = []
            let cost = WorkCounts.of {
                do { results = try checked { sample.run(abstract) } } catch let error as TensorError {
                    // The size of the result is a value.
                    #expect(error.kind == .device && needsValues, "\(label): \(error)")
                } catch { Issue.record("\(label): \(error)") }
            }
            #expect(cost.kernels == 0 && cost.bytes <= 64, "\(label): \(cost)")
            for (result, eager) in zip(results, eager) {
                #expect(result.device == .meta, "\(label)")
                #expect(result.shape == eager.shape && result.strides == eager.strides, "\(label)")
                #expect(result.dtype == eager.dtype, "\(label)")
            }
        }
    }

    /// A primitive that is written to a file and read again is the same.
    package static func survivesCoding(_ record: PrimitiveRecord) {
        let encoder = JSONEncoder(), decoder = JSONDecoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        for (call, label) in calls(of: record) {
            do {
                let name = type(of: call.primitive).name
                let type = try #require(AllPrimitives.byName[name], "\(label): \(name) is not listed")
                let decoded = try decoder.decode(type, from: try encoder.encode(call.primitive))
                #expect(AnyHashable(decoded) == AnyHashable(call.primitive), "\(label)")
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    /// A primitive that is read from a damaged file is one, or an error: numbers at the ends of their types, texts for numbers,
    /// lists that are longer or shorter.
    package static func decodingIsChecked(_ record: PrimitiveRecord) {
        let encoder = JSONEncoder(), decoder = JSONDecoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        var random = TestRandom("decoding \(record.name)")
        for (call, label) in calls(of: record) {
            guard let type = AllPrimitives.byName[Swift.type(of: call.primitive).name],
                let data = try? encoder.encode(call.primitive),
                let json = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
            else {
                Issue.record("\(label): not encoded")
                continue
            }
            for _ in 0..<20 {
                let damaged = changed(json, &random)
                guard let data = try? JSONSerialization.data(withJSONObject: damaged, options: .fragmentsAllowed) else {
                    continue
                }
                _ = try? decoder.decode(type, from: data)
            }
        }
    }

    /// The same value with one part replaced.
    private static func changed(_ json: Any, _ random: inout TestRandom) -> Any {
        if var members = json as? [String: Any], let name = members.keys.sorted().randomElement(using: &random) {
            members[name] = Bool.random(using: &random) ? changed(members[name]!, &random) : nil
            return members
        }
        if var items = json as? [Any] {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return items + items + [0]
            case 1 where !items.isEmpty:
                items.removeLast()
                return items
            default:
                guard let place = items.indices.randomElement(using: &random) else { return [-1] }
                items[place] = changed(items[place], &random)
                return items
            }
        }
        let others: [Any] = [
            Int.max, Int.min, -1, 1 << 40, 1e300, 0.5, "nan", "", NSNull(), [Any](), true,
            [Int](repeating: 1, count: 100),
        ]
        return others.randomElement(using: &random)!
    }

    /// No operand changes but what the effects name, and what draws no random numbers gives the same bits again.
    package static func effectsAreTrue(_ record: PrimitiveRecord) {
        for (call, label) in calls(of: record) where call.kind == .newMemory {
            let before = call.inputs.map { $0.detach().rowMajorClone() }
            do {
                let again = try noGrad { () throws(TensorError) in try perform(call.primitive, call.inputs) }
                for (input, copy) in zip(call.inputs, before) {
                    #expect(haveSameBits(input, copy), "\(label): an operand changed")
                }
                for (first, second) in zip(call.outputs, again) {
                    #expect(haveSameBits(first, second), "\(label): two runs differ")
                }
                if case .random(let key) = call.primitive.effects, call.outputs[0].count > 1 {
                    let others = try (0..<8).map { number throws(TensorError) in
                        var inputs = call.inputs
                        inputs[key] = try RandomKey(seed: 3, call: UInt64(number)).tensor(on: inputs[key].device)
                        return try perform(call.primitive, inputs)[0]
                    }
                    #expect(
                        others.contains { !haveSameBits($0, call.outputs[0]) }, "\(label): the key changes nothing")
                }
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    /// The decomposition gives what the kernel gives.
    package static func decompositionAgrees(_ record: PrimitiveRecord) {
        for (call, label) in calls(of: record, dtype: .float64) where call.kind == .newMemory {
            do {
                guard let results = try call.primitive.decomposed(call.inputs) else { continue }
                #expect(results.count == call.outputs.count, "\(label)")
                for (result, expected) in zip(results, call.outputs) {
                    #expect(result.dtype == expected.dtype, "\(label)")
                    expectClose(result, ReferenceArray(expected), record.tolerance, "\(label), decomposed")
                }
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    private static func haveSameBits(_ a: Tensor, _ b: Tensor) -> Bool {
        a.shape == b.shape && a.dtype == b.dtype
            && a.detach().withUnsafeBytes { first in b.detach().withUnsafeBytes { first.elementsEqual($0) } }
    }

    /// The calls of all samples, with the labels of their failures.
    package static func calls(of record: PrimitiveRecord, dtype: DType? = nil) -> [(RecordedCalls.Call, String)] {
        var all: [(RecordedCalls.Call, String)] = []
        let dtypes = dtype.map { [$0] } ?? [DType.float32, .int64]
        for sample in record.samples {
            guard let dtype = dtypes.first(where: { record.dtypes.contains($0) }) else { continue }
            let (inputs, label) = record.draw(sample, dtype)
            for call in RecordedCalls.of({ _ = sample.run(inputs) }) {
                all.append((call, "\(type(of: call.primitive)) in \(label)"))
            }
        }
        return all
    }
}
