import TestSupport
import Testing
@testable import TorchlightCore

/// Numbers that a dtype does not hold are errors wherever a caller gives one, and never become other numbers.
@Suite struct NumberRangeTests {
    /// Numbers at the ends of each dtype: the last ones that it holds and the first ones that it does not.
    static let ends: [(dtype: DType, held: [Double], refused: [Double])] = [
        (.int8, [-128, 127, 2.7, -2.7], [-129, 128, 127.5, 300, .nan, .infinity, -.infinity]),
        (.uint8, [0, 255, 0.5], [-0.5, 256, 300, 1e30, .nan, .infinity]),
        (.int16, [-32768, 32767], [-32769, 32768, .nan, 1e39]),
        (.int32, [-2_147_483_648, 2_147_483_647], [-2_147_483_649, 2_147_483_648, .nan, -.infinity]),
        (.int64, [-0x1p63, 0x1p62], [0x1p63, -0x1.0000000000001p63, 1e30, .nan, .infinity]),
        (.float16, [65504, 65519, -65519, .infinity, -.infinity, .nan, 1e-30], [65520, 1e6, -1e39]),
        (.bfloat16, [0x1.FEp127, 3.3e38, .infinity, .nan], [0x1.FFp127, 3.4e38, 1e39]),
        (.float32, [3.4028235e38, .infinity, .nan, 1e-60], [0x1.FFFFFFp127, 1e39, -1e39, 1e308]),
        (.float64, [1e308, .infinity, .nan], []),
        (.bool, [0, 1, 0.5, 300, .nan, .infinity, -1], []),
    ]

    /// Every place where a number of the caller meets a dtype that stays.
    static let places: [(name: String, call: @Sendable (DType, Double) -> Tensor)] = [
        ("Tensor", { Tensor([$1, 0], dtype: $0) }),
        ("newTensor", { Tensor.zeros([1], dtype: $0).newTensor($1) }),
        ("full", { Tensor.full([2], $1, dtype: $0) }),
        ("full(like:)", { Tensor.full(like: .zeros([2], dtype: $0), $1) }),
        ("newFull", { Tensor.zeros([1], dtype: $0).newFull([2], $1) }),
        ("scalarTensor", { Tensor.scalarTensor($1, dtype: $0) }),
        ("fill", { Tensor.zeros([2], dtype: $0).fill($1) }),
        ("fill_", { Tensor.zeros([2], dtype: $0).fill_($1) }),
        ("fillDiagonal_", { Tensor.zeros([2, 2], dtype: $0).fillDiagonal_($1) }),
        (
            "subscript",
            {
                let x = Tensor.zeros([2], dtype: $0); x[0] = TensorNumber($1); return x
            }
        ),
        (
            "subscript with a mask",
            {
                let x = Tensor.zeros([2], dtype: $0); x[Tensor([true, false])] = TensorNumber($1); return x
            }
        ),
        (
            "subscript with positions",
            {
                let x = Tensor.zeros([2], dtype: $0); x[[1]] = TensorNumber($1); return x
            }
        ),
        ("maskedFill", { Tensor.zeros([2], dtype: $0).maskedFill(Tensor([true, false]), $1) }),
        ("maskedFill_", { Tensor.zeros([2], dtype: $0).maskedFill_(Tensor([true, false]), $1) }),
        ("pad", { Tensor.zeros([2], dtype: $0).pad([1, 0], value: $1) }),
        ("scatter", { Tensor.zeros([2], dtype: $0).scatter(0, Tensor([1]), $1) }),
        ("scatter_", { Tensor.zeros([2], dtype: $0).scatter_(0, Tensor([1]), $1) }),
        ("indexFill", { Tensor.zeros([2], dtype: $0).indexFill(0, Tensor([1]), $1) }),
        ("indexFill_", { Tensor.zeros([2], dtype: $0).indexFill_(0, Tensor([1]), $1) }),
    ]

