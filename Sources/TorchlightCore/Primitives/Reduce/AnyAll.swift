import CKernels

/// Whether any element of a fold is not 0.
package struct AnyTrue: ReductionPrimitive {
    package static let name = "any"
    package static let supportsComplex = true
    package static let kernel = TL_REDUCE_ANY
    package static let hasIdentity = true
    package var algebra: Algebra { .constant }
    package var dims: Dims
    package var keepdim: Bool
    package func resultType(of x: TensorSpec) throws(TensorError) -> DType { x.dtype == .uint8 ? .uint8 : .bool }
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
}

/// Whether all elements of a fold are not 0.
package struct AllTrue: ReductionPrimitive {
    package static let name = "all"
    package static let supportsComplex = true
    package static let kernel = TL_REDUCE_ALL
    package static let hasIdentity = true
    package var algebra: Algebra { .constant }
    package var dims: Dims
    package var keepdim: Bool
    package func resultType(of x: TensorSpec) throws(TensorError) -> DType { x.dtype == .uint8 ? .uint8 : .bool }
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
}

extension Tensor {
    /// Whether any element is not 0, over dimensions or, by default, all elements. The result is bool
    /// (uint8 for uint8); false for no elements.
    public func any(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        reduced(dim, "any") { AnyTrue(dims: $0, keepdim: keepdim) }
    }

    /// Whether any element is not 0, over one dimension.
    public func any(dim: Int, keepdim: Bool = false) -> Tensor { any(dim: [dim], keepdim: keepdim) }

    /// Whether all elements are not 0, over dimensions or, by default, all elements. The result is bool
    /// (uint8 for uint8); true for no elements.
    public func all(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        reduced(dim, "all") { AllTrue(dims: $0, keepdim: keepdim) }
    }

    /// Whether all elements are not 0, over one dimension.
    public func all(dim: Int, keepdim: Bool = false) -> Tensor { all(dim: [dim], keepdim: keepdim) }
}
