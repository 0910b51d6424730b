import Synchronization

/// A list of sizes, strides or dimension indices without a heap allocation.
///
/// Every operation makes and copies several, so up to eight elements are stored inline. Longer lists are rare; each
/// distinct one is kept in a table for the life of the process, and the inline memory holds its address.
package struct Dims: @unchecked Sendable, RandomAccessCollection, MutableCollection {
    private static let inlineCapacity = 8

    private var inline: InlineArray<8, Int>
    package private(set) var count: Int

    /// The address of the elements of a list of more than eight; nil for a shorter one.
    private var spill: UnsafePointer<Int>? {
        @inline(__always) get { count > Self.inlineCapacity ? UnsafePointer(bitPattern: inline[0]) : nil }
    }

    private init(long elements: [Int]) {
        inline = InlineArray(repeating: 0)
        inline[0] = Int(bitPattern: LongDims.address(of: elements))
        count = elements.count
    }

    package init() {
        inline = InlineArray(repeating: 0)
        count = 0
    }

    package init(repeating value: Int, count: Int) {
        if count > Self.inlineCapacity {
            self.init(long: Array(repeating: value, count: count))
        } else {
            self.init()
            inline = InlineArray(repeating: value)
            self.count = count
        }
    }

    package init(_ elements: some Collection<Int>) {
        if elements.count > Self.inlineCapacity {
            self.init(long: Array(elements))
        } else {
            self.init()
            count = elements.count
            var i = 0
            for element in elements {
                inline[i] = element
                i += 1
            }
        }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(index: Int) -> Int {
        get {
            guard index >= 0 && index < count else { return Self.missing }
            if let spill { return spill[index] }
            return inline[index]
        }
        @inline(never) set {
            precondition(index >= 0 && index < count, "dimension out of range")
            if spill != nil {
                var elements = Array(self)
                elements[index] = newValue
                self = Dims(long: elements)
            } else {
                inline[index] = newValue
            }
        }
    }

    /// The size of a dimension that does not exist. This is a bug of the library, unless the shape is that of a
    /// placeholder for an operation that failed inside `checked`.
    private static var missing: Int {
        @inline(never) get {
            precondition(hasPendingError, "dimension out of range")
            return 1
        }
    }

    package mutating func append(_ value: Int) {
        if count < Self.inlineCapacity {
            inline[count] = value
            count += 1
        } else {
            self = Dims(long: Array(self) + [value])
        }
    }

    package mutating func remove(at index: Int) {
        var rest = Dims()
        for i in 0..<count where i != index { rest.append(self[i]) }
        self = rest
    }

    package mutating func insert(_ value: Int, at index: Int) {
        var longer = Dims()
        for i in 0...count {
            if i == index { longer.append(value) }
            if i < count { longer.append(self[i]) }
        }
        self = longer
    }

    /// The product of the elements, clamped to the range of Int; 1 for an empty list.
    package var product: Int {
        var result = 1
        if let spill {
            for i in 0..<count { result *|= spill[i] }
        } else {
            for i in 0..<count { result *|= inline[i] }
        }
        return result
    }

    /// Where a C function reads the elements: those of a longer list where they lie, others copied to `memory`, which has
    /// space for eight.
    @inline(__always)
    func pointer(orCopyAt memory: UnsafeMutableRawPointer) -> UnsafePointer<Int64> {
        if let spill { return UnsafeRawPointer(spill).assumingMemoryBound(to: Int64.self) }
        memory.storeBytes(of: inline, as: InlineArray<8, Int>.self)
        return UnsafePointer(memory.assumingMemoryBound(to: Int64.self))
    }

    /// The bytes that `pointer(orCopyAt:)` takes of its memory in the end.
    var inlineSize: Int {
        @inline(__always) get { count > Self.inlineCapacity ? 0 : count &* MemoryLayout<Int>.stride }
    }
}

/// Table of lists of more than eight elements, kept for the life of the process.
private enum LongDims {
    private struct Entry: @unchecked Sendable { let address: UnsafePointer<Int> }
    private static let table = Mutex<[[Int]: Entry]>([:])

    static func address(of elements: [Int]) -> UnsafePointer<Int> {
        table.withLock { table in
            if let known = table[elements] { return known }
            let memory = UnsafeMutablePointer<Int>.allocate(capacity: elements.count)
            memory.initialize(from: elements, count: elements.count)
            let entry = Entry(address: UnsafePointer(memory))
            table[elements] = entry
            return entry
        }.address
    }
}

extension Dims: Equatable, Hashable {
    package static func == (a: Dims, b: Dims) -> Bool {
        guard a.count == b.count else { return false }
        if a.count <= inlineCapacity {
            for i in 0..<a.count where a.inline[i] != b.inline[i] { return false }
            return true
        }
        return a.spill == b.spill
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for value in self { hasher.combine(value) }
    }
}

extension Dims: ExpressibleByArrayLiteral, CustomStringConvertible {
    package init(arrayLiteral elements: Int...) { self.init(elements) }
    package var description: String { "[" + map(String.init).joined(separator: ", ") + "]" }
}

extension Dims {
    /// Two sizes, without the array of a literal.
    @inline(__always)
    init(_ a: Int, _ b: Int) {
        self.init()
        append(a)
        append(b)
    }

    /// Three sizes, without the array of a literal.
    @inline(__always)
    init(_ a: Int, _ b: Int, _ c: Int) {
        self.init(a, b)
        append(c)
    }

    /// These and one more.
    func with(_ a: Int) -> Dims {
        var longer = self
        longer.append(a)
        return longer
    }

    /// These and two more.
    func with(_ a: Int, _ b: Int) -> Dims {
        var longer = self
        longer.append(a)
        longer.append(b)
        return longer
    }

    /// All dimensions of a rank but one.
    static func allBut(_ dim: Int, of rank: Int) -> Dims {
        var dims = Dims()
        for i in 0..<rank where i != dim { dims.append(i) }
        return dims
    }
}
