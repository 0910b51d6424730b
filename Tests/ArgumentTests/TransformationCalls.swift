import Torchlight

// Transformations of functions.

extension CallTable {
    mutating func addTransformations() {
        @Sendable func double(_ x: Tensor) -> Tensor { x * 2 }
        @Sendable func product(_ x: Tensor, _ y: Tensor) -> Tensor { (x * y).sum() }
        add("MappedDims.init(_: Int?)") {
            vmap(double, inDims: MappedDims($0.maybe($0.int())), outDims: MappedDims($0.maybe($0.int())))($0.tensor())
        }
        add("MappedDims.init(_: [Int?])") { vmap(double, inDims: MappedDims($0.ints()))($0.tensor()) }
        add("MappedDims.init(integerLiteral: Int)") {
            vmap(double, inDims: MappedDims(integerLiteral: $0.int()))($0.tensor())
        }
        add("MappedDims.init(arrayLiteral: Int?...)") {
            vmap(product, inDims: MappedDims(arrayLiteral: $0.int(), $0.int()))($0.tensor(), $0.tensor())
        }
        add("GraphBuilder.placeholder(_: [Int])") { arguments in
            let graph = GraphBuilder()
            let x = graph.placeholder("x", arguments.ints())
            return graph.build { double(x) }
        }
        add("vmap(chunkSize: Int?)") { vmap(double, chunkSize: $0.maybe($0.int()))($0.tensor()) }
        add("grad(argnums: Int)") { grad(product, argnums: $0.int())($0.tensor(), $0.tensor()) }
        add("grad(argnums: [Int])") { grad(product, argnums: $0.ints())($0.tensor(), $0.tensor()) }
        add("valueAndGrad(argnums: [Int])") { valueAndGrad(product, argnums: $0.ints())($0.tensor(), $0.tensor()) }
        add("hessian(argnums: Int)") { hessian(product, argnums: $0.int())($0.tensor(), $0.tensor()) }
        add("hessian(argnums: [Int])") { hessian(product, argnums: $0.ints())($0.tensor(), $0.tensor()) }
        add("jacrev(chunkSize: Int?)") { jacrev(double, chunkSize: $0.maybe($0.int()))($0.tensor()) }
        add("jacrev(argnums: Int, chunkSize: Int?)") {
            jacrev(product, argnums: $0.int(), chunkSize: $0.maybe($0.int()))($0.tensor(), $0.tensor())
        }
        add("jacrev(argnums: [Int], chunkSize: Int?)") {
            jacrev(product, argnums: $0.ints(), chunkSize: $0.maybe($0.int()))($0.tensor(), $0.tensor())
        }
        add("jacfwd(chunkSize: Int?)") { jacfwd(double, chunkSize: $0.maybe($0.int()))($0.tensor()) }
        add("jacfwd(argnums: Int, chunkSize: Int?)") {
            jacfwd(product, argnums: $0.int(), chunkSize: $0.maybe($0.int()))($0.tensor(), $0.tensor())
        }
        add("jacfwd(argnums: [Int], chunkSize: Int?)") {
            jacfwd(product, argnums: $0.ints(), chunkSize: $0.maybe($0.int()))($0.tensor(), $0.tensor())
        }
        add("whileLoop(maximumSteps: Int?)") {
            whileLoop({ (x: Tensor) in x.sum() .< 8 }, { $0 + 1 }, Tensor(0.0), maximumSteps: $0.maybe($0.int()))
        }
    }
}
