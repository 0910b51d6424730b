import Torchlight

// Operations that are composed of others.

extension CallTable {
    mutating func addComposites() {
        add("Tensor.groupedMM(offs: [Int]?)") { $0.tensor().groupedMM($0.tensor(), offs: $0.maybe($0.ints())) }
        add("groupedMM(offs: [Int]?)") { groupedMM($0.tensor(), $0.tensor(), offs: $0.maybe($0.ints())) }
        add("Tensor.softmin(dim: Int)") { $0.tensor().softmin(dim: $0.int(), dtype: $0.maybe($0.dtype())) }
        add("softmin(dim: Int)") { softmin($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.glu(dim: Int)") { $0.tensor().glu(dim: $0.int()) }
        add("glu(dim: Int)") { glu($0.tensor(), dim: $0.int()) }

        add("affineGrid(_: [Int])") { affineGrid($0.tensor(), $0.ints(), alignCorners: $0.bool()) }

        add("cosineSimilarity(dim: Int)") {
            cosineSimilarity($0.tensor(), $0.tensor(), dim: $0.int(), eps: $0.double())
        }

        add("embeddingBag(paddingIdx: Int?)") {
            embeddingBag(
                $0.index(), $0.tensor(), offsets: $0.maybe($0.index()), mode: $0.pick([.sum, .mean, .max]),
                perSampleWeights: $0.maybe($0.tensor()), includeLastOffset: $0.bool(), paddingIdx: $0.maybe($0.int()),
                maxNorm: $0.maybe($0.double()), normType: $0.double(), scaleGradByFreq: $0.bool())
        }

        add("gradient(dim: [Int]?, edgeOrder: Int)") {
            gradient($0.tensor(), spacing: $0.double(), dim: $0.maybe($0.ints()), edgeOrder: $0.int())
        }
        add("gradient(dim: Int, edgeOrder: Int)") {
            gradient($0.tensor(), spacing: $0.double(), dim: $0.int(), edgeOrder: $0.int())
        }

        add("Tensor.mode(dim: Int)") { $0.tensor().mode(dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.histogram(bins: Int)") {
            $0.tensor().histogram(bins: $0.int(), weight: $0.maybe($0.tensor()), density: $0.bool())
        }

        add("Tensor.indexCopy(_: Int)") { $0.tensor().indexCopy($0.int(), $0.index(), $0.tensor()) }
        add("Tensor.indexCopy_(_: Int)") { $0.tensor().indexCopy_($0.int(), $0.index(), $0.tensor()) }
        add("Tensor.indexReduce(_: Int)") {
            $0.tensor().indexReduce(
                $0.int(), $0.index(), $0.tensor(), reduce: $0.pick([.sum, .prod, .mean, .amax, .amin]),
                includeSelf: $0.bool())
        }
        add("Tensor.indexReduce_(_: Int)") {
            $0.tensor().indexReduce_(
                $0.int(), $0.index(), $0.tensor(), reduce: $0.pick([.sum, .prod, .mean, .amax, .amin]),
                includeSelf: $0.bool())
        }
        add("Tensor.indexFill(_: Int)") { $0.tensor().indexFill($0.int(), $0.index(), $0.number()) }
        add("Tensor.indexFill_(_: Int)") { $0.tensor().indexFill_($0.int(), $0.index(), $0.number()) }

        add("interpolate(size: [Int]?)") {
            interpolate(
                $0.tensor(), size: $0.maybe($0.ints()), scaleFactor: $0.maybe($0.doubles()),
                mode: $0.pick([.nearest, .nearestExact, .linear, .bilinear, .bicubic, .trilinear, .area]),
                alignCorners: $0.maybe($0.bool()), recomputeScaleFactor: $0.maybe($0.bool()), antialias: $0.bool())
        }
        add("upsampleNearest(size: [Int]?)") {
            upsampleNearest($0.tensor(), size: $0.maybe($0.ints()), scaleFactor: $0.maybe($0.doubles()))
        }
        add("upsampleBilinear(size: [Int]?)") {
            upsampleBilinear($0.tensor(), size: $0.maybe($0.ints()), scaleFactor: $0.maybe($0.doubles()))
        }

        add("groupNorm(_: Int)") {
            groupNorm($0.tensor(), $0.int(), $0.maybe($0.tensor()), bias: $0.maybe($0.tensor()), eps: $0.double())
        }

        add("LinAlg.vectorNorm(dim: [Int]?)") {
            LinAlg.vectorNorm(
                $0.tensor(), ord: $0.double(), dim: $0.maybe($0.ints()), keepdim: $0.bool(), dtype: $0.maybe($0.dtype())
            )
        }
        add("LinAlg.matrixNorm(dim: (Int, Int))") {
            LinAlg.matrixNorm($0.tensor(), dim: ($0.int(), $0.int()), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }
        add("LinAlg.norm(dim: [Int]?)") {
            LinAlg.norm($0.tensor(), dim: $0.maybe($0.ints()), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }

        add("LinAlg.vecdot(dim: Int)") { LinAlg.vecdot($0.tensor(), $0.tensor(), dim: $0.int()) }
        add("LinAlg.matrixPower(_: Int)") { LinAlg.matrixPower($0.tensor(), $0.int()) }
        add("LinAlg.cross(dim: Int)") { LinAlg.cross($0.tensor(), $0.tensor(), dim: $0.int()) }
        add("LinAlg.vander(N: Int?)") { LinAlg.vander($0.tensor(), N: $0.maybe($0.int())) }
        add("LinAlg.tensorinv(ind: Int)") { LinAlg.tensorinv($0.tensor(), ind: $0.int()) }
        add("LinAlg.tensorsolve(dims: [Int]?)") {
            LinAlg.tensorsolve($0.tensor(), $0.tensor(), dims: $0.maybe($0.ints()))
        }

        add("LinAlg.diagonal(offset: Int, dim1: Int, dim2: Int)") {
            LinAlg.diagonal($0.tensor(), offset: $0.int(), dim1: $0.int(), dim2: $0.int())
        }

        add("Tensor.cross(dim: Int?)") { $0.tensor().cross($0.tensor(), dim: $0.maybe($0.int())) }
        add("Tensor.matrixPower(_: Int)") { $0.tensor().matrixPower($0.int()) }

        add("maxUnpool1d(_: Int, stride: Int?, padding: Int, outputSize: [Int]?)") {
            maxUnpool1d(
                $0.tensor(), $0.index(), $0.int(), stride: $0.maybe($0.int()), padding: $0.int(),
                outputSize: $0.maybe($0.ints()))
        }
        add("maxUnpool2d(_: Size2, stride: Size2?, padding: Size2, outputSize: [Int]?)") {
            maxUnpool2d(
                $0.tensor(), $0.index(), $0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2(),
                outputSize: $0.maybe($0.ints()))
        }
        add("maxUnpool3d(_: Size3, stride: Size3?, padding: Size3, outputSize: [Int]?)") {
            maxUnpool3d(
                $0.tensor(), $0.index(), $0.size3(), stride: $0.maybe($0.size3()), padding: $0.size3(),
                outputSize: $0.maybe($0.ints()))
        }

        add("rmsNorm(_: [Int])") { rmsNorm($0.tensor(), $0.ints(), $0.maybe($0.tensor()), eps: $0.maybe($0.double())) }
        add("localResponseNorm(size: Int)") {
            localResponseNorm($0.tensor(), size: $0.int(), alpha: $0.double(), beta: $0.double(), k: $0.double())
        }
        add("normalize(dim: Int)") { normalize($0.tensor(), p: $0.double(), dim: $0.int(), eps: $0.double()) }

        add("Tensor.oneHot(_: Int?)") { $0.tensor().oneHot($0.maybe($0.int())) }
        add("oneHot(numClasses: Int?)") { oneHot($0.index(), numClasses: $0.maybe($0.int())) }

        add("Tensor.median(dim: Int)") { $0.tensor().median(dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.nanmedian(dim: Int)") { $0.tensor().nanmedian(dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.kthvalue(_: Int, dim: Int)") { $0.tensor().kthvalue($0.int(), dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.quantile(dim: Int?)") {
            $0.tensor().quantile($0.tensor(), dim: $0.maybe($0.int()), keepdim: $0.bool(), interpolation: .linear)
        }
        add("Tensor.nanquantile(dim: Int?)") {
            $0.tensor().nanquantile($0.tensor(), dim: $0.maybe($0.int()), keepdim: $0.bool(), interpolation: .linear)
        }

        add("Tensor.nansum(dim: [Int])") {
            $0.tensor().nansum(dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }
        add("Tensor.nanmean(dim: [Int])") { $0.tensor().nanmean(dim: $0.ints(), keepdim: $0.bool()) }
        add("Tensor.aminmax(dim: Int?)") { $0.tensor().aminmax(dim: $0.maybe($0.int()), keepdim: $0.bool()) }

        add("lpPool1d(_: Int, stride: Int?)") {
            lpPool1d($0.tensor(), $0.double(), $0.int(), stride: $0.maybe($0.int()), ceilMode: $0.bool())
        }
        add("lpPool2d(_: Size2, stride: Size2?)") {
            lpPool2d($0.tensor(), $0.double(), $0.size2(), stride: $0.maybe($0.size2()), ceilMode: $0.bool())
        }
        add("lpPool3d(_: Size3, stride: Size3?)") {
            lpPool3d($0.tensor(), $0.double(), $0.size3(), stride: $0.maybe($0.size3()), ceilMode: $0.bool())
        }

        add("unravelIndex(_: [Int])") { unravelIndex($0.index(), $0.ints()) }

        add("Tensor.repeat(_: [Int])") { $0.tensor().`repeat`($0.ints()) }
        add("Tensor.repeat(_: Int...)") { $0.tensor().`repeat`($0.int(), $0.int()) }
        add("Tensor.tile(_: [Int])") { $0.tensor().tile($0.ints()) }
        add("Tensor.tile(_: Int...)") { $0.tensor().tile($0.int(), $0.int()) }
        add("Tensor.repeatInterleave(_: Int, dim: Int?)") {
            $0.tensor().repeatInterleave($0.int(), dim: $0.maybe($0.int()))
        }
        add("Tensor.repeatInterleave(dim: Int?, outputSize: Int?)") {
            $0.tensor().repeatInterleave($0.index(), dim: $0.maybe($0.int()), outputSize: $0.maybe($0.int()))
        }
        add("Tensor.roll(_: [Int], dims: [Int])") { $0.tensor().roll($0.ints(), dims: $0.ints()) }
        add("Tensor.roll(_: Int, dim: Int?)") { $0.tensor().roll($0.int(), dim: $0.maybe($0.int())) }

        add("Tensor.rot90(_: Int, dims: (Int, Int))") { $0.tensor().rot90($0.int(), dims: ($0.int(), $0.int())) }

        add("Tensor.selectScatter(dim: Int, index: Int)") {
            $0.tensor().selectScatter($0.tensor(), dim: $0.int(), index: $0.int())
        }
        add("Tensor.sliceScatter(dim: Int, start: Int?, end: Int?, step: Int)") {
            $0.tensor().sliceScatter(
                $0.tensor(), dim: $0.int(), start: $0.maybe($0.int()), end: $0.maybe($0.int()), step: $0.int())
        }
        add("Tensor.diagonalScatter(offset: Int, dim1: Int, dim2: Int)") {
            $0.tensor().diagonalScatter($0.tensor(), offset: $0.int(), dim1: $0.int(), dim2: $0.int())
        }
        add("Tensor.asStridedScatter(_: [Int], stride: [Int], offset: Int?)") {
            $0.tensor().asStridedScatter($0.tensor(), $0.ints(), stride: $0.ints(), offset: $0.maybe($0.int()))
        }
        add("Tensor.diagflat(_: Int)") { $0.tensor().diagflat($0.int()) }

        add("Tensor.transpose_(_: Int, _: Int)") { $0.tensor().transpose_($0.int(), $0.int()) }
        add("Tensor.swapdims_(_: Int, _: Int)") { $0.tensor().swapdims_($0.int(), $0.int()) }
        add("Tensor.swapaxes_(_: Int, _: Int)") { $0.tensor().swapaxes_($0.int(), $0.int()) }
        add("Tensor.squeeze_(_: Int)") { $0.tensor().squeeze_($0.int()) }
        add("Tensor.squeeze_(_: [Int])") { $0.tensor().squeeze_($0.ints()) }
        add("Tensor.unsqueeze_(_: Int)") { $0.tensor().unsqueeze_($0.int()) }
        add("Tensor.asStrided_(_: [Int], stride: [Int], offset: Int?)") {
            $0.tensor().asStrided_($0.ints(), stride: $0.ints(), offset: $0.maybe($0.int()))
        }
        add("Tensor.resize_(_: [Int])") { $0.tensor().resize_($0.ints()) }

        add("pixelShuffle(_: Int)") { pixelShuffle($0.tensor(), $0.int()) }
        add("pixelUnshuffle(_: Int)") { pixelUnshuffle($0.tensor(), $0.int()) }
        add("channelShuffle(_: Int)") { channelShuffle($0.tensor(), $0.int()) }

        add("Special.polygamma(_: Int)") { Special.polygamma($0.int(), $0.tensor()) }
        add("Special.multigammaln(_: Int)") { Special.multigammaln($0.tensor(), $0.int()) }

        add("Tensor.split(_: Int, dim: Int)") { $0.tensor().split($0.int(), dim: $0.int()) }
        add("Tensor.split(_: [Int], dim: Int)") { $0.tensor().split($0.ints(), dim: $0.int()) }
        add("Tensor.chunk(_: Int, dim: Int)") { $0.tensor().chunk($0.int(), dim: $0.int()) }
        add("Tensor.tensorSplit(_: Int, dim: Int)") { $0.tensor().tensorSplit($0.int(), dim: $0.int()) }
        add("Tensor.tensorSplit(at: [Int], dim: Int)") { $0.tensor().tensorSplit(at: $0.ints(), dim: $0.int()) }
        add("Tensor.hsplit(_: Int)") { $0.tensor().hsplit($0.int()) }
        add("Tensor.hsplit(at: [Int])") { $0.tensor().hsplit(at: $0.ints()) }
        add("Tensor.vsplit(_: Int)") { $0.tensor().vsplit($0.int()) }
        add("Tensor.vsplit(at: [Int])") { $0.tensor().vsplit(at: $0.ints()) }
        add("Tensor.dsplit(_: Int)") { $0.tensor().dsplit($0.int()) }
        add("Tensor.dsplit(at: [Int])") { $0.tensor().dsplit(at: $0.ints()) }
        add("Tensor.unbind(dim: Int)") { $0.tensor().unbind(dim: $0.int()) }

        add("Tensor.combinations(_: Int)") { $0.tensor().combinations($0.int(), withReplacement: $0.bool()) }
        add("broadcastShapes(_: [Int]...)") { broadcastShapes($0.ints(), $0.ints()) as Any }

        add("Tensor.diff(_: Int, dim: Int)") {
            $0.tensor().diff($0.int(), dim: $0.int(), prepend: $0.maybe($0.tensor()), append: $0.maybe($0.tensor()))
        }
        add("Tensor.trapezoid(dim: Int)") { $0.tensor().trapezoid(dx: $0.double(), dim: $0.int()) }
        add("Tensor.cumulativeTrapezoid(dim: Int)") { $0.tensor().cumulativeTrapezoid(dx: $0.double(), dim: $0.int()) }
        add("Tensor.cov(correction: Int)") {
            $0.tensor().cov(correction: $0.int(), frequencies: $0.maybe($0.tensor()), weights: $0.maybe($0.tensor()))
        }
        add("Tensor.bincount(minLength: Int)") {
            $0.tensor().bincount(weights: $0.maybe($0.tensor()), minLength: $0.int())
        }
        add("Tensor.histc(bins: Int)") { $0.tensor().histc(bins: $0.int(), min: $0.double(), max: $0.double()) }
        add("Tensor.renorm(dim: Int)") { $0.tensor().renorm(p: $0.double(), dim: $0.int(), maxNorm: $0.double()) }
        add("Tensor.renorm_(dim: Int)") { $0.tensor().renorm_(p: $0.double(), dim: $0.int(), maxNorm: $0.double()) }
        add("Tensor.sumToSize(_: [Int])") { $0.tensor().sumToSize($0.ints()) }

        add("Tensor.tensordot(dims: Int)") { $0.tensor().tensordot($0.tensor(), dims: $0.int()) }
        add("Tensor.tensordot(dims: [Int], _: [Int])") {
            $0.tensor().tensordot($0.tensor(), dims: $0.ints(), $0.ints())
        }

        add(
            "convTranspose1d(stride: Int, padding: Int, outputPadding: Int, groups: Int, dilation: Int, outputSize: [Int]?)"
        ) {
            convTranspose1d(
                $0.tensor(), $0.tensor(), bias: $0.maybe($0.tensor()), stride: $0.int(), padding: $0.int(),
                outputPadding: $0.int(), groups: $0.int(), dilation: $0.int(), outputSize: $0.maybe($0.ints()))
        }
        add(
            "convTranspose2d(stride: Size2, padding: Size2, outputPadding: Size2, groups: Int, dilation: Size2, outputSize: [Int]?)"
        ) {
            convTranspose2d(
                $0.tensor(), $0.tensor(), bias: $0.maybe($0.tensor()), stride: $0.size2(), padding: $0.size2(),
                outputPadding: $0.size2(), groups: $0.int(), dilation: $0.size2(), outputSize: $0.maybe($0.ints()))
        }
        add(
            "convTranspose3d(stride: Size3, padding: Size3, outputPadding: Size3, groups: Int, dilation: Size3, outputSize: [Int]?)"
        ) {
            convTranspose3d(
                $0.tensor(), $0.tensor(), bias: $0.maybe($0.tensor()), stride: $0.size3(), padding: $0.size3(),
                outputPadding: $0.size3(), groups: $0.int(), dilation: $0.size3(), outputSize: $0.maybe($0.ints()))
        }

        add("Tensor.multinomial(_: Int)") {
            $0.tensor().multinomial($0.count(), replacement: $0.bool(), generator: $0.generator)
        }
        add("Tensor.trilIndices(_: Int, _: Int, offset: Int)") {
            Tensor.trilIndices($0.int(), $0.int(), offset: $0.int(), dtype: $0.dtype())
        }
        add("Tensor.triuIndices(_: Int, _: Int, offset: Int)") {
            Tensor.triuIndices($0.int(), $0.int(), offset: $0.int(), dtype: $0.dtype())
        }
        add("vander(N: Int?)") { vander($0.tensor(), N: $0.maybe($0.int()), increasing: $0.bool()) }

        add("Tensor.unique(dim: Int?)") { $0.tensor().unique(dim: $0.maybe($0.int())) }
        add("Tensor.uniqueConsecutive(dim: Int?)") { $0.tensor().uniqueConsecutive(dim: $0.maybe($0.int())) }

        add("Signal.Windows.bartlett(_: Int)") { Signal.Windows.bartlett($0.int(), sym: $0.bool(), dtype: $0.dtype()) }
        add("Signal.Windows.blackman(_: Int)") { Signal.Windows.blackman($0.int(), sym: $0.bool(), dtype: $0.dtype()) }
        add("Signal.Windows.cosine(_: Int)") { Signal.Windows.cosine($0.int(), sym: $0.bool(), dtype: $0.dtype()) }
        add("Signal.Windows.exponential(_: Int)") {
            Signal.Windows.exponential(
                $0.int(), center: $0.maybe($0.double()), tau: $0.double(), sym: $0.bool(), dtype: $0.dtype())
        }
        add("Signal.Windows.gaussian(_: Int)") {
            Signal.Windows.gaussian($0.int(), std: $0.double(), sym: $0.bool(), dtype: $0.dtype())
        }
        add("Signal.Windows.generalCosine(_: Int)") {
            Signal.Windows.generalCosine($0.int(), a: $0.doubles(), sym: $0.bool(), dtype: $0.dtype())
        }
        add("Signal.Windows.generalHamming(_: Int)") {
            Signal.Windows.generalHamming($0.int(), alpha: $0.double(), sym: $0.bool(), dtype: $0.dtype())
        }
        add("Signal.Windows.hamming(_: Int)") { Signal.Windows.hamming($0.int(), sym: $0.bool(), dtype: $0.dtype()) }
        add("Signal.Windows.hann(_: Int)") { Signal.Windows.hann($0.int(), sym: $0.bool(), dtype: $0.dtype()) }
        add("Signal.Windows.kaiser(_: Int)") {
            Signal.Windows.kaiser($0.int(), beta: $0.double(), sym: $0.bool(), dtype: $0.dtype())
        }
        add("Signal.Windows.nuttall(_: Int)") { Signal.Windows.nuttall($0.int(), sym: $0.bool(), dtype: $0.dtype()) }
        add("Tensor.bartlettWindow(_: Int)") { Tensor.bartlettWindow($0.int(), periodic: $0.bool(), dtype: $0.dtype()) }
        add("Tensor.blackmanWindow(_: Int)") { Tensor.blackmanWindow($0.int(), periodic: $0.bool(), dtype: $0.dtype()) }
        add("Tensor.hammingWindow(_: Int)") {
            Tensor.hammingWindow(
                $0.int(), periodic: $0.bool(), alpha: $0.double(), beta: $0.double(), dtype: $0.dtype())
        }
        add("Tensor.hannWindow(_: Int)") { Tensor.hannWindow($0.int(), periodic: $0.bool(), dtype: $0.dtype()) }
        add("Tensor.kaiserWindow(_: Int)") {
            Tensor.kaiserWindow($0.int(), periodic: $0.bool(), beta: $0.double(), dtype: $0.dtype())
        }
    }
}
