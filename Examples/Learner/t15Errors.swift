import Torchlight

/// Common mistakes and their error messages.
func t15Errors() throws {
    func attempt(_ body: () -> Tensor) {
        do {
            _ = try checked { body() }
        } catch {
            print(error)
        }
    }
    attempt { Tensor.ones(2, 3).matmul(Tensor.ones(2, 3)) }
    attempt { Tensor([1, 2, 3])[5] }
    attempt { Tensor.arange(6).reshape(4, 2) }
    attempt { Tensor(Tensor([1.0, 2.0]).item()) }
    attempt { Tensor([1, 2]).mean() }
    attempt { cat([Tensor.ones(2, 2), Tensor.ones(3, 3)]) }
    attempt { Tensor([[1, 2], [3]]) }
}
