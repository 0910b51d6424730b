import Torchlight

// Pruning, fusing and lazy layers.

extension CallTable {
    mutating func addModuleUtilities() {
        add("Prune.lnStructured(dim: Int)") {
            Prune.lnStructured(
                Linear(3, 2, generator: $0.generator), amount: .count($0.int()), n: $0.double(), dim: $0.int())
        }
        add("Prune.randomStructured(dim: Int)") {
            Prune.randomStructured(
                Linear(3, 2, generator: $0.generator), amount: .fraction($0.double()), dim: $0.int(),
                generator: $0.generator)
        }
        add("LoRAConfig.init(rank: Int)") {
            let model = Sequential(Conv1d(2, 4, kernelSize: 3, groups: 2, generator: $0.generator))
            var config = LoRAConfig(rank: $0.int(), alpha: $0.double(), targets: ["0"], dropout: $0.double())
            config.layers = $0.maybe($0.ints())
            config.rankPattern = [("0", $0.int())]
            model.addAdapter(config, generator: $0.generator)
            return model(Tensor.ones([1, 2, 5]))
        }
        add("Module.addLoRA(rank: Int)") {
            let model = Sequential(Linear(3, 2, generator: $0.generator))
            model.addLoRA(
                rank: $0.int(), alpha: $0.double(), targets: ["0"], dropout: $0.double(), generator: $0.generator)
            return model(Tensor.ones([1, 3]))
        }
        add("fuseConvBNWeights(groups: Int)") {
            fuseConvBNWeights(
                $0.tensor(), $0.maybe($0.tensor()), $0.tensor(), $0.tensor(), eps: $0.double(), $0.maybe($0.tensor()),
                $0.maybe($0.tensor()), transpose: $0.bool(), groups: $0.int())
        }
        add("unpadSequence(lengths: [Int])") {
            unpadSequence($0.tensor(), lengths: $0.ints(), batchFirst: $0.bool())
        }
        add("NestedTensor.init(offsets: [Int])") { NestedTensor(values: $0.tensor(), offsets: $0.ints()) }
        add("NestedTensor.init(lengths: [Int])") { NestedTensor(padded: $0.tensor(), lengths: $0.ints()) }
        add("NestedTensor.subscript(_: Int)") {
            NestedTensor(values: Tensor.ones([3, 2]), offsets: [0, 1, 3])[$0.int()]
        }
        add("NestedTensor.toPaddedTensor(length: Int?)") {
            NestedTensor(values: Tensor.ones([3, 2]), offsets: [0, 1, 3])
                .toPaddedTensor($0.double(), length: $0.maybe($0.int()))
        }
        add("LazyLinear.init(_: Int)") {
            LazyLinear($0.int(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add("CrossMapLRN2d.init(_: Int)") {
            CrossMapLRN2d($0.int(), alpha: $0.double(), beta: $0.double(), k: $0.double())($0.tensor())
        }
    }
}
