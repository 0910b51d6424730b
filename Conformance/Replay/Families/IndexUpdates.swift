import Torchlight

extension Registry {
    /// What writes at positions, in place and not.
    mutating func registerIndexUpdates() {
        update(
            "masked_scatter",
            { $1.maskedScatter(try $0.tensor(1, "mask"), try $0.tensor(2, "source")) },
            inPlace: { $1.maskedScatter_(try $0.tensor(1, "mask"), try $0.tensor(2, "source")) })
        update(
            "index_fill",
            { call, x in
                let (dim, index) = (try call.int(1, "dim"), try call.tensor(2, "index"))
                if call.isTensor(3, "value") { return x.indexFill(dim, index, try call.tensor(3, "value")) }
                return x.indexFill(dim, index, try call.number(3, "value"))
            },
            inPlace: { call, x in
                let (dim, index) = (try call.int(1, "dim"), try call.tensor(2, "index"))
                if call.isTensor(3, "value") { return x.indexFill_(dim, index, try call.tensor(3, "value")) }
                return x.indexFill_(dim, index, try call.number(3, "value"))
            })
        update(
            "index_put",
            {
                $1.indexPut(
                    try $0.tensors(1, "indices"), try $0.tensor(2, "values"),
                    accumulate: try $0.bool(3, "accumulate"))
            },
            inPlace: {
                $1.indexPut_(
                    try $0.tensors(1, "indices"), try $0.tensor(2, "values"),
                    accumulate: try $0.bool(3, "accumulate"))
            })
        update(
            "put",
            {
                $1.put(
                    try $0.tensor(1, "index"), try $0.tensor(2, "source"), accumulate: try $0.bool(3, "accumulate"))
            },
            inPlace: {
                $1.put_(
                    try $0.tensor(1, "index"), try $0.tensor(2, "source"), accumulate: try $0.bool(3, "accumulate"))
            })
        update(
            "index_reduce",
            {
                $1.indexReduce(
                    try $0.int(1, "dim"), try $0.tensor(2, "index"), try $0.tensor(3, "source"),
                    reduce: try $0.reduction(4), includeSelf: try $0.bool(nil, "include_self", default: true))
            },
            inPlace: {
                $1.indexReduce_(
                    try $0.int(1, "dim"), try $0.tensor(2, "index"), try $0.tensor(3, "source"),
                    reduce: try $0.reduction(4), includeSelf: try $0.bool(nil, "include_self", default: true))
            })
        update(
            "scatter_reduce",
            {
                $1.scatterReduce(
                    try $0.int(1, "dim"), try $0.tensor(2, "index"), try $0.tensor(3, "src"),
                    reduce: try $0.reduction(4), includeSelf: try $0.bool(nil, "include_self", default: true))
            },
            inPlace: {
                $1.scatterReduce_(
                    try $0.int(1, "dim"), try $0.tensor(2, "index"), try $0.tensor(3, "src"),
                    reduce: try $0.reduction(4), includeSelf: try $0.bool(nil, "include_self", default: true))
            })
        registerScatter()
        register(
            "nonzero_static",
            tensor: { call in
                try call.tensor(0).nonzeroStatic(
                    size: try call.int(nil, "size"), fillValue: try call.int(nil, "fill_value", default: -1))
            })
        register(
            "unravel_index",
            tensors: { call in unravelIndex(try call.tensor(0, "indices"), try call.ints(1, "shape")) })
    }

    private mutating func registerScatter() {
        update(
            "scatter",
            { call, x in
                let (dim, index) = (try call.int(1, "dim"), try call.tensor(2, "index"))
                switch (call.isTensor(3, "src"), try call.scatterUpdate()) {
                case (true, let update?): return x.scatter(dim, index, try call.tensor(3, "src"), reduce: update)
                case (true, nil): return x.scatter(dim, index, try call.tensor(3, "src"))
                case (false, let update?): return x.scatter(dim, index, try call.number(3, "value"), reduce: update)
                case (false, nil): return x.scatter(dim, index, try call.number(3, "value"))
                }
            },
            inPlace: { call, x in
                let (dim, index) = (try call.int(1, "dim"), try call.tensor(2, "index"))
                switch (call.isTensor(3, "src"), try call.scatterUpdate()) {
                case (true, let update?): return x.scatter_(dim, index, try call.tensor(3, "src"), reduce: update)
                case (true, nil): return x.scatter_(dim, index, try call.tensor(3, "src"))
                case (false, let update?): return x.scatter_(dim, index, try call.number(3, "value"), reduce: update)
                case (false, nil): return x.scatter_(dim, index, try call.number(3, "value"))
                }
            })
    }

    /// An operator of a tensor and other arguments, and its form in place under the name with an underscore.
    private mutating func update(
        _ name: String, _ operation: @escaping (Call, Tensor) throws -> Tensor,
        inPlace: @escaping (Call, Tensor) throws -> Tensor
    ) {
        register(name, tensor: { call in try operation(call, try call.tensor(0)) })
        register(name + "_", tensor: { call in try inPlace(call, try call.tensor(0)) })
    }
}

extension Call {
    /// How elements that meet at one place are combined.
    fileprivate func reduction(_ place: Int) throws -> ScatterReduction {
        switch try optionalString(place, "reduce") {
        case "sum": return .sum
        case "prod": return .prod
        case "mean": return .mean
        case "amax": return .amax
        case "amin": return .amin
        default: throw NotSupported("the reduction")
        }
    }

    /// What a scatter does besides replacing.
    fileprivate func scatterUpdate() throws -> ScatterUpdate? {
        switch try optionalString(nil, "reduce") {
        case "add": return .add
        case "multiply": return .multiply
        case nil: return nil
        default: throw NotSupported("the reduction")
        }
    }
}