    @Test func everyPlaceHoldsTheSameRule() throws {
        for place in Self.places {
            for end in Self.ends {
                for number in end.held {
                    let expected = Tensor([number], dtype: .float64).to(end.dtype).item()
                    let got = try checked {
                        place.call(end.dtype, number).to(.float64).reshape(-1).toArray(Double.self)
                    }
                    #expect(
                        got.contains { $0 == expected || ($0.isNaN && expected.isNaN) },
                        "\(place.name): \(number) in \(end.dtype) gives \(got), expected \(expected)")
                }
                for number in end.refused {
                    let error = #expect(throws: TensorError.self, "\(place.name): \(number) in \(end.dtype)") {
                        try checked { _ = place.call(end.dtype, number) }
                    }
                    #expect(error?.kind == .value && error!.description.contains("\(end.dtype)"), "\(error!)")
                }
            }
        }
    }

    /// Operations whose numbers meet the dtype of a result, or are worked out from what was given.
    @Test func numbersOfResults() throws {
        let bytes = Tensor([UInt8(1), 2]), halves = Tensor([1.0, 2], dtype: .float16)
        let mask = Tensor([true, false])
        let square = Tensor([[UInt8(1), 2], [3, 4]])
        let refused: [(String, () -> Tensor)] = [
            ("where, second", { Tensor.where(mask, bytes, 300) }), ("where, first", { Tensor.where(mask, 300, bytes) }),
            ("where, method", { halves.where(mask, 1e6) }),
            ("clamp min", { bytes.clamp(min: 300) }), ("clamp max", { bytes.clamp(max: 300) }),
            ("clamp_", { bytes.clone().clamp_(min: 0, max: 256) }), ("clampMin", { halves.clampMin(1e6) }),
            ("hardtanh", { Tensor([Int8(1)]).hardtanh(min: -1000, max: 1000) }),
            ("nanToNum", { halves.nanToNum(nan: 1e6) }), ("threshold", { bytes.threshold(1, value: 300) }),
            ("arange end", { Tensor.arange(0, 300, dtype: .uint8) }),
            ("arange start", { Tensor.arange(-129, 0, dtype: .int8) }),
            ("arange float", { Tensor.arange(0.0, 1e5, step: 1e4, dtype: .float16) }),
            ("linspace", { Tensor.linspace(0, 300, steps: 3, dtype: .int8) }),
            ("logspace", { Tensor.logspace(0, 3, steps: 3, dtype: .int8) }),
            ("randint", { Tensor.randint(0, 100_000, [2], dtype: .float16) }),
            ("addcmul", { bytes.addcmul(bytes, bytes, value: 300) }),
            ("addcmul_", { bytes.clone().addcmul_(bytes, bytes, value: 300) }),
            ("addcdiv", { halves.addcdiv(halves, halves, value: 1e6) }),
            ("add alpha", { bytes.add(bytes, alpha: 300) }), ("sub_ alpha", { bytes.clone().sub_(bytes, alpha: 300) }),
            ("indexAdd", { bytes.indexAdd(0, Tensor([0]), bytes[..<1], alpha: 300) }),
            ("indexAdd_", { bytes.clone().indexAdd_(0, Tensor([0]), bytes[..<1], alpha: 300) }),
            ("addmm alpha", { square.addmm(square, square, alpha: 300) }),
            ("addmm beta", { square.addmm(square, square, beta: 300) }),
            ("addmv", { bytes.addmv(square, bytes, alpha: 300) }), ("addr", { square.addr(bytes, bytes, alpha: 300) }),
            ("baddbmm", { square[.newAxis].baddbmm(square[.newAxis], square[.newAxis], alpha: 300) }),
            ("addbmm", { square.addbmm(square[.newAxis], square[.newAxis], beta: 300) }),
        ]
        for (name, call) in refused {
            let error = #expect(throws: TensorError.self, "\(name)") { try checked { _ = call() } }
            #expect(error?.kind == .value, "\(name): \(error!)")
        }
        try checked {
            expectClose(bytes.clamp(min: -1, max: 255), [1, 2], .exact)
            expectClose(Tensor.arange(0, 256, step: 51, dtype: .uint8), [0, 51, 102, 153, 204, 255], .exact)
            expectClose(Tensor.arange(0.0, 2.5, dtype: .int8), [0, 1, 2], .exact)
            expectClose(Tensor.where(mask, halves, -Double.infinity), [1, -.infinity], .exact)
            // Negative integers wrap around in uint8, as in PyTorch.
            expectClose(Tensor.full([1], -1, dtype: .uint8), [255], .exact)
            expectClose(Tensor([-255, 3], dtype: .uint8), [1, 3], .exact)
            // Conversions of tensors and the operators do so everywhere.
            expectClose(Tensor([300]).to(.int8), [44], .exact)
            expectClose(Tensor([UInt8(200)]) + 100, [44], .exact)
        }
    }

    @Test func aNumberInAVariableKeepsItsPrecision() throws {
        let rate = 0.1
        let x = Tensor.zeros([2], dtype: .float64)
        x[0] = TensorNumber(rate)
        #expect(x[0].item() == 0.1)
    }

    @Test func theFirstWrongElementIsNamed() {
        let error = expectRefusal(by: "Tensor", .value) { Tensor([[1, 2], [3, 400]], dtype: .int8) }
        #expect(error?.description.contains("400 at position 3") == true, "\(error!)")
        // Blocks of a thousand are tested at once.
        var many = [Double](repeating: 1, count: 5000)
        many[4321] = 1e39
        let late = expectRefusal(by: "Tensor", .value) { Tensor(many) }
        #expect(late?.description.contains("1e+39 at position 4321") == true, "\(late!)")
    }

    @Test func swiftTypesThatDoNotHoldAnElement() throws {
        let refused: [(String, () -> Any)] = [
            ("NaN as Int", { Tensor([Double.nan]).item(Int.self) }),
            ("infinity as Int", { Tensor([Double.infinity]).item(Int.self) }),
            ("1e30 as Int", { Tensor([1e30]).item(Int.self) }),
            ("300 as Int8", { Tensor([300]).item(Int8.self) }),
            ("-1 as UInt8", { Tensor([1, -1]).toArray(UInt8.self) }),
            ("1e39 as Float", { Tensor([1e39], dtype: .float64).toArray(Float.self) }),
            ("65520 as Float16", { Tensor([1, 65520]).toArray(Float16.self) }),
            ("a column", { Tensor([[1, 300], [2, 400]]).transpose(0, 1).toArray(Int8.self) }),
            ("half as Int8", { Tensor([1000.0], dtype: .float16).toArray(Int8.self) }),
        ]
        for (name, call) in refused {
            let error = #expect(throws: TensorError.self, "\(name)") { try checked { _ = call() } }
            #expect(error?.kind == .value, "\(name): \(error!)")
        }
        try checked {
            #expect(Tensor([2.7, -2.7]).toArray(Int.self) == [2, -2])
            #expect(Tensor([Double.infinity]).toArray(Float.self) == [.infinity])
            #expect(Tensor([3, 0]).toArray(Bool.self) == [true, false])
        }
    }

    /// A negative number beside uint8 is the one 256 above it, in divisors and upper bounds too; a lower bound below 0 bounds
    /// nothing.
    @Test func negativeNumbersBesideUnsignedOnes() {
        let u = Tensor([UInt8(5), 200])
        let single = Tensor(-2)
        let calls: [(String, [Int], () -> Tensor)] = [
            ("remainder", [5, 200], { u.remainder(-2) }), ("remainder_", [5, 200], { u.clone().remainder_(-2) }),
            ("remainder of a tensor", [5, 200], { u.remainder(single) }), ("%", [5, 200], { u % -2 }),
            ("%, from the left", [4, 54], { -2 % u }),
            ("fmod", [5, 200], { u.fmod(-2) }), ("fmod_", [5, 200], { u.clone().fmod_(single) }),
            ("floorDivide", [0, 0], { u.floorDivide(-2) }), ("floorDivide_", [0, 0], { u.clone().floorDivide_(-2) }),
            ("div", [0, 0], { u.div(-2, rounding: .trunc) }), ("minimum", [5, 200], { u.minimum(single) }),
            ("fmin", [5, 200], { u.fmin(single) }), ("clampMax", [5, 200], { u.clampMax(-1) }),
            ("clampMax_", [5, 200], { u.clone().clampMax_(-1) }), ("clamp", [5, 200], { u.clamp(min: -3, max: -1) }),
            ("clamp_", [5, 100], { u.clone().clamp_(min: -1, max: 100) }), ("clampMin", [5, 200], { u.clampMin(-1) }),
            ("maximum", [5, 200], { u.maximum(single) }), ("clamp(max:)", [5, 200], { u.clamp(max: single) }),
            ("add", [3, 198], { u + -2 }), ("mul", [246, 112], { u * -2 }), ("rsub", [249, 54], { -2 - u }),
            ("fill_", [254, 254], { u.clone().fill_(-2) }),
        ]
        for (name, expected, call) in calls {
            let result = call()
            #expect(result.dtype == .uint8 && result.toArray(Int.self) == expected, "\(name): \(result)")
        }
        // With a dimension of its own the signed operand counts, and int16 holds all.
        #expect(u.remainder(Tensor([Int8(-2), -2])).toArray(Int.self) == [-1, 0])
    }
}
