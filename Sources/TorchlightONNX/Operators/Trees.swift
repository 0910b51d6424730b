import TorchlightCore

func registerTrees(in table: inout OperatorTable) {
    table.add("TreeEnsembleRegressor", 1...1, domain: "ai.onnx.ml") { call in
        let trees = try TreeEnsemble(call, prefix: "target")
        let targets = max(min(try call.int("n_targets", 1), 1 << 20), trees.targetCount)
        let aggregate = try call.choice("aggregate_function", "SUM", of: ["SUM", "AVERAGE", "MIN", "MAX"])
        let bases = (try call.floats("base_values") ?? []).map(Double.init)
        let transform = try PostTransform(call)
        let (x, count, width) = try samples(call)
        var rows: [Double] = []
        for row in 0..<count {
            var sums = try trees.evaluate(x[(row * width)..<((row + 1) * width)], targets, aggregate)
            for index in sums.indices where index < bases.count { sums[index] += bases[index] }
            rows += transform.apply(sums)
        }
        return one(Tensor(rows, shape: [count, targets], dtype: .float32))
    }
    table.add("TreeEnsembleClassifier", 1...1, domain: "ai.onnx.ml") { call in
        let trees = try TreeEnsemble(call, prefix: "class")
        let labels = try ClassLabels(call)
        let isBinary = labels.count == 2 && trees.usesOneTarget
        let bases = (try call.floats("base_values") ?? []).map(Double.init)
        let (x, count, width) = try samples(call)
        let classes = max(labels.count, trees.targetCount)
        var scores: [[Double]] = []
        for row in 0..<count {
            var sums = try trees.evaluate(x[(row * width)..<((row + 1) * width)], classes, "SUM")
            if isBinary { sums = [sums.reduce(0, +)] }
            for index in sums.indices where index < bases.count {
                sums[index] += bases[isBinary ? bases.count - 1 : index]
            }
            scores.append(sums)
        }
        return try labels.results(scores, try PostTransform(call), positiveOnly: trees.hasPositiveWeights)
    }
    table.add("TreeEnsemble", since: 5, 1...1, domain: "ai.onnx.ml") { call in
        let trees = try TreeEnsemble(numbered: call)
        let targets = max(min(try call.int("n_targets", 1), 1 << 20), trees.targetCount)
        let names = ["AVERAGE", "SUM", "MIN", "MAX"]
        let aggregate = try call.int("aggregate_function", 1)
        let transform = try call.int("post_transform", 0)
        guard names.indices.contains(aggregate), PostTransform.allCases.indices.contains(transform) else {
            throw Problem("the aggregate function \(aggregate) and post-transform \(transform)", kind: .invalid)
        }
        let (x, count, width) = try samples(call)
        var rows: [Double] = []
        for row in 0..<count {
            let sums = try trees.evaluate(x[(row * width)..<((row + 1) * width)], targets, names[aggregate])
            rows += PostTransform.allCases[transform].apply(sums)
        }
        return try call.like(0, Tensor(rows, shape: [count, targets], dtype: .float64))
    }
}

/// An ensemble of decision trees, whose leaves add weights to targets.
private struct TreeEnsemble {
    enum Comparison { case lessOrEqual, less, greaterOrEqual, greater, equal, notEqual, member, leaf }

    struct Node {
        var comparison = Comparison.leaf
        var feature = 0
        var split = 0.0
        var members: Set<Double> = []
        var whenTrue = 0
        var whenFalse = 0
        var missingIsTrue = false
        /// The weights of a leaf with their targets.
        var weights: [(target: Int, weight: Double)] = []
    }

    private var nodes: [Node] = []
    private var roots: [Int] = []

    var targetCount: Int { (nodes.flatMap { $0.weights.map(\.target) }.max() ?? -1) + 1 }
    var usesOneTarget: Bool { Set(nodes.flatMap { $0.weights.map(\.target) }).count <= 1 }
    var hasPositiveWeights: Bool { nodes.allSatisfy { $0.weights.allSatisfy { $0.weight >= 0 } } }

