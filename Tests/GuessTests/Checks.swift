import Testing
import Torchlight

// Each guess is one line: what a PyTorch user writes first, and what it must give.

/// Expects a tensor of the same shape, dtype and values.
func same(_ got: Tensor, _ expected: Tensor, at location: SourceLocation = #_sourceLocation) {
    #expect(got.shape == expected.shape && got.dtype == expected.dtype, sourceLocation: location)
    guard got.shape == expected.shape, got.dtype == expected.dtype else { return }
    #expect(got.allclose(expected, equalNan: true), "got \(got), expected \(expected)", sourceLocation: location)
}

/// Expects tensors of the same shapes, dtypes and values.
func same(_ got: [Tensor], _ expected: [Tensor], at location: SourceLocation = #_sourceLocation) {
    #expect(got.count == expected.count, sourceLocation: location)
    for (a, b) in zip(got, expected) { same(a, b, at: location) }
}

/// Expects the same values and indices.
func same(
    _ got: (values: Tensor, indices: Tensor), _ expected: (values: Tensor, indices: Tensor),
    at location: SourceLocation = #_sourceLocation
) {
    same(got.values, expected.values, at: location)
    same(got.indices, expected.indices, at: location)
}

/// Expects an equal value.
func same<T: Equatable>(_ got: T, _ expected: T, at location: SourceLocation = #_sourceLocation) {
    #expect(got == expected, sourceLocation: location)
}

/// Expects a tensor of this shape.
func shape(_ got: Tensor, _ expected: [Int], at location: SourceLocation = #_sourceLocation) {
    #expect(got.shape == expected, sourceLocation: location)
}

/// Expects a tensor of this shape and dtype.
func shape(_ got: Tensor, _ expected: [Int], _ dtype: DType, at location: SourceLocation = #_sourceLocation) {
    #expect(got.shape == expected && got.dtype == dtype, sourceLocation: location)
}

/// What the guesses are about.
struct Samples {
    /// `[[0, 1, 2], [3, 4, 5]]`
    let x = Tensor([[0.0, 1, 2], [3, 4, 5]])
    /// `[[1, 1, 1], [4, 4, 4]]`
    let y = Tensor([[1.0, 1, 1], [4, 4, 4]])
    /// `[3, 1, 2]`
    let v = Tensor([3.0, 1, 2])
    /// `[2, 3]` of 4
    let w = Tensor([[1.0, 2], [3, 4], [5, 6]])
    /// `[0, 2, 1]`, int64
    let i = Tensor([0, 2, 1])
    /// An image `[1, 1, 8, 8]`
    let image = Tensor.arange(64.0).reshape(1, 1, 8, 8) / 64
}
