import Torchlight

extension Registry {
    /// Reshaping, reordering and repeating.
    mutating func registerShapes() {
        register("reshape", tensor: { call in try call.tensor(0).reshape(try call.trailingInts(1, "shape")) })
        register("view", tensor: { call in try call.tensor(0).view(try call.trailingInts(1, "size")) })
        register("reshape_as", tensor: { call in try call.tensor(0).reshape(as: try call.tensor(1, "other")) })
        register("view_as", tensor: { call in try call.tensor(0).view(try call.tensor(1, "other").shape) })
        register(
            "flatten",
            tensor: { call in
                try call.tensor(0).flatten(
                    from: try call.int(1, "start_dim", default: 0), to: try call.int(2, "end_dim", default: -1))
            })
        register(
            "unflatten",
            tensor: { call in
                try call.tensor(0).unflatten(try call.int(1, "dim"), try call.ints(2, "sizes"))
            })
        unary("ravel") { $0.ravel() }
        unary("t") { $0.t() }
        unary("T") { $0.T }
        unary("mT") { $0.mT }
        unary("H") { $0.H }
        unary("mH") { $0.mH }
        register(
            "transpose", "swapdims", "swapaxes",
            tensor: { call in
                try call.tensor(0).transpose(try call.int(1, "dim0"), try call.int(2, "dim1"))
            })
        register("permute", tensor: { call in try call.tensor(0).permute(try call.trailingInts(1, "dims")) })
        register(
            "movedim", "moveaxis",
            tensor: { call in
                try call.tensor(0).movedim(try call.ints(1, "source"), try call.ints(2, "destination"))
            })
        register(
            "squeeze",
            tensor: { call in
                let x = try call.tensor(0)
                guard let dims = try call.optionalInts(1, "dim") else { return x.squeeze() }
                return x.squeeze(dims)
            })
        register("unsqueeze", tensor: { call in try call.tensor(0).unsqueeze(try call.int(1, "dim")) })
        register("expand", tensor: { call in try call.tensor(0).expand(try call.trailingInts(1, "size")) })
        register("broadcast_to", tensor: { call in try call.tensor(0).broadcast(to: try call.ints(1, "size")) })
        register("expand_as", tensor: { call in try call.tensor(0).expand(as: try call.tensor(1, "other")) })
        register("repeat", tensor: { call in try call.tensor(0).repeat(try call.trailingInts(1, "repeats")) })
        register("tile", tensor: { call in try call.tensor(0).tile(try call.trailingInts(1, "dims")) })
        register(
            "repeat_interleave",
            tensor: { call in
                let x = try call.tensor(0)
                let dim = try call.optionalInt(2, "dim")
                if call.isTensor(1, "repeats") {
                    return x.repeatInterleave(
                        try call.tensor(1, "repeats"), dim: dim, outputSize: try call.optionalInt(nil, "output_size"))
                }
                return x.repeatInterleave(try call.int(1, "repeats"), dim: dim)
            })
        register("flip", tensor: { call in try call.tensor(0).flip(try call.trailingInts(1, "dims")) })
        register(
            "roll",
            tensor: { call in
                let (x, shifts) = (try call.tensor(0), try call.ints(1, "shifts"))
                let dims = try call.ints(2, "dims", default: [])
                return dims.isEmpty && shifts.count == 1 ? x.roll(shifts[0]) : x.roll(shifts, dims: dims)
            })
    }

    /// Changes of shape in place.
    mutating func registerShapesInPlace() {
        unary("t_") { $0.t_() }
        register(
            "transpose_", "swapdims_", "swapaxes_",
            tensor: { call in
                try call.tensor(0).transpose_(try call.int(1, "dim0"), try call.int(2, "dim1"))
            })
        register(
            "squeeze_",
            tensor: { call in
                let x = try call.tensor(0)
                guard let dims = try call.optionalInts(1, "dim") else { return x.squeeze_() }
                return x.squeeze_(dims)
            })
        register("unsqueeze_", tensor: { call in try call.tensor(0).unsqueeze_(try call.int(1, "dim")) })
        register(
            "as_strided_",
            tensor: { call in
                try call.tensor(0).asStrided_(
                    try call.ints(1, "size"), stride: try call.ints(2, "stride"),
                    offset: try call.optionalInt(3, "storage_offset"))
            })
        register("resize_", tensor: { call in try call.tensor(0).resize_(try call.trailingInts(1, "size")) })
        register("resize_as_", tensor: { call in try call.tensor(0).resizeAs_(try call.tensor(1, "the_template")) })
        register(
            "fill_diagonal_",
            tensor: { call in
                try call.tensor(0).fillDiagonal_(try call.number(1, "fill_value"), wrap: try call.bool(2, "wrap"))
            })
    }

