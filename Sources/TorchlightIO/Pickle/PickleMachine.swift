import TorchlightCore

/// Reads the pickles of tensors: the opcodes of protocols 0 to 5 that create containers, numbers and strings, and a
/// fixed list of global names (``PickleGlobal``).
///
/// A pickle is a program for a stack machine with a memo and calls by name. This machine makes no calls: the result of
/// a name that is not on the list is a ``ForeignObject``, which stores the name and its data. Memory is bounded by
/// `limit`, the maximum number of values that may be pushed; a container counts as several.
struct PickleMachine {
    /// The form of persistent ids, which identify storages.
    enum Layout {
        /// `('storage', class, key, location, count)`
        case zip
        /// As in a zip archive, with an optional sixth element: None or `(key, offset, count)` of a view.
        case legacy
    }

    let bytes: UnsafeRawBufferPointer
    let file: String
    /// The position of the first byte in the file, which is added to every offset.
    let start: Int
    let layout: Layout
    /// Whether unsupported names are recorded with the calls that Python would have made.
    let isInspection: Bool
    let limit: Int

    /// The maximum number of values of a pickle with this number of bytes in the file. An opcode pushes one value, and
    /// a container counts as four; only shared references and compressed pickles come near the limit.
    static func limit(pickleSize: Int) -> Int { 1 << 20 + 8 * pickleSize }
    /// The maximum size of an integer in bytes.
    static let integerLimit = 1024

    var position = 0
    /// The position of the current opcode.
    var opcodeOffset = 0
    private var pushed = 0
    private var stack: [PickleRef] = []
    private var marks: [Int] = []
    private var memo: [PickleRef] = []
    /// Memo entries whose indices are not consecutive.
    private var sparseMemo: [Int: PickleRef] = [:]

    var objects: [PickleObject] = []
    var storages: [PickleStorage] = []
    var storageNumbers: [String: Int] = [:]
    var skippedStorages: [String: (count: Int, byteCount: Int)] = [:]
    var views: [PickleStorageView] = []
    var tensors: [PickleTensor] = []
    var attributes: [Int: PickleRef] = [:]
    var refusals: [PickleRefusal] = []

    init(
        _ bytes: UnsafeRawBufferPointer, file: String, start: Int, layout: Layout, isInspection: Bool = false,
        limit: Int
    ) {
        self.bytes = bytes
        self.file = file
        self.start = start
        self.layout = layout
        self.isInspection = isInspection
        self.limit = limit
    }

    /// Runs one pickle to its STOP opcode.
    mutating func run() throws(IOError) -> PickleContents {
        var root: PickleRef?
        while root == nil { root = try step() }
        guard stack.isEmpty, marks.isEmpty else {
            throw failure(
                "\(quantity(stack.count, "value")) left on the stack at the end", expected: "one value, the result")
        }
        // Releases memory that the next steps need.
        stack = []
        memo = []
        sparseMemo = [:]
        readStoragesAsTensors(from: root!)
        return PickleContents(
            root: root!, objects: objects, storages: storages, tensors: tensors, attributes: attributes,
            refusals: refusals, skippedStorages: skippedStorages, end: position)
    }

    // MARK: - Messages

    func failure(_ problem: String, expected rule: String, at offset: Int? = nil) -> IOError {
        IOError(
            .malformed, "pth", file: file, offset: start + (offset ?? opcodeOffset), "invalid pickle: \(problem)",
            expected: rule)
    }

    func unsupported(_ problem: String, expected rule: String) -> IOError {
        IOError(.unsupported, "pth", file: file, offset: start + opcodeOffset, problem, expected: rule)
    }

    /// A description of a value for error texts.
    func summary(_ ref: PickleRef) -> String {
        switch ref {
        case .none: "None"
        case .bool(let bool): bool ? "True" : "False"
        case .int(let value): "the integer \(value)"
        case .float(let value): "the number \(value)"
        case .object(let index): objects[index].summary
        }
    }

    // MARK: - Bytes

    private mutating func take(_ count: Int, _ what: String) throws(IOError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - position else {
            throw failure(
                "\(what) of \(count) byte\(count == 1 ? "" : "s"), but \(bytes.count - position) are left",
                expected: "data within the pickle")
        }
        defer { position += count }
        return bytes.slice(position..<position + count)
    }

    private mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(IOError) -> Integer {
        try take(MemoryLayout<Integer>.size, "a number").integer(type, at: 0)
    }

    /// A length of eight bytes, clamped to the range of Int.
    private mutating func longLength() throws(IOError) -> Int { Int(clamping: try integer(UInt64.self)) }

