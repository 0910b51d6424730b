import TorchlightCore
import TorchlightFiles
import TorchlightOptim

/// The state of a program: tensors, generators, optimisers and schedulers.
struct ProgramState {
    let tensors: [Tensor]
    let generators: [Generator]
    let optimizers: [any Optimizer]
    let schedulers: [LRScheduler]
    let device: Device
    /// The placeholder of the default generator of the thread that runs the program.
    let defaultGenerator = Generator(seed: 0)

    /// - Parameter tensors: the tensors listed in the form, in order, on the device.
    init(_ form: ProgramForm, _ tensors: [Tensor], on device: Device) throws(ProgramProblem) {
        for (info, tensor) in zip(form.tensors, tensors) where tensor.dtype != info.dtype || tensor.shape != info.shape
        {
            throw ProgramProblem(
                "the tensor \(IOError.quoted(info.name)) is \(tensor.dtype) \(tensor.shape)",
                expected: "\(info.dtype) \(info.shape), as recorded in the program")
        }
        guard tensors.count == form.tensors.count else { throw ProgramProblem("tensors are missing") }
        self.device = device
        self.tensors = tensors
        let standard = defaultGenerator
        generators = form.generators.map { $0.map { Generator(state: $0) } ?? standard }
        for (leaf, gradient) in form.gradients {
            guard let gradient else { continue }
            guard tensors[gradient].shape == tensors[leaf].shape, tensors[gradient].dtype == tensors[leaf].dtype,
                gradient != leaf, tensors[leaf].dtype.isDifferentiable
            else {
                throw ProgramProblem(
                    "the gradient of \(IOError.quoted(form.tensors[leaf].name)) has another shape or dtype",
                    expected: "the shape and dtype of the tensor")
            }
            tensors[leaf].grad = tensors[gradient]
        }
        var optimizers: [any Optimizer] = []
        for info in form.optimizers { optimizers.append(try Self.optimizer(info, tensors)) }
        self.optimizers = optimizers
        schedulers = try Self.schedulers(form, optimizers)
        // Creating a scheduler sets the learning rates.
        for (info, optimizer) in zip(form.optimizers, optimizers) { try Self.load(info, tensors, into: optimizer) }
    }

    private static func optimizer(
        _ info: ProgramForm.OptimizerInfo, _ tensors: [Tensor]
    ) throws(ProgramProblem) -> any Optimizer {
        do {
            guard
                let optimizer = try OptimizerClasses.make(
                    info.className, groups: info.groups.map { $0.map { tensors[$0] } })
            else {
                throw ProgramProblem(
                    "there is no optimiser \(IOError.quoted(info.className))",
                    expected: "one of " + OptimizerClasses.names.joined(separator: ", "))
            }
            return optimizer
        } catch let problem as ProgramProblem { throw problem } catch {
            throw ProgramProblem("the parameters of an optimiser are not valid", got: "\(error)")
        }
    }

    private static func load(
        _ info: ProgramForm.OptimizerInfo, _ tensors: [Tensor], into optimizer: any Optimizer
    ) throws(ProgramProblem) {
        let state = OptimizerState(
            tensors: Dictionary(
                info.state.map { ($0.key, tensors[$0.tensor]) }, uniquingKeysWith: { first, _ in first }),
            metadata: info.settings)
        do { try checked { try optimizer.load(state) } } catch {
            throw ProgramProblem("the state of an optimiser is not valid", got: "\(error)")
        }
    }

    private static func schedulers(
        _ form: ProgramForm, _ optimizers: [any Optimizer]
    ) throws(ProgramProblem) -> [LRScheduler] {
        var schedulers: [LRScheduler] = []
        for info in form.schedulers {
            do {
                let scheduler = try SchedulerClasses.make(info.settings, optimizers[info.optimizer])
                try checked { try scheduler.load(info.state) }
                schedulers.append(scheduler)
            } catch { throw ProgramProblem("a learning rate scheduler is not valid", got: "\(error)") }
        }
        return schedulers
    }

    /// The storages of the tensors; results must not share them.
    var storages: Set<ObjectIdentifier> { Set(tensors.map { ObjectIdentifier($0.storage) }) }

    /// Throws unless the leaves whose gradient the program reads have gradients as when it was exported.
    func checkGradients(_ form: ProgramForm) throws(TensorError) {
        for (leaf, gradient) in form.gradients {
            let now = tensors[leaf].grad
            if gradient == nil && now == nil { continue }
            if let gradient, let now, TensorSpec(now) == TensorSpec(tensors[gradient]) { continue }
            let name = form.tensors[leaf].name
            throw TensorError(
                .autograd, in: "Program",
                "the tensor \(name) \(now == nil ? "has no gradient" : "has a gradient already")",
                expected: gradient == nil
                    ? "no gradient, as when the program was exported" : "a gradient, as when the program was exported",
                fix: "export a function that begins with optimizer.zeroGrad()")
        }
    }
}
