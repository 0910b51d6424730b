import Torchlight
import TorchlightIO

/// The format of an output file, by the suffix of its name (case-insensitive).
enum OutputFormat {
    case safetensors, shards, torch, npz, npy

    /// The suffixes, for help and error texts.
    static let endings = ".safetensors, .safetensors.index.json, .pth, .pt, .bin, .ckpt, .npz or .npy"

    /// - Throws: `Failure` if the name has no known suffix.
    init(_ path: String, command: String) throws {
        let name = path.lowercased()
        func ends(_ endings: String...) -> Bool { endings.contains { name.hasSuffix($0) } }
        if path.hasSuffix(".safetensors.index.json") {
            self = .shards
        } else if ends(".safetensors") {
            self = .safetensors
        } else if ends(".pth", ".pt", ".bin", ".ckpt") {
            self = .torch
        } else if ends(".npz") {
            self = .npz
        } else if ends(".npy") {
            self = .npy
        } else {
            throw Failure("\(command): \(path) has no known suffix; expected \(Self.endings)")
        }
    }

    /// Whether the format has an element type, given by PyTorch's name.
    func holds(_ type: String) -> Bool {
        switch self {
        case .safetensors, .shards: Safetensors.typeName(of: type) != nil
        case .torch: StoredTensor.isType(type)
        case .npz, .npy: NumpyFile.holds(type)
        }
    }

    /// Writes tensors with their element types.
    ///
    /// - Throws: `Failure` if the format cannot store them, `IOError` if the file cannot be written.
    func write(
        _ tensors: [StoredTensor], to path: String, notes: [String: String], shardSize: Int = 5_000_000_000
    ) throws {
        switch self {
        case .safetensors: try Safetensors.save(stored: tensors, to: path, metadata: notes)
        case .shards: try Safetensors.saveShards(stored: tensors, to: path, shardSize: shardSize, metadata: notes)
        case .torch: try TorchFile.save(stored: tensors, to: path)
        case .npz: try NumpyFile.save(stored: tensors, to: path)
        case .npy:
            guard tensors.count == 1, let tensor = tensors.first else {
                throw Failure("\(path) can hold one tensor, got \(tensors.count); .npz holds many")
            }
            try NumpyFile.save(stored: tensor, to: path)
        }
    }
}
