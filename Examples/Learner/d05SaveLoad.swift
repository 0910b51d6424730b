import Foundation
import Torchlight

/// Saving and loading a model.
func d05SaveLoad() throws {
    let m = Linear(2, 2)
    noGrad {
        m.weight.copy_(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        m.bias!.zero_()
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("learner-\(getpid())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/model.safetensors"
    try m.save(path)
    let n = Linear(2, 2)
    print(try n.load(path))
    print(n.weight)
    print(m(Tensor.ones(1, 2)).equal(n(Tensor.ones(1, 2))))
    try FileManager.default.removeItem(atPath: folder)
}
