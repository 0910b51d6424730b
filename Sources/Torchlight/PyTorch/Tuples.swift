// Tuples of numbers, where Swift has arrays. Each form is unavailable: the compiler refuses it with the form to write.

extension Tensor {
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.sum([0, 1])'")
    public func sum(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.sum(dim: [0, 1])'")
    public func sum(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.mean([0, 1])'")
    public func mean(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.mean(dim: [0, 1])'")
    public func mean(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.prod([0, 1])'")
    public func prod(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.prod(dim: [0, 1])'")
    public func prod(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.all([0, 1])'")
    public func all(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.all(dim: [0, 1])'")
    public func all(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.any([0, 1])'")
    public func any(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.any(dim: [0, 1])'")
    public func any(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.amax([0, 1])'")
    public func amax(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.amax(dim: [0, 1])'")
    public func amax(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.amin([0, 1])'")
    public func amin(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.amin(dim: [0, 1])'")
    public func amin(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.std([0, 1])'")
    public func std(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.std(dim: [0, 1])'")
    public func std(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.var([0, 1])'")
    public func `var`(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.var(dim: [0, 1])'")
    public func `var`(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.logsumexp([0, 1])'")
    public func logsumexp(_ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
    /// Not available: several dimensions are an array.
    @available(*, unavailable, message: "several dimensions are an array: 'x.logsumexp(dim: [0, 1])'")
    public func logsumexp(dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }

    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.expand([2, 3])', or numbers: 'x.expand(2, 3)'")
    public func expand(_ shape: (Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.expand([2, 3, 4])', or numbers: 'x.expand(2, 3, 4)'")
    public func expand(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(
        *, unavailable, message: "a shape is an array: 'x.expand([2, 3, 4, 5])', or numbers: 'x.expand(2, 3, 4, 5)'"
    )
    public func expand(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(*, unavailable, message: "the numbers are an array: 'x.repeat([2, 3])', or without: 'x.repeat(2, 3)'")
    public func `repeat`(_ shape: (Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(
        *, unavailable, message: "the numbers are an array: 'x.repeat([2, 3, 4])', or without: 'x.repeat(2, 3, 4)'"
    )
    public func `repeat`(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(
        *, unavailable,
        message: "the numbers are an array: 'x.repeat([2, 3, 4, 5])', or without: 'x.repeat(2, 3, 4, 5)'"
    )
    public func `repeat`(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.reshape([2, 3, 4])', or numbers: 'x.reshape(2, 3, 4)'")
    public func reshape(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(
        *, unavailable, message: "a shape is an array: 'x.reshape([2, 3, 4, 5])', or numbers: 'x.reshape(2, 3, 4, 5)'"
    )
    public func reshape(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.view([2, 3, 4])', or numbers: 'x.view(2, 3, 4)'")
    public func view(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.view([2, 3, 4, 5])', or numbers: 'x.view(2, 3, 4, 5)'")
    public func view(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(*, unavailable, message: "the numbers are an array: 'x.permute([1, 0])', or without: 'x.permute(1, 0)'")
    public func permute(_ shape: (Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(
        *, unavailable, message: "the numbers are an array: 'x.permute([2, 0, 1])', or without: 'x.permute(2, 0, 1)'"
    )
    public func permute(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(
        *, unavailable,
        message: "the numbers are an array: 'x.permute([0, 2, 3, 1])', or without: 'x.permute(0, 2, 3, 1)'"
    )
    public func permute(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(*, unavailable, message: "the numbers are an array: 'x.tile([2, 3])', or without: 'x.tile(2, 3)'")
    public func tile(_ shape: (Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(*, unavailable, message: "the numbers are an array: 'x.tile([2, 3, 4])', or without: 'x.tile(2, 3, 4)'")
    public func tile(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: the numbers are an array.
    @available(
        *, unavailable, message: "the numbers are an array: 'x.tile([2, 3, 4, 5])', or without: 'x.tile(2, 3, 4, 5)'"
    )
    public func tile(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.newZeros([2, 3])', or numbers: 'x.newZeros(2, 3)'")
    public func newZeros(_ shape: (Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(
        *, unavailable, message: "a shape is an array: 'x.newZeros([2, 3, 4])', or numbers: 'x.newZeros(2, 3, 4)'"
    )
    public func newZeros(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(
        *, unavailable, message: "a shape is an array: 'x.newZeros([2, 3, 4, 5])', or numbers: 'x.newZeros(2, 3, 4, 5)'"
    )
    public func newZeros(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.newOnes([2, 3])', or numbers: 'x.newOnes(2, 3)'")
    public func newOnes(_ shape: (Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.newOnes([2, 3, 4])', or numbers: 'x.newOnes(2, 3, 4)'")
    public func newOnes(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
    /// Not available: a shape is an array.
    @available(
        *, unavailable, message: "a shape is an array: 'x.newOnes([2, 3, 4, 5])', or numbers: 'x.newOnes(2, 3, 4, 5)'"
    )
    public func newOnes(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
}

/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'sum(x, [0, 1])'")
public func sum(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'sum(x, dim: [0, 1])'")
public func sum(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'mean(x, [0, 1])'")
public func mean(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'mean(x, dim: [0, 1])'")
public func mean(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'prod(x, [0, 1])'")
public func prod(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'prod(x, dim: [0, 1])'")
public func prod(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'all(x, [0, 1])'")
public func all(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'all(x, dim: [0, 1])'")
public func all(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'any(x, [0, 1])'")
public func any(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'any(x, dim: [0, 1])'")
public func any(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'amax(x, [0, 1])'")
public func amax(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'amax(x, dim: [0, 1])'")
public func amax(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'amin(x, [0, 1])'")
public func amin(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'amin(x, dim: [0, 1])'")
public func amin(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'std(x, [0, 1])'")
public func std(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'std(x, dim: [0, 1])'")
public func std(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'var(x, [0, 1])'")
public func `var`(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'var(x, dim: [0, 1])'")
public func `var`(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'logsumexp(x, [0, 1])'")
public func logsumexp(_ x: Tensor, _ dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }
/// Not available: several dimensions are an array.
@available(*, unavailable, message: "several dimensions are an array: 'logsumexp(x, dim: [0, 1])'")
public func logsumexp(_ x: Tensor, dim dims: (Int, Int), keepdim: Bool = false) -> Tensor { fatalError() }

/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'zeros([2, 3, 4])', or numbers: 'zeros(2, 3, 4)'")
public func zeros(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'zeros([2, 3, 4, 5])', or numbers: 'zeros(2, 3, 4, 5)'")
public func zeros(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'ones([2, 3, 4])', or numbers: 'ones(2, 3, 4)'")
public func ones(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'ones([2, 3, 4, 5])', or numbers: 'ones(2, 3, 4, 5)'")
public func ones(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'empty([2, 3])', or numbers: 'empty(2, 3)'")
public func empty(_ shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'empty([2, 3, 4])', or numbers: 'empty(2, 3, 4)'")
public func empty(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'empty([2, 3, 4, 5])', or numbers: 'empty(2, 3, 4, 5)'")
public func empty(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'rand([2, 3])', or numbers: 'rand(2, 3)'")
public func rand(_ shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'rand([2, 3, 4])', or numbers: 'rand(2, 3, 4)'")
public func rand(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'rand([2, 3, 4, 5])', or numbers: 'rand(2, 3, 4, 5)'")
public func rand(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randn([2, 3])', or numbers: 'randn(2, 3)'")
public func randn(_ shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randn([2, 3, 4])', or numbers: 'randn(2, 3, 4)'")
public func randn(_ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randn([2, 3, 4, 5])', or numbers: 'randn(2, 3, 4, 5)'")
public func randn(_ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(0, 10, [2, 3])'")
public func randint(_ low: Int, _ high: Int, size shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(10, [2, 3])'")
public func randint(_ high: Int, _ shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(10, [2, 3])'")
public func randint(_ high: Int, size shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(0, 10, [2, 3])'")
public func randint(_ low: Int, _ high: Int, size shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(10, [2, 3])'")
public func randint(_ high: Int, _ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(10, [2, 3])'")
public func randint(_ high: Int, size shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(0, 10, [2, 3])'")
public func randint(_ low: Int, _ high: Int, _ shape: (Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'full([2, 3], 1)'")
public func full(_ shape: (Int, Int, Int), _ value: some TensorScalar) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(0, 10, [2, 3])'")
public func randint(_ low: Int, _ high: Int, size shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(10, [2, 3])'")
public func randint(_ high: Int, _ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(10, [2, 3])'")
public func randint(_ high: Int, size shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(0, 10, [2, 3])'")
public func randint(_ low: Int, _ high: Int, _ shape: (Int, Int, Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'full([2, 3], 1)'")
public func full(_ shape: (Int, Int, Int, Int), _ value: some TensorScalar) -> Tensor { fatalError() }
