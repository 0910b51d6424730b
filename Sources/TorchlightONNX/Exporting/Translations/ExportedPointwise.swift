import TorchlightCore

/// Element-wise functions of one operand with an operator in the standard.
func registerPointwise(in table: inout Translations) {
    func unary<P: Primitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, _ in c.node(op, try c.x(0, c.out)) }
    }
    unary(Acos.self, "Acos")
    unary(Acosh.self, "Acosh")
    unary(Asin.self, "Asin")
    unary(Asinh.self, "Asinh")
    unary(Atan.self, "Atan")
    unary(Atanh.self, "Atanh")
    unary(Cos.self, "Cos")
    unary(Cosh.self, "Cosh")
    unary(Erf.self, "Erf")
    unary(Exp.self, "Exp")
    unary(Log.self, "Log")
    unary(Sin.self, "Sin")
    unary(Sinh.self, "Sinh")
    unary(Sqrt.self, "Sqrt")
    unary(Tan.self, "Tan")
    unary(TanhForward.self, "Tanh")
    unary(SigmoidForward.self, "Sigmoid")
    unary(Reciprocal.self, "Reciprocal")

    /// Functions that also accept integers.
    func number<P: Primitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, _ in c.arithmetic(op, [try c.x(0, c.out)], c.out) }
    }
    number(Abs.self, "Abs")
    number(Neg.self, "Neg")
    number(Sign.self, "Sign")
    number(Sgn.self, "Sign")

    /// Roundings, which return integers unchanged.
    func rounding<P: Primitive>(_ type: P.Type, _ body: @escaping @Sendable (ExportCall, String) -> String) {
        table.one(type) { c, _ in
            let x = try c.x(0, c.out)
            return c.out.isFloatingPoint ? body(c, x) : c.node("Identity", x)
        }
    }
    rounding(Floor.self) { $0.node("Floor", $1) }
    rounding(Ceil.self) { $0.node("Ceil", $1) }
    rounding(Round.self) { $0.node("Round", $1) }
    rounding(Trunc.self) { $0.truncated($1) }
    table.one(Frac.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.node("Sub", x, c.truncated(x))
    }
    table.one(RoundDecimals.self) { c, p in
        // Negative powers of 10 are not exact in binary, so that their inverse is used as divisor.
        let factor = c.scalar((0..<abs(p.decimals)).reduce(1.0) { power, _ in power * 10 })
        let (up, down) = p.decimals < 0 ? ("Div", "Mul") : ("Mul", "Div")
        return c.node(down, c.node("Round", c.node(up, try c.x(0, c.out), factor)), factor)
    }

    table.one(Square.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.arithmetic("Mul", [x, x], c.out)
    }
    table.one(Rsqrt.self) { c, _ in c.node("Reciprocal", c.node("Sqrt", try c.x(0, c.out))) }
    table.one(Exp2.self) { c, _ in c.node("Pow", c.scalar(2), try c.x(0, c.out)) }
    table.one(Expm1.self) { c, _ in c.node("Sub", c.node("Exp", try c.x(0, c.out)), c.scalar(1)) }
    table.one(Log1p.self) { c, _ in c.node("Log", c.node("Add", try c.x(0, c.out), c.scalar(1))) }
    table.one(Log2.self) { c, _ in c.node("Div", c.node("Log", try c.x(0, c.out)), c.scalar(0.693147180559945309)) }
    table.one(Log10.self) { c, _ in c.node("Div", c.node("Log", try c.x(0, c.out)), c.scalar(2.302585092994045684)) }
    table.one(Erfc.self) { c, _ in c.node("Sub", c.scalar(1), c.node("Erf", try c.x(0, c.out))) }
    table.one(Ndtr.self) { c, _ in c.normalDistribution(try c.x(0, c.out)) }
    table.one(Logit.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.node("Log", c.node("Div", x, c.node("Sub", c.scalar(1), x)))
    }
    table.one(Entr.self) { c, _ in
        let x = try c.x(0, c.out)
        let (zero, product) = (c.scalar(0), c.node("Neg", c.node("Mul", x, c.node("Log", x))))
        let positive = c.node("Where", c.node("Equal", x, zero), zero, product)
        return c.node("Where", c.node("Less", x, zero), c.scalar(-.infinity), positive)
    }
    table.one(Sinc.self) { c, _ in
        let x = try c.x(0, c.out)
        let isZero = c.node("Equal", x, c.scalar(0))
        let angle = c.node("Mul", c.node("Where", isZero, c.scalar(1), x), c.scalar(.pi))
        return c.node("Where", isZero, c.scalar(1), c.node("Div", c.node("Sin", angle), angle))
    }
    table.one(Angle.self) { c, _ in
        let x = try c.x(0, c.out)
        let angle = c.node("Where", c.node("Less", x, c.scalar(0)), c.scalar(.pi), c.scalar(0))
        return c.node("Where", c.node("IsNaN", x), x, angle)
    }
    table.one(Conj.self) { c, _ in c.node("Identity", try c.x(0)) }
    table.one(Cast.self) { c, p in
        try c.dtype(0) == p.dtype ? c.node("Identity", c.x(0)) : c.x(0, p.dtype)
    }
}

