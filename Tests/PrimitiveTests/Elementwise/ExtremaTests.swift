import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let extrema: [PrimitiveRecord] = [
        .binary(Maximum.self, tolerance: .exact, run: { $0.maximum($1) }, reference: { max($0, $1) }),
        .binary(Minimum.self, tolerance: .exact, run: { $0.minimum($1) }, reference: { min($0, $1) }),
        .binary(Fmax.self, tolerance: .exact, run: { $0.fmax($1) }, reference: { max($0, $1) }),
        .binary(Fmin.self, tolerance: .exact, run: { $0.fmin($1) }, reference: { min($0, $1) }),
    ]
}

@Suite struct ExtremaTests {
    @Test func notANumber() {
        let a = Tensor([.nan, 1, .nan] as [Double])
        let b = Tensor([1, .nan, .nan] as [Double])
        expectClose(a.maximum(b), [.nan, .nan, .nan], .exact)
        expectClose(a.minimum(b), [.nan, .nan, .nan], .exact)
        expectClose(a.fmax(b), [1, 1, .nan], .exact)
        expectClose(a.fmin(b), [1, 1, .nan], .exact)
    }

    @Test func tiesShareTheGradient() {
        let a = Tensor([1.0, 2, 3], requiresGrad: true)
        let b = Tensor([1.0, 1, 5], requiresGrad: true)
        maximum(a, b).sum().backward()
        #expect(a.grad!.toArray(Double.self) == [0.5, 1, 0])
        #expect(b.grad!.toArray(Double.self) == [0.5, 0, 1])
        a.grad = nil
        b.grad = nil
        a.fmin(b).sum().backward()
        #expect(a.grad!.toArray(Double.self) == [0.5, 0, 1])
        #expect(b.grad!.toArray(Double.self) == [0.5, 1, 0])
    }
}
