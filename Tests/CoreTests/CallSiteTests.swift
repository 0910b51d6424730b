import Testing

@testable import TorchlightCore

/// The place that errors and warnings name is a line of the program, however the operation was called there: not a macro's
/// expansion, and not code that the compiler generated.
@Suite("Places of calls in messages", .serialized)
struct CallSiteTests {
    private static func quotient<T: BinaryFloatingPoint>(_ zero: Tensor, _ other: T) -> Tensor {
        zero / zero * Double(other)
    }

    private struct Holder<Value> {
        let value: Value
        private(set) lazy var made: Tensor = Holder<Value>.make(value)
        static func make(_ value: Value) -> Tensor { (value as! Tensor) / (value as! Tensor) }
    }

    @propertyWrapper private struct Divided {
        var wrappedValue: Tensor
        init(wrappedValue: Tensor) { self.wrappedValue = wrappedValue / wrappedValue }
    }

    private static func evaluated(_ value: @autoclosure () -> Tensor) -> Tensor { value() }
    private static func defaulted(_ zero: Tensor, _ make: (Tensor) -> Tensor = { $0 / $0 }) -> Tensor { make(zero) }

    private static let callers: [(name: String, call: @Sendable (Tensor) throws -> Tensor)] = [
        ("a generic function", { quotient($0, Float(1)) }),
        (
            "a generic function over a collection",
            { zero in [zero, zero].reduce(zero) { $0 / $1 } }
        ),
        (
            "a lazy property of a generic type",
            { zero in
                var holder = Holder(value: zero)
                return holder.made
            }
        ),
        ("a key path", { [$0].map(\.divided)[0] }),
        (
            "a property wrapper",
            { zero in
                @Divided var result = zero
                return result
            }
        ),
        ("an autoclosure", { zero in evaluated(zero / zero) }),
        ("a default argument", { defaulted($0) }),
        (
            "a macro",
            { zero in
                #expect((zero / zero).shape == [1])
                return try #require(Optional(zero / zero))
            }
        ),
        (
            "a subscript that is changed in place",
            { zero in
                var copy = zero.clone()
                copy[zero .== 0] /= zero
                return copy
            }
        ),
    ]

    @Test("Anomaly detection names the line", arguments: 0..<callers.count)
    func anomalies(number: Int) throws {
        let (name, call) = Self.callers[number]
        let zero = Tensor([0.0])
        var text = ""
        do { _ = try checked { try detectAnomalies { try call(zero) } } } catch { text = "\(error)" }
        #expect(text.contains("called at CallSiteTests.swift:"), "\(name): \(text)")
        #expect(!text.contains("<") && !text.contains("swiftmacro"), "\(name): \(text)")
    }

    @Test("So does the warning about graphs that are kept")
    func keptGraphs() {
        RetainedGraphDetector.reset()
        defer { RetainedGraphDetector.reset() }
        func step<T: BinaryFloatingPoint>(_ x: Tensor, _ factor: T) -> Tensor {
            [x].map { $0 * Double(factor) }[0].sum()
        }
        let x = Tensor([1.0], requiresGrad: true)
        var kept: [Tensor] = []
        for _ in 0..<40 where RetainedGraphDetector.lastWarning == nil {
            let loss = step(x, Float(2))
            kept.append(loss * 1)
            loss.backward()
        }
        let warning = RetainedGraphDetector.lastWarning ?? ""
        #expect(warning.contains("CallSiteTests.swift:"), "\(warning)")
        #expect(!warning.contains("<") && !warning.contains("swiftmacro"), "\(warning)")
        #expect(!kept.isEmpty)
    }
}

extension Tensor {
    fileprivate var divided: Tensor { self / self }
}
