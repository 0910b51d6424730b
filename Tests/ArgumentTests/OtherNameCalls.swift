import Torchlight

// Further names of operations, and operations that have no other table.

extension CallTable {
    mutating func addOtherNames() {
        add("Tensor.emptyStrided(_: [Int], _: [Int])") {
            Tensor.emptyStrided($0.ints(), $0.ints(), dtype: $0.dtype())
        }
        add("Tensor.emptyPermuted(_: [Int], _: [Int])") {
            Tensor.emptyPermuted($0.ints(), $0.bool() ? $0.ints() : [1, 0], dtype: $0.dtype())
        }
        add("Tensor.newEmptyStrided(_: [Int], _: [Int])") {
            $0.tensor().newEmptyStrided($0.ints(), $0.ints(), dtype: $0.maybe($0.dtype()))
        }
        add("Tensor.frombuffer(count: Int, offset: Int)") {
            Tensor.frombuffer([1, 2, 3, 4, 5, 6, 7, 8], dtype: $0.dtype(), count: $0.int(), offset: $0.int())
        }

        add("Tensor.broadcastTo(_: [Int])") { $0.tensor().broadcastTo($0.ints()) }
        add("broadcastTo(_: [Int])") { broadcastTo($0.tensor(), $0.ints()) }
        add("Tensor.moveaxis(_: Int, _: Int)") { $0.tensor().moveaxis($0.int(), $0.int()) }
        add("Tensor.moveaxis(_: [Int], _: [Int])") { $0.tensor().moveaxis($0.ints(), $0.ints()) }
        add("moveaxis(_: Int, _: Int)") { moveaxis($0.tensor(), $0.int(), $0.int()) }
        add("moveaxis(_: [Int], _: [Int])") { moveaxis($0.tensor(), $0.ints(), $0.ints()) }
        add("Tensor.swapaxes(_: Int, _: Int)") { $0.tensor().swapaxes($0.int(), $0.int()) }
        add("swapaxes(_: Int, _: Int)") { swapaxes($0.tensor(), $0.int(), $0.int()) }
        add("Tensor.swapdims(_: Int, _: Int)") { $0.tensor().swapdims($0.int(), $0.int()) }
        add("swapdims(_: Int, _: Int)") { swapdims($0.tensor(), $0.int(), $0.int()) }
        add("Tensor.splitWithSizes(_: [Int], dim: Int)") { $0.tensor().splitWithSizes($0.ints(), dim: $0.int()) }
        add("splitWithSizes(_: [Int], dim: Int)") { splitWithSizes($0.tensor(), $0.ints(), dim: $0.int()) }
        add("concat(dim: Int)") { concat($0.tensors(), dim: $0.int()) }
        add("concatenate(dim: Int)") { concatenate($0.tensors(), dim: $0.int()) }
        add("trapz(dim: Int)") { trapz($0.tensor(), dx: $0.double(), dim: $0.int()) }
        add("frobeniusNorm(dim: [Int])") { frobeniusNorm($0.tensor(), dim: $0.ints(), keepdim: $0.bool()) }
        add("nuclearNorm(dim: [Int]?)") { nuclearNorm($0.tensor(), dim: $0.maybe($0.ints()), keepdim: $0.bool()) }

        // Iterations are computed one after another.
        add("svdLowrank(q: Int, niter: Int)") {
            svdLowrank(
                $0.tensor(), q: $0.int(), niter: $0.int() % 10, M: $0.maybe($0.tensor()), generator: $0.generator)
        }
        add("pcaLowrank(q: Int?, niter: Int)") {
            pcaLowrank(
                $0.tensor(), q: $0.maybe($0.int()), center: $0.bool(), niter: $0.int() % 10, generator: $0.generator)
        }
        add("lobpcg(k: Int?, n: Int?, niter: Int)") {
            lobpcg(
                $0.tensor(), k: $0.maybe($0.int()), X: $0.maybe($0.tensor()), n: $0.maybe($0.int()), niter: $0.int(),
                tol: $0.maybe($0.double()), largest: $0.bool(), method: $0.pick([.basic, .ortho]),
                generator: $0.generator)
        }

        add("fractionalMaxPool2d(_: Size2, outputSize: Size2?)") {
            fractionalMaxPool2d(
                $0.tensor(), $0.size2(), outputSize: $0.maybe($0.size2()), outputRatio: $0.maybe($0.doubles()),
                generator: $0.generator)
        }
        add("fractionalMaxPool2dWithIndices(_: Size2, outputSize: Size2?)") {
            fractionalMaxPool2dWithIndices(
                $0.tensor(), $0.size2(), outputSize: $0.maybe($0.size2()), randomSamples: $0.maybe($0.tensor()),
                generator: $0.generator)
        }
        add("fractionalMaxPool3d(_: Size3, outputSize: Size3?)") {
            fractionalMaxPool3d(
                $0.tensor(), $0.size3(), outputSize: $0.maybe($0.size3()), outputRatio: $0.maybe($0.doubles()),
                generator: $0.generator)
        }
        add("fractionalMaxPool3dWithIndices(_: Size3, outputSize: Size3?)") {
            fractionalMaxPool3dWithIndices(
                $0.tensor(), $0.size3(), outputSize: $0.maybe($0.size3()), randomSamples: $0.maybe($0.tensor()),
                generator: $0.generator)
        }
        add("FractionalMaxPoolLayer.init(_: Size, outputSize: Size?)") {
            (
                FractionalMaxPool2d(
                    $0.size2(), outputSize: $0.maybe($0.size2()), outputRatio: $0.maybe($0.doubles()),
                    generator: $0.generator)($0.tensor()),
                FractionalMaxPool3d(
                    $0.size3(), outputSize: $0.maybe($0.size3()), outputRatio: $0.maybe($0.doubles()),
                    generator: $0.generator)($0.tensor())
            )
        }
        add("convTbc(pad: Int)") { convTbc($0.tensor(), $0.tensor(), $0.tensor(), pad: $0.int()) }

        add("multinomial(_: Int)") {
            multinomial($0.tensor(), $0.count(), replacement: $0.bool(), generator: $0.generator)
        }
        add("gumbelSoftmax(dim: Int)") {
            gumbelSoftmax($0.tensor(), tau: $0.double(), hard: $0.bool(), dim: $0.int(), generator: $0.generator)
        }
    }
}
