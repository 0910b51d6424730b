// pytorch/examples: super_resolution. A sub-pixel convolutional network (Shi et al., 2016) that doubles the size of images.
//
// What differs: the images are smooth random patterns that are made here, in place of the BSDS300 photographs.
import Torchlight

private final class Net: Module, Layer {
    let conv1 = Conv2d(1, 64, kernelSize: 5, stride: 1, padding: 2)
    let conv2 = Conv2d(64, 64, kernelSize: 3, stride: 1, padding: 1)
    let conv3 = Conv2d(64, 32, kernelSize: 3, stride: 1, padding: 1)
    let conv4: Conv2d
    let pixelShuffle: PixelShuffle

    init(upscaleFactor: Int) {
        conv4 = Conv2d(32, upscaleFactor * upscaleFactor, kernelSize: 3, stride: 1, padding: 1)
        pixelShuffle = PixelShuffle(upscaleFactor)
        super.init()
        let relu = Initializers.Nonlinearity.relu.gain
        Initializers.orthogonal_(conv1.weight, gain: relu)
        Initializers.orthogonal_(conv2.weight, gain: relu)
        Initializers.orthogonal_(conv3.weight, gain: relu)
        Initializers.orthogonal_(conv4.weight)
    }

    func forward(_ x: Tensor) -> Tensor {
        var x = relu(conv1(x))
        x = relu(conv2(x))
        x = relu(conv3(x))
        return pixelShuffle(conv4(x))
    }
}

/// Sums of waves with random directions and phases, from 0 to 1: `[count, 1, size, size]`.
private func patterns(_ count: Int, size: Int) -> Tensor {
    let axis = linspace(0, 1, steps: size)
    let (row, column) = (axis.view(1, -1, 1), axis.view(1, 1, -1))
    var sum = zeros(count, size, size)
    for _ in 0..<4 {
        let frequency = rand(count, 2) * 40 - 20
        let phase = rand(count, 1, 1) * 6.28
        sum = sum + sin(frequency[.all, 0].view(-1, 1, 1) * row + frequency[.all, 1].view(-1, 1, 1) * column + phase)
    }
    return ((sum + 4) / 8).unsqueeze(1)
}

func superResolution(_ scale: Scale) throws {
    manualSeed(123)
    let size = scale.pick(small: 16, full: 64)
    let images = patterns(scale.pick(small: 64, full: 512), size: size)
    let small = avgPool2d(images, 2)
    let (train, test) = randomSplit(TensorDataset(small, images), [0.75, 0.25], seed: 1)
    let model = Net(upscaleFactor: 2)
    let criterion = MSELoss()
    let optimizer = Adam(model.parameters(), lr: 1e-3)
    /// The peak signal-to-noise ratio in decibels, averaged over the test images.
    func psnr(_ upscale: (Tensor) -> Tensor) -> Double {
        var (total, count) = (0.0, 0)
        noGrad {
            for (input, target) in DataLoader(test, batchSize: 8) {
                total += Double(-10 * log10(criterion(upscale(input), target)))
                count += 1
            }
        }
        return total / Double(count)
    }
    let bilinear = psnr { interpolate($0, scaleFactor: [2, 2], mode: .bilinear, alignCorners: false) }
    print("bilinear interpolation: PSNR \(text(bilinear, 2)) dB")
    for epoch in 1...scale.pick(small: 40, full: 100) {
        var loss = 0.0
        for (input, target) in DataLoader(train, batchSize: 8, shuffle: true) {
            optimizer.zeroGrad()
            let error = criterion(model(input), target)
            error.backward()
            optimizer.step()
            loss = error.item()
        }
        print("epoch \(epoch): loss \(text(loss, 5)), PSNR \(text(psnr { model($0) }, 2)) dB")
    }
    print("gain \(text(psnr { model($0) } - bilinear, 2))")
}
