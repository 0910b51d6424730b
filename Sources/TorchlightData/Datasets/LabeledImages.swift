import CFiles
import TorchlightCore
import TorchlightIO

/// Gray images of one size in bytes, with a class number each: what the built-in data sets hold.
public final class LabeledImages: Sendable {
    /// The number of images.
    public let count: Int
    /// Rows of an image.
    public let height: Int
    /// Columns of an image.
    public let width: Int
    /// The class of each image.
    public let labels: [UInt8]
    /// The pixels, image by image, row by row.
    let pixels: [UInt8]

    /// Takes images and labels from IDX arrays: uint8 `[n, height, width]` and `[n]`.
    ///
    /// - Throws: `IOError` where the arrays do not fit together or a label is not below `classCount`.
    init(images: IDX, labels: IDX, imagesFile: String, labelsFile: String, classCount: Int) throws(IOError) {
        func failure(_ file: String, _ offset: Int, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, "idx", file: file, offset: offset, problem, expected: rule)
        }
        guard images.element == .uint8, images.shape.count == 3 else {
            throw failure(
                imagesFile, 2, "\(images.element) \(images.shape)", expected: "images: uint8 [n, height, width]")
        }
        guard labels.element == .uint8, labels.shape.count == 1 else {
            throw failure(labelsFile, 2, "\(labels.element) \(labels.shape)", expected: "labels: uint8 [n]")
        }
        guard images.shape[0] == labels.shape[0] else {
            throw failure(
                labelsFile, 4, "\(labels.shape[0]) labels for the \(images.shape[0]) images of \(imagesFile)",
                expected: "as many")
        }
        if let wrong = labels.data.firstIndex(where: { $0 >= classCount }) {
            throw failure(labelsFile, wrong, "the label \(labels.data[wrong])", expected: "0 to \(classCount - 1)")
        }
        count = images.shape[0]
        height = images.shape[1]
        width = images.shape[2]
        pixels = Array(images.data)
        self.labels = Array(labels.data)
    }

    /// Some of the images.
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

    /// The pixels of an image: uint8 `[height, width]`.
    public func image(_ index: Int) -> Tensor {
        do { try checkSample(index, of: count, in: "LabeledImages") } catch { return fail(error) }
        let size = height * width
        return Tensor(Array(pixels[index * size..<(index + 1) * size]), shape: [height, width])
    }

    /// The numbers that an elementwise transform gives for the 256 bytes; nil for transforms of other kinds.
    static func table(of transform: any Transform) -> [Float]? {
        guard transform.isElementwise else { return nil }
        let values = transform(Tensor((0..<256).map(UInt8.init), shape: [16, 16]))
        return values.dtype == .float32 && values.shape == [1, 16, 16] ? values.toArray(Float.self) : nil
    }

    /// A batch through a table: float32 `[n, 1, height, width]` and int64 `[n]`.
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

/// A data set of gray images with a class each: samples are (transformed image, class number).
public protocol LabeledImageDataset: BatchedDataset where Element == (Tensor, Int), Batch == (Tensor, Tensor) {
    /// The images as they are in the files.
    var images: LabeledImages { get }
    /// What is done to each image.
    var transform: any Transform { get }
    /// The transform's results for the 256 bytes, where it looks at one pixel at a time.
    var table: [Float]? { get }
    /// The names of the classes, by number.
    static var classes: [String] { get }
}

extension LabeledImageDataset {
    /// The number of images.
    public var count: Int { images.count }

    /// The transformed image and its class.
    public subscript(index: Int) -> (Tensor, Int) {
        let image = images.image(index)
        // Without an image there is no class; the error was reported.
        return image.isPlaceholder ? (image, 0) : (transform(image), Int(images.labels[index]))
    }

    /// The batch through the table, where there is one.
    public func batch(at indices: [Int]) throws -> (Tensor, Tensor)? {
        try table.map { try images.batch(at: indices, table: $0) }
    }
}
