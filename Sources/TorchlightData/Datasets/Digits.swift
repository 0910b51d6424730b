import CDigits
import TorchlightCore
import TorchlightIO

/// The digits dataset: 1,797 handwritten digits of 8 x 8 pixels, which ship with the package and need no download.
///
/// The test set of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C. Kaynak (UCI, 1998, CC BY 4.0,
/// <https://doi.org/10.24432/C50P49>). A sample is a pair of a float32 image `[1, 8, 8]` with values in 0...1 and a
/// class index 0...9; a batch is a pair of float32 `[N, 1, 8, 8]` and int64 `[N]`.
public struct Digits: LabeledImageDataset {
    /// The original images.
    public let images: LabeledImages
    /// The transform of each image.
    public let transform: any Transform
    /// The results of the transform for all 256 byte values if it is element-wise; nil otherwise.
    public let table: [Float]?
    /// The names of the classes by class index.
    public static let classes = (0...9).map(String.init)

    /// Creates the dataset, or one of its splits.
    ///
    /// - Parameters:
    ///   - split: `.test` is a fifth of the digits, chosen at random with a fixed seed; `.train` is the rest. Default:
    ///     nil, all digits in their original order.
    ///   - transform: applied to each image, uint8 `[8, 8]` with values from 0 to 16. Default: `ToTensor(maximum: 16)`.
    public init(split: DataSplit? = nil, transform: any Transform = ToTensor(maximum: 16)) {
        images = Self.parts[split]!
        self.transform = transform
        table = LabeledImages.table(of: transform)
    }

    private static let parts: [DataSplit?: LabeledImages] = {
        func read(
            _ embedded: (UnsafeMutablePointer<Int>) -> UnsafePointer<UInt8>?, _ name: String
        ) throws(IOError) -> IDX {
            var count = 0
            let start = embedded(&count)
            let bytes = Array(UnsafeBufferPointer(start: start, count: count))
            return try IDX.parse(Gzip.inflate(bytes, limit: 1 << 20, file: name), file: name)
        }
        do {
            let (images, labels) = ("digits-images", "digits-labels")
            let all = try LabeledImages(
                images: read(tl_digits_images, images),
                labels: read(tl_digits_labels, labels), imagesFile: images,
                labelsFile: labels, classCount: 10)
            let order = RandomSampler().indices(of: all.count, seed: 0, epoch: 0)
            let testCount = all.count / 5
            return [
                nil: all, .test: LabeledImages(all, indices: order[..<testCount].sorted()),
                .train: LabeledImages(all, indices: order[testCount...].sorted()),
            ]
        } catch {
            // Cannot fail: the bytes are part of the program.
            fatalError("\(error)")
        }
    }()
}
