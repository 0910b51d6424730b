import TorchlightCore

/// Arithmetic of two and three operands.
func registerNumbers(in table: inout Translations) {
    /// `logical` is the operator for bool.
    func binary<P: Primitive>(_ type: P.Type, _ op: String, logical: String? = nil) {
        table.one(type) { c, _ in
            let names = [try c.x(0, c.out), try c.x(1, c.out)]
            if c.out == .bool, let logical { return c.builder.node(logical, names) }
            return c.arithmetic(op, names, c.out)
        }
    }
    binary(Add.self, "Add", logical: "Or")
    binary(Sub.self, "Sub")
    binary(Mul.self, "Mul", logical: "And")
    binary(Div.self, "Div")
    binary(Maximum.self, "Max", logical: "Or")
    binary(Minimum.self, "Min", logical: "And")
    binary(Pow.self, "Pow")

    table.one(AddScaled.self) { c, p in
        let op = p.isDifference ? "Sub" : "Add"
        let scaled = c.arithmetic("Mul", [try c.x(1, c.out), try c.x(2, c.out)], c.out)
        return c.arithmetic(op, [try c.x(0, c.out), scaled], c.out)
    }
    table.one(AddCMul.self) { c, p in
        var product = c.arithmetic("Mul", [try c.x(1, c.out), try c.x(2, c.out)], c.out)
        if p.value != 1 { product = c.arithmetic("Mul", [product, c.scalar(p.value)], c.out) }
        return c.arithmetic("Add", [try c.x(0, c.out), product], c.out)
    }
    table.one(AddCDiv.self) { c, p in
        var quotient = c.node("Div", try c.x(1, c.out), try c.x(2, c.out))
        if p.value != 1 { quotient = c.node("Mul", quotient, c.scalar(p.value)) }
        return c.node("Add", try c.x(0, c.out), quotient)
    }
    table.one(Lerp.self) { c, _ in
        let (a, b) = (try c.x(0, c.out), try c.x(1, c.out))
        return c.node("Add", a, c.node("Mul", try c.x(2, c.out), c.node("Sub", b, a)))
    }
    table.one(FloorDivide.self) { c, _ in
        let (a, b) = (try c.x(0, c.out), try c.x(1, c.out))
        if c.out.isFloatingPoint { return c.node("Floor", c.node("Div", a, b)) }
        return c.floorQuotient(a, b).quotient
    }
    table.one(TruncDivide.self) { c, _ in
        let quotient = c.arithmetic("Div", [try c.x(0, c.out), try c.x(1, c.out)], c.out)
        return c.out.isFloatingPoint ? c.truncated(quotient) : quotient
    }
    table.one(Remainder.self) { c, _ in
        let (a, b) = (try c.x(0, c.out), try c.x(1, c.out))
        if c.out.isFloatingPoint {
            return c.node("Sub", a, c.node("Mul", b, c.node("Floor", c.node("Div", a, b))))
        }
        return c.floorQuotient(a, b).remainder
    }
    table.one(Fmod.self) { c, _ in
        let (a, b) = (try c.x(0, c.out), try c.x(1, c.out))
        return c.node("Mod", a, b, attributes: [("fmod", .int(1))])
    }
    func ignoringNaN<P: Primitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, _ in
            let (a, b) = (try c.x(0, c.out), try c.x(1, c.out))
            let extreme = c.arithmetic(op, [a, b], c.out)
            guard c.out.isFloatingPoint else { return extreme }
            return c.node("Where", c.node("IsNaN", a), b, c.node("Where", c.node("IsNaN", b), a, extreme))
        }
    }
    ignoringNaN(Fmax.self, "Max")
    ignoringNaN(Fmin.self, "Min")
    table.one(Clamp.self) { c, p in
        var x = try c.x(0, c.out)
        let isNumber = p.low != .tensor && p.high != .tensor
        if isNumber, c.out.isFloatingPoint || c.out == .int64 || c.out == .int32 {
            return try c.node(
                "Clip", x, p.low == .absent ? "" : c.x(1, c.out), p.high == .absent ? "" : c.x(2, c.out))
        }
        if p.low != .absent { x = c.arithmetic("Max", [x, try c.x(1, c.out)], c.out) }
        if p.high != .absent { x = c.arithmetic("Min", [x, try c.x(2, c.out)], c.out) }
        return x
    }
    table.one(Hypot.self) { c, _ in
        // Scaled by the larger operand, so that squares do not overflow.
        let (a, b) = (c.node("Abs", try c.x(0, c.out)), c.node("Abs", try c.x(1, c.out)))
        let (large, small) = (c.node("Max", a, b), c.node("Min", a, b))
        let isTrivial = c.node("Or", c.node("Equal", large, c.scalar(0)), c.node("IsInf", large))
        let ratio = c.node("Div", small, c.node("Where", isTrivial, c.scalar(1), large))
        let length = c.node("Sqrt", c.node("Add", c.node("Mul", ratio, ratio), c.scalar(1)))
        return c.node("Where", isTrivial, large, c.node("Mul", large, length))
    }
    table.one(Copysign.self) { c, _ in
        let size = c.node("Abs", try c.x(0, c.out))
        return c.node("Where", c.isNegative(try c.x(1, c.out), c.out), c.node("Neg", size), size)
    }
    table.one(Ldexp.self) { c, _ in
        c.node("Mul", try c.x(0, c.out), c.node("Pow", c.scalar(2), try c.x(1, c.out)))
    }
    table.one(Xlogy.self) { c, _ in c.productWithLogarithm(c.node("Log", try c.x(1, c.out)), try c.x(1, c.out)) }
    table.one(Xlog1py.self) { c, _ in
        let b = try c.x(1, c.out)
        return c.productWithLogarithm(c.node("Log", c.node("Add", b, c.scalar(1))), b)
    }
    table.one(LogAddExp.self) { c, _ in
        let (a, b) = (try c.x(0, c.out), try c.x(1, c.out))
        let distance = c.node("Abs", c.node("Sub", a, b))
        let rest = c.node("Log", c.node("Add", c.node("Exp", c.node("Neg", distance)), c.scalar(1)))
        // Equal infinities: their difference would be NaN.
        let larger = c.node("Max", a, b)
        let isEqual = c.node("And", c.node("Equal", a, b), c.node("IsInf", a))
        return c.node("Where", isEqual, larger, c.node("Add", larger, rest))
    }
    table.one(LogAddExp2.self) { c, _ in
        let (a, b, base) = (try c.x(0, c.out), try c.x(1, c.out), c.scalar(2))
        let distance = c.node("Abs", c.node("Sub", a, b))
        let rest = c.node("Log", c.node("Add", c.node("Pow", base, c.node("Neg", distance)), c.scalar(1)))
        let larger = c.node("Max", a, b)
        let isEqual = c.node("And", c.node("Equal", a, b), c.node("IsInf", a))
        return c.node(
            "Where", isEqual, larger, c.node("Add", larger, c.node("Div", rest, c.scalar(0.693147180559945309))))
    }
    table.one(Atan2.self) { c, _ in
        let (y, x) = (try c.x(0, c.out), try c.x(1, c.out))
        let zero = c.scalar(0)
        let isUpright = c.node("Equal", x, zero)
        let slope = c.node("Atan", c.node("Div", y, c.node("Where", isUpright, c.scalar(1), x)))
        let half = c.node("Where", c.isNegative(y, c.out), c.scalar(-.pi), c.scalar(.pi))
        let left = c.node("Where", c.node("Less", x, zero), c.node("Add", slope, half), slope)
        let upright = c.node("Mul", c.node("Sign", y), c.scalar(.pi / 2))
        return c.node("Where", isUpright, upright, left)
    }
    table.one(FillWith.self) { c, p in try c.builder.filled(p.value, c.outShape(), c.out) }
    func shift<P: Primitive>(_ type: P.Type, isLeft: Bool) {
        table.one(type) { c, _ in
            let dtype = DType.int64
            let power = c.cast(c.node("Pow", c.scalar(2, .float64), try c.x(1, .float64)), .float64, dtype)
            let x = try c.x(0, dtype)
            return c.cast(isLeft ? c.node("Mul", x, power) : c.floorQuotient(x, power, dtype).quotient, dtype, c.out)
        }
    }
    shift(ShiftLeft.self, isLeft: true)
    shift(ShiftRight.self, isLeft: false)
}

