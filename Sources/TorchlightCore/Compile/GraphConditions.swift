import Synchronization

/// The guards of a recorded graph besides its key: state outside of the arguments that must be equal to that of the
/// recording.
package struct GraphConditions {
    /// A tensor from outside that the function uses. Its elements may change; its shape, dtype, device and
    /// `requiresGrad` may not.
    struct Outside {
        let tensor: Tensor
        private let storage: ObjectIdentifier
        private let spec: TensorSpec
        private let requiresGrad: Bool

        init(_ tensor: Tensor) {
            self.tensor = tensor
            storage = ObjectIdentifier(tensor.storage)
            spec = TensorSpec(tensor)
            requiresGrad = tensor.requiresGradFlag
        }

        @inline(__always)
        var holds: Bool {
            // Another storage can have another dtype or device; in-place changes of the shape keep the storage.
            tensor.requiresGradFlag == requiresGrad && tensor.layout == spec.layout
                && (ObjectIdentifier(tensor.storage) == storage || TensorSpec(tensor) == spec)
        }

        var reason: String {
            let now = TensorSpec(tensor)
            if now.layout.shape == spec.layout.shape && now.layout != spec.layout {
                return "the strides or the storage offset of a tensor from outside of shape \(spec.sizes) changed"
            }
            if now != spec {
                return "a tensor from outside is \(now.dtype) \(now.sizes), recorded with \(spec.dtype) \(spec.sizes)"
            }
            return "a tensor from outside of shape \(spec.sizes) "
                + (requiresGrad ? "does not require a gradient any more" : "requires a gradient now")
        }
    }

    /// A leaf whose gradient the function reads before it sets it.
    package struct Gradient {
        package let leaf: Graph.Leaf
        package let gradient: TensorSpec?

        func holds(_ arguments: [Tensor]) -> Bool { leaf.tensor(arguments).gradient.map { TensorSpec($0) } == gradient }

        var reason: String {
            gradient == nil ? "a leaf has a gradient, recorded without one" : "the gradient of a leaf has another shape"
        }
    }

    /// A tensor from outside whose elements the host read.
    struct HostRead {
        let tensor: Tensor
        private let storage: ObjectIdentifier
        private let version: Int

        init(_ tensor: Tensor) {
            self.tensor = tensor
            storage = ObjectIdentifier(tensor.storage)
            version = tensor.storage.version
        }

        var holds: Bool { ObjectIdentifier(tensor.storage) == storage && tensor.storage.version == version }
    }

    /// The modes of a module and its submodules, and their parameters, buffers, submodules and hooks.
    struct ModuleState {
        let module: any PathElement
        private let modes: [Bool]
        private let hasSameContents: () -> Bool

        init(_ module: any PathElement) {
            self.module = module
            modes = module.trainingModes
            hasSameContents = module.contentsCheck()
        }

        var modesHold: Bool { module.trainingModes == modes }
        @inline(__always)
        var contentsHold: Bool { hasSameContents() }
    }

    var outside: [Outside] = []
    package var gradients: [Gradient] = []
    private(set) var read: [HostRead] = []
    var modules: [ModuleState] = []
    /// The default generator of the thread that recorded. In a run it stands for the current default generator.
    package var defaultGenerator = Generator.default

    mutating func addRead(_ tensor: Tensor) {
        if !read.contains(where: { $0.tensor.storage === tensor.storage }) { read.append(HostRead(tensor)) }
    }

    /// Whether all conditions but the modes of the modules are true.
    @inline(__always)
    func holdForTensors(_ arguments: [Tensor]) -> Bool {
        for tensor in outside where !tensor.holds { return false }
        for gradient in gradients where !gradient.holds(arguments) { return false }
        for tensor in read where !tensor.holds { return false }
        for module in modules where !module.contentsHold { return false }
        return true
    }

    var modesHold: Bool { modules.allSatisfy(\.modesHold) }

    /// The first condition that is false, for the report.
    func difference(_ arguments: [Tensor]) -> String? {
        if let tensor = outside.first(where: { !$0.holds }) { return tensor.reason }
        if let gradient = gradients.first(where: { !$0.holds(arguments) }) { return gradient.reason }
        if read.contains(where: { !$0.holds }) {
            return "the elements of a captured tensor that the function reads on the host changed"
        }
        if let state = modules.first(where: { !$0.contentsHold }) {
            return "\(type(of: state.module)) has different parameters, buffers, submodules or hooks"
        }
        return modesHold ? nil : "a module changed between training mode and evaluation mode"
    }
}

extension Graph.Leaf {
    func tensor(_ arguments: [Tensor]) -> Tensor {
        switch self {
        case .outside(let tensor): tensor
        case .argument(let index): arguments[index]
        }
    }
}

/// The count of changes of modules between training mode and evaluation mode. Compiled functions check the modes of
/// modules only after the count changed.
package enum ModuleModes {
    private static let changes = Atomic<Int>(1)

    package static func recordChange() { changes.add(1, ordering: .releasing) }
    static var count: Int { changes.load(ordering: .acquiring) }
}
