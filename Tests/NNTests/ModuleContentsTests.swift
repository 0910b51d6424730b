import TestSupport
import Testing
import Torchlight

/// Modules and parameters are found wherever stored properties hold them, or refused.
@Suite struct ModuleContentsTests {
    private struct Block {
        var attention = Linear(2, 2)
        @Buffer var mask = Tensor.zeros(3)
        @Key("scale_factor") var scale = Parameter(Tensor.ones(1))
        var inner: (first: Linear, ReLU)? = (Linear(1, 1), ReLU())
        let number = 3
    }
    private enum Choice {
        case norm(LayerNorm)
        case pair(Linear, Linear)
        case none
    }
    private final class Net: Module {
        let pair = (Linear(1, 2), Linear(2, 1, bias: false))
        let named = (query: Parameter(Tensor.ones(1)), key: Linear(1, 1, bias: false))
        var block = Block()
        let blocks = [(Linear(1, 1, bias: false), 3)]
        let choice = Choice.norm(LayerNorm(2))
        let both = Choice.pair(Linear(1, 1, bias: false), Linear(1, 1, bias: false))
        let no = Choice.none
        let slice = ContiguousArray([Linear(1, 1, bias: false)])
    }

    @Test func tuplesStructsAndEnumsAreFollowed() {
        let net = Net()
        let names = net.namedParameters().map(\.name)
        #expect(
            names == [
                "named.query", "block.scale_factor", "pair.0.weight", "pair.0.bias", "pair.1.weight",
                "named.key.weight",
                "block.attention.weight", "block.attention.bias", "block.inner.first.weight", "block.inner.first.bias",
                "blocks.0.0.weight", "choice.weight", "choice.bias", "both.0.weight", "both.1.weight", "slice.0.weight",
            ])
        #expect(net.namedBuffers().map(\.name) == ["block.mask"])
        #expect(net.module(at: "pair.1") === net.pair.1)
        net.eval()
        #expect(!net.pair.0.isTraining && !net.block.attention.isTraining)
        // A change of what a struct holds is seen.
        net.block.attention = Linear(2, 3, bias: false)
        #expect(net.namedParameters().map(\.name).contains("block.attention.bias") == false)
        net.block.inner = nil
        #expect(!net.namedModules().map(\.name).contains { $0.hasPrefix("block.inner") })
        #expect("\(net)".contains("(attention): Linear"))
    }

    private final class Child: Module {
        struct Link { weak var parent: Module? }
        var link = Link()
        let weight = Parameter(Tensor.ones(1))
    }

    @Test func weakReferencesInStructsAreNotFollowed() {
        final class Parent: Module {
            let child = Child()
        }
        let parent = Parent()
        parent.child.link.parent = parent
        #expect(parent.namedModules().map(\.name) == ["", "child"])
        #expect(parent.child.namedModules().map(\.name) == [""])
    }

    @Test func setsAreRefused() {
        final class ObjectWrapper: Module, Hashable {
            static func == (a: ObjectWrapper, b: ObjectWrapper) -> Bool { a === b }
            func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
        }
        final class Net: Module {
            let layers: Set<ObjectWrapper> = [ObjectWrapper()]
        }
        expectRefusal(by: "Module") { Net().parameters() }
    }
}
