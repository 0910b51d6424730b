import Torchlight

extension Registry {
    /// Stacks, grids, pieces, turns, statistics and products that are composed of other operations.
    mutating func registerComposites() {
        registerStacks()
        registerPieces()
        registerParts()
        registerStatistics()
        registerDifferences()
        registerTensorProducts()
    }

    private mutating func registerStacks() {
        register("hstack", tensor: { call in Torchlight.hstack(try call.tensors(0)) })
        register("vstack", "row_stack", tensor: { call in Torchlight.vstack(try call.tensors(0)) })
        register("dstack", tensor: { call in Torchlight.dstack(try call.tensors(0)) })
        register("column_stack", tensor: { call in Torchlight.columnStack(try call.tensors(0)) })
        register("block_diag", tensor: { call in Torchlight.blockDiag(try call.trailingTensors()) })
        register("cartesian_prod", tensor: { call in Torchlight.cartesianProd(try call.trailingTensors()) })
        register("broadcast_tensors", tensors: { call in Torchlight.broadcastTensors(try call.trailingTensors()) })
        register(
            "combinations",
            tensor: { call in
                try call.tensor(0).combinations(
                    try call.int(1, "r", default: 2), withReplacement: try call.bool(2, "with_replacement"))
            })
        func atLeast(
            _ name: String, _ one: @escaping (Tensor) -> Tensor, _ many: @escaping ([Tensor]) -> [Tensor]
        ) {
            register(
                name,
                answer: { call in
                    if call.count == 1 && call.isTensor(0, "input") { return .tensor(one(try call.tensor(0))) }
                    return .tensors(many(try call.trailingTensors()))
                })
        }
        atLeast("atleast_1d", { $0.atLeast1d() }, { Torchlight.atLeast1d($0) })
        atLeast("atleast_2d", { $0.atLeast2d() }, { Torchlight.atLeast2d($0) })
        atLeast("atleast_3d", { $0.atLeast3d() }, { Torchlight.atLeast3d($0) })
        register(
            "meshgrid",
            tensors: { call in
                let indexings: [String: GridIndexing] = ["ij": .ij, "xy": .xy]
                let name = try call.optionalString(nil, "indexing") ?? "ij"
                guard let indexing = indexings[name] else { throw NotSupported("indexing \(name)") }
                return Torchlight.meshgrid(try call.trailingTensors(), indexing: indexing)
            })
        register(
            "broadcast_shapes",
            answer: { call in
                var shape: [Int]? = []
                for i in 0..<call.count {
                    let next = try call.ints(i, "shapes")
                    shape = shape.flatMap { Torchlight.broadcastShapes($0, next) }
                }
                guard let shape else { throw NotSupported("the shapes do not broadcast") }
                return .ints(shape)
            })
        unary("fliplr") { $0.fliplr() }
        unary("flipud") { $0.flipud() }
        register(
            "rot90",
            tensor: { call in
                let dims = try call.ints(2, "dims", default: [0, 1])
                guard dims.count == 2 else { throw NotSupported("takes two dimensions") }
                return try call.tensor(0).rot90(try call.int(1, "k", default: 1), dims: (dims[0], dims[1]))
            })
        register("diagflat", tensor: { call in try call.tensor(0).diagflat(try call.int(1, "offset", default: 0)) })
        register(
            "split_with_sizes",
            tensors: { call in
                try call.tensor(0).split(try call.ints(1, "split_sizes"), dim: try call.int(2, "dim", default: 0))
            })
        register("expand_as", tensor: { call in try call.tensor(0).expand(as: try call.tensor(1, "other")) })
        register("broadcast_to", tensor: { call in try call.tensor(0).broadcast(to: try call.ints(1, "size")) })
    }

