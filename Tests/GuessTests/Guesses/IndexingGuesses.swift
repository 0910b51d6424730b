import Testing
import Torchlight

@Suite("Guesses: indexing, comparison, iteration")
struct IndexingGuesses {
    let s = Samples()
    var x: Tensor { s.x }
    var y: Tensor { s.y }
    var i: Tensor { s.i }

    @Test func reading() {
        let (row, column) = (1, 2)
        same(x[0], Tensor([0.0, 1, 2]))
        same(x[-1], x[1])
        same(x[1, 2], Tensor(5.0))
        same(x[row, column], Tensor(5.0))
        same(x[..., 0], x[.all, 0])
        same(x[..., -1], x[.all, -1])
        same(x[..., 0..<2], x[.all, 0..<2])
        same(x[..., column], x[.all, 2])
        same(x[0, ...], x[0])
        same(s.image[..., 0, 0], s.image[.all, .all, 0, 0])
        same(s.image[0, ..., 0], s.image[0, .all, .all, 0])
        same(x[...], x)
        same(x[..., .newAxis], x.unsqueeze(-1))
        same(x[.newAxis], x.unsqueeze(0))
        same(x[.newaxis], x.unsqueeze(0))
        same(x[.all, .newAxis], x.unsqueeze(1))
        same(x[0..<1], x.narrow(0, start: 0, length: 1))
        same(x[1...], x.narrow(0, start: 1, length: 1))
        same(x[..<1], x.narrow(0, start: 0, length: 1))
        same(x[.all, ..<column], x[.all, 0..<2])
        same(x[.all, ...(-2)], x[.all, 0..<2])
        same(x[.all, .slice(step: 2)], Tensor([[0.0, 2], [3, 5]]))
        same(x[.all, stride(from: 0, to: 3, by: 2)], Tensor([[0.0, 2], [3, 5]]))
        same(x[x > 2], Tensor([3.0, 4, 5]))
        same(x[[1, 0]], x.flip(0))
        same(x[i[0..<2] > 0], x[[1]])
        same(x[Tensor.arange(2), Tensor([0, 2])], Tensor([0.0, 5.0]))
        same(x[.all, i], x.indexSelect(1, i))
        same(Double(x[1, 2]), 5)
        same(Int(i[1]), 2)
        let half = 0.5
        let halved = x[0] / 2.0
        same(halved, Tensor([0.0, 0.5, 1.0]))
        let scaled = x[.all, 0] * half
        same(scaled, Tensor([0.0, 1.5]))
        let shifted = x[..., 0] + half
        same(shifted, Tensor([0.5, 3.5]))
        let combined = half * x[0, 1] - x[1, 0] / Double(column)
        same(combined, Tensor(-1.0))
        same(x[0, 1].item(), 1)
        same(x[0][1].item(), 1)
        same(x[0].sum().item(), 3)
    }

    @Test func writing() {
        let (k, rate) = (7, 0.5)
        var z = Tensor.zeros(2, 3)
        z[0] = 1
        same(z.sum(), Tensor(3.0))
        z[0, 1] = 2.5
        same(z[0, 1], Tensor(2.5))
        z[0] = k
        same(z[0], Tensor.full([3], 7.0))
        z[1, 2] = rate
        same(z[1, 2], Tensor(0.5))
        z[0, k - 6] = Float(k)
        same(z[0, 1], Tensor(7.0))
        z[..., 0] = 3
        same(z[.all, 0], Tensor.full([2], 3.0))
        z[..., 0] = rate
        same(z[.all, 0], Tensor.full([2], 0.5))
        z[..., 0] = Tensor.ones(2)
        same(z[.all, 0], Tensor.ones(2))
        z[...] = Tensor.zeros(2, 3)
        same(z, Tensor.zeros(2, 3))
        z[z .== 0] = 4
        same(z, Tensor.full([2, 3], 4.0))
        z[1...] = x[0..<1]
        same(z[1], x[0])
        z[.all, 1] += 1
        same(z[.all, 1], Tensor([5.0, 2.0]))
        z[..., 1] *= 2
        same(z[.all, 1], Tensor([10.0, 4.0]))
        z[0] = x[1]
        same(z[0], x[1])
        z += 1
        same(z[0], x[1] + 1)
        z[Tensor([0, 1]), Tensor([0, 0])] = Tensor([8.0, 9.0])
        same(z[.all, 0], Tensor([8.0, 9.0]))
    }

    @Test func comparison() {
        same(x .== y, x.eq(y))
        same(x .== 1, x.eq(1))
        same(x .!= y, x.ne(y))
        same(x < y, x.lt(y))
        same(x .< y, x.lt(y))
        same(x .<= y, x.le(y))
        same(x .<= 2, x.le(2))
        same(x .> y, x.gt(y))
        same(x .>= 1.5, x.ge(1.5))
        same((x .== y).sum().item(), 2)
        same((x .== y).float().mean(), Tensor(1.0 / 3))
        same((x .== y).all().item(Bool.self), false)
        same((x > 1) & (x < 4), Tensor([[false, false, true], [true, false, false]]))
        same(!(x > 1), x <= 1)
        same(~(x > 1), x <= 1)
        var branch = ""
        if x.any() { branch += "any" }
        if x.all() { branch += "all" }
        if !(x > 9).any() { branch += "none" }
        if (x > 1).any() && !x.all() { branch += "both" }
        if Bool(x.sum() > 1) { branch += "Bool" }
        if x.sum().item() > 1 { branch += "item" }
        while (x < 0).any() { branch += "while" }
        same(branch, "anynonebothBoolitem")
        same(x === x, true)
    }

    @Test func iteration() {
        var rows: [Tensor] = []
        for row in x { rows.append(row) }
        same(rows, x.unbind())
        var products: [Double] = []
        for (a, b) in zip(x, y) { products.append((a * b).sum().item()) }
        same(products, [3, 48])
        var numbers: [Int] = []
        for (n, row) in x.enumerated() { numbers.append(n + row.numel) }
        same(numbers, [3, 4])
        same(x.first!, x[0])
        same(x.last!, x[1])
        same(x.map { $0.sum().item() }, [3, 12])
        same(Array(x).count, 2)
        same(i.map { Int($0) }, [0, 2, 1])
        same(stack(x.map { $0 * 2 }), x * 2)
        same(Array(zip(i, s.v)).count, 3)
    }
}
