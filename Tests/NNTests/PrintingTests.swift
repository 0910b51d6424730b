import Testing
import Torchlight

/// The texts are those that PyTorch prints for the same modules.
@Suite struct ModulePrintingTests {
    @Test func layersPrintTheirSettings() {
        let expected: [(Module, String)] = [
            (Linear(4, 3, bias: false), "Linear(in_features=4, out_features=3, bias=False)"),
            (
                Conv1d(4, 2, kernelSize: 3, stride: 2, padding: 1),
                "Conv1d(4, 2, kernel_size=(3,), stride=(2,), padding=(1,))"
            ),
            (
                Conv1d(4, 2, kernelSize: 3, groups: 2, bias: false),
                "Conv1d(4, 2, kernel_size=(3,), stride=(1,), groups=2, bias=False)"
            ),
            (Conv2d(4, 5, kernelSize: 3), "Conv2d(4, 5, kernel_size=(3, 3), stride=(1, 1))"),
            (
                Conv2d(4, 2, kernelSize: 3, stride: 2, padding: 1),
                "Conv2d(4, 2, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))"
            ),
            (
                Conv2d(4, 5, kernelSize: 3, padding: .same),
                "Conv2d(4, 5, kernel_size=(3, 3), stride=(1, 1), padding=same)"
            ),
            (
                BatchNorm1d(10),
                "BatchNorm1d(10, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"
            ),
            (
                BatchNorm2d(4, momentum: nil),
                "BatchNorm2d(4, eps=1e-05, momentum=None, affine=True, bias=True, track_running_stats=True)"
            ),
            (
                BatchNorm2d(5, eps: 0.001, momentum: 0.3, affine: false),
                "BatchNorm2d(5, eps=0.001, momentum=0.3, affine=False, bias=False, track_running_stats=True)"
            ),
            (LayerNorm([4]), "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)"),
            (LayerNorm([2, 3], bias: false), "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=False)"),
            (Dropout(0), "Dropout(p=0.0, inplace=False)"),
            (Embedding(4, 3), "Embedding(4, 3)"),
            (Embedding(4, 3, paddingIdx: -1), "Embedding(4, 3, padding_idx=3)"),
            (ReLU(), "ReLU()"),
            (GELU(), "GELU(approximate='none')"),
            (LeakyReLU(0.5), "LeakyReLU(negative_slope=0.5)"),
            (ELU(alpha: 2), "ELU(alpha=2.0)"),
            (CELU(alpha: 2), "CELU(alpha=2.0)"),
            (Hardtanh(), "Hardtanh(min_val=-1.0, max_val=1.0)"),
            (Softmax(dim: 1), "Softmax(dim=1)"),
            (LogSoftmax(dim: 0), "LogSoftmax(dim=0)"),
            (MaxPool1d(4), "MaxPool1d(kernel_size=4, stride=4, padding=0, dilation=1, ceil_mode=False)"),
            (MaxPool2d(2), "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"),
            (
                MaxPool2d([3, 3], stride: [2, 2], padding: [1, 1]),
                "MaxPool2d(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=1, ceil_mode=False)"
            ),
            (AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
            (AvgPool2d([2, 2]), "AvgPool2d(kernel_size=(2, 2), stride=(2, 2), padding=0)"),
            (AdaptiveAvgPool2d(3), "AdaptiveAvgPool2d(output_size=3)"),
            (AdaptiveAvgPool2d([3, 4]), "AdaptiveAvgPool2d(output_size=(3, 4))"),
            (Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
            (Unflatten(1, [2, 3]), "Unflatten(dim=1, unflattened_size=(2, 3))"),
            (Identity(), "Identity()"),
            (CrossEntropyLoss(ignoreIndex: 1, labelSmoothing: 0.15), "CrossEntropyLoss()"),
        ]
        for (module, text) in expected { #expect(module.description == text) }
    }

    @Test func modulesPrintAsATree() {
        #expect(
            Net().description == """
                Net(
                  (fc1): Linear(in_features=784, out_features=128, bias=True)
                  (fc2): Linear(in_features=128, out_features=10, bias=True)
                )
                """)
        final class Lists: Module {
            let layers: [any Layer] = [ReLU(), ReLU(), ReLU(), Sequential(Tanh())]
            let heads = ["b": Linear(2, 1), "a": Linear(2, 1)]
            let empty = Sequential()
        }
        #expect(
            Lists().description == """
                Lists(
                  (layers): ModuleList(
                    (0-2): 3 x ReLU()
                    (3): Sequential(
                      (0): Tanh()
                    )
                  )
                  (heads): ModuleDict(
                    (a): Linear(in_features=2, out_features=1, bias=True)
                    (b): Linear(in_features=2, out_features=1, bias=True)
                  )
                  (empty): Sequential()
                )
                """)
    }

    @Test func summariesShowShapesAndCounts() {
        let model = Sequential {
            Conv2d(1, 4, kernelSize: 3)
            Flatten()
            Linear(4 * 6 * 6, 10)
        }
        let summary = model.summary(input: [2, 1, 8, 8])
        #expect(summary.rows.map(\.outputShape) == [[2, 10], [2, 4, 6, 6], [2, 144], [2, 10]])
        #expect(summary.rows.map(\.parameterCount) == [0, 40, 0, 1450])
        #expect(summary.parameterCount == 1490)
        #expect(summary.description.contains("parameters 1,490, trained 1,490"))
        #expect(model.isTraining && model.modules().allSatisfy { $0.isTraining })
    }
}