    private mutating func registerPieces() {
        func pieces(
            _ call: Call, _ count: (Tensor, Int) -> [Tensor], _ positions: (Tensor, [Int]) -> [Tensor]
        ) throws -> [Tensor] {
            let x = try call.tensor(0)
            if let number = try? call.int(1, "indices_or_sections") { return count(x, number) }
            return positions(x, try call.ints(1, "indices_or_sections"))
        }
        register("hsplit", tensors: { call in try pieces(call, { $0.hsplit($1) }, { $0.hsplit(at: $1) }) })
        register("vsplit", tensors: { call in try pieces(call, { $0.vsplit($1) }, { $0.vsplit(at: $1) }) })
        register("dsplit", tensors: { call in try pieces(call, { $0.dsplit($1) }, { $0.dsplit(at: $1) }) })
        register(
            "tensor_split",
            tensors: { call in
                let dim = try call.int(2, "dim", default: 0)
                if call.isTensor(1, "tensor_indices_or_sections") {
                    let given = try call.tensor(1, "tensor_indices_or_sections")
                    let x = try call.tensor(0)
                    return given.rank == 0
                        ? x.tensorSplit(given.item(Int.self), dim: dim)
                        : x.tensorSplit(at: given.toArray(Int.self), dim: dim)
                }
                return try pieces(call, { $0.tensorSplit($1, dim: dim) }, { $0.tensorSplit(at: $1, dim: dim) })
            })
    }

    private mutating func registerParts() {
        register(
            "select_scatter",
            tensor: { call in
                try call.tensor(0).selectScatter(
                    try call.tensor(1, "src"), dim: try call.int(2, "dim"), index: try call.int(3, "index"))
            })
        register(
            "slice_scatter",
            tensor: { call in
                try call.tensor(0).sliceScatter(
                    try call.tensor(1, "src"), dim: try call.int(2, "dim", default: 0),
                    start: try call.optionalInt(3, "start"), end: try call.optionalInt(4, "end"),
                    step: try call.int(5, "step", default: 1))
            })
        register(
            "diagonal_scatter",
            tensor: { call in
                try call.tensor(0).diagonalScatter(
                    try call.tensor(1, "src"), offset: try call.int(2, "offset", default: 0),
                    dim1: try call.int(3, "dim1", default: 0), dim2: try call.int(4, "dim2", default: 1))
            })
        register(
            "as_strided_scatter",
            tensor: { call in
                try call.tensor(0).asStridedScatter(
                    try call.tensor(1, "src"), try call.ints(2, "size"), stride: try call.ints(3, "stride"),
                    offset: try call.optionalInt(4, "storage_offset"))
            })
    }