    /// Pushes a string; one with other bytes than UTF-8 is left out. Python writes such bytes for the names of files that are not
    /// UTF-8, and Python 2 for any text.
    private mutating func pushText(_ count: Int) throws(IOError) { try pushText(try take(count, "a string")) }

    mutating func pushText(_ bytes: some Sequence<UInt8>) throws(IOError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return try pushForeign("str", reason: "a string that is not UTF-8")
        }
        try push(.string(text))
    }

    /// The bytes up to the next newline.
    mutating func lineOfBytes() throws(IOError) -> [UInt8] {
        let rest = bytes.slice(position..<bytes.count)
        guard let end = rest.firstIndex(of: 0x0a) else {
            throw failure("an unterminated string", expected: "a newline")
        }
        position += end + 1
        return Array(rest.slice(0..<end))
    }

    /// The string up to the next newline.
    mutating func line() throws(IOError) -> String {
        let rest = bytes.slice(position..<bytes.count)
        guard let end = rest.prefix(1 << 12).firstIndex(of: 0x0a),
            let text = String(validating: rest.slice(0..<end), as: UTF8.self)
        else { throw failure("an unterminated name", expected: "UTF-8 and a newline within 4096 bytes") }
        position += end + 1
        return text
    }

    // MARK: - Stack, memo and objects

    /// Pushes a value that counts as `cost` values.
    mutating func push(_ value: PickleRef, cost: Int = 1) throws(IOError) {
        pushed += cost
        guard pushed <= limit else {
            throw unsupported(
                "a pickle of more than \(quantity(limit, "value"))",
                expected: "at most that many for a pickle of its size")
        }
        stack.append(value)
    }

    /// Pushes an object that is not created, with its position in the file.
    mutating func pushForeign(
        _ name: String, text: String? = nil, reason: String, offset: Int? = nil
    ) throws(IOError) {
        try push(
            .foreign(
                ForeignObject(
                    name: name, text: text ?? name, reason: reason, offset: offset ?? start + opcodeOffset)))
    }

    mutating func push(_ object: PickleObject) throws(IOError) {
        let cost =
            switch object {
            case .string(let text) where text.utf8.count < 16: 2
            case .string, .size, .dtype, .device, .global, .complex: 3
            default: 4
            }
        try push(.object(objects.count), cost: cost)
        objects.append(object)
    }

    /// Pops the top value above the last mark.
    mutating func pop() throws(IOError) -> PickleRef {
        guard stack.count > marks.last ?? 0 else { throw failure("no value on the stack", expected: "one") }
        return stack.removeLast()
    }

    private mutating func popToMark() throws(IOError) -> [PickleRef] {
        guard let mark = marks.popLast() else { throw failure("no mark on the stack", expected: "one") }
        defer { stack.removeLast(stack.count - mark) }
        return Array(stack[mark...])
    }

    private mutating func pop(_ count: Int) throws(IOError) -> [PickleRef] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw failure("too few values on the stack", expected: "\(count)")
        }
        defer { stack.removeLast(count) }
        return Array(stack[(stack.count - count)...])
    }

    /// The index of the object on top of the stack, which is not popped.
    private func top() throws(IOError) -> Int {
        guard stack.count > marks.last ?? 0, case .object(let index) = stack[stack.count - 1] else {
            throw failure("no container on the stack", expected: "one")
        }
        return index
    }

    mutating func memoize(_ index: Int) throws(IOError) {
        guard let value = stack.last, stack.count > marks.last ?? 0 else {
            throw failure("no value on the stack", expected: "one")
        }
        if index < memo.count {
            memo[index] = value
        } else if index == memo.count {
            memo.append(value)
        } else {
            sparseMemo[index] = value
        }
        guard memo.count + 4 * sparseMemo.count <= limit else {
            throw unsupported("a pickle with more than \(limit) memo entries", expected: "fewer")
        }
    }

    mutating func pushMemo(_ index: Int) throws(IOError) {
        guard let value = index < memo.count ? memo[index] : sparseMemo[index] else {
            throw failure("there is no memo entry \(index)", expected: "the index of an earlier entry")
        }
        try push(value)
    }

    // MARK: - Opcodes

    /// Runs one opcode; returns the result at STOP.
    private mutating func step() throws(IOError) -> PickleRef? {
        opcodeOffset = position
        guard position < bytes.count else { throw failure("the end of the bytes", expected: "STOP") }
        let opcode = bytes[position]
        position += 1
        switch opcode {
        case UInt8(ascii: "."): return try pop()
        case 0x80:
            let version = try integer(UInt8.self)
            guard version <= 5 else { throw failure("protocol \(version)", expected: "0 to 5") }
        case 0x95:
            let length = try longLength()
            guard length <= bytes.count - position else {
                throw failure(
                    "a frame of \(quantity(length, "byte")), but \(bytes.count - position) are left",
                    expected: "data within the pickle")
            }
        case UInt8(ascii: "N"): try push(.none)
        case 0x88: try push(.bool(true))
        case 0x89: try push(.bool(false))
        case UInt8(ascii: "J"): try push(.int(Int(try integer(Int32.self))))
        case UInt8(ascii: "K"): try push(.int(Int(try integer(UInt8.self))))
        case UInt8(ascii: "M"): try push(.int(Int(try integer(UInt16.self))))
        case 0x8a: try pushInteger(Int(try integer(UInt8.self)))
        case 0x8b: try pushInteger(Int(try integer(Int32.self)))
        case UInt8(ascii: "G"):
            // The only number in big-endian order.
            try push(.float(Double(bitPattern: try integer(UInt64.self).byteSwapped)))
        // Strings of Python 2 and 3.
        case UInt8(ascii: "T"): try pushText(Int(try integer(Int32.self)))
        case UInt8(ascii: "U"), 0x8c: try pushText(Int(try integer(UInt8.self)))
        case UInt8(ascii: "X"): try pushText(Int(try integer(UInt32.self)))
        case 0x8d: try pushText(try longLength())
        case UInt8(ascii: "C"): try push(.bytes(Array(try take(Int(try integer(UInt8.self)), "a byte string"))))
        case UInt8(ascii: "B"): try push(.bytes(Array(try take(Int(try integer(UInt32.self)), "a byte string"))))
        case 0x8e: try push(.bytes(Array(try take(try longLength(), "a byte string"))))
        case 0x96: try push(.byteArray(Array(try take(try longLength(), "a byte string"))))
        case UInt8(ascii: "("):
            guard marks.count <= limit else { throw unsupported("more than \(limit) marks", expected: "fewer") }
            marks.append(stack.count)
        case UInt8(ascii: "0"):
            // POP removes a mark if one is on top.
            if stack.count == marks.last { marks.removeLast() } else { _ = try pop() }
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"):
            let value = try pop()
            stack.append(value)
            try push(value)
        case UInt8(ascii: "q"): try memoize(Int(try integer(UInt8.self)))
        case UInt8(ascii: "r"): try memoize(Int(try integer(UInt32.self)))
        case 0x94: try memoize(memo.count)
        case UInt8(ascii: "h"): try pushMemo(Int(try integer(UInt8.self)))
        case UInt8(ascii: "j"): try pushMemo(Int(try integer(UInt32.self)))
        case UInt8(ascii: "]"): try push(.list([]))
        case UInt8(ascii: ")"): try push(.tuple([]))
        case UInt8(ascii: "}"): try push(.dictionary([], isOrdered: false))
        case 0x8f: try push(.set([]))
        case 0x85: try push(.tuple(try pop(1)))
        case 0x86: try push(.tuple(try pop(2)))
        case 0x87: try push(.tuple(try pop(3)))
        case UInt8(ascii: "t"): try push(.tuple(try popToMark()))
        case UInt8(ascii: "l"): try push(.list(try popToMark()))
        case 0x91: try push(.set(try popToMark()))
        case UInt8(ascii: "d"):
            try push(.dictionary([], isOrdered: false), popping: try popToMark())
        case UInt8(ascii: "a"): try append([try pop()])
        case UInt8(ascii: "e"): try append(try popToMark())
        case 0x90: try addToSet(try popToMark())
        case UInt8(ascii: "s"): try setItems(try pop(2))
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case UInt8(ascii: "c"): try global(module: try line(), name: try line())
        case 0x93:
            let names = try pop(2)
            guard let module = string(names[0]), let name = string(names[1]) else {
                throw failure("a global named by \(summary(names[0]))", expected: "two strings")
            }
            try global(module: module, name: name)
        case UInt8(ascii: "i"):
            let (module, name) = (try line(), try line())
            let arguments = try popToMark()
            try global(module: module, name: name)
            try call(try pop(), arguments)
        case UInt8(ascii: "o"):
            let items = try popToMark()
            guard let callee = items.first else { throw failure("an object without a class", expected: "a class") }
            try call(callee, Array(items.dropFirst()))
        case UInt8(ascii: "R"), 0x81:
            let operands = try pop(2)
            guard let arguments = tuple(operands[1]) else {
                throw failure("a call with \(summary(operands[1]))", expected: "a tuple of arguments")
            }
            try call(operands[0], arguments)
        case 0x92:
            let operands = try pop(3)
            guard let arguments = tuple(operands[1]) else {
                throw failure("a call with \(summary(operands[1]))", expected: "a tuple of arguments")
            }
            try call(operands[0], arguments)
        case UInt8(ascii: "b"): try build(try pop())
        case UInt8(ascii: "Q"): try persistent(try pop())
        default:
            if try runTextOpcode(opcode) { break }
            throw failure(
                "the opcode 0x\(String(opcode, radix: 16))\(Self.names[opcode].map { " (\($0))" } ?? "")",
                expected: "an opcode that creates containers, numbers, strings or tensors")
        }
        return nil
    }

    /// Existing opcodes that are not supported.
    private static let names: [UInt8: String] = [
        UInt8(ascii: "P"): "PERSID", 0x82: "EXT1, an extension of copyreg", 0x83: "EXT2, an extension of copyreg",
        0x84: "EXT4, an extension of copyreg", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
    ]

    private mutating func pushInteger(_ count: Int) throws(IOError) {
        let digits = try take(count, "an integer")
        guard count <= Self.integerLimit else {
            return try pushForeign(
                "int", reason: "an integer of \(quantity(count, "byte")); at most \(Self.integerLimit) are supported")
        }
        if count > 8 {
            return try push(.bigInt(Array(digits)))
        }
        var value = digits.last.map { $0 < 0x80 ? 0 : -1 } ?? 0
        for byte in digits.reversed() { value = value << 8 | Int(byte) }
        try push(.int(value))
    }

    private mutating func push(_ object: PickleObject, popping items: [PickleRef]) throws(IOError) {
        try push(object)
        try setItems(items)
    }

    private mutating func append(_ items: [PickleRef]) throws(IOError) {
        let index = try top()
        var object = take(index)
        if case .list(var list) = object {
            object = .list([])
            list.append(contentsOf: items)
            objects[index] = .list(list)
            return
        }
        objects[index] = object
        if case .foreign = object { return }
        throw failure("items for \(object.summary)", expected: "a list")
    }

    private mutating func addToSet(_ items: [PickleRef]) throws(IOError) {
        let index = try top()
        var object = take(index)
        if case .set(var set) = object {
            object = .list([])
            set.append(contentsOf: items)
            objects[index] = .set(set)
            return
        }
        objects[index] = object
        if case .foreign = object { return }
        throw failure("items for \(object.summary)", expected: "a set")
    }

    private mutating func setItems(_ items: [PickleRef]) throws(IOError) {
        guard items.count % 2 == 0 else { throw failure("a key without a value", expected: "pairs") }
        let index = try top()
        var object = take(index)
        if case .dictionary(var pairs, let isOrdered) = object {
            object = .list([])
            for key in stride(from: 0, to: items.count, by: 2) { try checkHashable(items[key]) }
            pushed += items.count / 2
            pairs.append(contentsOf: items)
            objects[index] = .dictionary(pairs, isOrdered: isOrdered)
            return
        }
        if case .foreign(var foreign) = object {
            object = .list([])
            pushed += items.count / 2
            foreign.items.append(contentsOf: items)
            objects[index] = .foreign(foreign)
            return
        }
        objects[index] = object
        throw failure("keys and values for \(object.summary)", expected: "a dictionary")
    }

    /// Takes an object out of the list of objects, so that its array has no other reference: an array with two references is
    /// copied with each batch of items, which takes quadratic time. The subject of a `switch` is such a reference.
    private mutating func take(_ index: Int) -> PickleObject {
        var object = PickleObject.list([])
        swap(&object, &objects[index])
        return object
    }

    private func checkHashable(_ key: PickleRef) throws(IOError) {
        guard case .object(let index) = key else { return }
        switch objects[index] {
        // A frozenset is a set here.
        case .list, .dictionary, .byteArray:
            throw failure("\(objects[index].summary) as a key", expected: "a hashable value")
        default: break
        }
    }

    // MARK: - Values

    func string(_ ref: PickleRef) -> String? {
        if case .object(let index) = ref, case .string(let text) = objects[index] { return text }
        return nil
    }

    func tuple(_ ref: PickleRef) -> [PickleRef]? {
        if case .object(let index) = ref, case .tuple(let items) = objects[index] { return items }
        return nil
    }

    func list(_ ref: PickleRef) -> [PickleRef]? {
        if case .object(let index) = ref, case .list(let items) = objects[index] { return items }
        return nil
    }

    func int(_ ref: PickleRef) -> Int? {
        if case .int(let value) = ref { return value }
        return nil
    }
}