extension ExportCall {
    /// The quotient of integers rounded down, and the remainder with the sign of the divisor.
    fileprivate func floorQuotient(
        _ a: String, _ b: String, _ given: DType? = nil
    ) -> (quotient: String, remainder: String) {
        let dtype = given ?? out
        let wide = dtype == .int64 ? DType.int64 : .int32
        let (x, y, zero) = (cast(a, dtype, wide), cast(b, dtype, wide), scalar(0, wide))
        let quotient = node("Div", x, y)
        let rest = node("Sub", x, node("Mul", quotient, y))
        let isBelow = node(
            "And", node("Not", node("Equal", rest, zero)),
            node("Xor", node("Less", rest, zero), node("Less", y, zero)))
        return (
            cast(node("Sub", quotient, cast(isBelow, .bool, wide)), wide, dtype),
            cast(node("Where", isBelow, node("Add", rest, y), rest), wide, dtype)
        )
    }

    /// `a * logarithm`; 0 if `a` is 0, unless `b` is NaN.
    fileprivate func productWithLogarithm(_ logarithm: String, _ b: String) -> String {
        guard let a = try? x(0, out) else { return logarithm }
        let isZero = node("And", node("Equal", a, scalar(0)), node("Not", node("IsNaN", b)))
        return node("Where", isZero, scalar(0), node("Mul", a, logarithm))
    }
}
