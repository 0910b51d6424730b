import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct UnpoolTests {
    @Test func putsTheLargestBack() {
        let x = Tensor([1.0, 5, 2, 3, 4, 0]).reshape(1, 1, 6)
        let (values, indices) = maxPool1dWithIndices(x, 2)
        expectClose(maxUnpool1d(values, indices, 2), [0, 5, 0, 3, 4, 0])
        #expect(maxUnpool1d(values, indices, 2, outputSize: [7]).shape == [1, 1, 7])
        expectRefusal(by: "maxUnpool1d", .value) { maxUnpool1d(values, indices, 2, outputSize: [9]) }
        expectRefusal(by: "maxUnpool1d", .index) { maxUnpool1d(values, indices + 4, 2) }
        expectRefusal(by: "maxUnpool1d", .shape) { maxUnpool1d(values, values, 2) }
        // Sizes whose product no memory holds.
        let wide = Size3(Int(Int32.max))
        expectRefusal(by: "maxUnpool3d", .shape) {
            maxUnpool3d(.ones(1, 1, 1, 1), .zeros(1, 1, 1, 1, dtype: .int64), wide)
        }
    }

    @Test func aWindowMayMissEveryElement() {
        // Taps at -1 and 1 around the only element.
        let (values, indices) = maxPool1dWithIndices(.ones(1, 1, 1), 2, stride: 1, padding: 1, dilation: 2)
        expectClose(values, [-Double.infinity])
        expectClose(indices, [0])
    }
}

@Suite struct PowerPoolTests {
    private let x = Tensor([3.0, -4, 1, 2, -2, 0]).reshape(1, 1, 6)

    @Test func normsOfWindows() {
        expectClose(lpPool1d(x, 2, 2), [5, 5.0.squareRoot(), 2])
        expectClose(lpPool1d(x, .infinity, 2), [4, 2, 2], .exact)
        expectClose(lpPool1d(x, -.infinity, 2), [3, 1, 0], .exact)
        expectRefusal(by: "lpPool1d", .value) { lpPool1d(x, 0, 2) }
    }
}

@Suite struct InterpolationTests {
    private let ramp = Tensor([0.0, 1, 2, 3]).reshape(1, 1, 4)

    @Test func modesDiffer() {
        expectClose(interpolate(ramp, size: [2], mode: .nearest), [0, 2])
        expectClose(interpolate(ramp, size: [2], mode: .nearestExact), [1, 3])
        expectClose(interpolate(ramp, size: [2], mode: .area), [0.5, 2.5])
        expectClose(interpolate(ramp, size: [2], mode: .linear), [0.5, 2.5])
        expectClose(interpolate(ramp, size: [7], mode: .linear, alignCorners: true), [0, 0.5, 1, 1.5, 2, 2.5, 3])
        expectClose(interpolate(ramp, scaleFactor: [2]), [0, 0, 1, 1, 2, 2, 3, 3])
        // Label maps keep their dtype.
        for dtype: DType in [.uint8, .int64] {
            let labels = interpolate(ramp.to(dtype), size: [6], mode: .nearestExact)
            #expect(labels.dtype == dtype)
            expectClose(labels, [0, 1, 1, 2, 3, 3], .exact)
        }
    }

    @Test func wrongCallsAreNamed() throws {
        let both = try #require(
            expectRefusal(by: "interpolate", .value) { interpolate(ramp, size: [2], scaleFactor: [2]) })
        #expect(both.expected == "either size or scaleFactor")
        expectRefusal(by: "interpolate", .value) { interpolate(ramp) }
        expectRefusal(by: "interpolate", .value) { interpolate(ramp, size: [2, 2]) }
        expectRefusal(by: "interpolate", .value) { interpolate(ramp, scaleFactor: [0.1]) }
        expectRefusal(by: "interpolate", .value) { interpolate(ramp, scaleFactor: [.nan]) }
        expectRefusal(by: "interpolate", .value) { interpolate(ramp, scaleFactor: []) }
        expectRefusal(by: "interpolate", .value) { interpolate(ramp, size: [2], alignCorners: true) }
        expectRefusal(by: "interpolate", .value) { interpolate(ramp, size: [2], mode: .linear, antialias: true) }
        expectRefusal(by: "interpolate", .shape) { interpolate(ramp, size: [2], mode: .bilinear) }
        expectRefusal(by: "interpolate", .dtype) { interpolate(ramp.to(.int64), size: [2], mode: .linear) }
        expectRefusal(by: "allocate", .outOfMemory) {
            interpolate(.ones(1, 1, 1, 1, 1), size: [Int(Int32.max)], mode: .area)
        }
    }
}

