import TorchlightCore
import TorchlightIO

/// A split of a dataset.
public enum DataSplit: String, Sendable, CaseIterable {
    /// The samples for training.
    case train
    /// The samples for evaluation.
    case test
}

/// The MNIST dataset: grayscale images of handwritten digits, 28 x 28 pixels, 60,000 for training and 10,000 for
/// testing (LeCun, Cortes and Burges).
///
/// A sample is a pair of a float32 image `[1, 28, 28]` with values in 0...1 and a class index 0...9; a batch is a pair
/// of float32 `[N, 1, 28, 28]` and int64 `[N]`.
public struct MNIST: LabeledImageDataset {
    /// The original images.
    public let images: LabeledImages
    /// The transform of each image.
    public let transform: any Transform
    /// The results of the transform for all 256 byte values if it is element-wise; nil otherwise.
    public let table: [Float]?
    /// The names of the classes by class index.
    public static let classes = (0...9).map(String.init)

    /// Reads a split of the dataset and downloads its files if they are not found.
    ///
    /// - Parameters:
    ///   - split: the split to read.
    ///   - root: a directory with the files of the dataset, directly or in `mnist` or `MNIST/raw`, compressed or not.
    ///     Default: nil, which searches `$TORCHLIGHT_DATA` and then the cache directory of the user.
    ///   - download: whether to download missing files into `root` or the cache; their MD5 is checked. Default: true.
    ///   - transform: applied to each image, uint8 `[28, 28]`. Default: `ToTensor()`.
    ///   - progress: called during a download with the name of the file, the bytes received and the total number of
    ///     bytes.
    /// - Throws: `IOError` if a file is missing, damaged or of another dataset, or a download fails.
    public init(
        split: DataSplit, root: String? = nil, download: Bool = true, transform: any Transform = ToTensor(),
        progress: DownloadProgress? = nil
    ) throws(IOError) {
        images = try DatasetFiles.mnist.read(split, root: root, download: download, progress: progress)
        self.transform = transform
        table = LabeledImages.table(of: transform)
    }
}

/// The Fashion-MNIST dataset: grayscale images of clothing, 28 x 28 pixels, 60,000 for training and 10,000 for testing
/// (Xiao, Rasul and Vollgraf, 2017, <https://arxiv.org/abs/1708.07747>).
///
/// A sample is a pair of a float32 image `[1, 28, 28]` with values in 0...1 and a class index 0...9; a batch is a pair
/// of float32 `[N, 1, 28, 28]` and int64 `[N]`.
public struct FashionMNIST: LabeledImageDataset {
    /// The original images.
    public let images: LabeledImages
    /// The transform of each image.
    public let transform: any Transform
    /// The results of the transform for all 256 byte values if it is element-wise; nil otherwise.
    public let table: [Float]?
    /// The names of the classes by class index.
    public static let classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// Reads a split of the dataset and downloads its files if they are not found.
    ///
    /// - Parameters:
    ///   - split: the split to read.
    ///   - root: a directory with the files of the dataset, directly or in `fashion-mnist` or `FashionMNIST/raw`,
    ///     compressed or not. Default: nil, which searches `$TORCHLIGHT_DATA` and then the cache directory of the user.
    ///   - download: whether to download missing files into `root` or the cache; their MD5 is checked. Default: true.
    ///   - transform: applied to each image, uint8 `[28, 28]`. Default: `ToTensor()`.
    ///   - progress: called during a download with the name of the file, the bytes received and the total number of
    ///     bytes.
    /// - Throws: `IOError` if a file is missing, damaged or of another dataset, or a download fails.
    public init(
        split: DataSplit, root: String? = nil, download: Bool = true, transform: any Transform = ToTensor(),
        progress: DownloadProgress? = nil
    ) throws(IOError) {
        images = try DatasetFiles.fashionMNIST.read(split, root: root, download: download, progress: progress)
        self.transform = transform
        table = LabeledImages.table(of: transform)
    }
}

/// Called during a download with the name of the file, the bytes received, and the total number of bytes; the total is
/// nil if the server does not send it.
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
        // The training images have 47 MB; a file that inflates to more than the limit is not one of these.
        let limit = 256 << 20
        let images = try LabeledImages(
            images: try IDX.read(imagesPath, limit: limit), labels: try IDX.read(labelsPath, limit: limit),
            imagesFile: imagesPath, labelsFile: labelsPath, classCount: 10)
        try check(labels: images.labels, of: labelsFile, at: labelsPath)
        try check(images: images.pixels, of: imagesFile, at: imagesPath)
        return images
    }
}
