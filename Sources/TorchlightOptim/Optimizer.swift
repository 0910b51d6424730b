import TorchlightCore

/// Changes parameters by their gradients, step by step.
public protocol Optimizer: AnyObject {
    /// Changes every parameter that has a gradient.
    func step()

    /// Works out the loss and its gradients by calling the closure, changes the parameters, and gives the loss back.
    ///
    ///     optimizer.step {
    ///         optimizer.zeroGrad()
    ///         let loss = F.mseLoss(model(x), y)
    ///         loss.backward()
    ///         return loss
    ///     }
    @discardableResult
    func step(_ closure: () -> Tensor) -> Tensor

    /// Clears the gradients of all parameters, so that the next backward pass starts from nothing.
    ///
    /// - Parameter setToNil: drop them, which costs nothing: their memory goes back to the pool and is what the next
    ///   gradients are made in. With false they are filled with 0 in place and keep their memory, for gradients that are
    ///   views of a larger buffer or whose tensors the program holds; a step then changes parameters that got no gradient
    ///   too, where the optimiser has momentum or weight decay.
    func zeroGrad(setToNil: Bool)

    /// The learning rate of each parameter group, in order; schedulers set them.
    var learningRates: [Double] { get set }

    /// The momentum of each parameter group (Adam's beta1); nil where the optimiser has none.
    var momenta: [Double]? { get set }

    /// The learning rates that the groups had when a scheduler was first attached; schedulers keep them here, so that
    /// several can share an optimiser.
    var initialLearningRates: [Double]? { get set }

    /// All parameters, in the order of the groups.
    var parameters: [Tensor] { get }

    /// Everything that decides the next steps besides the parameters themselves.
    func state() -> OptimizerState

    /// Goes on where the optimiser that gave this state was.
    ///
    /// - Throws: ``OptimizerStateError`` if the state belongs to other parameters or another kind of optimiser; nothing
    ///   is changed then.
    func load(_ state: OptimizerState) throws
}

extension Optimizer {
    /// Drops the gradients of all parameters.
    public func zeroGrad() { zeroGrad(setToNil: true) }

    /// There is no momentum.
    public var momenta: [Double]? {
        get { nil }
        set {}
    }

    /// Calls the closure for the gradients, then makes a step; gives the closure's loss back.
    @discardableResult
    public func step(_ closure: () -> Tensor) -> Tensor {
        let loss = enableGrad { closure() }
        step()
        return loss
    }
}

/// The state of an optimiser in the form that safetensors files hold: tensors, and texts by name.
public struct OptimizerState: Sendable {
    /// "0.exp_avg", "0.step", ...: by the number of the parameter and the name that PyTorch gives it.
    public var tensors: [String: Tensor]
    /// The kind of optimiser and the settings of each group: "group.0.lr" and so on. Numbers read back exactly.
    public var metadata: [String: String]

    /// A state of these parts.
    public init(tensors: [String: Tensor], metadata: [String: String]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}

/// Why a saved optimiser state cannot be taken over.
public struct OptimizerStateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What does not fit.
    public let problem: String
    /// "optimizer state: ..."
    public var description: String { "optimizer state: \(problem)" }
}