    private mutating func registerStatistics() {
        func pair(_ both: (values: Tensor, indices: Tensor)) -> Answer { .tensors([both.values, both.indices]) }
        register(
            "median",
            answer: { call in
                let x = try call.tensor(0)
                guard let dim = try call.optionalInt(1, "dim") else { return .tensor(x.median()) }
                return pair(x.median(dim: dim, keepdim: try call.bool(2, "keepdim")))
            })
        register(
            "nanmedian",
            answer: { call in
                let x = try call.tensor(0)
                guard let dim = try call.optionalInt(1, "dim") else { return .tensor(x.nanmedian()) }
                return pair(x.nanmedian(dim: dim, keepdim: try call.bool(2, "keepdim")))
            })
        register(
            "kthvalue",
            answer: { call in
                pair(
                    try call.tensor(0).kthvalue(
                        try call.int(1, "k"), dim: try call.int(2, "dim", default: -1),
                        keepdim: try call.bool(3, "keepdim")))
            })
        func quantile(_ call: Call, _ skipsNaN: Bool) throws -> Tensor {
            let x = try call.tensor(0)
            let q =
                call.isTensor(1, "q")
                ? try call.tensor(1, "q")
                : Tensor.full([], try call.double(1, "q", default: 0.5), dtype: x.dtype, device: x.device)
            let (dim, keepdim) = (try call.optionalInt(2, "dim"), try call.bool(3, "keepdim"))
            let name = try call.optionalString(nil, "interpolation") ?? "linear"
            guard let interpolation = Interpolation(rawValue: name) else { throw NotSupported("interpolation \(name)") }
            return skipsNaN
                ? x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
                : x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
        }
        register("quantile", tensor: { call in try quantile(call, false) })
        register("nanquantile", tensor: { call in try quantile(call, true) })
        register(
            "diff",
            tensor: { call in
                try call.tensor(0).diff(
                    try call.int(1, "n", default: 1), dim: try call.int(2, "dim", default: -1),
                    prepend: try call.optionalTensor(3, "prepend"), append: try call.optionalTensor(4, "append"))
            })
        register(
            "trapezoid", "trapz",
            tensor: { call in
                let dim = try call.int(nil, "dim", default: -1)
                if let x = try call.optionalTensor(1, "x") { return try call.tensor(0, "y").trapezoid(x: x, dim: dim) }
                return try call.tensor(0, "y").trapezoid(dx: try call.double(nil, "dx", default: 1), dim: dim)
            })
        register(
            "cumulative_trapezoid",
            tensor: { call in
                let dim = try call.int(nil, "dim", default: -1)
                if let x = try call.optionalTensor(1, "x") {
                    return try call.tensor(0, "y").cumulativeTrapezoid(x: x, dim: dim)
                }
                return try call.tensor(0, "y").cumulativeTrapezoid(dx: try call.double(nil, "dx", default: 1), dim: dim)
            })
        register(
            "cov",
            tensor: { call in
                try call.tensor(0).cov(
                    correction: try call.int(nil, "correction", default: 1),
                    frequencies: try call.optionalTensor(nil, "fweights"),
                    weights: try call.optionalTensor(nil, "aweights"))
            })
        unary("corrcoef") { $0.corrcoef() }
        register(
            "bincount",
            tensor: { call in
                try call.tensor(0).bincount(
                    weights: try call.optionalTensor(1, "weights"), minLength: try call.int(2, "minlength", default: 0))
            })
        register(
            "histc",
            tensor: { call in
                try call.tensor(0).histc(
                    bins: try call.int(1, "bins", default: 100), min: try call.double(2, "min", default: 0),
                    max: try call.double(3, "max", default: 0))
            })
        register("sum_to_size", tensor: { call in try call.tensor(0).sumToSize(try call.trailingInts(1, "size")) })
        register(
            "dist",
            tensor: { call in
                try call.tensor(0).dist(try call.tensor(1, "other"), p: try call.double(2, "p", default: 2))
            })
    }

    private mutating func registerDifferences() {
        register(
            "gradient",
            tensors: { call in
                let x = try call.tensor(0)
                let (dim, edge) = (try call.optionalInts(nil, "dim"), try call.int(nil, "edge_order", default: 1))
                guard let items = call.value(nil, "spacing")?.list else {
                    let spacing = try call.double(nil, "spacing", default: 1)
                    return Torchlight.gradient(x, spacing: spacing, dim: dim, edgeOrder: edge)
                }
                let numbers = items.compactMap { $0.number?.scalar.asDouble }
                if numbers.count == items.count {
                    return Torchlight.gradient(x, spacing: numbers, dim: dim, edgeOrder: edge)
                }
                return Torchlight.gradient(x, spacing: try call.tensors(nil, "spacing"), dim: dim, edgeOrder: edge)
            })
        register(
            "mode",
            tensors: { call in
                let (values, indices) = try call.tensor(0).mode(
                    dim: try call.int(1, "dim", default: -1), keepdim: try call.bool(2, "keepdim"))
                return [values, indices]
            })
        register(
            "histogram",
            tensors: { call in
                let (x, weight) = (try call.tensor(0), try call.optionalTensor(nil, "weight"))
                let density = try call.bool(nil, "density")
                if call.isTensor(1, "bins") {
                    let (counts, edges) = x.histogram(try call.tensor(1, "bins"), weight: weight, density: density)
                    return [counts, edges]
                }
                let bounds = call.value(nil, "range")?.list?.compactMap { $0.number?.scalar.asDouble } ?? []
                let (counts, edges) = x.histogram(
                    bins: try call.int(1, "bins"), range: bounds.count == 2 ? (bounds[0], bounds[1]) : nil,
                    weight: weight, density: density)
                return [counts, edges]
            })
        func renorm(_ name: String, _ apply: @escaping (Tensor, Double, Int, Double) -> Tensor) {
            register(
                name,
                tensor: { call in
                    apply(
                        try call.tensor(0), try call.double(1, "p", default: 2), try call.int(2, "dim"),
                        try call.double(3, "maxnorm", default: 0))
                })
        }
        renorm("renorm") { $0.renorm(p: $1, dim: $2, maxNorm: $3) }
        renorm("renorm_") { $0.renorm_(p: $1, dim: $2, maxNorm: $3) }
    }

