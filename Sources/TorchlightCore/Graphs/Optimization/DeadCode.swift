/// The graph without the instructions that no result depends on.
///
/// Draws of random keys stay: later draws depend on how many there were before. The checks of values that an instruction
/// makes go with it.
package func withoutDeadCode(_ graph: Graph) -> Graph {
    var result = graph
    let used = graph.used
    result.setInstructions(graph.instructions.indices.filter { used[$0] }.map { graph.instructions[$0] })
    return result
}
