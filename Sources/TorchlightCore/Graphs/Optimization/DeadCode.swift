/// Dead code elimination: removes the instructions on which no result depends.
///
/// Draws of random keys are kept, because later draws depend on their number. Checks of values that belong to a removed
/// instruction are removed with it.
package func withoutDeadCode(_ graph: Graph) -> Graph {
    var result = graph
    let used = graph.used
    result.setInstructions(graph.instructions.indices.filter { used[$0] }.map { graph.instructions[$0] })
    return result
}
