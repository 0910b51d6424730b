import CRuntime

/// The thread-local flags that operations read.
@inline(__always)
var threadState: UnsafeMutablePointer<tl_thread_state> { tl_thread() }

/// Thread-local state other than the flags: created on first use, kept for the life of the thread.
package final class ThreadContext {
    /// The modules whose `forward` is running, outermost first. They are not retained, since their callers hold them.
    /// Names are looked up only for errors.
    @exclusivity(unchecked) private var modulePath: [Unmanaged<AnyObject>] = []

    /// Records the start of a module's `forward`; `leave()` records its end.
    package func enter(_ module: any PathElement) {
        if threadState.pointee.recording > 0 { recorder?.entered(module, depth: modulePath.count) }
        modulePath.append(Unmanaged.passUnretained(module))
    }
    package func leave() { modulePath.removeLast() }
    /// The first error inside the innermost `checked`.
    package var pendingError: TensorError?
    /// Objects still to be released while a graph is freed; see `Node.deinit`.
    var released: [AnyObject] = []
    /// The recorder of primitive calls inside `recordingCalls`.
    var recorder: (any CallRecorder)?
    /// What marks the storages that the function of a `StepRecorder` makes; 0 if none is recording.
    var storageMark: UInt64 = 0
    /// The first operand that `infer` read and that there was not, -1 if there was none; nil outside of `OperandCheck`.
    var missingOperand: Int?
    /// Whether compiled functions just run; see `uncompiled`.
    var isUncompiled = false
    /// The default device of new tensors.
    var defaultDevice = Device.cpu
    /// The default dtype, if it is not that of the process.
    var defaultDType: DType?
    /// The innermost running backward pass, and the memory of one that has ended, for reuse.
    var pass: GradientContext?
    var sparePass: GradientContext?
    /// The saved-tensor hooks; see `savedTensorsHooks`.
    var packer: (any SavedTensorPacker)?
    /// The source of random numbers while a checkpointed function runs; see `checkpoint`.
    var randomSource: (any RandomSource)?
    /// The default generator of this thread, if it is not that of the process.
    var defaultGenerator: Generator?
    /// The number of nested `autocast` blocks, and the parameters that they converted.
    var autocastDepth = 0
    var autocastCopies: [ObjectIdentifier: AutocastCopy] = [:]

    package static var existing: ThreadContext? {
        guard let pointer = threadState.pointee.context else { return nil }
        return Unmanaged<ThreadContext>.fromOpaque(pointer).takeUnretainedValue()
    }

    package static var current: ThreadContext {
        if let existing { return existing }
        let context = ThreadContext()
        threadState.pointee.context = Unmanaged.passRetained(context).toOpaque()
        return context
    }

    /// The innermost module whose `forward` is running.
    package var innermostModule: AnyObject? { modulePath.last?.takeUnretainedValue() }

    /// The number of modules whose `forward` is running.
    var modulePathDepth: Int { modulePath.count }
    /// Those modules, outermost first.
    var modulePathIdentities: [ObjectIdentifier] { modulePath.map { ObjectIdentifier($0.takeUnretainedValue()) } }

    package var modulePathText: String? {
        let modules = modulePath.compactMap { $0.takeUnretainedValue() as? any PathElement }
        let names = zip(modules, modules.dropFirst()).map { $0.name(of: $1) }
        return names.isEmpty ? nil : names.joined(separator: ".")
    }
}

/// An element of the module path in errors: a module, with the names of its submodules.
package protocol PathElement: AnyObject {
    /// The name of a submodule relative to this module, such as "layers.3.fc2".
    func name(of inner: any PathElement) -> String
    /// Whether this module and each of its submodules is in training mode.
    var trainingModes: [Bool] { get }
    /// A function that returns whether this module and its submodules have the parameters, buffers, submodules and
    /// hooks that they have now.
    func contentsCheck() -> () -> Bool
}
