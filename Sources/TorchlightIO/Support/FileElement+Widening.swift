import TorchlightCore

// Conversion of element types that have no dtype.

extension FileElement {
    /// Converts elements to `readAs`, from front to back, so that the input may be at the end of the output's memory.
    ///
    /// - Returns: the first uint64 that int64 cannot represent; nil if there is none.
    func widen(
        _ raw: UnsafeRawBufferPointer, count: Int, into target: UnsafeMutableRawPointer
    ) -> (index: Int, value: UInt64)? {
        func each<Stored, Value>(_ convert: (Stored) -> Value) {
            let (from, to) = (MemoryLayout<Stored>.size, MemoryLayout<Value>.size)
            for i in 0..<count {
                let value = convert(raw.loadUnaligned(fromByteOffset: from * i, as: Stored.self))
                target.storeBytes(of: value, toByteOffset: to * i, as: Value.self)
            }
        }
        func float16(_ value: (UInt8) -> Float) {
            let table = (0...UInt8.max).map { Float16(value($0)) }
            each { (byte: UInt8) in table[Int(byte)] }
        }
        switch name {
        case "uint16": each { (value: UInt16) in Int32(value) }
        case "uint32": each { (value: UInt32) in Int64(value) }
        case "uint64":
            // A uint64 below 2^63 has the same bits as an int64.
            for i in 0..<count {
                let value = raw.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
                if value > UInt64(Int64.max) { return (i, value) }
                target.storeBytes(of: Int64(value), toByteOffset: 8 * i, as: Int64.self)
            }
        // The upper half of a float16, with the bits of NaN unchanged.
        case "float8_e5m2": each { (byte: UInt8) in UInt16(byte) << 8 }
        case "float8_e4m3fn":
            float16 { $0 & 0x7F == 0x7F ? .nan : Self.float($0, fractionBits: 3, bias: 7) }
        case "float8_e4m3fnuz": float16 { $0 == 0x80 ? .nan : Self.float($0, fractionBits: 3, bias: 8) }
        case "float8_e5m2fnuz": float16 { $0 == 0x80 ? .nan : Self.float($0, fractionBits: 2, bias: 16) }
        case "float8_e8m0fnu":
            each { (byte: UInt8) in
                byte == 0xFF ? Float.nan : Float(sign: .plus, exponent: Int(byte) - 127, significand: 1)
            }
        default: preconditionFailure("\(name) is not widened")
        }
        return nil
    }

    /// The value of a finite 8-bit float: sign, biased exponent and fraction (Micikevicius et al., 2022, "FP8 Formats
    /// for Deep Learning"; for the formats with one zero and one NaN: Noune et al., 2022, "8-bit Numerical Formats for
    /// Deep Neural Networks").
    private static func float(_ bits: UInt8, fractionBits: Int, bias: Int) -> Float {
        let exponent = Int(bits & 0x7F) >> fractionBits
        let fraction = Float(bits & (1 << UInt8(fractionBits) - 1)) / Float(1 << fractionBits)
        let magnitude =
            exponent == 0
            ? Float(sign: .plus, exponent: 1 - bias, significand: 1) * fraction
            : Float(sign: .plus, exponent: exponent - bias, significand: 1 + fraction)
        return bits & 0x80 == 0 ? magnitude : -magnitude
    }
}
