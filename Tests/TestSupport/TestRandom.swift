import Glibc

/// The random numbers of the tests: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), apart from the generator under test.
package struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The seed of this run: fixed, or TORCHLIGHT_TEST_SEED to look for failures at other points.
    package static let seed: UInt64 = {
        guard let text = getenv("TORCHLIGHT_TEST_SEED") else { return 20_240_229 }
        return UInt64(String(cString: text)) ?? 20_240_229
    }()

    /// The number by which fuzzing tests multiply their tries: 1, or TORCHLIGHT_TEST_EFFORT to look longer.
    package static let effort: Int = {
        guard let text = getenv("TORCHLIGHT_TEST_EFFORT") else { return 1 }
        return Int(String(cString: text)).map { Swift.max($0, 1) } ?? 1
    }()

    /// A generator for one label, so that a test draws the same numbers whichever others run.
    package init(_ label: String) {
        var hash = Self.seed ^ 0xCBF2_9CE4_8422_2325
        for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        state = hash
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    package mutating func values(_ count: Int, in range: ClosedRange<Double> = -1...1) -> [Double] {
        (0..<count).map { _ in Double.random(in: range, using: &self) }
    }
}
