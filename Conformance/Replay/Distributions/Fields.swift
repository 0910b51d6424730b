import Torchlight
import TorchlightIO

/// The recorded keyword arguments of a distribution or transform, with the place at which gradients of its tensors are recorded.
struct Fields {
    let call: Call
    let members: [JSON.Member]
    let path: String

    private func value(_ name: String) -> JSON? {
        guard let value = members.first(where: { $0.name == name })?.value, !value.isNone else { return nil }
        return value
    }

    private func needed(_ name: String) throws -> JSON {
        guard let value = value(name) else { throw NotSupported("needs \(name)") }
        return value
    }

    /// A tensor or a number; nil where it is left out.
    func optional(_ name: String) throws -> (any DistributionParameter)? {
        guard let value = value(name) else { return nil }
        if let tensor = try call.decode(value, at: "\(path).\(name)") { return tensor }
        if let int = value.int { return int }
        if let number = value.number { return number.scalar.asDouble }
        throw NotSupported("\(name) cannot be \(value.text())")
    }

    /// A tensor or a number.
    func parameter(_ name: String) throws -> any DistributionParameter {
        guard let parameter = try optional(name) else { throw NotSupported("needs \(name)") }
        return parameter
    }

    /// A tensor or a number, or a number where it is left out.
    func parameter(_ name: String, default missing: Double) throws -> any DistributionParameter {
        try optional(name) ?? missing
    }

    /// A tensor; nil where it is left out.
    func tensor(_ name: String) throws -> Tensor? { try optional(name) as? Tensor }

    /// A tensor.
    func neededTensor(_ name: String) throws -> Tensor {
        guard let tensor = try tensor(name) else { throw NotSupported("\(name) is no tensor") }
        return tensor
    }

    func int(_ name: String, default missing: Int? = nil) throws -> Int {
        if let missing, value(name) == nil { return missing }
        guard let int = try needed(name).int else { throw NotSupported("\(name) is no integer") }
        return int
    }

    func ints(_ name: String) throws -> [Int]? { value(name)?.list?.compactMap(\.int) }

    func distribution(_ name: String) throws -> any Distribution {
        try call.distribution(try needed(name), at: "\(path).\(name)")
    }

    func transform(_ name: String) throws -> any DistributionTransform {
        try call.transform(try needed(name), at: "\(path).\(name)")
    }

    func transforms(_ name: String) throws -> [any DistributionTransform] {
        guard let items = try needed(name).list else { throw NotSupported("\(name) is no list") }
        return try items.enumerated().map { try call.transform($1, at: "\(path).\(name).\($0)") }
    }
}

extension Call {
    /// The recorded object at a path, with its keyword arguments.
    private func fields(_ value: JSON, at path: String) -> Fields {
        Fields(call: self, members: value["kwargs"]?.members ?? [], path: path)
    }

    /// A recorded distribution.
    func distribution(_ value: JSON, at path: String) throws -> any Distribution {
        guard let name = value["distribution"]?.string, let make = distributionConstructors[name] else {
            throw NotSupported("no distribution \(value.text())")
        }
        let distribution = try make(fields(value, at: path))
        guard let shape = value["expand"]?.elements?.compactMap(\.int) else { return distribution }
        return distribution.expand(shape)
    }

    /// A recorded transform.
    func transform(_ value: JSON, at path: String) throws -> any DistributionTransform {
        guard let name = value["transform"]?.string, let make = transformConstructors[name] else {
            throw NotSupported("no transform \(value.text())")
        }
        return try make(fields(value, at: path))
    }
}
