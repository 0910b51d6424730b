import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightONNX

@Suite struct ExportRefusalTests {
    let folder = TemporaryFolder()

    private func failure(_ body: (String) throws -> Void) -> String {
        let path = folder("model.onnx")
        do {
            try body(path)
            Issue.record("nothing was refused")
            return ""
        } catch {
            #expect(!FileSystem.isFile(path), "a file was written")
            return "\(error)"
        }
    }

    @Test func `Training mode is refused with the reason`() {
        let model = Sequential(Linear(3, 2), Dropout())
        let text = failure { try exportONNX(model, Tensor.zeros([2, 3]), to: $0) }
        #expect(text.contains("training mode") && text.contains("model.eval()"), "\(text)")
    }

    /// A model of two layers that have no operators, and one that has.
    private final class Unexportable: Module, Layer {
        final class Special: Module, Layer {
            func forward(_ x: Tensor) -> Tensor { x.digamma() + x.lgamma() }
        }
        let first = Special()
        let linear = Linear(3, 3)
        let second = Special()
        func forward(_ x: Tensor) -> Tensor { second(linear(first(x))) }
    }

    @Test func `All operations that cannot be exported are named with their modules`() {
        let model = Unexportable()
        model.eval()
        let text = failure { try exportONNX(model, Tensor.ones([2, 3]), to: $0) }
        for name in ["first: digamma", "first: lgamma", "second: digamma", "second: lgamma", "4 operations"] {
            #expect(text.contains(name), "\(name) is not in \(text)")
        }
    }

    @Test func `Random numbers and complex numbers are refused`() {
        let random = failure { try exportONNX(Tensor.ones([2]), to: $0) { $0 + Tensor.rand(like: $0) } }
        #expect(random.contains("random numbers"), "\(random)")
        let complex = failure { try exportONNX(Tensor.ones([2], dtype: .complex64), to: $0) { $0 * 2 } }
        #expect(complex.contains("complex"), "\(complex)")
    }

    @Test func `Operations that depend on a dynamic size are refused with the size`() {
        let text = failure {
            try exportONNX(Tensor.ones([4, 3]), to: $0, dynamic: ["batch"]) { x in
                if x.shape[0] > 4 { return x.exp() }
                return x.sin()
            }
        }
        #expect(text.contains("'batch'") && text.contains("sin") && text.contains("exp"), "\(text)")
        let host = failure {
            try exportONNX(Tensor.ones([4, 3]), to: $0, dynamic: ["batch"]) { x in
                x + Tensor((0..<x.shape[0]).map { Double($0 * $0 * $0) }).unsqueeze(1)
            }
        }
        #expect(host.contains("host"), "\(host)")
    }

    @Test func `Values that only a run knows are refused`() {
        let x = Tensor.ones([2, 3])
        let read = failure {
            try exportONNX(x, to: $0) { x in
                if x.sum().item() > 0 { return x }
                return -x
            }
        }
        #expect(read.contains("no values"), "\(read)")
        let size = failure { try exportONNX(x, to: $0) { $0.nonzero() } }
        #expect(size.contains("nonzero"), "\(size)")
        let elements = failure {
            let linear = Linear(3, 2, device: .meta)
            linear.eval()
            try exportONNX(linear, x, to: $0)
        }
        #expect(elements.contains("meta"), "\(elements)")
        let captured = Tensor.ones([3], device: .meta)
        let constant = failure { try exportONNX(x, to: $0) { _ in captured * 2 } }
        #expect(constant.contains("no elements"), "\(constant)")
        let outside = failure { path in
            let count = Tensor.zeros([2, 3])
            try exportONNX(x, to: path) { x in
                _ = count.add_(1)
                return x + count.add_(x)
            }
        }
        #expect(outside.contains("captured tensor"), "\(outside)")
    }

    @Test func `Wrong names, versions and dimensions are refused`() {
        let x = Tensor.ones([2, 3])
        let calls: [(String, (String) throws -> Void)] = [
            ("opset 12", { try exportONNX(x, to: $0, opset: 12) { $0 } }),
            ("opset 24", { try exportONNX(x, to: $0, opset: 24) { $0 } }),
            ("2 input names", { try exportONNX(x, to: $0, inputNames: ["a", "b"]) { $0 } }),
            ("1 result", { try exportONNX(x, to: $0, outputNames: ["a", "b"]) { $0 } }),
            ("equal", { try exportONNX(x, to: $0, inputNames: ["output"]) { $0 } }),
            ("input that does not exist, got y", { try exportONNX(x, to: $0, dynamic: ["y": [0: "n"]]) { $0 } }),
            ("no dimension 5", { try exportONNX(x, to: $0, dynamic: ["input": [5: "n"]]) { $0 } }),
            ("no input has the dynamic size, got k", { try exportONNX(x, to: $0, dynamic: ["n", "m", "k"]) { $0 } }),
            ("outside the range of n, got 2", { try exportONNX(x, to: $0, dynamic: ["n": 3...9]) { $0 } }),
            ("2...3 contains no two other sizes above 1", { try exportONNX(x, to: $0, dynamic: ["n": 2...3]) { $0 } }),
            ("dynamic size is empty", { try exportONNX(x, to: $0, dynamic: [""]) { $0 } }),
            (
                "2 in the input input0 and 3 in input1",
                { try exportONNX(x, Tensor.ones([3, 3]), to: $0, dynamic: ["n"]) { $0.sum() + $1.sum() } }
            ),
        ]
        for (expected, call) in calls {
            let text = failure(call)
            #expect(text.contains(expected), "\(expected) is not in \(text)")
        }
    }
}
