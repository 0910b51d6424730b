import Torchlight
import TorchlightIO

/// The training and test data of a run.
struct DigitData {
    let name: String
    let imageSize: Int
    /// The text of the last line about data other than MNIST; empty for MNIST.
    let note: String
    let train: DataLoaderSource
    let test: DataLoaderSource

    /// Creates a loader of one split.
    typealias DataLoaderSource = (_ batchSize: Int, _ shuffle: Bool, _ seed: UInt64) -> DataLoader<(Tensor, Tensor)>

    /// MNIST from `root`, `$TORCHLIGHT_DATA`, the cache or a download; the digits dataset if none is available. Damaged
    /// files are an error and are not replaced by other data.
    ///
    /// - Parameter required: the dataset of a checkpoint, which must be used.
    static func find(root: String?, quiet: Bool, required: String?) throws -> DigitData {
        if required == "digits" { return digits() }
        var reason: IOError?
        if let root {
            guard FileSystem.isDirectory(root) else { throw Failure("--data: \(root) is not a directory") }
            do { return try mnist(root: root, download: false) } catch let error as IOError {
                // Some files without the others are an error; without any, the next location is tried.
                guard error.kind == .notFound, !containsAnyFile(root) else { throw error }
                if !quiet { say("\(root) has no MNIST files; trying other locations.") }
            }
        }
        do { return try mnist(root: nil, download: false) } catch let error as IOError {
            guard error.kind == .notFound else { throw error }
        }
        do {
            if !quiet { say("Downloading MNIST (11 MB).") }
            return try mnist(root: nil, download: true)
        } catch let error as IOError {
            guard error.kind == .network || isRefusal(error) else { throw error }
            reason = error
        }
        if required != nil { throw reason! }
        let why = reason.map { "\($0)" } ?? "no files"
        say(
            "MNIST is not available (\(why)). Training on the 1,797 digits of 8x8 pixels that ship with Torchlight instead."
        )
        return digits()
    }

    /// Whether a directory or one of its usual subdirectories has one of the files.
    private static func containsAnyFile(_ root: String) -> Bool {
        let files = [
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
        ]
        return ["", "/mnist", "/MNIST/raw"].contains { folder in
            files.contains {
                FileSystem.isFile("\(root)\(folder)/\($0).gz") || FileSystem.isFile("\(root)\(folder)/\($0)")
            }
        }
    }

    /// A cache that cannot be written is treated like a network that cannot be reached.
    private static func isRefusal(_ error: IOError) -> Bool {
        if case .system = error.kind { return true }
        return false
    }

    private static func mnist(root: String?, download: Bool) throws -> DigitData {
        let transform = Compose([ToTensor(), Normalize(mean: 0.1307, std: 0.3081)])
        let train = try MNIST(split: .train, root: root, download: download, transform: transform)
        let test = try MNIST(split: .test, root: root, download: download, transform: transform)
        return DigitData(
            name: "mnist", imageSize: train.images.height, note: "", train: source(train), test: source(test))
    }

    private static func digits() -> DigitData {
        let transform = Compose([ToTensor(maximum: 16), Normalize(mean: 0.305, std: 0.376)])
        let train = Digits(split: .train, transform: transform)
        let test = Digits(split: .test, transform: transform)
        let note = """
             on the small digits dataset, not MNIST; for MNIST, train with a network connection (it downloads 11 MB), or put \
            its four files into DIR/mnist and pass --data DIR
            """
        return DigitData(name: "digits", imageSize: 8, note: note, train: source(train), test: source(test))
    }

    private static func source(_ dataset: some LabeledImageDataset) -> DataLoaderSource {
        { batchSize, shuffle, seed in DataLoader(dataset, batchSize: batchSize, shuffle: shuffle, seed: seed) }
    }
}
