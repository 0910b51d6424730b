import CKernels

/// Runs tensor code in which a wrong call is thrown as a ``TensorError`` instead of ending the process.
///
/// An operation that fails inside records its error and yields a placeholder, which every later operation passes on
/// without computing; the first error is thrown when the body ends. Scopes nest. The body runs on the calling thread.
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
        // What the body threw may be a consequence of the placeholder; the operation's own error explains it.
        throw context.pendingError ?? error
    }
    if let error = context.pendingError { throw error }
    return result
}

/// Reports a wrong call: recorded inside `checked`, a trap elsewhere. Returns the placeholder to go on with.
///
/// The placeholder has the shape of `like`, so that code that reads its sizes goes on as well.
package func fail(_ error: TensorError, like: Tensor? = nil) -> Tensor {
    guard threadState.pointee.checked > 0 else { trap(error) }
    let context = ThreadContext.current
    if context.pendingError == nil { context.pendingError = error }
    return Tensor.placeholder(shape: like?.layout.shape ?? Dims())
}

/// Reports a wrong call where no tensor is returned.
package func reportFailure(_ error: TensorError) { _ = fail(error) }

/// Throws the error that an operation inside `checked` has recorded: for code that must not go on with a placeholder.
@inline(__always)
func throwPendingError() throws(TensorError) {
    if threadState.pointee.checked > 0, let error = ThreadContext.existing?.pendingError { throw error }
}

/// Whether an operation inside `checked` has failed, so that what is computed until its end means nothing.
var hasPendingError: Bool { threadState.pointee.checked > 0 && ThreadContext.existing?.pendingError != nil }

package func trap(_ error: TensorError) -> Never {
    fatalError(error.description)
}

/// The value of a body that throws, or the placeholder of its error.
@inline(__always)
package func orFail(like: Tensor? = nil, _ body: () throws(TensorError) -> Tensor) -> Tensor {
    do { return try body() } catch { return fail(error, like: like) }
}
