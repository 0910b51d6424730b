import CKernels
import Synchronization

/// One recorded operation: its gradient rule, what it saved and where its gradients go.
package final class Node: @unchecked Sendable {
    /// Where the gradient of an input goes.
    enum Edge {
        case none
        case node(Node, output: Int)
        /// A tensor that accumulates in its `.grad`.
        case leaf(Tensor)
    }

    struct Input {
        var edge: Edge
        var shape: Dims
        var dtype: DType
        /// Kept for the gradient, with the version that its storage had.
        var saved: Tensor?
        var savedVersion = 0
    }

    struct Output {
        var shape: Dims
        var dtype: DType
        var saved: SavedOutput?
    }

    /// A result kept for the gradient: its memory, never the tensor itself, which holds this node.
    struct SavedOutput {
        var storage: Storage
        var layout: Layout
        var version: Int
    }

    /// Nodes run in falling order of creation.
    let sequence: Int
    let rule: any GradientRule
    let name: String
    var inputs: Few<Input>
    var outputs: Few<Output>
    /// Whether `backward` has been through and given back what was saved.
    private(set) var isReleased = false

    /// The gradients of the outputs while a backward pass is under way.
    var pending: Few<Tensor?> = []
    var isQueued = false

    /// What few nodes have: hooks and the place of the call.
    var extra: NodeExtra?

    private static let counter = Atomic<Int>(0)
    private static let live = Atomic<Int>(0)

    /// The number of nodes that exist now: a training loop that keeps its graphs shows it growing.
    package static var liveCount: Int { live.load(ordering: .relaxed) }

    init(rule: any GradientRule, name: String, inputs: Few<Tensor>, needs: Needs, outputs: Few<Tensor>) {
        sequence = Self.counter.add(1, ordering: .relaxed).oldValue
        Self.live.add(1, ordering: .relaxed)
        self.rule = rule
        self.name = name
        self.inputs = Few()
        self.outputs = Few()
        for i in 0..<inputs.count {
            let input = inputs[i]
            var edge = Edge.none
            if needs[i] {
                if let node = input.currentNode {
                    edge = .node(node, output: input.outputIndex)
                } else if input.requiresGradFlag {
                    edge = .leaf(input)
                }
            }
            self.inputs.append(Input(edge: edge, shape: input.layout.shape, dtype: input.dtype))
        }
        for i in 0..<outputs.count {
            self.outputs.append(Output(shape: outputs[i].layout.shape, dtype: outputs[i].dtype))
        }
        if CallSites.areRecorded {
            extra = NodeExtra(site: CallSites.capture())
            GraphWatch.noteCreation(of: self)
        }
    }

    func save(_ saved: Saved, inputs: Few<Tensor>, outputs: Few<Tensor>, needs: Needs) {
        if saved.isEmpty { return }
        for i in 0..<inputs.count where saved.contains(.input(i)) {
            self.inputs[i].saved = inputs[i]
            self.inputs[i].savedVersion = inputs[i].storage.version
        }
        for i in 0..<outputs.count where saved.contains(.output(i)) { saveOutput(outputs[i], at: i) }
    }

    func saveOutput(_ tensor: Tensor, at index: Int = 0) {
        outputs[index].saved = SavedOutput(
            storage: tensor.storage, layout: tensor.layout, version: tensor.storage.version)
    }

    /// Gives back what was saved; the edges stay, so that a second pass can say what happened.
    func release() {
        isReleased = true
        for i in 0..<inputs.count { inputs[i].saved = nil }
        for i in 0..<outputs.count { outputs[i].saved = nil }
        rule.releaseSaved()
    }

    deinit {
        Self.live.subtract(1, ordering: .relaxed)
        // A graph is a chain of references as long as the computation. What this node held last is handed to a list that
        // the outermost release works off, so that a million nodes need one stack frame.
        var held = Few<AnyObject>()
        for i in 0..<inputs.count {
            if case .node(let node, _) = inputs[i].edge { held.append(node) }
            if let saved = inputs[i].saved, saved.node != nil || saved.base != nil { held.append(saved) }
        }
        if let object = rule.heldObject { held.append(object) }
        if held.isEmpty { return }
        let state = threadState
        let context = ThreadContext.current
        context.released.append(contentsOf: held)
        held = Few()
        inputs = Few()
        if state.pointee.draining > 0 { return }
        state.pointee.draining = 1
        while let last = context.released.popLast() { _ = last }
        state.pointee.draining = 0
    }
}

