/// Hashes of byte strings and pairs of ids, with a random seed per process, so that a file cannot be constructed whose
/// tokens all collide.
enum Hashing {
    private static let seed = UInt64.random(in: .min ... .max)
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    @inline(__always)
    private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }

    /// The hash of `count` bytes.
    @inline(__always)
    static func bytes(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        let raw = UnsafeRawPointer(start)
        var state = seed ^ UInt64(truncatingIfNeeded: count)
        if count >= 8 {
            var offset = 0
            while offset + 8 <= count {
                state = mix(state, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            if offset < count { state = mix(state, raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)) }
        } else if count >= 4 {
            let low = UInt64(raw.loadUnaligned(as: UInt32.self))
            let high = UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            state = mix(state, high << 32 | low)
        } else if count > 0 {
            let middle = UInt64(start[count >> 1]) << 8 | UInt64(start[count - 1]) << 16
            state = mix(state, UInt64(start[0]) | middle)
        }
        return mix(state, factor)
    }

    /// The hash of a 64-bit number.
    @inline(__always)
    static func number(_ number: UInt64) -> UInt64 { mix(seed, number) }
}

/// A hash table from pairs of token ids to 64-bit numbers.
final class PairTable: @unchecked Sendable {
    private struct Slot {
        var key: UInt64
        var value: UInt64
    }

    private static let free = UInt64.max
    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private(set) var count = 0

    /// Creates a table for up to `capacity` pairs.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Slot(key: Self.free, value: 0), count: size)
        mask = size - 1
    }

    deinit { slots.deallocate() }

    @inline(__always)
    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Sets the value of a pair; returns the old value.
    @discardableResult
    func insert(_ key: UInt64, _ value: UInt64) -> UInt64? {
        var index = Int(truncatingIfNeeded: Hashing.number(key)) & mask
        while slots[index].key != Self.free {
            if slots[index].key == key {
                let old = slots[index].value
                slots[index].value = value
                return old
            }
            index = (index + 1) & mask
        }
        slots[index] = Slot(key: key, value: value)
        count += 1
        return nil
    }

    /// The value of a pair; nil if there is none.
    @inline(__always)
    func value(_ key: UInt64) -> UInt64? {
        var index = Int(truncatingIfNeeded: Hashing.number(key)) & mask
        while true {
            let slot = slots[index]
            if slot.key == key { return slot.value }
            if slot.key == Self.free { return nil }
            index = (index + 1) & mask
        }
    }
}
