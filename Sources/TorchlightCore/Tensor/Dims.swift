/// A list of sizes, strides or dimension numbers, without a heap allocation up to eight of them.
///
/// Every operation makes several; an array each would cost more than a small kernel.
package struct Dims: Sendable, RandomAccessCollection, MutableCollection {
    @usableFromInline static let inlineCapacity = 8

    private var inline: InlineArray<8, Int>
    private var spill: [Int]?
    package private(set) var count: Int

    @inline(__always)
    package init() {
        inline = InlineArray(repeating: 0)
        spill = nil
        count = 0
    }

    @inline(__always)
    package init(repeating value: Int, count: Int) {
        inline = InlineArray(repeating: value)
        spill = count > Self.inlineCapacity ? Array(repeating: value, count: count) : nil
        self.count = count
    }

    package init(_ elements: some Collection<Int>) {
        self.init(repeating: 0, count: elements.count)
        var i = 0
        for element in elements {
            self[i] = element
            i += 1
        }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(index: Int) -> Int {
        @inline(__always) get {
            precondition(index >= 0 && index < count, "dimension out of range")
            if let spill { return spill[index] }
            return inline[index]
        }
        @inline(__always) set {
            precondition(index >= 0 && index < count, "dimension out of range")
            if spill != nil { spill![index] = newValue } else { inline[index] = newValue }
        }
    }

    package mutating func append(_ value: Int) {
        if count < Self.inlineCapacity {
            inline[count] = value
        } else {
            if spill == nil { spill = Array(self) }
            spill!.append(value)
        }
        count += 1
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

    /// The product of the elements; 1 for none.
    @inline(__always)
    package var product: Int {
        var result = 1
        for i in 0..<count { result &*= self[i] }
        return result
    }

    /// The elements where a C function can read them.
    @inline(__always)
    package func withPointer<R>(_ body: (UnsafePointer<Int64>) -> R) -> R {
        if let spill {
            return spill.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: Int64.self)) }
        }
        return withUnsafePointer(to: inline) {
            body(UnsafeRawPointer($0).assumingMemoryBound(to: Int64.self))
        }
    }
}

extension Dims: Equatable, Hashable {
    @inline(__always)
    package static func == (a: Dims, b: Dims) -> Bool {
        guard a.count == b.count else { return false }
        for i in 0..<a.count where a[i] != b[i] { return false }
        return true
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
