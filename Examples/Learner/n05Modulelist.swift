import Torchlight

/// The parameters of an array of layers belong to the module.
func n05Modulelist() {
    final class Good: Module {
        let layers = (0..<3).map { _ in Linear(4, 4) }
    }
    final class AlsoGood: Module {
        let layers: [Linear]
        override init() {
            var layers: [Linear] = []
            for _ in 0..<3 { layers.append(Linear(4, 4)) }
            self.layers = layers
        }
    }
    print(Good().parameters().count, AlsoGood().parameters().count)
    print(Good())
    print(AlsoGood())
}
