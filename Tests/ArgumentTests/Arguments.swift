import TestSupport
import Torchlight

/// Arguments of one call: mostly small and likely to be accepted, now and then at the ends of what their type holds.
final class Arguments {
    private var random: TestRandom
    /// The source of random numbers of layers.
    let generator = Generator(seed: 5)

    init(_ label: String) { random = TestRandom(label) }

    /// Numbers near which arithmetic on sizes goes wrong: the ends of Int and of 32 bits, and powers whose products
    /// have no place in an Int.
    static let extremes: [Int] = [
        .min, .min + 1, -(1 << 62), -(1 << 40), -(1 << 32) - 1, -(1 << 31), 1 << 31, (1 << 31) - 1,
        1 << 32, (1 << 32) + 1, 1 << 40, 1 << 59, 1 << 60, 1 << 61, 1 << 62, (1 << 62) + 1, .max - 1, .max,
    ]

    func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &random)! }

    /// Whether something happens that has this probability.
    private func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    func bool() -> Bool { chance(0.5) }

    func maybe<T>(_ value: @autoclosure () -> T) -> T? { chance(0.6) ? value() : nil }

    func int() -> Int { chance(0.7) ? Int.random(in: -2...4, using: &random) : pick(Self.extremes) }

    /// The degree of a polynomial, which is computed one degree after another.
    func degree() -> Int { int() % 1000 }

    /// A number of things that would be made one by one: small, negative, or more than any memory holds.
    func count() -> Int { chance(0.7) ? Int.random(in: -2...6, using: &random) : pick([.min, -1, 1 << 45, .max]) }

    func ints() -> [Int] {
        let count = Int.random(in: 0...4, using: &random)
        // Long lists of extremes never pass the first check.
        return chance(0.4)
            ? (0..<count).map { _ in Int.random(in: 0...3, using: &random) } : (0..<count).map { _ in int() }
    }

    func size2() -> Size2 { chance(0.5) ? Size2(int()) : Size2(int(), int()) }
    func size3() -> Size3 { chance(0.5) ? Size3(int()) : Size3(int(), int(), int()) }
    func padding() -> ConvPadding { chance(0.2) ? .same : chance(0.6) ? ConvPadding(int()) : ConvPadding(ints()) }
    func adaptive() -> AdaptiveSize { chance(0.6) ? AdaptiveSize(int()) : AdaptiveSize([int(), nil]) }
    func widths() -> PaddingSize { chance(0.5) ? PaddingSize(int()) : PaddingSize(ints()) }

    func double() -> Double {
        chance(0.6)
            ? pick([0, 0.5, 1, 2, -1])
            : pick([
                .nan, .infinity, -.infinity, 1e308, -1e308, 1e39, 1e30, 1e19, -1e19, 300, 1e-300, 0x1p63, -0x1p63, -0.0,
            ])
    }

    func doubles() -> [Double] { (0..<Int.random(in: 0...3, using: &random)).map { _ in double() } }

    func number() -> Double { chance(0.5) ? double() : Double(int()) }

    func dtype() -> DType { chance(0.5) ? .float32 : pick(DType.allCases) }

    /// A tensor of any dtype and of a shape that many operations take, empty ones among them.
    func tensor() -> Tensor {
        let shape = pick([
            [], [0], [1], [3], [4], [2, 3], [3, 3], [4, 2], [0, 3], [2, 0], [2, 3, 4], [1, 2, 4], [0, 2, 3],
            [1, 2, 4, 4], [2, 4, 3, 5], [1, 0, 2, 2], [1, 2, 3, 4, 4],
        ])
        let count = shape.reduce(1, *)
        let values = (0..<count).map { Double($0 % 7) }
        let tensor = Tensor(values, shape: shape, dtype: .float32).to(dtype())
        if tensor.dtype.isFloatingPoint && chance(0.3) { return tensor.requiresGrad_() }
        return tensor.rank > 1 && chance(0.2) ? tensor.transpose(0, 1) : tensor
    }

    func tensors() -> [Tensor] {
        let one = tensor()
        return chance(0.5) ? [one, one, one] : (0..<Int.random(in: 0...3, using: &random)).map { _ in tensor() }
    }

    /// An integer tensor: positions, classes, counts and lengths, sometimes at the ends of int64.
    func index() -> Tensor {
        let shape = pick([[], [0], [1], [2], [3], [2, 3], [2, 3, 4], [1, 2, 2, 2]])
        let count = shape.reduce(1, *)
        let wild = chance(0.3)
        let values = (0..<count).map { _ in wild ? int() : Int.random(in: 0...2, using: &random) }
        return Tensor(values, shape: shape).to(chance(0.8) ? .int64 : pick(DType.allCases))
    }

    /// What stands between the brackets of `x[...]`.
    func item() -> TensorIndexItem {
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: .position(int())
        case 2, 3: .slice(start: maybe(int()), end: maybe(int()), step: int())
        case 4: .openDimensions
        case 5: .insertedDimension
        case 6: .tensor(index())
        default: .tensor(Tensor(bool()))
        }
    }

    func items() -> [TensorIndexItem] { (0..<Int.random(in: 0...4, using: &random)).map { _ in item() } }
}

/// One public operation that takes integers, and a call of it with made-up arguments.
struct Call: Sendable {
    /// The declaration by its integer parameters: "Tensor.narrow(_: Int, start: Int, length: Int)".
    let name: String
    let body: @Sendable (Arguments) throws -> Any
}

/// The calls of the table, by their declarations.
struct CallTable: Sendable {
    private(set) var calls: [Call] = []

    mutating func add(_ name: String, _ body: @escaping @Sendable (Arguments) throws -> Any) {
        calls.append(Call(name: name, body: body))
    }
}
