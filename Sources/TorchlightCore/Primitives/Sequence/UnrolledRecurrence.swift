/// The steps of a recurrent layer one after another, in operations that have gradients of any order: the decomposition of
/// `Recurrence` and of its backward pass.
///
/// The lists have one tensor a step, in the order in which the steps were made; `rows` brings them into that of the rows.
struct UnrolledRecurrence {
    /// The results of the steps, and the states at the end.
    private(set) var y: [Tensor] = []
    private(set) var h: Tensor
    private(set) var c: Tensor?
    /// The gates in the order of the kernel: `i, f, g, o` of an LSTM, `r, z, n, W_n h + b_n` of a GRU.
    private(set) var gates: [Tensor] = []
    /// The cell states of an LSTM after the steps.
    private(set) var cells: [Tensor] = []
    /// The hidden states that the steps started from.
    private(set) var previous: [Tensor] = []
    /// The products with the hidden state of a GRU, with the bias.
    private(set) var shares: [Tensor] = []
    /// The hidden states before and after the projection.
    private(set) var full: [Tensor] = []
    private(set) var projected: [Tensor] = []
    /// The rows that the steps read and write.
    private var order: [Int] = []
    private let inputs: Few<Tensor>

    init(_ rule: Recurrence, _ inputs: Few<Tensor>) {
        self.inputs = inputs
        (h, c) = (inputs[2], rule.cellState(inputs))
        let steps = rule.steps
        let count = steps.starts.count
        for t in rule.isReversed ? Array((0..<count).reversed()) : Array(0..<count) {
            let rows = steps.rows(of: t)
            let size = rows.count
            let x = inputs[0].indexSelect(0, Tensor(rows, shape: [size], device: inputs[0].device))
            let before = h.narrow(0, start: 0, length: size)
            let next = step(rule, x, before, c?.narrow(0, start: 0, length: size))
            let rest = steps.batch - size
            h = rest == 0 ? next : cat([next, h.narrow(0, start: size, length: rest)])
            if let cell = cells.last, let old = c {
                c = rest == 0 ? cell : cat([cell, old.narrow(0, start: size, length: rest)])
            }
            y.append(next)
            previous.append(before)
            order += rows
        }
    }

    /// The hidden state after a step.
    private mutating func step(_ rule: Recurrence, _ x: Tensor, _ h: Tensor, _ c: Tensor?) -> Tensor {
        let product = matmul(h, inputs[1].mT)
        switch rule.cell {
        case .tanh: return (x + product).tanh()
        case .relu: return (x + product).relu()
        case .lstm:
            let parts = (x + product).chunk(4, dim: 1)
            let (input, forget) = (parts[0].sigmoid(), parts[1].sigmoid())
            let (fresh, output) = (parts[2].tanh(), parts[3].sigmoid())
            gates.append(cat([input, forget, fresh, output], dim: 1))
            let cell = forget * c! + input * fresh
            cells.append(cell)
            let hidden = output * cell.tanh()
            guard let projection = rule.projection(inputs) else { return hidden }
            full.append(hidden)
            projected.append(matmul(hidden, projection.mT))
            return projected.last!
        case .gru:
            let share = product + rule.bias(inputs)!
            shares.append(share)
            let (own, other) = (x.chunk(3, dim: 1), share.chunk(3, dim: 1))
            let (reset, keep) = ((own[0] + other[0]).sigmoid(), (own[1] + other[1]).sigmoid())
            let fresh = (own[2] + reset * other[2]).tanh()
            gates.append(cat([reset, keep, fresh, other[2]], dim: 1))
            return fresh + keep * (h - fresh)
        }
    }

    /// The concatenated tensors of the steps, in the order of the rows.
    func rows(_ steps: [Tensor], width: Int) -> Tensor {
        let device = inputs[0].device
        if steps.isEmpty { return Tensor.zeros([0, width], dtype: inputs[0].dtype, device: device) }
        var rows = Array(repeating: 0, count: order.count)
        for (i, row) in order.enumerated() { rows[row] = i }
        return cat(steps).indexSelect(0, Tensor(rows, shape: [rows.count], device: device))
    }
}
