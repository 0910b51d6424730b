import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightData
@testable import TorchlightIO

@Suite struct DatasetTests {
    let folder = TemporaryFolder()

    /// Four files of a small MNIST: image i of 28 x 28 has pixels (i + column) mod 256 and label i mod 10.
    func writeMNIST(_ name: String = "mnist", train: Int = 20, test: Int = 5) throws {
        try FileSystem.createDirectories(folder(name))
        for (prefix, count) in [("train", train), ("t10k", test)] {
            let images = (0..<count).flatMap { i in (0..<784).map { UInt8(truncatingIfNeeded: i + $0 % 28) } }
            try AtomicFile.write(
                IDXTests.file([0, 0, 8, 3], [UInt32(count), 28, 28], data: 0) + images,
                to: folder("\(name)/\(prefix)-images-idx3-ubyte"))
            try AtomicFile.write(
                IDXTests.file([0, 0, 8, 1], [UInt32(count)], data: 0) + (0..<count).map { UInt8($0 % 10) },
                to: folder("\(name)/\(prefix)-labels-idx1-ubyte"))
        }
    }

    @Test func filesOfAnotherSetAreRefused() throws {
        let starts: [(name: String, prefix: String, labels: [UInt8])] = [
            ("MNIST", "train", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5]),
            ("MNIST", "t10k", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6]),
            ("FashionMNIST", "train", [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9]),
            ("FashionMNIST", "t10k", [9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5]),
        ]
        for (name, prefix, labels) in starts {
            // The labels of one set and split under the names of every one.
            for target in ["train", "t10k"] {
                let place = "\(name)-\(prefix)-\(target)"
                try FileSystem.createDirectories(folder(place))
                let images = Array(repeating: UInt8(1), count: labels.count * 784)
                try AtomicFile.write(
                    IDXTests.file([0, 0, 8, 3], [UInt32(labels.count), 28, 28], data: 0) + images,
                    to: folder("\(place)/\(target)-images-idx3-ubyte"))
                try AtomicFile.write(
                    IDXTests.file([0, 0, 8, 1], [UInt32(labels.count)], data: 0) + labels,
                    to: folder("\(place)/\(target)-labels-idx1-ubyte"))
                let split: DataSplit = target == "train" ? .train : .test
                for wanted in ["MNIST", "FashionMNIST"] {
                    func read() throws -> Int {
                        wanted == "MNIST"
                            ? try MNIST(split: split, root: folder(place), download: false).count
                            : try FashionMNIST(split: split, root: folder(place), download: false).count
                    }
                    if wanted == name && prefix == target {
                        #expect(try read() == 12)
                    } else {
                        let error = #expect(throws: IOError.self, "\(place) as \(wanted)") { try read() }
                        let set = "labels of the \(prefix == "train" ? "train" : "test") split of \(name)"
                        #expect(error?.description.contains(set) == true, "\(error!)")
                    }
                }
            }
        }
    }

    /// Labels may be right, or of no known set, where the images are another set's.
    @Test func imagesOfAnotherSetAreRefused() throws {
        let pixels = (0..<12 * 784).map { UInt8(truncatingIfNeeded: $0 % 251) }
        var first = CRC32()
        pixels.prefix(7840).withUnsafeBytes { first.update($0) }
        let (digits, clothes) = (DatasetFiles.mnist, DatasetFiles.fashionMNIST)
        #expect(digits.trainImages.firstImages != first.value)
        #expect(throws: Never.self) {
            try digits.check(images: pixels, of: digits.trainImages, at: "a")
            try clothes.check(images: pixels, of: clothes.testImages, at: "a")
        }
        // By the digest of the published file where the first images are not known.
        let path = folder("images.gz")
        try FileSystem.createDirectories(folder.path)
        try AtomicFile.write(pixels, to: path)
        for (split, file) in [("train", clothes.trainImages), ("test", clothes.testImages)] {
            let sets = [digits, clothes.with(digest: MD5.hex(pixels), of: file)]
            let error = #expect(throws: IOError.self) {
                try digits.check(images: pixels, of: digits.trainImages, at: path, among: sets)
            }
            #expect(error?.problem.contains("images of the \(split) split of FashionMNIST") == true, "\(error!)")
        }
        // By the first images, in files of any form.
        for (split, file) in [("train", digits.trainImages), ("test", digits.testImages)] {
            let sets = [digits.with(firstImages: first.value, of: file), clothes]
            let error = #expect(throws: IOError.self) {
                try clothes.check(images: pixels, of: clothes.trainImages, at: "a", among: sets)
            }
            #expect(error?.problem.contains("images of the \(split) split of MNIST") == true, "\(error!)")
        }
    }

    @Test func readsMNIST() throws {
        try writeMNIST()
        let train = try MNIST(split: .train, root: folder.path, download: false)
        let test = try MNIST(split: .test, root: folder("mnist"), download: false)
        #expect(train.count == 20 && test.count == 5)
        let (image, label) = train[13]
        #expect(image.shape == [1, 28, 28] && image.dtype == .float32 && label == 3)
        let expected = (13..<16).map { Float($0) / 255 }
        #expect(Array(image.toArray(Float.self)[..<3]) == expected)
        #expect(throws: IOError.self) { try FashionMNIST(split: .train, root: folder("none"), download: false) }
        for (images, labels) in DataLoader(train, batchSize: 8) {
            #expect(images.shape.dropFirst() == [1, 28, 28] && images.dtype == .float32)
            #expect(labels.dtype == .int64 && labels.shape == [images.shape[0]])
        }
    }

    @Test(
        arguments: [
            Compose([]), ToTensor(), Compose([ToTensor(), Normalize(mean: 0.1307, std: 0.3081)]),
            Compose([ToTensor(), Normalize(mean: [0.5], std: [0.25])]),
        ] as [any Transform])
    func theFastRoadGivesTheSameBits(transform: any Transform) throws {
        try writeMNIST()
        let data = try MNIST(split: .train, root: folder.path, transform: transform)
        let slow = Subset(data, indices: Array(0..<20))
        struct OneByOne: Dataset {
            let base: Subset<MNIST>
            var count: Int { base.count }
            subscript(index: Int) -> (Tensor, Int) { get throws { try base[index] } }
        }
        for ((a, b), (c, d)) in zip(
            DataLoader(slow, batchSize: 7, shuffle: true, seed: 1),
            DataLoader(OneByOne(base: slow), batchSize: 7, shuffle: true, seed: 1)
        ) {
            #expect(a.shape == c.shape && a.dtype == c.dtype)
            #expect(a.withUnsafeBytes { Array($0) } == c.withUnsafeBytes { Array($0) })
            #expect(b.toArray(Int.self) == d.toArray(Int.self))
        }
    }

    @Test func refusesFilesThatDoNotFitTogether() throws {
        try writeMNIST()
        let labels = folder("mnist/train-labels-idx1-ubyte")
        try AtomicFile.write(IDXTests.file([0, 0, 8, 1], [19], data: 10) + [UInt8](repeating: 0, count: 9), to: labels)
        #expect(throws: IOError.self) { try MNIST(split: .train, root: folder.path) }
        try AtomicFile.write(IDXTests.file([0, 0, 8, 1], [20], data: 20), to: labels)
        let error = #expect(throws: IOError.self) { try MNIST(split: .train, root: folder.path) }
        #expect(error?.description == "idx: \(labels), byte 18: the label 10; expected labels from 0 to 9")
        try AtomicFile.write(
            IDXTests.file([0, 0, 8, 1], [784 * 20], data: 784 * 20), to: folder("mnist/train-images-idx3-ubyte"))
        #expect(throws: IOError.self) { try MNIST(split: .train, root: folder.path) }
    }

    @Test func theShippedDigitsAreWhole() {
        let (all, train, test) = (Digits(), Digits(split: .train), Digits(split: .test))
        #expect(all.count == 1797 && test.count == 359 && train.count + test.count == all.count)
        #expect(all.images.labels[..<10].map(Int.init) == Array(0..<10))
        #expect(
            (0..<10).map { digit in all.images.labels.count { $0 == digit } } == [
                178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
            ])
        #expect(all.images.image(0).toArray(Int.self)[..<8] == [0, 0, 5, 13, 9, 1, 0, 0])
        let (image, label) = all[0]
        #expect(image.shape == [1, 8, 8] && label == 0)
        #expect(image.toArray(Float.self)[2] == 0.3125)
    }

    @Test func tensorRowsAreSamples() throws {
        let x = Tensor([[1.0, 2], [3, 4], [5, 6]])
        let y = Tensor([7, 8, 9])
        let data = TensorDataset(x, y)
        #expect(data.count == 3)
        #expect(data[1].0.toArray(Float.self) == [3, 4] && data[1].1.shape == [])
        let batches = Array(DataLoader(data, batchSize: 2))
        #expect(batches[0].0.toArray(Float.self) == [1, 2, 3, 4])
        #expect(batches[1].1.toArray(Int.self) == [9])
        #expect(Array(DataLoader(TensorDataset(y), batchSize: 3))[0].toArray(Int.self) == [7, 8, 9])
        #expect(Array(DataLoader(TensorDataset([x, y]), batchSize: 3))[0].count == 2)
        #expect(throws: TensorError.self) { try checked { _ = TensorDataset(x, Tensor([1])) } }
        #expect(throws: TensorError.self) { try checked { _ = TensorDataset(Tensor(1)) } }
    }

    @Test func splitsCoverEverySampleOnce() throws {
        let data = TensorDataset(Tensor.arange(103))
        let parts = randomSplit(data, [0.5, 0.3, 0.2], seed: 4)
        #expect(parts.map(\.count) == [52, 31, 20])
        #expect(parts.flatMap(\.indices).sorted() == Array(0..<103))
        #expect(randomSplit(data, [0.5, 0.3, 0.2], seed: 4).map(\.indices) == parts.map(\.indices))
        #expect(randomSplit(data, lengths: [100, 3], seed: 1)[1].count == 3)
        // Shares whose sum is a rounding error above 1 take no more than there is.
        let many = TensorDataset(Tensor.zeros([1_200_000], dtype: .bool))
        #expect(randomSplit(many, [1, 0.000_000_9], seed: 1).map(\.count) == [1_199_999, 1])
        #expect(try parts[0][5].item(Int.self) == parts[0].indices[5])
        for shares in [[0.5, 0.4], [1.5, -0.5]] {
            #expect(throws: TensorError.self) { try checked { _ = randomSplit(data, shares) } }
        }
        #expect(throws: TensorError.self) { try checked { _ = randomSplit(data, lengths: [1]) } }
        #expect(throws: TensorError.self) { try checked { _ = Subset(data, indices: [103]) } }
    }

    @Test func transformsHaveTheirShapes() {
        let rgb = Tensor((0..<24).map { UInt8($0) }, shape: [2, 4, 3])
        let planes = ToTensor()(rgb)
        #expect(planes.shape == [3, 2, 4])
        let three = Float(3) / 255
        #expect(Array(planes.toArray(Float.self)[..<2]) == [0, three])
        let normalized = Normalize(mean: [0, 0.5, 1], std: [1, 2, 4])(planes)
        #expect(normalized.shape == [3, 2, 4])
        let expected = (Float(1) / 255 - 0.5) / 2
        #expect(abs(normalized.toArray(Float.self)[8] - expected) < 1e-6)
        #expect(throws: TensorError.self) { try checked { _ = ToTensor()(Tensor([1])) } }
        #expect(throws: TensorError.self) { try checked { _ = Normalize(mean: [0, 0], std: [1, 1])(planes) } }
        #expect(throws: TensorError.self) { try checked { _ = Normalize(mean: 0, std: 0) } }
    }
}

