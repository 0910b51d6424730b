import CKernels

/// The flags of this thread that operations read, in one place.
@inline(__always)
package var threadState: UnsafeMutablePointer<tl_thread_state> { tl_state() }

/// What a thread carries besides its flags: made when first needed, kept for the life of the thread.
package final class ThreadContext {
    /// The names of the modules whose `forward` is running, outermost first.
    package var modulePath: [String] = []
    /// The first error inside the innermost `checked`.
    package var pendingError: TensorError?
    /// What is left to release while a graph is being freed; see `Node.deinit`.
    var released: [AnyObject] = []

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

    package var modulePathText: String? {
        let names = modulePath.filter { !$0.isEmpty }
        return names.isEmpty ? nil : names.joined(separator: ".")
    }
}
