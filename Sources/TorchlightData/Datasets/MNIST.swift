import TorchlightCore
import TorchlightIO

/// The two halves of a data set.
public enum DataSplit: String, Sendable, CaseIterable {
    /// What a model learns from.
    case train
    /// What it is judged by.
    case test
}

/// The MNIST handwritten digits of LeCun, Cortes and Burges: 60,000 + 10,000 gray images of 28 x 28.
///
/// Samples are (float32 `[1, 28, 28]` in 0...1, class 0...9); batches (float32 `[n, 1, 28, 28]`, int64 `[n]`).
public struct MNIST: LabeledImageDataset {
    /// The images as they are in the files.
    public let images: LabeledImages
    /// What is done to each image.
    public let transform: any Transform
    /// The transform's results for the 256 bytes, where it looks at one pixel at a time.
    public let table: [Float]?
    /// The names of the classes.
    public static let classes = (0...9).map(String.init)

    /// Reads the images, downloading them first where they are in none of the usual places.
    ///
    /// - Parameters:
    ///   - split: The part to read.
    ///   - root: A folder that holds the four files, itself or in `mnist` or `MNIST/raw`, compressed or not. Left out:
    ///     `$TORCHLIGHT_DATA`, then the user's cache.
    ///   - download: Whether to fetch missing files from the usual mirrors, checked by MD5, into `root` or the cache.
    ///   - transform: What to do to each image, uint8 `[28, 28]`; `ToTensor()` where it is not given.
    ///   - progress: Hears a file's name, the bytes that have come, and the bytes to come.
    /// - Throws: `IOError` for missing or damaged files, those of another data set, and failed downloads.
    public init(
        split: DataSplit, root: String? = nil, download: Bool = true, transform: any Transform = ToTensor(),
        progress: DownloadProgress? = nil
    ) throws(IOError) {
        images = try DatasetFiles.mnist.read(split, root: root, download: download, progress: progress)
        self.transform = transform
        table = LabeledImages.table(of: transform)
    }
}

/// Zalando's articles of clothing in the form of MNIST (<https://arxiv.org/abs/1708.07747>): 60,000 + 10,000 gray images of
/// 28 x 28.
///
/// Samples are (float32 `[1, 28, 28]` in 0...1, class 0...9); batches (float32 `[n, 1, 28, 28]`, int64 `[n]`).
public struct FashionMNIST: LabeledImageDataset {
    /// The images as they are in the files.
    public let images: LabeledImages
    /// What is done to each image.
    public let transform: any Transform
    /// The transform's results for the 256 bytes, where it looks at one pixel at a time.
    public let table: [Float]?
    /// The names of the classes.
    public static let classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// Reads the images, downloading them first where they are in none of the usual places.
    ///
    /// - Parameters:
    ///   - split: The part to read.
    ///   - root: A folder that holds the four files, itself or in `fashion-mnist` or `FashionMNIST/raw`, compressed or not.
    ///     Left out: `$TORCHLIGHT_DATA`, then the user's cache.
    ///   - download: Whether to fetch missing files, checked by MD5, into `root` or the cache.
    ///   - transform: What to do to each image, uint8 `[28, 28]`; `ToTensor()` where it is not given.
    ///   - progress: Hears a file's name, the bytes that have come, and the bytes to come.
    /// - Throws: `IOError` for missing or damaged files, those of another data set, and failed downloads.
    public init(
        split: DataSplit, root: String? = nil, download: Bool = true, transform: any Transform = ToTensor(),
        progress: DownloadProgress? = nil
    ) throws(IOError) {
        images = try DatasetFiles.fashionMNIST.read(split, root: root, download: download, progress: progress)
        self.transform = transform
        table = LabeledImages.table(of: transform)
    }
}

/// Hears of a download: the file's name, the bytes that have come, and the bytes to come where the server says.
public typealias DownloadProgress = (_ file: String, _ done: Int, _ total: Int?) -> Void

extension DatasetFiles {
    /// Reads both files of a split.
    func read(
        _ split: DataSplit, root: String?, download: Bool, progress: DownloadProgress?
    ) throws(IOError) -> LabeledImages {
        let (imagesFile, labelsFile) = split == .train ? (trainImages, trainLabels) : (testImages, testLabels)
        func path(_ file: File) throws(IOError) -> String {
            try locate(file, root: root, download: download) { done, total in progress?(file.name, done, total) }
        }
        let (imagesPath, labelsPath) = (try path(imagesFile), try path(labelsFile))
        // 60,000 images are 47 MB; a file that inflates to much more is not one of these.
        let limit = 256 << 20
        let images = try LabeledImages(
            images: try IDX.read(imagesPath, limit: limit), labels: try IDX.read(labelsPath, limit: limit),
            imagesFile: imagesPath, labelsFile: labelsPath, classCount: 10)
        try check(labels: images.labels, of: labelsFile, at: labelsPath)
        return images
    }
}
