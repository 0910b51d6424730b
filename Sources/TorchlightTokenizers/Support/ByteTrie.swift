/// A double-array trie of byte strings: the child of node `s` for byte `b` is `t = base[s] + b`, if `check[t] == s`.
struct ByteTrie: Sendable {
    struct Node {
        var base: Int32 = 0
        var check: Int32 = -1
        /// The value of the key that ends at this node; -1 if none does.
        var value: Int32 = -1
    }

    private(set) var nodes: [Node] = [Node()]

    /// Builds the trie. For equal keys the last value is used.
    init(_ keys: [(bytes: [UInt8], value: Int32)]) {
        let sorted = keys.indices.sorted { left, right in
            let (a, b) = (keys[left].bytes, keys[right].bytes)
            return a == b ? left < right : a.lexicographicallyPrecedes(b)
        }
        var free = FreeList()
        nodes[0].check = 0
        free.grow(&nodes, to: 512)
        // Depth first, without recursion, because a key may have a million bytes.
        var work: [(node: Int, first: Int, end: Int, depth: Int)] = [(0, 0, sorted.count, 0)]
        var labels: [(byte: UInt8, first: Int, end: Int)] = []
        while let item = work.popLast() {
            var first = item.first
            while first < item.end, keys[sorted[first]].bytes.count == item.depth {
                nodes[item.node].value = keys[sorted[first]].value
                first += 1
            }
            guard first < item.end else { continue }
            labels.removeAll(keepingCapacity: true)
            while first < item.end {
                let byte = keys[sorted[first]].bytes[item.depth]
                // The end of the keys with this byte, by galloping search.
                var (low, step) = (first, 1)
                while low + step < item.end, keys[sorted[low + step]].bytes[item.depth] == byte {
                    low += step
                    step *= 2
                }
                while step > 0 {
                    if low + step < item.end, keys[sorted[low + step]].bytes[item.depth] == byte { low += step }
                    step /= 2
                }
                labels.append((byte, first, low + 1))
                first = low + 1
            }
            let base = free.base(for: labels.lazy.map { Int($0.byte) }, &nodes)
            nodes[item.node].base = Int32(base)
            for label in labels {
                let child = base + Int(label.byte)
                free.take(child, &nodes)
                nodes[child].check = Int32(item.node)
                work.append((child, label.first, label.end, item.depth + 1))
            }
        }
    }

    /// A linked list of the free nodes in ascending order: `base` is the next and `value` the previous node if `check`
    /// is -1.
    private struct FreeList {
        var first = -1
        var last = -1

        mutating func grow(_ nodes: inout [Node], to count: Int) {
            while nodes.count < count {
                let index = nodes.count
                nodes.append(Node(base: -1, check: -1, value: Int32(last)))
                if last >= 0 { nodes[last].base = Int32(index) } else { first = index }
                last = index
            }
        }

        mutating func take(_ index: Int, _ nodes: inout [Node]) {
            let (next, previous) = (Int(nodes[index].base), Int(nodes[index].value))
            if previous >= 0 { nodes[previous].base = Int32(next) } else { first = next }
            if next >= 0 { nodes[next].value = Int32(previous) } else { last = previous }
            nodes[index] = Node()
        }

        /// A base for which the nodes of all labels are free. Only a few free nodes are tried before the array grows.
        mutating func base(for labels: some Collection<Int>, _ nodes: inout [Node]) -> Int {
            let lowest = labels.first!
            var (candidate, tries) = (first, 0)
            while candidate >= 0, tries < 48 {
                let base = candidate - lowest
                if base > 0 {
                    grow(&nodes, to: base + 257)
                    if labels.allSatisfy({ nodes[base + $0].check == -1 }) { return base }
                    tries += 1
                }
                candidate = Int(nodes[candidate].base)
            }
            let base = max(nodes.count - lowest, 1)
            grow(&nodes, to: base + 257)
            return base
        }
    }

    /// Calls the closure with the value and length of each key that is a prefix of the bytes, shortest first.
    @inline(__always)
    func prefixes(of bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (Int32, Int) -> Void) {
        nodes.withUnsafeBufferPointer { nodes in
            var node = 0
            var position = start
            while position < bytes.count {
                let child = Int(nodes[node].base) + Int(bytes[position])
                guard child < nodes.count, nodes[child].check == Int32(node), child != 0 else { return }
                node = child
                position += 1
                if nodes[node].value >= 0 { body(nodes[node].value, position - start) }
            }
        }
    }

    /// The node reached by bytes from a node; nil if there is none.
    func node(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int? {
        var node = start
        for byte in bytes {
            let child = Int(nodes[node].base) + Int(byte)
            guard child < nodes.count, child != 0, nodes[child].check == Int32(node) else { return nil }
            node = child
        }
        return node
    }

    /// The value and length of the longest key, from a node, that is a prefix of the bytes; nil if there is none.
    @inline(__always)
    func longest(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, node first: Int = 0
    ) -> (value: Int32, length: Int)? {
        nodes.withUnsafeBufferPointer { nodes in
            var node = first
            var position = start
            var found: (Int32, Int)?
            while position < end {
                let child = Int(nodes[node].base) + Int(bytes[position])
                guard child < nodes.count, child != 0, nodes[child].check == Int32(node) else { break }
                node = child
                position += 1
                if nodes[node].value >= 0 { found = (nodes[node].value, position - start) }
            }
            return found
        }
    }
}
