import CDigits
import TorchlightCore
import TorchlightIO

/// 1,797 real handwritten digits of 8 x 8 that ship with the package, for when nothing can be downloaded.
///
/// The test part of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C. Kaynak (UCI, 1998, CC BY 4.0,
/// <https://doi.org/10.24432/C50P49>). Samples are (float32 `[1, 8, 8]` in 0...1, class 0...9); batches
/// (float32 `[n, 1, 8, 8]`, int64 `[n]`).
public struct Digits: LabeledImageDataset {
    /// The images as they ship.
    public let images: LabeledImages
    /// What is done to each image.
    public let transform: any Transform
    /// The transform's results for the 256 bytes, where it looks at one pixel at a time.
    public let table: [Float]?
    /// The names of the classes.
    public static let classes = (0...9).map(String.init)

    /// A part of the digits; the test part is a fifth, picked at random once and for all, and nil means all in their order.
    ///
    /// - Parameter transform: What to do to each image, uint8 `[8, 8]` from 0 to 16; `ToTensor(maximum: 16)` where it is
    ///   not given.
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
            // The bytes are part of the program.
            fatalError("\(error)")
        }
    }()
}
