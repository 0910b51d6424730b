import Testing
import TorchlightCore
import TorchlightIO

/// PyTorch's recorded answers, from Conformance/Data.
package enum Conformance {
    /// The cases of a family that pass the filter.
    package static func cases(_ family: String, where isWanted: (JSON) -> Bool = { _ in true }) -> [Case] {
        let archive = SourceTree.root.appending(path: "Conformance/Data/\(family).zip").path
        do {
            let contents = try ZipArchive.contents(of: archive)
            func bytes(_ ending: String) -> [UInt8]? { contents.first { $0.name == family + ending }?.bytes }
            let cases = try JSON.parse(bytes(".json") ?? [], file: family).elements ?? []
            let tensors = try bytes(".safetensors").map { try Safetensors.load($0, path: archive) } ?? [:]
            return cases.filter(isWanted).map { Case(entry: $0, tensors: tensors) }
        } catch {
            preconditionFailure("the recorded answers cannot be read: \(error)")
        }
    }

    /// One recorded case.
    package struct Case: Sendable, CustomTestStringConvertible {
        package let entry: JSON
        let tensors: [String: Tensor]

        package var id: String { entry["id"]?.string ?? "" }
        package var testDescription: String { id }
        package subscript(name: String) -> JSON? { entry[name] }

        /// The tensor that a value stands for, as a fresh copy.
        package func tensor(_ value: JSON?) -> Tensor? {
            guard let key = value?["tensor"]?.string, let tensor = tensors[key] else { return nil }
            var copy = tensor.clone()
            if let view = value?["strided"] {
                func numbers(_ key: String) -> [Int] { view[key]?.elements?.compactMap(\.int) ?? [] }
                copy = copy.asStrided(numbers("shape"), stride: numbers("stride"), offset: view["offset"]?.int ?? 0)
                    .detach()
            }
            return value?["requires_grad"]?.bool == true ? copy.requiresGrad_() : copy
        }

        /// A number by name, whole or not.
        package func number(_ value: JSON?) -> Double? {
            if let boxed = value?["float"] {
                switch boxed.string {
                case "inf": return .infinity
                case "-inf": return -.infinity
                case "nan": return .nan
                default: return boxed.double
                }
            }
            return value?.double
        }

        /// Expects a result to be the recorded one within the recorded tolerance.
        package func expect(
            _ got: Tensor?, equals expected: JSON?, _ label: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            guard let expected = tensor(expected) else { return }
            guard let got else {
                Issue.record("\(id): \(label) is missing", sourceLocation: sourceLocation)
                return
            }
            guard got.shape == expected.shape, got.dtype == expected.dtype else {
                Issue.record(
                    "\(id): \(label) is \(got.dtype) \(got.shape), expected \(expected.dtype) \(expected.shape)",
                    sourceLocation: sourceLocation)
                return
            }
            let (rtol, atol) = (entry["rtol"]?.double ?? 0, entry["atol"]?.double ?? 0)
            let (a, b) = (got.detach().toArray(Double.self), expected.detach().toArray(Double.self))
            for i in a.indices
            where !(a[i] == b[i] || (a[i].isNaN && b[i].isNaN) || abs(a[i] - b[i]) <= atol + rtol * abs(b[i])) {
                Issue.record(
                    "\(id): \(label): element \(i) is \(a[i]), expected \(b[i])", sourceLocation: sourceLocation)
                return
            }
        }
    }
}
