/// Runs tensor code so that an error is thrown as a ``TensorError`` instead of ending the process.
///
/// An operation that fails inside the body records its error and returns a placeholder, which later operations pass on
/// without computing. The first error is thrown when the body ends. Calls nest. The body runs on the calling thread.
///
///     do {
///         let logits = try checked { model(input) }
///     } catch let error as TensorError {
///         log(error)      // "matmul: the inner sizes disagree, got float32 [2, 3] and float32 [4, 5]; expected ..."
///     }
public func checked<R>(_ body: () throws -> R) throws -> R {
    let context = ThreadContext.current
    let outer = context.pendingError
    context.pendingError = nil
    threadState.pointee.checked += 1
    defer {
        threadState.pointee.checked -= 1
        context.pendingError = outer
    }
    let result: R
    do {
        result = try body()
    } catch {
        // An error that the body threw may be a consequence of the placeholder; the operation's own error is the cause.
        throw context.pendingError ?? error
    }
    if let error = context.pendingError { throw error }
    return result
}

/// Reports an error: recorded inside `checked`, otherwise the process ends. Returns a placeholder.
///
/// The placeholder has the shape of `like`, so that later code can read its sizes.
package func fail(_ error: TensorError, like: Tensor? = nil) -> Tensor {
    guard threadState.pointee.checked > 0 else { trap(error) }
    let context = ThreadContext.current
    if context.pendingError == nil { context.pendingError = error }
    return Tensor.placeholder(shape: like?.layout.shape ?? Dims())
}

/// Reports an error in a function that returns no tensor.
package func reportFailure(_ error: TensorError) { _ = fail(error) }

/// Throws the error that an operation inside `checked` has recorded: for code that cannot continue with a placeholder.
@inline(__always)
func throwPendingError() throws(TensorError) {
    if threadState.pointee.checked > 0, let error = ThreadContext.existing?.pendingError { throw error }
}

/// Whether an operation inside the current `checked` has failed.
var hasPendingError: Bool { threadState.pointee.checked > 0 && ThreadContext.existing?.pendingError != nil }

package func trap(_ error: TensorError) -> Never {
    fatalError(error.description)
}

/// The result of the body, or the placeholder for its error.
@inline(__always)
package func orFail(like: Tensor? = nil, _ body: () throws(TensorError) -> Tensor) -> Tensor {
    do { return try body() } catch { return fail(error, like: like) }
}
