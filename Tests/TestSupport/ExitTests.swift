import Testing

/// Records what a test process wrote to standard error as an issue. The process must end without an error: what one that fails
/// wrote is not kept.
package func recordStandardError(
    of result: ExitTest.Result?, sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let result, !result.standardErrorContent.isEmpty else { return }
    Issue.record(
        "\(String(decoding: result.standardErrorContent, as: UTF8.self).suffix(20_000))", sourceLocation: sourceLocation
    )
}
