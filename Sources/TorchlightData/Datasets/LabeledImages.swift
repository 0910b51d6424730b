import CFiles
import TorchlightCore
import TorchlightIO

/// Grayscale images of one size in bytes, with a class index each: the contents of the built-in image datasets.
public final class LabeledImages: Sendable {
    /// The number of images.
    public let count: Int
    /// The number of rows of an image.
    public let height: Int
    /// The number of columns of an image.
    public let width: Int
    /// The class index of each image.
    public let labels: [UInt8]
    /// The pixels of all images, row-major.
    let pixels: [UInt8]

    /// Creates images and labels from IDX arrays: uint8 `[N, height, width]` and `[N]`.
    ///
    /// - Throws: `IOError` if the arrays do not fit together or a label is not below `classCount`.
    init(images: IDX, labels: IDX, imagesFile: String, labelsFile: String, classCount: Int) throws(IOError) {
        func failure(_ file: String, _ offset: Int, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, "idx", file: file, offset: offset, problem, expected: rule)
        }
        guard images.element == .uint8, images.shape.count == 3 else {
            throw failure(
                imagesFile, 2, "the images are \(images.element) \(images.shape)", expected: "uint8 [n, height, width]")
        }
        guard labels.element == .uint8, labels.shape.count == 1 else {
            throw failure(labelsFile, 2, "the labels are \(labels.element) \(labels.shape)", expected: "uint8 [n]")
        }
        guard images.shape[0] == labels.shape[0] else {
            throw failure(
                labelsFile, 4,
                "\(quantity(labels.shape[0], "label")) for the \(quantity(images.shape[0], "image")) of \(imagesFile)",
                expected: "the same number of labels and images")
        }
        if let wrong = labels.data.firstIndex(where: { $0 >= classCount }) {
            throw failure(
                labelsFile, wrong, "the label \(labels.data[wrong])", expected: "labels from 0 to \(classCount - 1)")
        }
        count = images.shape[0]
        height = images.shape[1]
        width = images.shape[2]
        pixels = Array(images.data)
        self.labels = Array(labels.data)
    }

    /// Creates a copy of the images at `indices`.
    init(_ other: LabeledImages, indices: some Sequence<Int>) {
        let size = other.height * other.width
        var (pixels, labels): ([UInt8], [UInt8]) = ([], [])
        for index in indices {
            pixels += other.pixels[index * size..<(index + 1) * size]
            labels.append(other.labels[index])
        }
        count = labels.count
        height = other.height
        width = other.width
        self.pixels = pixels
        self.labels = labels
    }

    /// Returns the pixels of an image: uint8 `[height, width]`. An index out of range is an error.
    public func image(_ index: Int) -> Tensor {
        do { try checkSample(index, of: count, in: "LabeledImages") } catch { return fail(error) }
        let size = height * width
        return Tensor(Array(pixels[index * size..<(index + 1) * size]), shape: [height, width])
    }

    /// The results of an element-wise transform for all 256 byte values; nil for other transforms.
    static func table(of transform: any Transform) -> [Float]? {
        guard transform.isElementwise else { return nil }
        let values = transform(Tensor((0..<256).map(UInt8.init), shape: [16, 16]))
        return values.dtype == .float32 && values.shape == [1, 16, 16] ? values.toArray(Float.self) : nil
    }

    /// Returns a batch by looking up pixels in a table: float32 `[N, 1, height, width]` and int64 `[N]`.
    func batch(at indices: [Int], table: [Float]) throws -> (Tensor, Tensor) {
        for index in indices { try checkSample(index, of: count, in: "LabeledImages") }
        let images = try Tensor(empty: [indices.count, 1, height, width], dtype: .float32)
        let classes = try Tensor(empty: [indices.count], dtype: .int64)
        let rows = indices.map(Int64.init)
        tl_lookup_rows(
            pixels, Int64(height * width), rows, Int64(rows.count), table,
            images.data.assumingMemoryBound(to: Float.self))
        let out = classes.data.assumingMemoryBound(to: Int64.self)
        for (position, index) in indices.enumerated() { out[position] = Int64(labels[index]) }
        return (images, classes)
    }
}

/// Base protocol of datasets of grayscale images: a sample is a pair of transformed image and class index.
public protocol LabeledImageDataset: BatchedDataset where Element == (Tensor, Int), Batch == (Tensor, Tensor) {
    /// The original images.
    var images: LabeledImages { get }
    /// The transform of each image.
    var transform: any Transform { get }
    /// The results of the transform for all 256 byte values if it is element-wise; nil otherwise.
    var table: [Float]? { get }
    /// The names of the classes by class index.
    static var classes: [String] { get }
}

extension LabeledImageDataset {
    /// The number of images.
    public var count: Int { images.count }

    /// The transformed image and its class index.
    public subscript(index: Int) -> (Tensor, Int) {
        let image = images.image(index)
        // Without an image there is no class; the error was reported already.
        return image.isPlaceholder ? (image, 0) : (transform(image), Int(images.labels[index]))
    }

    /// Returns the batch by looking up pixels in the table; nil if there is no table.
    public func batch(at indices: [Int]) throws -> (Tensor, Tensor)? {
        try table.map { try images.batch(at: indices, table: $0) }
    }
}
