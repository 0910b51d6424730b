import TorchlightFiles

/// Tokens and their ids: a hash table from bytes to ids, and the bytes of each id in one array.
struct Vocabulary: Sendable {
    private var arena: [UInt8] = []
    /// The bytes of entry `i` are `arena[starts[i]..<starts[i + 1]]`.
    private var starts: [UInt32] = [0]
    private var entryIDs: [Int32] = []
    /// The entry of each id; -1 for ids without a token.
    private var entryOfID: [Int32] = []
    /// The upper half of the hash and the entry + 1; 0 for free slots.
    private var table: [UInt64] = [UInt64](repeating: 0, count: 32)

    /// The number of tokens.
    var count: Int { entryIDs.count }
    /// The largest id plus 1.
    var idLimit: Int { entryOfID.count }

    init() {}

    init(reserving tokens: Int) {
        var size = 32
        while size < tokens * 2 { size *= 2 }
        table = [UInt64](repeating: 0, count: size)
        entryIDs.reserveCapacity(tokens)
        starts.reserveCapacity(tokens + 1)
        arena.reserveCapacity(tokens * 8)
    }

    /// The maximum id in a vocabulary of `count` tokens, so that tables by id are not much larger than the file.
    static func largestID(count: Int) -> Int { 1_000_000 + 8 * min(count, 1 << 28) }

    /// Adds a token. A token that exists gets the new id.
    mutating func insert(_ token: [UInt8], id: Int32) {
        token.withUnsafeBufferPointer { insert($0, id: id) }
    }

    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int32) {
        if (entryIDs.count + 1) * 2 > table.count { grow() }
        let hash = Self.hash(token)
        var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[slot] != 0 {
            let entry = Int(table[slot] & 0xFFFF_FFFF) - 1
            if table[slot] >> 32 == hash >> 32, equals(entry, token) {
                entryIDs[entry] = id
                setEntry(entry, of: id)
                return
            }
            slot = (slot + 1) & (table.count - 1)
        }
        arena.append(contentsOf: token)
        starts.append(UInt32(arena.count))
        entryIDs.append(id)
        table[slot] = (hash & 0xFFFF_FFFF_0000_0000) | UInt64(entryIDs.count)
        setEntry(entryIDs.count - 1, of: id)
    }

    private mutating func setEntry(_ entry: Int, of id: Int32) {
        while entryOfID.count <= Int(id) { entryOfID.append(-1) }
        if entryOfID[Int(id)] < 0 { entryOfID[Int(id)] = Int32(entry) }
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: table.count * 2)
        for entry in 0..<entryIDs.count {
            let hash = withBytes(entry: entry) { Self.hash($0) }
            var slot = Int(truncatingIfNeeded: hash) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = (hash & 0xFFFF_FFFF_0000_0000) | UInt64(entry + 1)
        }
        table = larger
    }

    private static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard let start = token.baseAddress else { return 0 }
        return Hashing.bytes(start, token.count)
    }

    @inline(__always)
    private func equals(_ entry: Int, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[entry])
        guard Int(starts[entry + 1]) - start == token.count else { return false }
        return arena.withUnsafeBufferPointer { arena in
            for index in 0..<token.count where arena[start + index] != token[index] { return false }
            return true
        }
    }

    private func withBytes<Result>(entry: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        arena.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(starts[entry])..<Int(starts[entry + 1])]))
        }
    }

    /// The id of a token; -1 if it is not in the vocabulary.
    func id(_ token: UnsafeBufferPointer<UInt8>) -> Int32 {
        let hash = Self.hash(token)
        var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[slot] != 0 {
            let entry = Int(table[slot] & 0xFFFF_FFFF) - 1
            if table[slot] >> 32 == hash >> 32, equals(entry, token) { return entryIDs[entry] }
            slot = (slot + 1) & (table.count - 1)
        }
        return -1
    }

    func id(_ token: [UInt8]) -> Int32 { token.withUnsafeBufferPointer { id($0) } }

    /// The id of a token; nil if it is not in the vocabulary.
    func id(of token: String) -> Int? {
        var token = token
        let found = token.withUTF8 { self.id($0) }
        return found < 0 ? nil : Int(found)
    }

    /// Whether an id has a token.
    func contains(id: Int) -> Bool { id >= 0 && id < entryOfID.count && entryOfID[id] >= 0 }

    /// Calls a closure with the bytes of an id, which must have a token.
    func withBytes<Result>(id: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        withBytes(entry: Int(entryOfID[id]), body)
    }

    /// The bytes of an id; nil if there are none.
    func bytes(id: Int) -> [UInt8]? { contains(id: id) ? withBytes(id: id) { Array($0) } : nil }

    /// The token of an id; nil if there is none.
    func token(id: Int) -> String? {
        contains(id: id) ? withBytes(id: id) { String(decoding: $0, as: UTF8.self) } : nil
    }

    /// The tokens with their ids, in the order of insertion.
    func forEach(_ body: (UnsafeBufferPointer<UInt8>, Int32) -> Void) {
        for entry in 0..<count { withBytes(entry: entry) { body($0, entryIDs[entry]) } }
    }

    /// The JSON object of tokens and ids, in the order of ids.
    func json() -> JSON {
        var members: [(Int32, String)] = []
        forEach { members.append(($1, String(decoding: $0, as: UTF8.self))) }
        members.sort { $0.0 < $1.0 }
        return .object(members.map { ($0.1, .int(Int($0.0))) })
    }
}