    /// Views of a part, and triangles.
    mutating func registerViews() {
        register(
            "narrow",
            tensor: { call in
                let (x, dim) = (try call.tensor(0), try call.int(1, "dim"))
                if call.isTensor(2, "start") {
                    return x.narrow(dim, start: try call.tensor(2, "start"), length: try call.int(3, "length"))
                }
                return x.narrow(
                    dim, start: try call.int(2, "start"), length: try call.int(3, "length"))
            })
        register(
            "select",
            tensor: { call in
                try call.tensor(0).select(try call.int(1, "dim"), try call.int(2, "index"))
            })
        register(
            "as_strided",
            tensor: { call in
                try call.tensor(0).asStrided(
                    try call.ints(1, "size"), stride: try call.ints(2, "stride"),
                    offset: try call.optionalInt(3, "storage_offset"))
            })
        register("diag", tensor: { call in try call.tensor(0).diag(try call.int(1, "diagonal", default: 0)) })
        register(
            "diagonal",
            tensor: { call in
                try call.tensor(0).diagonal(
                    offset: try call.int(1, "offset", default: 0), dim1: try call.int(2, "dim1", default: 0),
                    dim2: try call.int(3, "dim2", default: 1))
            })
        register(
            "diag_embed",
            tensor: { call in
                try call.tensor(0).diagEmbed(
                    offset: try call.int(1, "offset", default: 0), dim1: try call.int(2, "dim1", default: -2),
                    dim2: try call.int(3, "dim2", default: -1))
            })
        register("tril", tensor: { call in try call.tensor(0).tril(try call.int(1, "diagonal", default: 0)) })
        register("triu", tensor: { call in try call.tensor(0).triu(try call.int(1, "diagonal", default: 0)) })
        register("tril_", tensor: { call in try call.tensor(0).tril_(try call.int(1, "diagonal", default: 0)) })
        register("triu_", tensor: { call in try call.tensor(0).triu_(try call.int(1, "diagonal", default: 0)) })
        register(
            "unfold",
            tensor: { call in
                try call.tensor(0).unfold(
                    try call.int(1, "dimension"), size: try call.int(2, "size"), step: try call.int(3, "step"))
            })
        unary("clone") { $0.clone() }
        unary("contiguous") { $0.contiguous() }
        unary("detach") { $0.detach() }
        register(
            "item",
            answer: { call in
                let x = try call.tensor(0)
                if x.dtype.isComplex { return .number(.complex(x.item(Complex<Double>.self))) }
                if x.dtype.isFloatingPoint { return .number(.double(x.item())) }
                return .number(x.dtype == .bool ? .bool(x.item(Bool.self)) : .int(x.item(Int.self)))
            })
        register("numel", "nelement", answer: { call in .number(.int(try call.tensor(0).numel)) })
        register("dim", "ndimension", answer: { call in .number(.int(try call.tensor(0).ndim)) })
        register("element_size", answer: { call in .number(.int(try call.tensor(0).dtype.byteSize)) })
        register("storage_offset", answer: { call in .number(.int(try call.tensor(0).storageOffset)) })
        register("is_contiguous", answer: { call in .number(.bool(try call.tensor(0).isContiguous)) })
        register("is_complex", answer: { call in .number(.bool(try call.tensor(0).dtype.isComplex)) })
        register("is_nonzero", answer: { call in .number(.bool(try call.tensor(0).isNonzero())) })
        register("tolist", answer: { call in Answer(try call.tensor(0).tolist()) })
        register("is_floating_point", answer: { call in .number(.bool(try call.tensor(0).dtype.isFloatingPoint)) })
        register(
            "size",
            answer: { call in
                let x = try call.tensor(0)
                guard let dim = try call.optionalInt(1, "dim") else { return .ints(x.shape) }
                return .number(.int(x.size(dim)))
            })
        register(
            "stride",
            answer: { call in
                let x = try call.tensor(0)
                guard let dim = try call.optionalInt(1, "dim") else { return .ints(x.strides) }
                return .number(.int(x.strides[dim < 0 ? dim + x.rank : dim]))
            })
    }

    /// Taking tensors together and apart.
    mutating func registerJoining() {
        register(
            "cat", "concat", "concatenate",
            tensor: { call in
                Torchlight.cat(try call.tensors(0), dim: try call.int(1, "dim", default: 0))
            })
        register(
            "stack",
            tensor: { call in
                Torchlight.stack(try call.tensors(0), dim: try call.int(1, "dim", default: 0))
            })
        register(
            "split", "unsafe_split", "split_with_sizes",
            tensors: { call in
                let (x, dim) = (try call.tensor(0), try call.int(2, "dim", default: 0))
                if call.value(1, "split_size")?.int != nil { return x.split(try call.int(1, "split_size"), dim: dim) }
                return x.split(try call.ints(1, "split_sizes"), dim: dim)
            })
        register(
            "chunk", "unsafe_chunk",
            tensors: { call in
                try call.tensor(0).chunk(try call.int(1, "chunks"), dim: try call.int(2, "dim", default: 0))
            })
        register("unbind", tensors: { call in try call.tensor(0).unbind(dim: try call.int(1, "dim", default: 0)) })
    }
}
