import Torchlight

// Operations that compute: windows, reductions, sorts.

extension CallTable {
    mutating func addComputations() {
        add("adaptiveAvgPool1d(_: AdaptiveSize)") { adaptiveAvgPool1d($0.tensor(), $0.adaptive()) }
        add("adaptiveAvgPool2d(_: AdaptiveSize)") { adaptiveAvgPool2d($0.tensor(), $0.adaptive()) }
        add("adaptiveAvgPool3d(_: AdaptiveSize)") { adaptiveAvgPool3d($0.tensor(), $0.adaptive()) }
        add("adaptiveMaxPool1dWithIndices(_: AdaptiveSize)") {
            adaptiveMaxPool1dWithIndices($0.tensor(), $0.adaptive())
        }
        add("adaptiveMaxPool1d(_: AdaptiveSize)") { adaptiveMaxPool1d($0.tensor(), $0.adaptive()) }
        add("adaptiveMaxPool2dWithIndices(_: AdaptiveSize)") {
            adaptiveMaxPool2dWithIndices($0.tensor(), $0.adaptive())
        }
        add("adaptiveMaxPool2d(_: AdaptiveSize)") { adaptiveMaxPool2d($0.tensor(), $0.adaptive()) }
        add("adaptiveMaxPool3dWithIndices(_: AdaptiveSize)") {
            adaptiveMaxPool3dWithIndices($0.tensor(), $0.adaptive())
        }
        add("adaptiveMaxPool3d(_: AdaptiveSize)") { adaptiveMaxPool3d($0.tensor(), $0.adaptive()) }

        add("avgPool1d(_: Int, stride: Int?, padding: Int)") {
            avgPool1d(
                $0.tensor(), $0.int(), stride: $0.maybe($0.int()), padding: $0.int(), ceilMode: $0.bool(),
                countIncludePad: $0.bool())
        }
        add("avgPool2d(_: Size2, stride: Size2?, padding: Size2, divisorOverride: Int?)") {
            avgPool2d(
                $0.tensor(), $0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2(), ceilMode: $0.bool(),
                countIncludePad: $0.bool(), divisorOverride: $0.maybe($0.int()))
        }
        add("avgPool3d(_: Size3, stride: Size3?, padding: Size3, divisorOverride: Int?)") {
            avgPool3d(
                $0.tensor(), $0.size3(), stride: $0.maybe($0.size3()), padding: $0.size3(), ceilMode: $0.bool(),
                countIncludePad: $0.bool(), divisorOverride: $0.maybe($0.int()))
        }

        add("conv1d(stride: Int, padding: ConvPadding, dilation: Int, groups: Int)") {
            conv1d(
                $0.tensor(), $0.tensor(), bias: $0.maybe($0.tensor()), stride: $0.int(), padding: $0.padding(),
                dilation: $0.int(), groups: $0.int())
        }
        add("conv2d(stride: Size2, padding: ConvPadding, dilation: Size2, groups: Int)") {
            conv2d(
                $0.tensor(), $0.tensor(), bias: $0.maybe($0.tensor()), stride: $0.size2(), padding: $0.padding(),
                dilation: $0.size2(), groups: $0.int())
        }
        add("conv3d(stride: Size3, padding: ConvPadding, dilation: Size3, groups: Int)") {
            conv3d(
                $0.tensor(), $0.tensor(), bias: $0.maybe($0.tensor()), stride: $0.size3(), padding: $0.padding(),
                dilation: $0.size3(), groups: $0.int())
        }

        add("maxPool1dWithIndices(_: Int, stride: Int?, padding: Int, dilation: Int)") {
            maxPool1dWithIndices(
                $0.tensor(), $0.int(), stride: $0.maybe($0.int()), padding: $0.int(), dilation: $0.int(),
                ceilMode: $0.bool())
        }
        add("maxPool1d(_: Int, stride: Int?, padding: Int, dilation: Int)") {
            maxPool1d(
                $0.tensor(), $0.int(), stride: $0.maybe($0.int()), padding: $0.int(), dilation: $0.int(),
                ceilMode: $0.bool())
        }
        add("maxPool2dWithIndices(_: Size2, stride: Size2?, padding: Size2, dilation: Size2)") {
            maxPool2dWithIndices(
                $0.tensor(), $0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2(), dilation: $0.size2(),
                ceilMode: $0.bool())
        }
        add("maxPool2d(_: Size2, stride: Size2?, padding: Size2, dilation: Size2)") {
            maxPool2d(
                $0.tensor(), $0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2(), dilation: $0.size2(),
                ceilMode: $0.bool())
        }
        add("maxPool3dWithIndices(_: Size3, stride: Size3?, padding: Size3, dilation: Size3)") {
            maxPool3dWithIndices(
                $0.tensor(), $0.size3(), stride: $0.maybe($0.size3()), padding: $0.size3(), dilation: $0.size3(),
                ceilMode: $0.bool())
        }
        add("maxPool3d(_: Size3, stride: Size3?, padding: Size3, dilation: Size3)") {
            maxPool3d(
                $0.tensor(), $0.size3(), stride: $0.maybe($0.size3()), padding: $0.size3(), dilation: $0.size3(),
                ceilMode: $0.bool())
        }

        add("Tensor.polygamma(_: Int)") { $0.tensor().polygamma($0.int()) }
        add("Tensor.polygamma_(_: Int)") { $0.tensor().polygamma_($0.int()) }
        add("Tensor.mvlgamma(_: Int)") { $0.tensor().mvlgamma($0.int()) }
        add("Tensor.mvlgamma_(_: Int)") { $0.tensor().mvlgamma_($0.int()) }

        add("Tensor.round(decimals: Int)") { $0.tensor().round(decimals: $0.int()) }
        add("Tensor.round_(decimals: Int)") { $0.tensor().round_(decimals: $0.int()) }
        add("round(decimals: Int)") { round($0.tensor(), decimals: $0.int()) }

        add("layerNorm(_: [Int])") {
            layerNorm($0.tensor(), $0.ints(), $0.maybe($0.tensor()), $0.maybe($0.tensor()), eps: $0.double())
        }

        add("Tensor.softmax(dim: Int)") { $0.tensor().softmax(dim: $0.int(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.logSoftmax(dim: Int)") { $0.tensor().logSoftmax(dim: $0.int(), dtype: $0.maybe($0.dtype())) }
        add("softmax(dim: Int)") { softmax($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype())) }
        add("logSoftmax(dim: Int)") { logSoftmax($0.tensor(), dim: $0.int(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.any(dim: [Int])") { $0.tensor().any(dim: $0.ints(), keepdim: $0.bool()) }
        add("Tensor.any(dim: Int)") { $0.tensor().any(dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.all(dim: [Int])") { $0.tensor().all(dim: $0.ints(), keepdim: $0.bool()) }
        add("Tensor.all(dim: Int)") { $0.tensor().all(dim: $0.int(), keepdim: $0.bool()) }

        add("Tensor.argmax(dim: Int?)") { $0.tensor().argmax(dim: $0.maybe($0.int()), keepdim: $0.bool()) }
        add("Tensor.argmin(dim: Int?)") { $0.tensor().argmin(dim: $0.maybe($0.int()), keepdim: $0.bool()) }
        add("Tensor.max(dim: Int)") { $0.tensor().max(dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.min(dim: Int)") { $0.tensor().min(dim: $0.int(), keepdim: $0.bool()) }

        add("Tensor.cummax(dim: Int)") { $0.tensor().cummax(dim: $0.int()) }
        add("Tensor.cummin(dim: Int)") { $0.tensor().cummin(dim: $0.int()) }

        add("Tensor.cumprod(dim: Int)") { $0.tensor().cumprod(dim: $0.int(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.cumprod_(dim: Int)") { $0.tensor().cumprod_(dim: $0.int(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.cumsum(dim: Int)") { $0.tensor().cumsum(dim: $0.int(), dtype: $0.maybe($0.dtype())) }
        add("Tensor.cumsum_(dim: Int)") { $0.tensor().cumsum_(dim: $0.int(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.amax(dim: [Int])") { $0.tensor().amax(dim: $0.ints(), keepdim: $0.bool()) }
        add("Tensor.amax(dim: Int)") { $0.tensor().amax(dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.amin(dim: [Int])") { $0.tensor().amin(dim: $0.ints(), keepdim: $0.bool()) }
        add("Tensor.amin(dim: Int)") { $0.tensor().amin(dim: $0.int(), keepdim: $0.bool()) }

        add("Tensor.logcumsumexp(dim: Int)") { $0.tensor().logcumsumexp(dim: $0.int()) }

        add("Tensor.logsumexp(dim: [Int])") { $0.tensor().logsumexp(dim: $0.ints(), keepdim: $0.bool()) }
        add("Tensor.logsumexp(dim: Int)") { $0.tensor().logsumexp(dim: $0.int(), keepdim: $0.bool()) }

        add("Tensor.mean(dim: [Int])") {
            $0.tensor().mean(dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }
        add("Tensor.mean(dim: Int)") {
            $0.tensor().mean(dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }

        add("Tensor.norm(dim: [Int])") {
            $0.tensor().norm(p: $0.double(), dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }
        add("Tensor.norm(dim: Int)") { $0.tensor().norm(p: $0.double(), dim: $0.int(), keepdim: $0.bool()) }
        add("Tensor.countNonzero(dim: [Int])") { $0.tensor().countNonzero(dim: $0.ints()) }

        add("Tensor.prod(dim: [Int])") {
            $0.tensor().prod(dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }
        add("Tensor.prod(dim: Int)") {
            $0.tensor().prod(dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }

        add("Tensor.sum(dim: [Int])") {
            $0.tensor().sum(dim: $0.ints(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype()))
        }
        add("Tensor.sum(dim: Int)") { $0.tensor().sum(dim: $0.int(), keepdim: $0.bool(), dtype: $0.maybe($0.dtype())) }

        add("Tensor.var(dim: [Int])") { $0.tensor().var(dim: $0.ints(), correction: $0.double(), keepdim: $0.bool()) }
        add("Tensor.var(dim: Int)") { $0.tensor().var(dim: $0.int(), correction: $0.double(), keepdim: $0.bool()) }
        add("Tensor.std(dim: [Int])") { $0.tensor().std(dim: $0.ints(), correction: $0.double(), keepdim: $0.bool()) }
        add("Tensor.std(dim: Int)") { $0.tensor().std(dim: $0.int(), correction: $0.double(), keepdim: $0.bool()) }
        add("Tensor.varMean(dim: [Int])") {
            $0.tensor().varMean(dim: $0.ints(), correction: $0.double(), keepdim: $0.bool())
        }
        add("Tensor.stdMean(dim: [Int])") {
            $0.tensor().stdMean(dim: $0.ints(), correction: $0.double(), keepdim: $0.bool())
        }

        add("Tensor.sort(dim: Int)") { $0.tensor().sort(dim: $0.int(), descending: $0.bool()) }
        add("Tensor.argsort(dim: Int)") { $0.tensor().argsort(dim: $0.int(), descending: $0.bool()) }
        add("Tensor.topk(_: Int, dim: Int)") { $0.tensor().topk($0.int(), dim: $0.int(), largest: $0.bool()) }

        add("unfold(_: Size2, dilation: Size2, padding: Size2, stride: Size2)") {
            unfold($0.tensor(), $0.size2(), dilation: $0.size2(), padding: $0.size2(), stride: $0.size2())
        }
        add("fold(_: Size2, _: Size2, dilation: Size2, padding: Size2, stride: Size2)") {
            fold($0.tensor(), $0.size2(), $0.size2(), dilation: $0.size2(), padding: $0.size2(), stride: $0.size2())
        }
    }
}
