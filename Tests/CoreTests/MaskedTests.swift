import TestSupport
import Testing
import TorchlightCore

/// `Masked` beside the same operations on the selected elements alone, which `maskedSelect` takes out.
@Suite("Reductions and normalisations under a mask")
struct MaskedTests {
    /// An operation over the last dimension, the same of a vector without a mask, and its result for no elements.
    private struct Reduction: Sendable {
        let name: String
        let masked: @Sendable (Tensor, Tensor) -> Tensor
        let plain: @Sendable (Tensor) -> Tensor
        let empty: Double
    }

    private static let reductions: [Reduction] = [
        Reduction(name: "sum", masked: { Masked.sum($0, dim: -1, mask: $1) }, plain: { $0.sum() }, empty: 0),
        Reduction(name: "prod", masked: { Masked.prod($0, dim: -1, mask: $1) }, plain: { $0.prod() }, empty: 1),
        Reduction(
            name: "amax", masked: { Masked.amax($0, dim: -1, mask: $1) }, plain: { $0.amax() }, empty: -.infinity),
        Reduction(name: "amin", masked: { Masked.amin($0, dim: -1, mask: $1) }, plain: { $0.amin() }, empty: .infinity),
        Reduction(name: "median", masked: { Masked.median($0, mask: $1) }, plain: { $0.median() }, empty: .nan),
        Reduction(name: "mean", masked: { Masked.mean($0, dim: -1, mask: $1) }, plain: { $0.mean() }, empty: .nan),
        Reduction(
            name: "var", masked: { Masked.var($0, dim: -1, correction: 0, mask: $1) }, plain: { $0.var(correction: 0) },
            empty: .nan),
        Reduction(
            name: "std", masked: { Masked.std($0, dim: -1, correction: 0, mask: $1) }, plain: { $0.std(correction: 0) },
            empty: .nan),
        Reduction(name: "norm", masked: { Masked.norm($0, dim: -1, mask: $1) }, plain: { $0.norm() }, empty: 0),
        Reduction(
            name: "norm of order -1", masked: { Masked.norm($0, ord: -1, dim: -1, mask: $1) },
            plain: { $0.norm(p: -1) },
            empty: .infinity),
        Reduction(
            name: "norm of order 0", masked: { Masked.norm($0, ord: 0, dim: -1, mask: $1) }, plain: { $0.norm(p: 0) },
            empty: 0),
        Reduction(
            name: "norm of order -infinity", masked: { Masked.norm($0, ord: -.infinity, dim: -1, mask: $1) },
            plain: { $0.norm(p: -.infinity) }, empty: .infinity),
        Reduction(
            name: "logsumexp", masked: { Masked.logsumexp($0, dim: -1, mask: $1) }, plain: { $0.logsumexp() },
            empty: -.infinity),
    ]

    /// Rows of numbers and masks, the last of which selects nothing; NaN and infinity where the mask is false.
    private func rows(_ label: String, _ dtype: DType) -> (x: Tensor, mask: Tensor) {
        var random = TestRandom(label)
        let count = 5 * 7
        let flags = (0..<count).map { $0 < count - 7 && ($0 % 7 == 3 || Bool.random(using: &random)) }
        let numbers = flags.map {
            $0 ? Double.random(in: -2...2, using: &random) : Bool.random(using: &random) ? .nan : .infinity
        }
        return (Tensor(numbers, shape: [5, 7], dtype: dtype), Tensor(flags).reshape([5, 7]))
    }