@Suite struct WrongSampleTests {
    /// Numbers of samples that there are not.
    private static let wrong = [-1, 4, Int.min, Int.max, 1 << 32]

    @Test(arguments: wrong) func samplesThatAreNotThere(_ index: Int) {
        let rows = TensorDataset(Tensor.arange(12).reshape(4, 3), Tensor.arange(4))
        let some = Subset(rows, indices: [0, 1, 2, 3])
        expectRefusal(by: "TensorDataset", .index, "\(index)") { rows[index] }
        for batch in [[index], [0, index]] {
            #expect(throws: TensorError.self, "\(batch)") { _ = try rows.batch(at: batch) }
            #expect(throws: TensorError.self, "\(batch)") { _ = try some.batch(at: batch) }
        }
        #expect(throws: TensorError.self) { _ = try some[index] }
        expectRefusal(by: "Subset", .index) { Subset(rows, indices: [index]) }
    }

    @Test func aBatchOfNoSamples() throws {
        let rows = TensorDataset(Tensor.arange(12).reshape(4, 3))
        #expect(try rows.batch(at: [])?.shape == [0, 3])
    }

    @Test func imagesThatAreNotThere() {
        let digits = Digits()
        for index in [-1, digits.count, Int.max] {
            expectRefusal(by: "LabeledImages", .index) { digits[index] }
            #expect(throws: TensorError.self) { _ = try digits.batch(at: [index]) }
        }
    }
}

extension DatasetFiles {
    /// The same files, with another digest or other first images of one of them.
    fileprivate func with(digest: String? = nil, firstImages: UInt32? = nil, of file: File) -> DatasetFiles {
        func changed(_ own: File) -> File {
            guard own.md5 == file.md5 else { return own }
            return File(
                name: own.name, md5: digest ?? own.md5, start: own.start, firstImages: firstImages ?? own.firstImages)
        }
        return DatasetFiles(
            title: title, folder: folder, torchvisionFolder: torchvisionFolder, mirrors: mirrors,
            trainImages: changed(trainImages), trainLabels: trainLabels, testImages: changed(testImages),
            testLabels: testLabels)
    }
}
