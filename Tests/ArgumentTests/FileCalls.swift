import Foundation
import TestSupport
import Torchlight

// Files, and the states of runs.

extension CallTable {
    mutating func addFiles() {
        add("SafetensorsHeader.init(tensors: [(name: String, dtype: String, shape: [Int])])") { arguments in
            let types = ["F32", "F64", "F16", "I64", "BOOL", "U8", "F4", "none", ""]
            let tensors = (0..<3).map { ("t\($0)", arguments.pick(types), arguments.ints()) }
            return SafetensorsHeader(tensors: tensors)
        }
        add("Safetensors.saveShards(shardSize: Int)") {
            let folder = TemporaryFolder()
            try Safetensors.saveShards(
                [("a", Tensor.ones([4])), ("b", Tensor.ones([2, 2]))].map { (key: $0.0, value: $0.1) },
                to: folder("m.safetensors.index.json"), shardSize: $0.int())
            return try Safetensors.load(folder("m.safetensors.index.json")).count
        }
        add("Tensor.fromFile(size: Int?)") {
            let folder = TemporaryFolder()
            try Tensor.ones(4).withUnsafeBytes { try Data($0).write(to: URL(filePath: folder("raw"))) }
            return try Tensor.fromFile(folder("raw"), size: $0.maybe($0.int()), dtype: $0.dtype()).sum()
        }
        add("TorchDictionary.subscript(_: Int)") {
            TorchDictionary([(key: .int(3), value: .int(4))])[$0.int()] as Any
        }
        add("TrainingState.init(step: Int)") {
            let folder = TemporaryFolder()
            let state = TrainingState(step: $0.int(), model: Linear(1, 1))
            try state.save(folder("a.safetensors"))
            let read = try TrainingState(contentsOf: folder("a.safetensors"))
            precondition(read.step == state.step, "the step was lost")
            try CheckpointFolder(folder("run")).save(state)
            return try CheckpointFolder(folder("run")).latest() as Any
        }
        add("CheckpointFolder.init(keepLast: Int)") {
            let folder = TemporaryFolder()
            let checkpoints = try CheckpointFolder(folder("run"), keepLast: $0.int())
            for step in 1...3 { try checkpoints.save(TrainingState(step: step, model: Linear(1, 1))) }
            return checkpoints.entries.count
        }
    }
}
