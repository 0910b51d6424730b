import Testing
import TorchlightCore

/// Expects a tensor to hold the numbers within the tolerance of its dtype; says where it does not.
package func expectClose(
    _ got: Tensor, _ expected: ReferenceArray, _ tolerance: Tolerance = .elementwise, _ label: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard got.shape == expected.shape else {
        Issue.record("\(label): shape \(got.shape), expected \(expected.shape)", sourceLocation: sourceLocation)
        return
    }
    let values = got.detach().toArray(Double.self)
    // What a dtype cannot hold is not expected of it.
    let rounded = expected.tensor(got.dtype).toArray(Double.self)
    for i in values.indices
    where !tolerance.allows(values[i], expected.values[i], got.dtype)
        && !tolerance.allows(values[i], rounded[i], got.dtype)
    {
        Issue.record(
            """
            \(label): element \(i) is \(values[i]), expected \(expected.values[i]) within \(tolerance.units) units \
            (\(tolerance.reason))
            """, sourceLocation: sourceLocation)
        return
    }
}

/// Expects a tensor to hold these numbers, in row-major order.
package func expectClose(
    _ got: Tensor, _ expected: [Double], _ tolerance: Tolerance = .elementwise, _ label: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard got.numel == expected.count else {
        Issue.record(
            "\(label): \(got.numel) elements, expected \(expected.count)", sourceLocation: sourceLocation)
        return
    }
    expectClose(got, ReferenceArray(expected, shape: got.shape), tolerance, label, sourceLocation: sourceLocation)
}

/// Expects the call to be refused by `operation`; returns the error for a closer look.
@discardableResult
package func expectRefusal(
    by operation: String, _ kind: TensorError.Kind? = nil, _ label: String = "",
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () -> Any
) -> TensorError? {
    do {
        _ = try checked(body)
        Issue.record("\(label): \(operation) accepted the call", sourceLocation: sourceLocation)
    } catch let error as TensorError {
        #expect(error.operation == operation, "\(label): \(error)", sourceLocation: sourceLocation)
        if let kind { #expect(error.kind == kind, "\(label): \(error)", sourceLocation: sourceLocation) }
        return error
    } catch {
        Issue.record("\(label): \(error)", sourceLocation: sourceLocation)
    }
    return nil
}

/// Whether two tensors have the same shape, dtype and bits of their elements.
package func hasSameBits(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.shape == b.shape, a.dtype == b.dtype else { return false }
    return a.detach().contiguous().withUnsafeBytes { x in
        b.detach().contiguous().withUnsafeBytes { y in x.elementsEqual(y) }
    }
}

/// The text of the error that the body fails with; empty if it does not fail.
package func errorText(_ body: () throws -> Void) -> String {
    do {
        try checked(body)
        return ""
    } catch { return "\(error)" }
}