    private static func numbers(_ call: Call, _ name: String) throws -> [Double]? {
        if case .tensor(let value) = try call.constant(name + "_as_tensor") {
            return value.tensor.to(.float64).toArray(Double.self)
        }
        return try call.floats(name)?.map(Double.init)
    }

    /// Reads the trees of versions 1 to 4, whose nodes are numbered per tree.
    init(_ call: Call, prefix: String) throws {
        let (treeIDs, nodeIDs) = (try call.ints("nodes_treeids") ?? [], try call.ints("nodes_nodeids") ?? [])
        let features = try call.ints("nodes_featureids") ?? []
        let modes = try call.strings("nodes_modes") ?? []
        let values = try Self.numbers(call, "nodes_values") ?? []
        let (yes, no) = (try call.ints("nodes_truenodeids") ?? [], try call.ints("nodes_falsenodeids") ?? [])
        let missing = try call.ints("nodes_missing_value_tracks_true") ?? []
        let count = treeIDs.count
        guard
            [nodeIDs.count, features.count, modes.count, values.count, yes.count, no.count].allSatisfy({ $0 == count })
        else { throw Problem("the lists of the nodes have different lengths", kind: .invalid) }
        struct Key: Hashable {
            let tree: Int
            let node: Int
        }
        var nodeIndices: [Key: Int] = [:]
        for index in 0..<count { nodeIndices[Key(tree: treeIDs[index], node: nodeIDs[index])] = index }
        func nodeIndex(_ tree: Int, _ node: Int) throws -> Int {
            guard let found = nodeIndices[Key(tree: tree, node: node)] else {
                throw Problem("tree \(tree) has no node \(node)", kind: .invalid)
            }
            return found
        }
        let names: [String: Comparison] = [
            "BRANCH_LEQ": .lessOrEqual, "BRANCH_LT": .less, "BRANCH_GTE": .greaterOrEqual, "BRANCH_GT": .greater,
            "BRANCH_EQ": .equal, "BRANCH_NEQ": .notEqual, "LEAF": .leaf,
        ]
        var isChild = [Bool](repeating: false, count: count)
        for index in 0..<count {
            guard let comparison = names[modes[index]] else {
                throw Problem("the node mode \(quoted(modes[index]))", kind: .invalid)
            }
            var node = Node(comparison: comparison, feature: features[index], split: values[index])
            if comparison != .leaf {
                node.whenTrue = try nodeIndex(treeIDs[index], yes[index])
                node.whenFalse = try nodeIndex(treeIDs[index], no[index])
                isChild[node.whenTrue] = true
                isChild[node.whenFalse] = true
            }
            node.missingIsTrue = index < missing.count && missing[index] != 0
            nodes.append(node)
        }
        roots = (0..<count).filter { !isChild[$0] }
        let (targets, weights) = (
            try call.ints(prefix + "_ids") ?? [], try Self.numbers(call, prefix + "_weights") ?? []
        )
        let (trees, leaves) = (try call.ints(prefix + "_treeids") ?? [], try call.ints(prefix + "_nodeids") ?? [])
        guard [weights.count, trees.count, leaves.count].allSatisfy({ $0 == targets.count }),
            targets.allSatisfy({ $0 >= 0 && $0 < 1 << 20 })
        else { throw Problem("the lists of the leaves have different lengths", kind: .invalid) }
        for index in targets.indices {
            nodes[try nodeIndex(trees[index], leaves[index])].weights.append((targets[index], weights[index]))
        }
        try check()
    }

