/// A short list, stored without a heap allocation up to three elements: the operands of an operation, its results,
/// their gradients.
package struct Few<Element>: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral {
    fileprivate(set) var first: Element?
    fileprivate(set) var second: Element?
    fileprivate(set) var third: Element?
    fileprivate(set) var rest: [Element]
    package private(set) var count: Int

    package init() {
        rest = []
        count = 0
    }

    package init(_ a: Element) {
        first = a
        rest = []
        count = 1
    }

    package init(_ a: Element, _ b: Element) {
        first = a
        second = b
        rest = []
        count = 2
    }

    package init(_ a: Element, _ b: Element, _ c: Element) {
        first = a
        second = b
        third = c
        rest = []
        count = 3
    }

    @inline(never)
    package init(_ elements: some Sequence<Element>) {
        self.init()
        for element in elements { append(element) }
    }

    package init(arrayLiteral elements: Element...) { self.init(elements) }

    package init(repeating element: Element, count: Int) {
        self.init()
        for _ in 0..<count { append(element) }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    @inline(never)
    package mutating func append(_ element: Element) {
        switch count {
        case 0: first = element
        case 1: second = element
        case 2: third = element
        default: rest.append(element)
        }
        count += 1
    }

    // Not inlined: every primitive reads its operands, and the cost of a call is small compared with the primitive.
    package subscript(index: Int) -> Element {
        @inline(never) get {
            precondition(index >= 0 && index < count, "operand out of range")
            switch index {
            case 0: return first.unsafelyUnwrapped
            case 1: return second.unsafelyUnwrapped
            case 2: return third.unsafelyUnwrapped
            default: return rest[index - 3]
            }
        }
        @inline(never) set {
            precondition(index >= 0 && index < count, "operand out of range")
            switch index {
            case 0: first = newValue
            case 1: second = newValue
            case 2: third = newValue
            default: rest[index - 3] = newValue
            }
        }
    }
}

extension Few: Sendable where Element: Sendable {}
