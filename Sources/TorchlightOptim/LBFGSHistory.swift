import TorchlightCore

/// The state of LBFGS: the last updates, the corresponding changes of the gradient, and the previous gradient.
struct LBFGSHistory {
    /// The number of iterations so far.
    var moves = 0
    /// The number of closure calls so far.
    var evaluations = 0
    /// The step size of the last iteration.
    var t = 0.0
    private var direction: Tensor?
    private var gradient: Tensor?
    private var steps: [Tensor] = []
    private var changes: [Tensor] = []
    /// 1 / (update · change of the gradient).
    private var rho: [Double] = []
    /// The scale of the initial inverse Hessian.
    private var scale = 1.0

    init() {}

    /// Stores direction, gradient and step size at the start of an iteration.
    mutating func store(direction: Tensor, gradient: Tensor, t: Double) {
        self.direction = direction
        self.gradient = gradient
        self.t = t
    }

    /// The direction `-H g` of the next iteration; H is the approximate inverse Hessian (Nocedal and Wright, Numerical
    /// Optimization, algorithm 7.4).
    mutating func direction(for next: Tensor, limit: Int) -> Tensor {
        guard let direction, let gradient else { return -next }
        let change = next - gradient
        let step = direction * t
        let product = dot(change, step)
        // An update is stored only if its curvature is positive.
        if product > 1e-10 {
            while steps.count >= limit {
                steps.removeFirst()
                changes.removeFirst()
                rho.removeFirst()
            }
            steps.append(step)
            changes.append(change)
            rho.append(1 / product)
            scale = product / dot(change, change)
        }
        // The coefficients are tensors on the device, so that no value is read between the products.
        let q = -next
        var alpha: [Tensor] = []
        for i in steps.indices.reversed() {
            alpha.append(steps[i].dot(q) * rho[i])
            q.addcmul_(changes[i], alpha[alpha.count - 1], value: -1)
        }
        q.mul_(scale)
        for i in steps.indices {
            q.addcmul_(steps[i], alpha.removeLast() - changes[i].dot(q) * rho[i])
        }
        return q
    }

    /// Converts the state to another dtype, after the parameters were converted.
    mutating func adapt(to dtype: DType) {
        guard let gradient, gradient.dtype != dtype else { return }
        self.gradient = gradient.to(dtype)
        direction = direction?.to(dtype)
        steps = steps.map { $0.to(dtype) }
        changes = changes.map { $0.to(dtype) }
    }

    // MARK: State

    /// Saves the state with PyTorch's names.
    func save(into state: inout OptimizerState) {
        guard let direction, let gradient else { return }
        state.tensors["0.n_iter"] = Tensor([moves], shape: [])
        state.tensors["0.func_evals"] = Tensor([evaluations], shape: [])
        state.tensors["0.d"] = direction
        state.tensors["0.prev_flat_grad"] = gradient
        for i in steps.indices {
            state.tensors["0.old_stps.\(i)"] = steps[i]
            state.tensors["0.old_dirs.\(i)"] = changes[i]
        }
        state.metadata["0.t"] = "\(t)"
        state.metadata["0.H_diag"] = "\(scale)"
        state.metadata["0.ro"] = rho.map { "\($0)" }.joined(separator: ",")
    }

    /// Reads the state saved by ``save(into:)``, for parameters with `count` elements in total.
    init(_ state: OptimizerState, count: Int) throws(OptimizerStateError) {
        guard let moves = state.tensors["0.n_iter"] else { return }
        func number(_ tensor: Tensor?) -> Int? {
            guard let tensor, tensor.count == 1, tensor.dtype == .int64 else { return nil }
            return tensor.item(Int.self)
        }
        func vector(_ name: String) throws(OptimizerStateError) -> Tensor {
            guard let tensor = state.tensors["0.\(name)"] else {
                throw OptimizerStateError(problem: "\(name) is missing")
            }
            guard tensor.shape == [count], tensor.dtype.isFloatingPoint else {
                throw OptimizerStateError(
                    problem:
                        "\(name) is \(tensor.dtype) \(tensor.shape), and the parameters have \(quantity(count, "element"))"
                )
            }
            return tensor.clone()
        }
        guard let moves = number(moves), let evaluations = number(state.tensors["0.func_evals"]),
            let t = state.metadata["0.t"].flatMap({ Double($0) }),
            let scale = state.metadata["0.H_diag"].flatMap({ Double($0) })
        else { throw OptimizerStateError(problem: "n_iter, func_evals, t or H_diag is missing or not a number") }
        self.moves = moves
        self.evaluations = evaluations
        self.t = t
        self.scale = scale
        direction = try vector("d")
        gradient = try vector("prev_flat_grad")
        rho = (state.metadata["0.ro"] ?? "").split(separator: ",").compactMap { Double($0) }
        for i in rho.indices {
            steps.append(try vector("old_stps.\(i)"))
            changes.append(try vector("old_dirs.\(i)"))
        }
    }
}
