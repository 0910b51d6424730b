import TorchlightCore
import TorchlightData
import TorchlightIO
import TorchlightNN
import TorchlightOptim

/// Everything that decides how a training run goes on: a run that is resumed from it computes the same bits as one that
/// never stopped.
///
///     try TrainingState(step: step, model: model, optimizer: optimizer, loader: loader).save("run.checkpoint")
///     ...
///     let state = try TrainingState(contentsOf: "run.checkpoint")
///     try state.restore(model: model, optimizer: optimizer, loader: loader)
///
/// The tensors of a state that was made of a model are the model's own, so saving copies nothing, and training changes
/// them; ``snapshot()`` is a copy that stands still. ``CheckpointFolder`` keeps several states and saves in the background.
public struct TrainingState: Sendable {
    /// How many steps were taken, in whatever the program counts.
    public var step: Int
    /// The parameters and buffers of the model.
    public var model: StateDict
    /// The optimiser's state.
    public var optimizer: OptimizerState?
    /// The scheduler's state.
    public var scheduler: [String: String]?
    /// The batch that comes next.
    public var loader: DataLoaderState?
    /// The position of the random number generator.
    public var generator: Generator.State?
    /// How good the model is, by a measure of the program's; what ``CheckpointFolder`` calls the best goes by it.
    public var score: Double?
    /// Other tensors to keep: averages of weights, samples to look at.
    public var tensors: [String: Tensor]
    /// Other texts to keep: settings, figures of past epochs.
    public var metadata: [String: String]

    /// The state of a run as it is now. The tensors are shared, not copied.
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

    /// The same state with tensors of its own, which training does not change.
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

    /// Puts a run where this state was saved. Either all of it changes, or nothing and an error says what does not fit.
    ///
    /// - Parameters:
    ///   - optimizer: Made of the same parameters in the same order as the one that was saved.
    ///   - loader: Made as the one that was saved: of as many samples, in batches of the same size and the same order.
    ///   - generator: Whose position is restored, if the state has one.
    /// - Throws: ``TrainingStateError`` where the state lacks what is to be restored or the loader is another, `StateDictError` and
    ///   `OptimizerStateError` where it belongs to another model or optimiser.
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
        let place = try loader.map { _ in try saved(self.loader, "loader's position") }
        if let place, let problem = loader?.problem(with: place) {
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
        if let loader, let place { loader.state = place }
        if let generator, let saved = self.generator { generator.state = saved }
    }
}

/// What has a position between two batches that can be saved and set: a `DataLoader` of any batches.
public protocol ResumableLoader: AnyObject {
    /// Where the loader stands.
    var state: DataLoaderState { get set }
    /// Why the loader cannot continue from a state, such as another batch size or order; nil where it can.
    func problem(with state: DataLoaderState) -> String?
}

extension DataLoader: ResumableLoader {}
extension IterableDataLoader: ResumableLoader {}

/// Why a training state cannot be restored.
public struct TrainingStateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What does not fit.
    public let problem: String
    /// "training state: ..."
    public var description: String { "training state: \(problem)" }
}