/// What turns the gradients of a node's results into those of its inputs: a primitive, or a custom function.
package protocol GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?>
    /// Called when a backward pass frees the graph.
    func releaseSaved()
    /// The object that holds what the rule saved, where the node does not hold it itself.
    var heldObject: AnyObject? { get }
}

extension Primitive {
    package func releaseSaved() {}
    package var heldObject: AnyObject? { nil }
}

/// Hooks and provenance, which most nodes lack.
final class NodeExtra {
    var site: CallSite?
    /// By output.
    var hooks: [Int: HookList] = [:]
    /// Tensors that keep the gradient of an output, by output.
    var retaining: [Int: WeakTensor] = [:]

    init(site: CallSite? = nil) { self.site = site }
}

struct WeakTensor {
    weak var tensor: Tensor?
}

/// What a gradient rule sees.
package struct GradientContext {
    let node: Node
    /// Which inputs need a gradient.
    package let needs: Needs
    /// The gradients of the results; nil where nothing arrived.
    package let gradients: Few<Tensor?>
    private let savedInputs: Few<Tensor?>
    private let savedOutputs: Few<Tensor?>

    init(node: Node, needs: Needs, gradients: Few<Tensor?>, keepsGraph: Bool) throws(TensorError) {
        self.node = node
        self.needs = needs
        self.gradients = gradients
        var inputs = Few<Tensor?>()
        for i in 0..<node.inputs.count {
            if let saved = node.inputs[i].saved {
                try Self.checkVersion(saved.storage, node.inputs[i].savedVersion, saved.layout, saved.dtype, node)
            }
            inputs.append(node.inputs[i].saved)
        }
        var outputs = Few<Tensor?>()
        for i in 0..<node.outputs.count {
            guard let saved = node.outputs[i].saved else {
                outputs.append(nil)
                continue
            }
            try Self.checkVersion(saved.storage, saved.version, saved.layout, node.outputs[i].dtype, node)
            let tensor = Tensor(storage: saved.storage, layout: saved.layout, dtype: node.outputs[i].dtype)
            if keepsGraph {
                tensor.node = node
                tensor.outputIndex = i
                tensor.requiresGradFlag = true
            }
            outputs.append(tensor)
        }
        savedInputs = inputs
        savedOutputs = outputs
    }

    private static func checkVersion(
        _ storage: Storage, _ version: Int, _ layout: Layout, _ dtype: DType, _ node: Node
    ) throws(TensorError) {
        guard storage.version != version else { return }
        throw TensorError(
            .autograd, in: "backward",
            "\(node.name) saved a \(dtype) tensor of shape \(Array(layout.shape)) for its gradient, and "
                + "\(storage.lastWriter) overwrote it since",
            got: "version \(storage.version)", expected: "version \(version)",
            fix: "use the form of \(storage.lastWriter) without the underscore, or save a copy with clone() first")
    }

    /// The gradient of the only result.
    package var gradient: Tensor { gradients[0]! }
    /// An input that `saved` named.
    package func input(_ index: Int) -> Tensor { savedInputs[index]! }
    /// A result that `saved` named.
    package func output(_ index: Int = 0) -> Tensor { savedOutputs[index]! }
    /// The shape that an input had.
    package func shape(_ index: Int) -> Dims { node.inputs[index].shape }
    package func dtype(_ index: Int) -> DType { node.inputs[index].dtype }
    package func outputShape(_ index: Int = 0) -> Dims { node.outputs[index].shape }
    package func outputDType(_ index: Int = 0) -> DType { node.outputs[index].dtype }
    package var inputCount: Int { node.inputs.count }
}
