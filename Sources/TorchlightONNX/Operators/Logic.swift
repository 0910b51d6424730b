import TorchlightCore

extension OperatorTable {
    fileprivate mutating func comparison(
        _ name: String, since: Int, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) {
        add(name, since: since, 2...2, foldable: true) { call in
            try call.checkSameType(0..<2)
            let (a, b) = (try call.typed(0), try call.tensor(1))
            // uint64 is represented by int64: flipping the highest bit gives the unsigned order.
            if a.type == .uint64 { return one(function(a.tensor ^ Int.min, b ^ Int.min)) }
            return one(function(a.tensor, b))
        }
    }

    fileprivate mutating func logical(_ name: String, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
        add(name, 2...2, foldable: true) { call in
            let (a, b) = (try call.tensor(0), try call.tensor(1))
            guard a.dtype == .bool, b.dtype == .bool else {
                throw Problem("the inputs are \(a.dtype) and \(b.dtype)", expected: "bool")
            }
            return one(function(a, b))
        }
    }
}

func registerLogic(in table: inout OperatorTable) {
    table.comparison("Less", since: 1) { $0 < $1 }
    table.comparison("LessOrEqual", since: 12) { $0 <= $1 }
    table.comparison("Greater", since: 1) { $0 > $1 }
    table.comparison("GreaterOrEqual", since: 12) { $0 >= $1 }
    table.add("Equal", 2...2, foldable: true) { call in
        if case .strings(let a) = try call.value(0) {
            return one(try compare(a, try call.strings(1)))
        }
        try call.checkSameType(0..<2)
        return one(try call.tensor(0) .== (try call.tensor(1)))
    }
    table.logical("And") { $0.logicalAnd($1) }
    table.logical("Or") { $0.logicalOr($1) }
    table.logical("Xor") { $0.logicalXor($1) }
    table.add("Not", 1...1, foldable: true) { one(try $0.tensor(0).logicalNot()) }
    table.add("Where", since: 9, 3...3, foldable: true) { call in
        let condition = try call.tensor(0)
        guard condition.dtype == .bool else { throw Problem("the condition is \(condition.dtype)", expected: "bool") }
        if case .strings(let a) = try call.value(1) {
            let (first, second) = (a.elements.count, try call.strings(2))
            let both = StringTensor(a.elements + second.elements, shape: [first + second.elements.count])
            let indices = Tensor.where(
                condition, Tensor.arange(0, first, dtype: .int64).reshape(a.shape),
                (Tensor.arange(0, second.elements.count, dtype: .int64) + first).reshape(second.shape))
            return [.strings(both.moved { $0.indexSelect(0, indices.flatten()).reshape(indices.shape) })]
        }
        try call.checkSameType(1..<3)
        return try call.like(1, Tensor.where(condition, try call.tensor(1), try call.tensor(2)))
    }
}

private func compare(_ a: StringTensor, _ b: StringTensor) throws -> Tensor {
    // Strings of equal bytes get equal numbers.
    var numbers: [[UInt8]: Int] = [:]
    func tensor(_ strings: StringTensor) -> Tensor {
        let codes = strings.elements.map { text -> Int in
            let bytes = Array(text.utf8)
            if let known = numbers[bytes] { return known }
            numbers[bytes] = numbers.count
            return numbers.count - 1
        }
        return Tensor(codes, shape: strings.shape)
    }
    return tensor(a) .== tensor(b)
}
