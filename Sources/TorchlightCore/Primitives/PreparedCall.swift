/// What `run` of a primitive does for operands and results of known shapes, strides and dtypes. Only their memory and their
/// storage offsets differ from call to call.
package typealias PreparedCall = @Sendable (_ inputs: Few<Tensor>, _ outputs: Few<Tensor>) throws(TensorError) -> Void

/// A primitive whose `run` derives other layouts from those of its operands, which takes longer than a small kernel. A plan does it
/// once.
package protocol PreparedPrimitive: Primitive {
    /// The call for operands and results of these descriptions, whose storage offsets are 0; nil if `run` cannot be prepared. At least
    /// one result has elements. The primitive has no checks of values.
    func prepared(_ inputs: Specs, _ outputs: Specs) -> PreparedCall?
}
