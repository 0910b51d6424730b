import TorchlightCore

/// Creation of tensors. Tensors of fixed sizes are computed during the export.
func registerCreation(in table: inout Translations) {
    table.one(Full.self, hasSizes: true) { c, p in
        let values = c.primitives.map { ($0 as! Full).value }
        if values.allSatisfy({ $0 == p.value }) { return try c.builder.filled(p.value, c.outShape(), c.out) }
        let number = try c.number(values, "the value of full")
        return c.node("Expand", c.cast(number, .int64, c.out), try c.builder.sizes(c.outShape()))
    }
    table.one(Arange.self, hasSizes: true) { c, p in
        let starts = c.primitives.map { ($0 as! Arange).start }
        let steps = c.primitives.map { ($0 as! Arange).step }
        let range = c.node("Range", c.builder.int(0), try c.number(c.size(p) { $0.count }), c.builder.int(1))
        // The range is computed in the dtype of start and step, and then converted.
        let isWhole = (starts + steps).allSatisfy { if case .double = $0 { false } else { true } }
        let dtype: DType = isWhole ? .int64 : .float64
        func number(_ values: [Scalar]) throws -> String {
            if values.allSatisfy({ $0 == values[0] }) {
                return isWhole ? c.builder.int(values[0].asInt) : c.scalar(values[0].asDouble, dtype)
            }
            return c.cast(try c.number(values, "the start of arange"), .int64, dtype)
        }
        let scaled = c.node("Mul", c.cast(range, .int64, dtype), try number(steps))
        return c.cast(c.node("Add", scaled, try number(starts)), dtype, c.out)
    }
    table.one(ToDevice.self) { c, _ in c.node("Identity", try c.x(0)) }
}

extension ExportCall {
    /// A tensor `[]` of an attribute that depends on the dynamic sizes.
    fileprivate func number(_ values: [Scalar], _ what: String) throws -> String {
        let whole = values.map(\.asDouble).filter { $0.rounded() == $0 && $0.magnitude < 0x1p52 }
        guard whole.count == values.count else {
            throw Problem("\(what) depends on the dynamic sizes", kind: .unsupported)
        }
        return try number(Size(whole.map { Int($0) }))
    }
}
