import Testing
import TorchlightCore

/// Expected texts are what PyTorch prints for the same tensors.
@Suite("Printing")
struct PrintingTests {
    @Test(
        "Numbers, widths and notation",
        arguments: [
            (Tensor([4.0, 6]), "tensor([4., 6.])"),
            (Tensor([1.5, 2.25, -3.125]), "tensor([ 1.5000,  2.2500, -3.1250])"),
            (Tensor([1, 2, 3]), "tensor([1, 2, 3])"),
            (Tensor([true, false]), "tensor([ True, False])"),
            (Tensor(3.14159), "tensor(3.1416)"),
            (Tensor([1e5, 1]), "tensor([1.0000e+05, 1.0000e+00])"),
            (Tensor([Double.nan, 1]), "tensor([nan, 1.])"),
            (Tensor([Double.nan, .infinity, -.infinity]), "tensor([nan, inf, -inf])"),
            (Tensor([0.0, -0.0]), "tensor([0., -0.])"),
            (Tensor([9.9999e-05]), "tensor([9.9999e-05])"),
            (Tensor([1, 2], dtype: .int32), "tensor([1, 2], dtype=torch.int32)"),
            (Tensor([0.5], dtype: .float64), "tensor([0.5000], dtype=torch.float64)"),
            (Tensor.zeros(0, 3), "tensor([], size=(0, 3))"),
            (Tensor.zeros([0], dtype: .int64), "tensor([], dtype=torch.int64)"),
            (Tensor([1.0], requiresGrad: true), "tensor([1.], requires_grad=True)"),
        ])
    func small(tensor: Tensor, text: String) {
        #expect("\(tensor)" == text)
    }

    @Test("Matrices are aligned, and results name their operation")
    func matrices() {
        #expect("\(Tensor([[1.5, 2], [3, 40]]))" == "tensor([[ 1.5000,  2.0000],\n        [ 3.0000, 40.0000]])")
        let x = Tensor([[1.0]], requiresGrad: true)
        #expect("\(x + 1)" == "tensor([[2.]], grad_fn=<AddBackward0>)")
        #expect("\(Tensor.arange(4).reshape(2, 1, 2))" == "tensor([[[0, 1]],\n\n        [[2, 3]]])")
    }

    @Test("Large tensors show their corners")
    func summary() {
        #expect("\(Tensor.arange(1001))" == "tensor([   0,    1,    2,  ...,  998,  999, 1000])")
        let matrix = Tensor.arange(2000).reshape(40, 50)
        #expect("\(matrix)".contains("...,\n"))
        #expect("\(matrix)".split(separator: "\n").count == 7)
    }

    @Test("Long rows wrap at the line width")
    func wrapping() {
        let text = "\(Tensor.arange(30))"
        #expect(
            text == "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
                + "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])")
    }

    @Test("Options of one call")
    func options() {
        var options = PrintOptions()
        options.precision = 2
        #expect(Tensor([1.0 / 3]).text(options) == "tensor([0.33])")
        options.scientific = true
        #expect(Tensor([1.0 / 3]).text(options) == "tensor([3.33e-01])")
    }
}
