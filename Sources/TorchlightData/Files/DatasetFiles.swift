import TorchlightIO

/// The files of a published dataset: names, digests and addresses.
package struct DatasetFiles: Sendable {
    /// A published file.
    package struct File: Sendable {
        package let name: String
        package let md5: String
        /// The first bytes of the decompressed data after the header. Those of the labels identify the dataset and the
        /// split.
        package var start: [UInt8] = []
        /// The CRC-32 of the first ten images, which identifies the dataset.
        package var firstImages: UInt32? = nil
    }

    /// The name of the dataset for error texts.
    package let title: String
    /// The name of the directory below a root: `mnist`, `fashion-mnist`.
    package let folder: String
    /// The directory that torchvision uses below its root.
    package let torchvisionFolder: String
    /// The base addresses of the files, each ending in a slash; all hold the same files.
    package let mirrors: [String]
    package let trainImages: File
    package let trainLabels: File
    package let testImages: File
    package let testLabels: File

    /// The MNIST digits of LeCun, Cortes and Burges.
    package static let mnist = DatasetFiles(
        title: "MNIST", folder: "mnist", torchvisionFolder: "MNIST/raw",
        mirrors: [
            "https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        trainImages: File(
            name: "train-images-idx3-ubyte.gz", md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873", firstImages: 0x5ea6_60d7),
        trainLabels: File(
            name: "train-labels-idx1-ubyte.gz", md5: "d53e105ee54ea40749a09fcbcd1e9432",
            start: [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        testImages: File(
            name: "t10k-images-idx3-ubyte.gz", md5: "9fb629c4189551a2d022fa330f9573f3", firstImages: 0x17f2_fd7e),
        testLabels: File(
            name: "t10k-labels-idx1-ubyte.gz", md5: "ec29112dd5afa0611ce80d1b7f02629c",
            start: [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]))

    /// The Fashion-MNIST dataset, with files in the format of MNIST (<https://arxiv.org/abs/1708.07747>).
    package static let fashionMNIST = DatasetFiles(
        title: "FashionMNIST", folder: "fashion-mnist", torchvisionFolder: "FashionMNIST/raw",
        mirrors: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
        trainImages: File(name: "train-images-idx3-ubyte.gz", md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        trainLabels: File(
            name: "train-labels-idx1-ubyte.gz", md5: "25c81989df183df01b3e8a0aad5dffbe",
            start: [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
        testImages: File(name: "t10k-images-idx3-ubyte.gz", md5: "bef4ecab320f06d8554ea6380940ec79"),
        testLabels: File(
            name: "t10k-labels-idx1-ubyte.gz", md5: "bb300cfdad3c16e7a12a480ee83cd310",
            start: [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]))

    /// The datasets whose files have the same names.
    static let all = [mnist, fashionMNIST]

    /// Throws if labels are those of another dataset or another split.
    func check(labels: [UInt8], of file: File, at path: String) throws(IOError) {
        for set in Self.all {
            for (split, other) in [(DataSplit.train, set.trainLabels), (.test, set.testLabels)]
            where other.md5 != file.md5 && labels.starts(with: other.start) {
                throw IOError(
                    .malformed, "read", file: path, "these are the labels of the \(split) split of \(set.title)",
                    expected: "the file \(file.name) of \(title), in a directory of its own such as \(folder)")
            }
        }
    }

    /// Throws if a file of images belongs to another dataset or split: by its first images, or by the digest of the published
    /// file if these are not known.
    func check(images: [UInt8], of file: File, at path: String, among sets: [DatasetFiles] = all) throws(IOError) {
        var first = CRC32()
        images.prefix(10 * 28 * 28).withUnsafeBytes { first.update($0) }
        if first.value == file.firstImages { return }
        var digest: String?
        for set in sets {
            for (split, other) in [(DataSplit.train, set.trainImages), (.test, set.testImages)]
            where other.md5 != file.md5 {
                var isOther = first.value == other.firstImages
                if !isOther, other.firstImages == nil, file.firstImages != nil, path.hasSuffix(".gz") {
                    if digest == nil {
                        let file = try MappedFile(path)
                        digest = file.withBytes { MD5.hex($0) }
                    }
                    isOther = digest == other.md5
                }
                guard isOther else { continue }
                throw IOError(
                    .malformed, "read", file: path, "these are the images of the \(split) split of \(set.title)",
                    expected: "the file \(file.name) of \(title), in a directory of its own such as \(folder)")
            }
        }
    }

    /// Returns the path of a file, which is downloaded if it is not found.
    ///
    /// It is searched in `root`, or without one in `$TORCHLIGHT_DATA` and the user's cache directory; in each of them
    /// in the directory of this dataset, in torchvision's and, for an explicit `root`, in the root itself; compressed
    /// or not. A download is stored in the directory of this dataset in `root` or in the cache.
    /// - Throws: `IOError` of kind `.notFound` if the file is missing and `download` is false, `.network` if no address
    ///   provides it.
    package func locate(
        _ file: File, root: String?, download: Bool, timeouts: Download.Timeouts = .init(),
        progress: Download.Progress? = nil
    ) throws(IOError) -> String {
        let roots =
            root.map { [$0] } ?? [FileSystem.environment("TORCHLIGHT_DATA")].compactMap { $0 }
            + [FileSystem.cacheDirectory()]
        let raw = String(file.name.dropLast(".gz".count))
        for parent in roots {
            // The files of both datasets have the same names, so a shared root does not identify the dataset.
            let folders = ["\(parent)/\(folder)", "\(parent)/\(torchvisionFolder)"] + (root == nil ? [] : [parent])
            for folder in folders {
                for name in [file.name, raw] where FileSystem.isFile("\(folder)/\(name)") { return "\(folder)/\(name)" }
            }
        }
        guard download else {
            throw IOError(
                .notFound, "read", file: file.name,
                "no such file in \(roots.map { "\($0)/\(folder)" }.joined(separator: " or "))",
                expected: "the \(title) files there, or download: true")
        }
        let path = "\(roots.last!)/\(folder)/\(file.name)"
        // Ten times the size of the largest published file.
        try Download.fetch(
            mirrors.map { $0 + file.name }, to: path, md5: file.md5, limit: 300 << 20, timeouts: timeouts,
            progress: progress)
        return path
    }
}
