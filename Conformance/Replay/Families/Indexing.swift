import Torchlight
import TorchlightIO

extension Registry {
    /// Gathering, scattering and the brackets.
    mutating func registerIndexing() {
        register(
            "gather",
            tensor: { call in
                try call.tensor(0).gather(try call.int(1, "dim"), try call.tensor(2, "index"))
            })
        register(
            "index_select",
            tensor: { call in
                try call.tensor(0).indexSelect(try call.int(1, "dim"), try call.tensor(2, "index"))
            })
        register("take", tensor: { call in try call.tensor(0).take(try call.tensor(1, "index")) })
        register(
            "take_along_dim",
            tensor: { call in
                try call.tensor(0).takeAlongDim(try call.tensor(1, "indices"), dim: try call.optionalInt(2, "dim"))
            })
        register("masked_select", tensor: { call in try call.tensor(0).maskedSelect(try call.tensor(1, "mask")) })
        register(
            "masked_scatter",
            tensor: { call in
                try call.tensor(0).maskedScatter(try call.tensor(1, "mask"), try call.tensor(2, "source"))
            })
        register(
            "nonzero",
            answer: { call in
                let x = try call.tensor(0)
                return try call.bool(nil, "as_tuple") ? .tensors(Tensor.where(x)) : .tensor(x.nonzero())
            })
        register("argwhere", tensor: { call in try call.tensor(0).nonzero() })
        register(
            "index_add",
            tensor: { call in
                let alpha: any TensorScalar = try call.optionalNumber(nil, "alpha") ?? 1
                return try call.tensor(0).indexAdd(
                    try call.int(1, "dim"), try call.tensor(2, "index"), try call.tensor(3, "source"), alpha: alpha)
            })
        register(
            "index_add_",
            tensor: { call in
                let alpha: any TensorScalar = try call.optionalNumber(nil, "alpha") ?? 1
                return try call.tensor(0).indexAdd_(
                    try call.int(1, "dim"), try call.tensor(2, "index"), try call.tensor(3, "source"), alpha: alpha)
            })
        register(
            "index_copy",
            tensor: { call in
                try call.tensor(0).indexCopy(
                    try call.int(1, "dim"), try call.tensor(2, "index"), try call.tensor(3, "source"))
            })
        register(
            "index_copy_",
            tensor: { call in
                try call.tensor(0).indexCopy_(
                    try call.int(1, "dim"), try call.tensor(2, "index"), try call.tensor(3, "source"))
            })
        register(
            "scatter_add",
            tensor: { call in
                try call.tensor(0).scatterAdd(
                    try call.int(1, "dim"), try call.tensor(2, "index"), try call.tensor(3, "src"))
            })
        register(
            "scatter_add_",
            tensor: { call in
                try call.tensor(0).scatterAdd_(
                    try call.int(1, "dim"), try call.tensor(2, "index"), try call.tensor(3, "src"))
            })
        register("__getitem__", tensor: { call in try call.tensor(0)[try call.brackets(1)] })
        register(
            "__setitem__",
            tensor: { call in
                let (x, items) = (try call.tensor(0), try call.brackets(1))
                if call.isTensor(2, "value") {
                    x[items] = try call.tensor(2, "value")
                } else {
                    // The brackets take a number as a literal; a list of any length takes a tensor of the same dtype.
                    x[items] = Tensor.full([], try call.number(2, "value"), dtype: x.dtype)
                }
                return x
            })
    }
}

extension Call {
    /// What stands between the brackets: one entry, or a tuple of them.
    func brackets(_ place: Int) throws -> [TensorIndexItem] {
        guard let value = value(place, "index") else { return [.insertedDimension] }
        guard let items = value["tuple"]?.elements else { return [try item(value, "args.\(place)")] }
        return try items.enumerated().map { i, entry in try item(entry, "args.\(place).\(i)") }
    }

    private func item(_ value: JSON, _ path: String) throws -> TensorIndexItem {
        if value.isNone { return .newAxis }
        if let flag = value.bool { return flag.index }
        if value["ellipsis"] != nil { return .ellipsis }
        if let position = value.int { return .position(position) }
        if let parts = value["slice"]?.elements, parts.count == 3 {
            return .slice(start: parts[0].int, end: parts[1].int, step: parts[2].int ?? 1)
        }
        if let tensor = try decode(value, at: path) { return .tensor(tensor) }
        if let list = value.elements {
            let ints = list.compactMap(\.int)
            if ints.count == list.count { return ints.index }
            let flags = list.compactMap(\.bool)
            if flags.count == list.count { return .tensor(Tensor(flags, shape: [flags.count])) }
        }
        throw NotSupported("the index \(value.text())")
    }
}
