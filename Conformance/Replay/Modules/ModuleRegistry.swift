import Torchlight

/// The modules by their recorded names: how each is made from its settings, and how it is called.
struct ModuleRegistry {
    /// Calls a module with the recorded arguments.
    typealias Forward = (Call) throws -> Answer
    /// Makes a module from the recorded arguments of its constructor.
    typealias Maker = (Call) throws -> (module: Module, forward: Forward)

    private var makers: [String: Maker] = [:]

    /// Every module.
    init() {
        registerContainers()
        registerActivations()
        registerNormalizations()
        registerEmbeddings()
        registerConvolutions()
        registerLazyConvolutions()
        registerPools()
        registerBorders()
        registerResizing()
        registerRecurrent()
        registerAttention()
        registerPairLosses()
        registerOtherLosses()
    }

    /// The module that a constructor makes, with what calls it; refused where an argument was not read.
    func make(_ constructor: Call) throws -> (module: Module, forward: Forward) {
        guard let maker = makers[constructor.name] else { throw NotSupported("\(constructor.name) is not mapped") }
        let made = try maker(constructor)
        try constructor.finish()
        return made
    }

    /// A module that is called in a way of its own.
    mutating func register(_ name: String, _ maker: @escaping Maker) { makers[name] = maker }

    /// A module of one tensor.
    mutating func layer(_ name: String, _ make: @escaping (Call) throws -> any Layer) {
        makers[name] = { settings in
            let layer = try make(settings)
            return (layer, { call in .tensor(layer(try call.tensor(0))) })
        }
    }

    /// A module of two tensors.
    mutating func pair(_ name: String, _ make: @escaping (Call) throws -> any PairLayer) {
        makers[name] = { settings in
            let layer = try make(settings)
            return (layer, { call in .tensor(layer(try call.tensor(0, "input1"), try call.tensor(1, "input2"))) })
        }
    }

    /// A loss of a prediction and a target.
    mutating func loss(_ name: String, _ make: @escaping (Call) throws -> any Loss) {
        makers[name] = { settings in
            let loss = try make(settings)
            return (loss, { call in .tensor(loss(try call.tensor(0), try call.tensor(1, "target"))) })
        }
    }

    /// A loss of three tensors, the last two by their names.
    mutating func loss(
        _ name: String, _ second: String, _ third: String, _ make: @escaping (Call) throws -> any TripleLoss
    ) {
        makers[name] = { settings in
            let loss = try make(settings)
            return (
                loss,
                { call in
                    .tensor(loss(try call.tensor(0), try call.tensor(1, second), try call.tensor(2, third)))
                }
            )
        }
    }

    private mutating func registerContainers() {
        layer("Identity") { _ in Identity() }
        layer("Flatten") { s in
            Flatten(from: try s.int(0, "start_dim", default: 1), to: try s.int(1, "end_dim", default: -1))
        }
        layer("Unflatten") { s in Unflatten(try s.int(0, "dim"), try s.ints(1, "unflattened_size")) }
        layer("Linear") { s in
            Linear(
                try s.int(0, "in_features"), try s.int(1, "out_features"), bias: try s.bool(2, "bias", default: true))
        }
        layer("Dropout") { s in Dropout(try s.double(0, "p", default: 0.5)) }
        layer("AlphaDropout") { s in AlphaDropout(try s.double(0, "p", default: 0.5)) }
        pair("Bilinear") { s in
            Bilinear(
                try s.int(0, "in1_features"), try s.int(1, "in2_features"), try s.int(2, "out_features"),
                bias: try s.bool(3, "bias", default: true))
        }
        pair("CosineSimilarity") { s in
            CosineSimilarity(dim: try s.int(0, "dim", default: 1), eps: try s.double(1, "eps", default: 1e-8))
        }
        pair("PairwiseDistance") { s in
            PairwiseDistance(
                p: try s.double(0, "p", default: 2), eps: try s.double(1, "eps", default: 1e-6),
                keepdim: try s.bool(2, "keepdim"))
        }
        layer("Sequential") { s in
            // The layers inside are modules of this registry themselves.
            let registry = ModuleRegistry()
            return Sequential(
                try (0..<s.count).map { place in
                    let (module, _) = try registry.make(try s.module(place))
                    guard let layer = module as? any Layer else {
                        throw NotSupported("\(type(of: module)) is no layer of one tensor")
                    }
                    return layer
                })
        }
    }
}