    @Test("Values and gradients are those of the selected elements", arguments: [DType.float32, .float64])
    func reductionsOfSelectedElements(_ dtype: DType) {
        for reduction in Self.reductions {
            let label = "\(reduction.name), \(dtype)"
            let (x, mask) = rows(label, dtype)
            let leaf = x.clone().requiresGrad_()
            let result = reduction.masked(leaf, mask)
            result[0..<4].sum().backward()
            #expect(result.shape == [5] && result.dtype == dtype, "\(label)")
            for row in 0..<4 {
                let selected = x[row].maskedSelect(mask[row]).requiresGrad_()
                let expected = reduction.plain(selected)
                expected.backward()
                #expect(result[row].allclose(expected, rtol: 1e-5, atol: 1e-6), "\(label), row \(row): \(result[row])")
                let gradient = leaf.grad![row]
                #expect(
                    gradient.maskedSelect(mask[row]).allclose(selected.grad!, rtol: 1e-4, atol: 1e-5),
                    "\(label), row \(row)")
                #expect(
                    gradient.maskedSelect(mask[row].logicalNot()).eq(0).all().item(Bool.self),
                    "\(label), row \(row): others")
            }
            let empty = result[4].item()
            #expect(
                empty == reduction.empty || (empty.isNaN && reduction.empty.isNaN), "\(label): \(empty) of no element")
            #expect(leaf.grad![4].eq(0).all().item(Bool.self), "\(label): gradients of no element")
        }
    }

    @Test("Without a mask the operations are those of a tensor")
    func withoutMask() {
        let (x, _) = rows("without mask", .float64)
        let y = x.nanToNum(nan: 1, posinf: 2)
        let all = Tensor.ones([1], dtype: .bool)
        for reduction in Self.reductions {
            let rows = stack((0..<5).map { reduction.plain(y[$0]) })
            #expect(reduction.masked(y, all).allclose(rows), "\(reduction.name)")
        }
        #expect(Masked.sum(y).equal(y.sum()) && Masked.mean(y, dim: [0, 1]).allclose(y.mean()))
        #expect(Masked.var(y, dim: 0).allclose(y.var(dim: 0)) && Masked.std(y).allclose(y.std()))
        #expect(Masked.softmax(y, dim: 0).equal(y.softmax(dim: 0)) && Masked.argmin(y, dim: 1).equal(y.argmin(dim: 1)))
        #expect(Masked.normalize(y, ord: 2, dim: 1).allclose(normalize(y, dim: 1)))
    }

    @Test("Running sums, softmax and normalisation leave the other elements out")
    func normalisations() {
        let x = Tensor([1, Double.nan, 3, 2]).requiresGrad_()
        let mask = Tensor([true, false, true, true])
        let selected = Tensor([1.0, 3, 2])
        func kept(_ result: Tensor) -> Tensor { result.detach().maskedSelect(mask) }
        #expect(kept(Masked.cumsum(x, dim: 0, mask: mask)).equal(selected.cumsum(dim: 0)))
        #expect(kept(Masked.cumprod(x, dim: 0, mask: mask)).equal(selected.cumprod(dim: 0)))
        #expect(kept(Masked.softmax(x, dim: 0, mask: mask)).allclose(selected.softmax(dim: 0)))
        #expect(kept(Masked.logSoftmax(x, dim: 0, mask: mask)).allclose(selected.logSoftmax(dim: 0)))
        #expect(kept(Masked.softmin(x, dim: 0, mask: mask)).allclose(selected.softmin(dim: 0)))
        #expect(kept(Masked.normalize(x, ord: 1, dim: 0, mask: mask)).allclose(selected / 6))
        #expect(Masked.softmax(x, dim: 0, mask: mask)[1].item() == 0)
        let weights = Tensor([1.0, 2, 3, 4])
        (Masked.softmax(x, dim: 0, mask: mask) * weights).sum().backward()
        #expect(x.grad!.isfinite().all().item(Bool.self) && x.grad![1].item() == 0)
        let a = Tensor([1.0, 2]), b = Tensor([3.0, 4])
        let sums = Masked.logaddexp(a, b, inputMask: Tensor([true, false]), otherMask: Tensor([true, true]))
        #expect(sums.allclose(stack([a[0].logaddexp(b[0]), b[1]])))
    }

    @Test("An element that is not selected is never the extreme")
    func indicesOfExtremes() {
        let low = -Double.infinity
        let x = Tensor([[9, low, low], [1, 5, 5], [Double.nan, 1, 2], [2, .nan, 3]])
        let mask = Tensor([[false, false, true], [true, true, true], [false, true, true], [true, true, true]])
        #expect(Masked.argmax(x, dim: 1, mask: mask).toArray(Int.self) == [2, 1, 2, 1])
        #expect(Masked.argmax(x, dim: 1, keepdim: true, mask: mask).shape == [4, 1])
        #expect(Masked.argmin(-x, dim: 1, mask: mask).toArray(Int.self) == [2, 1, 2, 1])
        #expect(Masked.argmax(x[0..<3], mask: mask[0..<3]).item(Int.self) == 4)
        let bytes = Tensor([UInt8(0), 0, 7])
        #expect(Masked.argmax(bytes, mask: Tensor([false, true, false])).item(Int.self) == 1)
        #expect(Masked.amax(Tensor([3, 4], dtype: .int8), mask: Tensor([false, false])).item(Int.self) == -128)
        #expect(Masked.amin(Tensor([true, true]), mask: Tensor([true, false])).item(Bool.self))
    }

    @Test("Masks of other dtypes and shapes")
    func masks() {
        let x = Tensor([[1.0, 2, 3], [4, 5, 6]])
        #expect(Masked.sum(x, dim: 1, mask: Tensor([0, 1, 2])).toArray(Double.self) == [5, 11])
        #expect(Masked.sum(x, dim: 0, mask: Tensor([[1.0], [0]])).toArray(Double.self) == [1, 2, 3])
        #expect(Masked.mean(x, mask: Tensor(true)).item() == 3.5)
        #expect(Masked.sum(Tensor([1, 2, 3], dtype: .int32), mask: Tensor([true, false, true])).dtype == .int64)
        #expect(Masked.cumsum(Tensor([1, 2], dtype: .int32), dim: 0, mask: Tensor([true, true])).dtype == .int32)
        #expect(Masked.mean(Tensor([1, 2]), dtype: .float64, mask: Tensor([true, true])).item() == 1.5)
        #expect(Masked.var(Tensor([1, 3]), mask: Tensor([true, true])).dtype == .float32)
        let ones = Tensor.ones([2, 3], device: .meta)
        #expect(Masked.std(ones, dim: 1, mask: Tensor.ones([3], dtype: .bool, device: .meta)).shape == [2])
    }

    @Test("Means and deviations do not overflow in between, and a deviation of 0 has the gradient 0")
    func ranges() {
        let large = Tensor([3e38, 3e38, .nan], dtype: .float32)
        let mask = Tensor([true, true, false])
        #expect(Masked.mean(large, mask: mask).allclose(Tensor([3e38], dtype: .float32)[0]))
        #expect(
            Masked.std(Tensor([1e30, -1e30, .nan], dtype: .float32), correction: 0, mask: mask).allclose(
                Tensor(Float(1e30))))
        let equal = Tensor([2.0, 2, 5]).requiresGrad_()
        Masked.std(equal, mask: mask).backward()
        #expect(equal.grad!.toArray(Double.self) == [0, 0, 0])
    }

    @Test("A mask that does not fit, and dtypes without the operation, are errors")
    func refusals() {
        let x = Tensor.ones([2, 3])
        expectRefusal(by: "Masked.sum", .shape) { Masked.sum(x, mask: Tensor([true, false])) }
        expectRefusal(by: "Masked.mean", .shape) {
            Masked.mean(Tensor.ones([3]), mask: Tensor.ones([2, 3], dtype: .bool))
        }
        expectRefusal(by: "Masked.std", .shape) {
            Masked.std(Tensor.ones([1, 3]), mask: Tensor.ones([2, 3], dtype: .bool))
        }
        expectRefusal(by: "Masked.mean", .dtype) { Masked.mean(Tensor([1, 2]), mask: Tensor([true, true])) }
        expectRefusal(by: "Masked.median", .dtype) { Masked.median(Tensor([1, 2]), mask: Tensor([true, true])) }
        expectRefusal(by: "Masked.softmax", .dtype) {
            Masked.softmax(Tensor([1, 2]), dim: 0, mask: Tensor([true, true]))
        }
    }
}
