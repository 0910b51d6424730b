import TorchlightCore
import TorchlightData
import TorchlightIO
import TorchlightNN
import TorchlightOptim

/// A checkpoint: the complete state of a training run. A run that is resumed from it computes the same bits as a run
/// without an interruption.
///
///     try TrainingState(step: step, model: model, optimizer: optimizer, loader: loader).save("run.checkpoint")
///     ...
///     let state = try TrainingState(contentsOf: "run.checkpoint")
///     try state.restore(model: model, optimizer: optimizer, loader: loader)
///
/// A state that is created from a model shares the model's tensors, so saving copies nothing, and training changes
/// them; ``snapshot()`` returns a copy. ``CheckpointFolder`` keeps several checkpoints and saves in the background.
public struct TrainingState: Sendable {
    /// The number of steps taken; the program decides what a step is. Default: 0.
    public var step: Int
    /// The state dictionary of the model.
    public var model: StateDict
    /// The state of the optimiser; nil if it is not saved.
    public var optimizer: OptimizerState?
    /// The state of the learning rate scheduler; nil if it is not saved.
    public var scheduler: [String: String]?
    /// The position of the data loader; nil if it is not saved.
    public var loader: DataLoaderState?
    /// The state of the random number generator; nil if it is not saved.
    public var generator: Generator.State?
    /// A metric of the model, by which ``CheckpointFolder`` finds the best checkpoint; nil if there is none.
    public var score: Double?
    /// Additional tensors, such as averaged parameters.
    public var tensors: [String: Tensor]
    /// Additional strings, such as hyperparameters.
    public var metadata: [String: String]

    /// Creates a checkpoint of the current state. The tensors are shared, not copied.
    ///
    /// - Parameters:
    ///   - step: the number of steps taken. Default: 0.
    ///   - model: the model, of which the state dictionary is saved.
    ///   - optimizer: the optimiser. Default: nil, not saved.
    ///   - scheduler: the learning rate scheduler. Default: nil, not saved.
    ///   - loader: the data loader. Default: nil, not saved.
    ///   - generator: the random number generator. Default: the default generator.
    ///   - score: a metric of the model. Default: nil.
    ///   - tensors: additional tensors.
    ///   - metadata: additional strings.
    public init(
        step: Int = 0, model: Module, optimizer: (any Optimizer)? = nil, scheduler: LRScheduler? = nil,
        loader: (any ResumableLoader)? = nil, generator: Generator? = .default, score: Double? = nil,
        tensors: [String: Tensor] = [:], metadata: [String: String] = [:]
    ) {
        self.step = step
        self.model = model.stateDict()
        self.optimizer = optimizer?.state()
        self.scheduler = scheduler?.state()
        self.loader = loader?.state
        self.generator = generator?.state
        self.score = score
        self.tensors = tensors
        self.metadata = metadata
    }

    init(step: Int, model: StateDict) {
        self.step = step
        self.model = model
        tensors = [:]
        metadata = [:]
    }

    /// Returns a copy with its own tensors, which training does not change.
    public func snapshot() -> TrainingState {
        func copy(_ tensors: [String: Tensor]) -> [String: Tensor] {
            noGrad { tensors.mapValues { $0.detach().clone() } }
        }
        var state = self
        state.model = copy(model)
        state.optimizer?.tensors = copy(optimizer?.tensors ?? [:])
        state.tensors = copy(tensors)
        return state
    }

    /// Restores the saved state in a model, an optimiser, a scheduler, a loader and a generator. If anything does not
    /// fit, an error is thrown and nothing is changed.
    ///
    /// - Parameters:
    ///   - model: a model with the same parameters and buffers as the saved one.
    ///   - optimizer: an optimiser with the same parameters in the same order as the saved one. Default: nil, not
    ///     restored.
    ///   - scheduler: a scheduler of the same class as the saved one. Default: nil, not restored.
    ///   - loader: a loader with the same number of samples, batch size and order as the saved one. Default: nil, not
    ///     restored.
    ///   - generator: the generator whose state is set, if the checkpoint has one. Default: the default generator.
    /// - Throws: ``TrainingStateError`` if the checkpoint lacks a part that is to be restored or the loader differs,
    ///   `StateDictError` and `OptimizerStateError` if it belongs to another model or optimiser.
    public func restore(
        model: Module, optimizer: (any Optimizer)? = nil, scheduler: LRScheduler? = nil,
        loader: (any ResumableLoader)? = nil, generator: Generator? = .default
    ) throws {
        func saved<Part>(_ part: Part?, _ name: String) throws -> Part {
            guard let part else { throw TrainingStateError(problem: "it was saved without the \(name)") }
            return part
        }
        let optimizerState = try optimizer.map { _ in try saved(self.optimizer, "optimiser's state") }
        let schedulerState = try scheduler.map { _ in try saved(self.scheduler, "scheduler's state") }
        let loaderState = try loader.map { _ in try saved(self.loader, "loader's position") }
        if let loaderState, let problem = loader?.problem(with: loaderState) {
            throw TrainingStateError(problem: "the loader does not fit: \(problem)")
        }
        let report = try model.report(on: self.model)
        guard report.isComplete else { throw StateDictError(report: report, strict: true) }

        let (oldOptimizer, oldScheduler) = (optimizer?.state(), scheduler?.state())
        do {
            if let optimizer, let optimizerState { try optimizer.load(optimizerState) }
            if let scheduler, let schedulerState { try scheduler.load(schedulerState) }
            try model.load(stateDict: self.model)
        } catch {
            if let optimizer, let oldOptimizer { try optimizer.load(oldOptimizer) }
            if let scheduler, let oldScheduler { try scheduler.load(oldScheduler) }
            throw error
        }
        if let loader, let loaderState { loader.state = loaderState }
        if let generator, let saved = self.generator { generator.state = saved }
    }
}

/// A loader whose position between two batches can be saved and set, such as `DataLoader`.
public protocol ResumableLoader: AnyObject {
    /// The position of the loader.
    var state: DataLoaderState { get set }
    /// Describes why the loader cannot continue from a state, such as another batch size; nil if it can.
    func problem(with state: DataLoaderState) -> String?
}

extension DataLoader: ResumableLoader {}
extension IterableDataLoader: ResumableLoader {}

/// A checkpoint that cannot be restored.
public struct TrainingStateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What does not fit.
    public let problem: String
    /// The text "training state: " followed by the problem.
    public var description: String { "training state: \(problem)" }
}