    /// Reads the trees of version 5, whose inner nodes and leaves are numbered over all trees.
    init(numbered call: Call) throws {
        func tensor(_ name: String) throws -> [Double] {
            guard case .tensor(let value) = try call.constant(name) else { return [] }
            return value.tensor.to(.float64).toArray(Double.self)
        }
        let features = try call.ints("nodes_featureids") ?? []
        let (splits, modes) = (try tensor("nodes_splits"), try tensor("nodes_modes"))
        let (yes, no) = (try call.ints("nodes_truenodeids") ?? [], try call.ints("nodes_falsenodeids") ?? [])
        let (yesLeaf, noLeaf) = (try call.ints("nodes_trueleafs") ?? [], try call.ints("nodes_falseleafs") ?? [])
        let missing = try call.ints("nodes_missing_value_tracks_true") ?? []
        let (targets, weights) = (try call.ints("leaf_targetids") ?? [], try tensor("leaf_weights"))
        let members = try tensor("membership_values").split(omittingEmptySubsequences: false) { $0.isNaN }
        let count = features.count
        guard
            [splits.count, modes.count, yes.count, no.count, yesLeaf.count, noLeaf.count].allSatisfy({ $0 == count }),
            targets.count == weights.count, targets.allSatisfy({ $0 >= 0 && $0 < 1 << 20 })
        else { throw Problem("the lists of the nodes have different lengths", kind: .invalid) }
        let kinds: [Comparison] = [.lessOrEqual, .less, .greaterOrEqual, .greater, .equal, .notEqual, .member]
        var memberLists = members.makeIterator()
        for index in 0..<count {
            guard kinds.indices.contains(Int(saturating: modes[index])) else {
                throw Problem("the node mode \(modes[index])", kind: .invalid)
            }
            var node = Node(comparison: kinds[Int(modes[index])], feature: features[index], split: splits[index])
            if node.comparison == .member { node.members = Set(memberLists.next() ?? []) }
            node.whenTrue = yes[index] +| (yesLeaf[index] != 0 ? count : 0)
            node.whenFalse = no[index] +| (noLeaf[index] != 0 ? count : 0)
            node.missingIsTrue = index < missing.count && missing[index] != 0
            nodes.append(node)
        }
        for (target, weight) in zip(targets, weights) { nodes.append(Node(weights: [(target, weight)])) }
        roots = (try call.ints("tree_roots") ?? []).map { root in
            // A tree of one leaf is stored as a node whose branches are that leaf.
            nodes.indices.contains(root) && root < count && yesLeaf[root] != 0 && noLeaf[root] != 0
                && yes[root] == no[root] ? yes[root] +| count : root
        }
        try check()
    }

    private func check() throws {
        guard roots.allSatisfy({ nodes.indices.contains($0) }),
            nodes.allSatisfy({ nodes.indices.contains($0.whenTrue) && nodes.indices.contains($0.whenFalse) })
        else { throw Problem("a branch leads to a node that does not exist", kind: .invalid) }
    }

    /// The sums of the leaf weights for a sample.
    func evaluate(_ x: ArraySlice<Double>, _ targets: Int, _ aggregate: String) throws -> [Double] {
        var sums: [Double?] = Array(repeating: nil, count: targets)
        for root in roots {
            var index = root
            // A path with more steps than nodes is a cycle.
            var left = nodes.count
            while nodes[index].comparison != .leaf {
                let node = nodes[index]
                guard node.feature >= 0, node.feature < x.count else {
                    throw Problem("a node reads feature \(node.feature) of \(x.count)")
                }
                left -= 1
                if left < 0 { throw Problem("the nodes of a tree form a cycle", kind: .invalid) }
                index = isTrue(node, x[x.startIndex + node.feature]) ? node.whenTrue : node.whenFalse
            }
            for (target, weight) in nodes[index].weights {
                switch aggregate {
                case "MIN": sums[target] = min(sums[target] ?? .infinity, weight)
                case "MAX": sums[target] = max(sums[target] ?? -.infinity, weight)
                default: sums[target] = (sums[target] ?? 0) + weight
                }
            }
        }
        let divisor = aggregate == "AVERAGE" ? Double(max(roots.count, 1)) : 1
        return sums.map { ($0 ?? 0) / divisor }
    }

    private func isTrue(_ node: Node, _ value: Double) -> Bool {
        if value.isNaN { return node.missingIsTrue }
        switch node.comparison {
        case .lessOrEqual: return value <= node.split
        case .less: return value < node.split
        case .greaterOrEqual: return value >= node.split
        case .greater: return value > node.split
        case .equal: return value == node.split
        case .notEqual: return value != node.split
        case .member: return node.members.contains(value)
        case .leaf: return false
        }
    }
}
