import TorchlightCore

/// The interface of optimisers, which update parameters by their gradients.
public protocol Optimizer: AnyObject {
    /// Performs one optimisation step: updates every parameter with a gradient.
    func step()

    /// Calls the closure, which computes the loss and its gradients, performs one step, and returns the loss.
    ///
    ///     optimizer.step {
    ///         optimizer.zeroGrad()
    ///         let loss = F.mseLoss(model(x), y)
    ///         loss.backward()
    ///         return loss
    ///     }
    @discardableResult
    func step(_ closure: () -> Tensor) -> Tensor

    /// Clears the gradients of all parameters.
    ///
    /// - Parameter setToNil: whether the gradients are set to nil. Default: true; their memory is then reused for the
    ///   next gradients. If false, they are filled with 0 in place. Use false for gradients that are views of a larger
    ///   buffer, or whose tensors the program retains. With false, a step also updates parameters without a new
    ///   gradient if the optimiser has momentum or weight decay.
    func zeroGrad(setToNil: Bool)

    /// The learning rate of each parameter group, in the order of the groups. Schedulers set it.
    var learningRates: [Double] { get set }

    /// The momentum of each parameter group (`beta1` for Adam); nil if the optimiser has no momentum.
    var momenta: [Double]? { get set }

    /// The learning rates of the groups when the first scheduler was attached; nil before. They are stored here so that
    /// several schedulers can be attached to one optimiser.
    var initialLearningRates: [Double]? { get set }

    /// All parameters, in the order of the groups.
    var parameters: [Tensor] { get }

    /// Returns the state of the optimiser: the settings of the groups and the state tensors of the parameters.
    func state() -> OptimizerState

    /// Restores a state returned by ``state()``.
    ///
    /// - Throws: ``OptimizerStateError`` if the state belongs to other parameters or to another class of optimiser;
    ///   nothing is then changed.
    func load(_ state: OptimizerState) throws
}

extension Optimizer {
    /// Sets the gradients of all parameters to nil.
    public func zeroGrad() { zeroGrad(setToNil: true) }

    /// The momentum of each parameter group; nil, because the optimiser has no momentum.
    public var momenta: [Double]? {
        get { nil }
        set {}
    }

    /// Calls the closure with gradient recording enabled, performs one step, and returns the loss of the closure.
    @discardableResult
    public func step(_ closure: () -> Tensor) -> Tensor {
        let loss = enableGrad { closure() }
        step()
        return loss
    }
}

/// The state of an optimiser as named tensors and named strings, which a safetensors file can store.
public struct OptimizerState: Sendable {
    /// The state tensors by key: index of the parameter, then PyTorch's name, as in "0.exp_avg" and "0.step".
    public var tensors: [String: Tensor]
    /// The class of the optimiser and the settings of each group, by keys such as "group.0.lr". Numbers are written so
    /// that they are read back exactly.
    public var metadata: [String: String]

    /// Creates a state from tensors and metadata.
    public init(tensors: [String: Tensor], metadata: [String: String]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}

/// The error of loading a state that does not match an optimiser or scheduler.
public struct OptimizerStateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The problem.
    public let problem: String
    /// Creates an error from its problem.
    public init(problem: String) { self.problem = problem }
    /// The text "optimizer state: " followed by the problem.
    public var description: String { "optimizer state: \(problem)" }
}