    /// A product added to a tensor, with the names of its two factors.
    private mutating func addedProduct(
        _ name: String, _ a: String, _ b: String,
        _ function: @escaping (Tensor, Tensor, Tensor, Double, Double) -> Tensor
    ) {
        register(
            name,
            tensor: { call in
                function(
                    try call.tensor(0), try call.tensor(1, a), try call.tensor(2, b),
                    try call.double(nil, "beta", default: 1), try call.double(nil, "alpha", default: 1))
            })
    }

    private mutating func registerTensorProducts() {
        addedProduct("addbmm_", "batch1", "batch2") { $0.addbmm_($1, $2, beta: $3, alpha: $4) }
        addedProduct("baddbmm_", "batch1", "batch2") { $0.baddbmm_($1, $2, beta: $3, alpha: $4) }
        addedProduct("addmv_", "mat", "vec") { $0.addmv_($1, $2, beta: $3, alpha: $4) }
        addedProduct("addr_", "vec1", "vec2") { $0.addr_($1, $2, beta: $3, alpha: $4) }
        register("inner", tensor: { call in try call.tensor(0).inner(try call.tensor(1, "other")) })
        register(
            "linalg.vecdot",
            tensor: { call in
                LinAlg.vecdot(
                    try call.tensor(0, "x"), try call.tensor(1, "y"), dim: try call.int(nil, "dim", default: -1))
            })
        register(
            "tensordot",
            tensor: { call in
                let (a, b) = (try call.tensor(0, "a"), try call.tensor(1, "b"))
                guard let lists = call.value(2, "dims")?.list else {
                    return a.tensordot(b, dims: try call.int(2, "dims", default: 2))
                }
                let dims = lists.map { $0.list?.compactMap(\.int) ?? [] }
                guard dims.count == 2 else { throw NotSupported("takes two lists of dimensions") }
                return a.tensordot(b, dims: dims[0], dims[1])
            })
        register("kron", tensor: { call in try call.tensor(0).kron(try call.tensor(1, "other")) })
        register("chain_matmul", tensor: { call in Torchlight.chainMatmul(try call.trailingTensors()) })
        register(
            "addbmm",
            tensor: { call in
                if let factors = try call.complexNumbers([(nil, "beta"), (nil, "alpha")]) {
                    return try call.tensor(0).addbmm(
                        try call.tensor(1, "batch1"), try call.tensor(2, "batch2"), beta: factors[0], alpha: factors[1])
                }
                return try call.tensor(0).addbmm(
                    try call.tensor(1, "batch1"), try call.tensor(2, "batch2"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
        register(
            "addr",
            tensor: { call in
                if let factors = try call.complexNumbers([(nil, "beta"), (nil, "alpha")]) {
                    return try call.tensor(0).addr(
                        try call.tensor(1, "vec1"), try call.tensor(2, "vec2"), beta: factors[0], alpha: factors[1])
                }
                return try call.tensor(0).addr(
                    try call.tensor(1, "vec1"), try call.tensor(2, "vec2"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
    }
}