@Suite struct GridTests {
    @Test func theIdentityReadsTheImage() {
        let x = Tensor.arange(0.0, 12, dtype: .float64).reshape(1, 1, 3, 4)
        let theta = Tensor([1.0, 0, 0, 0, 1, 0], shape: [1, 2, 3], dtype: .float64)
        for corners in [false, true] {
            let grid = affineGrid(theta, [1, 1, 3, 4], alignCorners: corners)
            expectClose(gridSample(x, grid, alignCorners: corners), ReferenceArray(x), .sums)
            expectClose(gridSample(x, grid, mode: .nearest, alignCorners: corners), ReferenceArray(x), .sums)
        }
        // Outside lies the border: zeros, the edge, or the image mirrored.
        let outside = Tensor([1.5, 0], shape: [1, 1, 1, 2], dtype: .float64)
        expectClose(gridSample(x, outside, mode: .nearest), [0])
        expectClose(gridSample(x, outside, mode: .nearest, paddingMode: .border), [7])
        expectClose(gridSample(x, outside * Double.nan, paddingMode: .border), [0])
    }

    @Test func wrongCallsAreNamed() {
        expectRefusal(by: "gridSample", .shape) { gridSample(.ones(1, 1, 3, 3), .ones(1, 2, 2, 3)) }
        expectRefusal(by: "gridSample", .dtype) { gridSample(.ones(1, 1, 3, 3), .ones(1, 2, 2, 2, dtype: .float64)) }
        expectRefusal(by: "affineGrid", .shape) { affineGrid(.ones(1, 2, 3), [2, 1, 3, 3]) }
    }
}

@Suite struct WindowTests {
    @Test func foldCountsWhatWindowsShare() {
        let x = Tensor.ones(1, 3, 3)
        expectClose(fold(unfold(x, 2), 3, 2), [1, 2, 1, 2, 4, 2, 1, 2, 1])
        expectRefusal(by: "fold", .shape) { fold(.ones(1, 4, 5), 3, 2) }
        expectRefusal(by: "fold", .value) { fold(.ones(1, 4, 4), Size2(Int.min), 2) }
        expectRefusal(by: "unfold", .shape) { unfold(.ones(3, 3), 2) }
        let padding = Size2(Int(Int32.max))
        expectRefusal(by: "unfold", .value) { unfold(.ones(1, 1, 3, 3), 2, padding: padding) }
    }

    @Test func shufflesUndoEachOther() {
        let x = Tensor.arange(0, 48).reshape(2, 4, 2, 3)
        #expect(pixelShuffle(x, 2).shape == [2, 1, 4, 6])
        expectClose(pixelUnshuffle(pixelShuffle(x, 2), 2), ReferenceArray(x))
        expectClose(channelShuffle(channelShuffle(x, 2), 2), ReferenceArray(x))
        expectRefusal(by: "pixelShuffle", .shape) { pixelShuffle(x, 3) }
    }
}

@Suite struct IntegerConvolutionTests {
    @Test func sumsAreExact() {
        let large = 1 << 60
        let x = Tensor([large, 1, 2]).reshape(1, 1, 3)
        let out = conv1d(x, Tensor([1, 1]).reshape(1, 1, 2))
        #expect(out.dtype == .int64)
        #expect(out.toArray(Int.self) == [large + 1, 3])
        expectRefusal(by: "conv1d", .dtype) { conv1d(x, .ones(1, 1, 2)) }
        expectRefusal(by: "conv1d", .shape) { conv1d(x, Tensor([1, 1]).reshape(1, 1, 2), groups: .max) }
    }
}