extension ExportCall {
    /// The number rounded towards zero.
    func truncated(_ x: String) -> String { node("Mul", node("Sign", x), node("Floor", node("Abs", x))) }

    /// `(1 + erf(x / sqrt(2))) / 2`
    func normalDistribution(_ x: String) -> String {
        let erf = node("Erf", node("Mul", x, scalar(0.5.squareRoot())))
        return node("Mul", node("Add", erf, scalar(1)), scalar(0.5))
    }
}

/// Predicates, comparisons and logic.
func registerComparisons(in table: inout Translations) {
    func comparison<P: Primitive>(_ type: P.Type, _ op: String, isInverted: Bool = false) {
        table.one(type) { c, _ in
            var dtype = c.common(0, 1)
            // The standard does not order bool, and not every implementation supports small integers.
            switch dtype {
            case .bool: if op != "Equal" { dtype = .int32 }
            case .uint8, .int8, .int16: dtype = .int32
            default: break
            }
            let result = c.node(op, try c.x(0, dtype), try c.x(1, dtype))
            return isInverted ? c.node("Not", result) : result
        }
    }
    comparison(Eq.self, "Equal")
    comparison(Ne.self, "Equal", isInverted: true)
    comparison(Lt.self, "Less")
    comparison(Le.self, "LessOrEqual")
    comparison(Gt.self, "Greater")
    comparison(Ge.self, "GreaterOrEqual")

    func logic<P: Primitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, _ in c.node(op, try c.x(0, .bool), try c.x(1, .bool)) }
    }
    logic(LogicalAnd.self, "And")
    logic(LogicalOr.self, "Or")
    logic(LogicalXor.self, "Xor")
    table.one(LogicalNot.self) { c, _ in c.node("Not", try c.x(0, .bool)) }

    func bits<P: Primitive>(_ type: P.Type, _ logical: String, _ op: String) {
        table.one(type) { c, _ in
            if c.out == .bool { return c.node(logical, try c.x(0), try c.x(1)) }
            guard c.opset >= 18 else { throw Problem("integers need opset 18", kind: .unsupported) }
            return c.node(op, try c.x(0, c.out), try c.x(1, c.out))
        }
    }
    bits(BitwiseAnd.self, "And", "BitwiseAnd")
    bits(BitwiseOr.self, "Or", "BitwiseOr")
    bits(BitwiseXor.self, "Xor", "BitwiseXor")
    table.one(BitwiseNot.self) { c, _ in
        if c.out == .bool { return c.node("Not", try c.x(0)) }
        // The complement of all bits is -1 - x, or 255 - x for uint8.
        return c.arithmetic("Sub", [c.scalar(c.out == .uint8 ? 255 : -1), try c.x(0)], c.out)
    }

    func predicate<P: Primitive>(
        _ type: P.Type, ofInteger: Bool, _ body: @escaping @Sendable (ExportCall, String) throws -> String
    ) {
        table.one(type) { c, _ in
            if c.dtype(0).isFloatingPoint { return try body(c, try c.x(0)) }
            return try c.builder.filled(.bool(ofInteger), c.outShape(), .bool)
        }
    }
    predicate(IsNaN.self, ofInteger: false) { c, x in c.node("IsNaN", x) }
    predicate(IsInf.self, ofInteger: false) { c, x in c.isInfinite(x) }
    predicate(IsFinite.self, ofInteger: true) { c, x in
        c.node("Not", c.node("Or", c.node("IsNaN", x), c.isInfinite(x)))
    }
    table.one(SignBit.self) { c, _ in c.isNegative(try c.x(0), c.dtype(0)) }
    table.one(Where.self) { c, _ in
        let (condition, a, b) = (try c.x(0), try c.x(1, c.out), try c.x(2, c.out))
        switch c.out {
        case .bool: return c.node("Or", c.node("And", condition, a), c.node("And", c.node("Not", condition), b))
        case .int8, .int16:
            let chosen = c.node("Where", condition, c.cast(a, c.out, .int32), c.cast(b, c.out, .int32))
            return c.cast(chosen, .int32, c.out)
        default: return c.node("Where", condition, a, b)
        }
    }
}

extension ExportCall {
    /// `IsInf` does not support half-precision types before version 20.
    fileprivate func isInfinite(_ x: String) -> String {
        let dtype = self.dtype(0)
        let isHalf = dtype == .float16 || dtype == .bfloat16
        return node("IsInf", isHalf ? cast(x, dtype, .float32) : x)
    }

    /// Whether the sign bit is set: for numbers below 0, and for -0, whose reciprocal is below 0.
    func isNegative(_ x: String, _ dtype: DType) -> String {
        guard dtype.isFloatingPoint else {
            return node("Less", cast(x, dtype, .int64), scalar(0, .int64))
        }
        let zero = scalar(0, dtype)
        let isNegativeZero = node("And", node("Equal", x, zero), node("Less", node("Reciprocal", x), zero))
        return node("Or", node("Less", x, zero), isNegativeZero)
    }
}
