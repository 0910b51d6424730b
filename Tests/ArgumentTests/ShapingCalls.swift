import Torchlight

// Operations that make, index and arrange tensors.

extension CallTable {
    mutating func addShaping() {
        add("cat(dim: Int)") { cat($0.tensors(), dim: $0.int()) }
        add("stack(dim: Int)") { stack($0.tensors(), dim: $0.int()) }

        add("embedding(paddingIdx: Int?)") {
            embedding(
                $0.index(), $0.tensor(), paddingIdx: $0.maybe($0.int()), maxNorm: $0.maybe($0.double()),
                normType: $0.double(), scaleGradByFreq: $0.bool())
        }

        add("Tensor.gather(_: Int)") { $0.tensor().gather($0.int(), $0.index()) }
        add("Tensor.takeAlongDim(dim: Int?)") { $0.tensor().takeAlongDim($0.index(), dim: $0.maybe($0.int())) }

        add("Tensor.indexAdd(_: Int)") { $0.tensor().indexAdd($0.int(), $0.index(), $0.tensor(), alpha: $0.number()) }
        add("Tensor.indexAdd_(_: Int)") { $0.tensor().indexAdd_($0.int(), $0.index(), $0.tensor(), alpha: $0.number()) }

        add("Tensor.indexSelect(_: Int)") { $0.tensor().indexSelect($0.int(), $0.index()) }

        add("Tensor.nonzeroStatic(size: Int, fillValue: Int)") {
            $0.tensor().nonzeroStatic(size: $0.int(), fillValue: $0.int())
        }

        add("Tensor.scatter(_: Int)") { $0.tensor().scatter($0.int(), $0.index(), $0.tensor()) }
        add("Tensor.scatter_(_: Int)") { $0.tensor().scatter_($0.int(), $0.index(), $0.tensor()) }
        add("Tensor.scatterAdd(_: Int)") { $0.tensor().scatterAdd($0.int(), $0.index(), $0.tensor()) }
        add("Tensor.scatterAdd_(_: Int)") { $0.tensor().scatterAdd_($0.int(), $0.index(), $0.tensor()) }
        add("Tensor.scatterReduce(_: Int)") {
            $0.tensor().scatterReduce(
                $0.int(), $0.index(), $0.tensor(), reduce: $0.pick([.sum, .prod, .mean, .amax, .amin]),
                includeSelf: $0.bool())
        }
        add("Tensor.scatterReduce_(_: Int)") {
            $0.tensor().scatterReduce_(
                $0.int(), $0.index(), $0.tensor(), reduce: $0.pick([.sum, .prod, .mean, .amax, .amin]),
                includeSelf: $0.bool())
        }

        add("Tensor.randperm(_: Int)") { Tensor.randperm($0.int(), dtype: $0.dtype(), generator: $0.generator) }

        add("Tensor.random_(_: Int, _: Int)") { $0.tensor().random_($0.int(), $0.int(), generator: $0.generator) }
        add("Tensor.random_(_: Int)") { $0.tensor().random_($0.int(), generator: $0.generator) }
        add("Tensor.randint(_: Int, _: Int)") {
            Tensor.randint(like: $0.tensor(), $0.int(), $0.int(), dtype: $0.maybe($0.dtype()), generator: $0.generator)
        }
        add("Tensor.randint(_: Int)") {
            Tensor.randint(like: $0.tensor(), $0.int(), dtype: $0.maybe($0.dtype()), generator: $0.generator)
        }
        add("Tensor.randint(_: Int, _: [Int])") {
            Tensor.randint($0.int(), $0.ints(), dtype: $0.dtype(), generator: $0.generator)
        }
        add("Tensor.rand(_: [Int])") { Tensor.rand($0.ints(), dtype: $0.dtype(), generator: $0.generator) }
        add("Tensor.rand(_: Int...)") { Tensor.rand($0.int(), $0.int(), dtype: $0.dtype(), generator: $0.generator) }
        add("Tensor.randn(_: [Int])") { Tensor.randn($0.ints(), dtype: $0.dtype(), generator: $0.generator) }
        add("Tensor.randn(_: Int...)") { Tensor.randn($0.int(), $0.int(), dtype: $0.dtype(), generator: $0.generator) }
        add("Tensor.normal(_: [Int])") {
            Tensor.normal(mean: $0.double(), std: $0.double(), $0.ints(), dtype: $0.dtype(), generator: $0.generator)
        }
        add("Tensor.randint(_: Int, _: Int, _: [Int])") {
            Tensor.randint($0.int(), $0.int(), $0.ints(), dtype: $0.dtype(), generator: $0.generator)
        }

        add("Tensor.asStrided(_: [Int], stride: [Int], offset: Int?)") {
            $0.tensor().asStrided($0.ints(), stride: $0.ints(), offset: $0.maybe($0.int()))
        }

        add("Tensor.pad(_: [Int])") {
            $0.tensor().pad($0.ints(), mode: $0.pick([.constant, .reflect, .replicate, .circular]), value: $0.number())
        }

        add("Tensor.diagonal(offset: Int, dim1: Int, dim2: Int)") {
            $0.tensor().diagonal(offset: $0.int(), dim1: $0.int(), dim2: $0.int())
        }
        add("Tensor.diagEmbed(offset: Int, dim1: Int, dim2: Int)") {
            $0.tensor().diagEmbed(offset: $0.int(), dim1: $0.int(), dim2: $0.int())
        }
        add("Tensor.diag(_: Int)") { $0.tensor().diag($0.int()) }

        add("Tensor.expand(_: [Int])") { $0.tensor().expand($0.ints()) }
        add("Tensor.expand(_: Int...)") { $0.tensor().expand($0.int(), $0.int()) }
        add("Tensor.broadcast(to: [Int])") { $0.tensor().broadcast(to: $0.ints()) }

        add("Tensor.flip(_: [Int])") { $0.tensor().flip($0.ints()) }
        add("Tensor.flip(_: Int...)") { $0.tensor().flip($0.int(), $0.int()) }

        add("Tensor.permute(_: [Int])") { $0.tensor().permute($0.ints()) }
        add("Tensor.permute(_: Int...)") { $0.tensor().permute($0.int(), $0.int()) }
        add("Tensor.transpose(_: Int, _: Int)") { $0.tensor().transpose($0.int(), $0.int()) }
        add("Tensor.movedim(_: [Int], _: [Int])") { $0.tensor().movedim($0.ints(), $0.ints()) }
        add("Tensor.movedim(_: Int, _: Int)") { $0.tensor().movedim($0.int(), $0.int()) }

        add("Tensor.narrow(_: Int, start: Int, length: Int)") {
            $0.tensor().narrow($0.int(), start: $0.int(), length: $0.int())
        }
        add("Tensor.narrow(_: Int, length: Int)") { $0.tensor().narrow($0.int(), start: $0.index(), length: $0.int()) }
        add("Tensor.select(_: Int, _: Int)") { $0.tensor().select($0.int(), $0.int()) }

        add("Tensor.squeeze(_: Int)") { $0.tensor().squeeze($0.int()) }
        add("Tensor.squeeze(_: [Int])") { $0.tensor().squeeze($0.ints()) }
        add("Tensor.unsqueeze(_: Int)") { $0.tensor().unsqueeze($0.int()) }

        add("Tensor.tril(_: Int)") { $0.tensor().tril($0.int()) }
        add("Tensor.triu(_: Int)") { $0.tensor().triu($0.int()) }
        add("Tensor.tril_(_: Int)") { $0.tensor().tril_($0.int()) }
        add("Tensor.triu_(_: Int)") { $0.tensor().triu_($0.int()) }

        add("Tensor.unfold(_: Int, size: Int, step: Int)") {
            $0.tensor().unfold($0.int(), size: $0.int(), step: $0.int())
        }

        add("Tensor.view(_: [Int])") { $0.tensor().view($0.ints()) }
        add("Tensor.view(_: Int...)") { $0.tensor().view($0.int(), $0.int()) }
        add("Tensor.reshape(_: [Int])") { $0.tensor().reshape($0.ints()) }
        add("Tensor.reshape(_: Int...)") { $0.tensor().reshape($0.int(), $0.int()) }
        add("Tensor.flatten(from: Int, to: Int)") { $0.tensor().flatten(from: $0.int(), to: $0.int()) }
        add("Tensor.unflatten(_: Int, _: [Int])") { $0.tensor().unflatten($0.int(), $0.ints()) }

        add("Tensor.init(shape: [Int])") { Tensor($0.doubles(), shape: $0.ints(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.zeros(_: [Int])") { Tensor.zeros($0.ints(), dtype: $0.dtype()) }
        add("Tensor.zeros(_: Int...)") { Tensor.zeros($0.int(), $0.int(), dtype: $0.dtype()) }
        add("Tensor.ones(_: [Int])") { Tensor.ones($0.ints(), dtype: $0.dtype()) }
        add("Tensor.ones(_: Int...)") { Tensor.ones($0.int(), $0.int(), dtype: $0.dtype()) }
        add("Tensor.full(_: [Int])") { Tensor.full($0.ints(), $0.number(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.empty(_: [Int])") { Tensor.empty($0.ints(), dtype: $0.dtype()) }
        add("Tensor.eye(_: Int, _: Int?)") { Tensor.eye($0.int(), $0.maybe($0.int()), dtype: $0.dtype()) }

        add("Tensor.subscript(_: some TensorIndex)") { $0.tensor()[$0.item()] }
        add("Tensor.subscript(_: some TensorIndex, _: some TensorIndex)") { $0.tensor()[$0.item(), $0.item()] }
        add("Tensor.subscript(_: some TensorIndex, _: some TensorIndex, _: some TensorIndex)") {
            $0.tensor()[$0.item(), $0.item(), $0.item()]
        }
        add("Tensor.subscript(_: some TensorIndex, _: some TensorIndex, _: some TensorIndex, _: some TensorIndex)") {
            $0.tensor()[$0.item(), $0.item(), $0.item(), $0.item()]
        }
        add(
            "Tensor.subscript(_: some TensorIndex, _: some TensorIndex, _: some TensorIndex, _: some TensorIndex, _: some TensorIndex)"
        ) { $0.tensor()[$0.item(), $0.item(), $0.item(), $0.item(), $0.item()] }
        add("Tensor.subscript(_: [TensorIndexItem])") { $0.tensor()[$0.items()] }
        add("Tensor.subscript(_: any TensorIndex...)") {
            let x = $0.tensor()
            x[$0.item(), $0.item()] = TensorNumber($0.number())
            return x[$0.item(), $0.item()] as TensorNumber
        }

        add("Tensor.newZeros(_: [Int])") { $0.tensor().newZeros($0.ints(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.newZeros(_: Int...)") { $0.tensor().newZeros($0.int(), $0.int(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.newOnes(_: [Int])") { $0.tensor().newOnes($0.ints(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.newOnes(_: Int...)") { $0.tensor().newOnes($0.int(), $0.int(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.newFull(_: [Int])") { $0.tensor().newFull($0.ints(), $0.number(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.newEmpty(_: [Int])") { $0.tensor().newEmpty($0.ints(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.linspace(steps: Int)") {
            Tensor.linspace($0.double(), $0.double(), steps: $0.int(), dtype: $0.dtype())
        }
        add("Tensor.logspace(steps: Int)") {
            Tensor.logspace($0.double(), $0.double(), steps: $0.int(), base: $0.double(), dtype: $0.dtype())
        }

        add("Tensor.size(_: Int)") { $0.tensor().size($0.int()) }
    }
}
