import CKernels

/// The flags of this thread that operations read, in one place.
@inline(__always)
package var threadState: UnsafeMutablePointer<tl_thread_state> { tl_state() }

/// What a thread carries besides its flags: made when first needed, kept for the life of the thread.
package final class ThreadContext {
    /// The modules whose `forward` is running, outermost first: unretained, since whoever calls them holds them. Names are
    /// looked up only when an error needs them.
    @exclusivity(unchecked) private var modulePath: [Unmanaged<AnyObject>] = []

    /// Notes that the `forward` of a module begins; `leave()` notes its end.
    package func enter(_ module: any PathElement) { modulePath.append(Unmanaged.passUnretained(module)) }
    package func leave() { modulePath.removeLast() }
    /// The first error inside the innermost `checked`.
    package var pendingError: TensorError?
    /// What is left to release while a graph is being freed; see `Node.deinit`.
    var released: [AnyObject] = []
    /// Who sees the calls of primitives, between `recordingCalls` and its end.
    var recorder: (any CallRecorder)?
    /// Where tensors are made that are given no device.
    var defaultDevice = Device.cpu
    /// The innermost backward pass that runs, and the memory of one that has ended.
    var pass: GradientContext?
    var sparePass: GradientContext?
    /// What turns tensors that nodes save into something else; see `savedTensorsHooks`.
    var packer: (any SavedTensorPacker)?
    /// The random numbers of a part of the program that is run twice; see `checkpoint`.
    var randomSource: (any RandomSource)?
    /// What `Generator.default` is on this thread, where it is not the program's.
    var defaultGenerator: Generator?
    /// How many `autocast` blocks are open, and the parameters that they converted.
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

    /// The module whose `forward` is running.
    package var innermostModule: AnyObject? { modulePath.last?.takeUnretainedValue() }

    package var modulePathText: String? {
        let modules = modulePath.compactMap { $0.takeUnretainedValue() as? any PathElement }
        let names = zip(modules, modules.dropFirst()).map { $0.name(of: $1) }
        return names.isEmpty ? nil : names.joined(separator: ".")
    }
}

/// What an error names as its place: a module, which can tell the names of the modules inside it.
package protocol PathElement: AnyObject {
    /// "layers.3.fc2", as seen from this module.
    func name(of inner: any PathElement) -> String
}
