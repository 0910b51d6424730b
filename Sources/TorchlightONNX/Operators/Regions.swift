import Glibc
import TorchlightCore

func registerRegions(in table: inout OperatorTable) {
    table.add("NonMaxSuppression", since: 10, 2...5, nonMaxSuppression)
    table.add("RoiAlign", since: 10, 3...3, roiAlign)
    table.add("MaxRoiPool", 2...2, maxRoiPool)
}

@Sendable private func nonMaxSuppression(_ call: Call) throws -> [ONNXValue] {
    let (boxes, scores) = (try call.tensor(0), try call.tensor(1))
    guard boxes.rank == 3, scores.rank == 3, boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0],
        boxes.shape[1] == scores.shape[2]
    else { throw Problem("boxes of shape \(boxes.shape) and scores of shape \(scores.shape)") }
    let limit = call.has(2) ? try call.integer(2) : 0
    let overlap = call.has(3) ? try call.number(3) : 0
    let least = call.has(4) ? try call.number(4) : -.infinity
    let isCentred = try call.flag("center_point_box")
    let (batches, count, classes) = (boxes.shape[0], boxes.shape[1], scores.shape[1])
    let corners = boxes.detach().to(.float32).toArray(Float.self)
    let values = scores.detach().to(.float32).toArray(Float.self)
    func box(_ batch: Int, _ index: Int) -> [Float] {
        let start = (batch * count + index) * 4
        let b = Array(corners[start..<(start + 4)])
        if isCentred { return [b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2] }
        return [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]
    }
    func area(_ b: [Float]) -> Float { (b[2] - b[0]) * (b[3] - b[1]) }
    var result: [Int] = []
    for batch in 0..<batches {
        let all = limit > 0 ? (0..<count).map { box(batch, $0) } : []
        for kind in 0..<classes where limit > 0 {
            let start = (batch * classes + kind) * count
            let order = (0..<count).filter { Double(values[start + $0]) > least }
                .sorted { (values[start + $0], $1) > (values[start + $1], $0) }
            var chosen: [Int] = []
            for candidate in order where chosen.count < limit {
                let one = all[candidate]
                let isSuppressed = chosen.contains { other in
                    let two = all[other]
                    let width = max(0, min(one[2], two[2]) - max(one[0], two[0]))
                    let height = max(0, min(one[3], two[3]) - max(one[1], two[1]))
                    let shared = width * height
                    return shared > 0 && Double(shared / (area(one) + area(two) - shared)) > overlap
                }
                if !isSuppressed { chosen.append(candidate) }
            }
            for index in chosen { result += [batch, kind, index] }
        }
    }
    return one(Tensor(result, shape: [result.count / 3, 3]))
}

@Sendable private func roiAlign(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let (rois, batches) = (try call.tensor(1), try call.integers(2))
    guard x.rank == 4, rois.rank == 2, rois.shape[1] == 4, batches.count == rois.shape[0],
        batches.allSatisfy({ (0..<x.shape[0]).contains($0) })
    else { throw Problem("an input of shape \(x.shape) and regions of shape \(rois.shape)") }
    let isMax = try call.choice("mode", "avg", of: ["avg", "max"]) == "max"
    let (height, width) = (try call.int("output_height", 1), try call.int("output_width", 1))
    guard height > 0, width > 0 else { throw Problem("an output of \(height) x \(width)") }
    try call.check(shape: [batches.count, x.shape[1], height, width])
    let ratio = try call.int("sampling_ratio", 0)
    let scale = try call.float("spatial_scale", 1)
    let standard = call.version < 16 ? "output_half_pixel" : "half_pixel"
    let isHalf =
        try call.choice("coordinate_transformation_mode", standard, of: ["half_pixel", "output_half_pixel"])
        == "half_pixel"
    let corners = rois.detach().to(.float64).toArray(Double.self)
    var results: [Tensor] = []
    for (index, batch) in batches.enumerated() {
        let box = corners[(4 * index)..<(4 * index + 4)].map { $0 * scale - (isHalf ? 0.5 : 0) }
        guard box.allSatisfy({ $0.isFinite }) else { throw Problem("a region with the corners \(box)") }
        func extent(_ low: Int) -> Double { isHalf ? box[low + 2] - box[low] : max(box[low + 2] - box[low], 1) }
        let rows = try samples(box[1], extent(1), height, ratio, x.shape[2])
        let columns = try samples(box[0], extent(0), width, ratio, x.shape[3])
        let image = x.select(0, batch)
        var total: Tensor?
        for below in 0..<2 {
            for right in 0..<2 {
                let part = image.indexSelect(1, rows.index(below)).indexSelect(2, columns.index(right))
                let factor = rows.weight(below, x.dtype).unsqueeze(1) * columns.weight(right, x.dtype)
                let term = part * factor
                total = total.map { isMax ? $0.maximum(term) : $0 + term } ?? term
            }
        }
        guard let total else { continue }
        let bins = total.reshape([x.shape[1], height, rows.perBin, width, columns.perBin])
        results.append(isMax ? bins.amax(dim: [2, 4]) : bins.mean(dim: [2, 4]))
    }
    if results.isEmpty { return one(Tensor.zeros([0, x.shape[1], height, width], dtype: x.dtype)) }
    return try call.like(0, stack(results))
}

/// The sample points of a region along one dimension.
private struct Samples {
    let perBin: Int
    var low: [Int] = []
    var high: [Int] = []
    /// The weight of the higher neighbour; nil outside the image.
    var fractions: [Double?] = []

    func index(_ side: Int) -> Tensor { Tensor(side == 0 ? low : high, shape: [low.count]) }
    func weight(_ side: Int, _ dtype: DType) -> Tensor {
        Tensor(fractions.map { $0.map { side == 0 ? 1 - $0 : $0 } ?? 0 }, shape: [low.count], dtype: dtype)
    }
}

private func samples(_ start: Double, _ extent: Double, _ bins: Int, _ ratio: Int, _ size: Int) throws -> Samples {
    let bin = extent / Double(bins)
    let perBin = ratio > 0 ? ratio : Int(saturating: bin.rounded(.up))
    guard perBin > 0, perBin <= 1 << 20, bins *| perBin <= 1 << 24, size > 0 else {
        throw Problem("a region of size \(extent)")
    }
    var result = Samples(perBin: perBin)
    for index in 0..<(bins * perBin) {
        let offset = (Double(index % perBin) + 0.5) * bin / Double(perBin)
        var point = start + Double(index / perBin) * bin + offset
        let isOutside = point < -1 || point > Double(size)
        point = min(max(point, 0), Double(size - 1))
        let low = Int(point)
        result.low.append(low)
        result.high.append(min(low + 1, size - 1))
        result.fractions.append(isOutside ? nil : point - Double(low))
    }
    return result
}

@Sendable private func maxRoiPool(_ call: Call) throws -> [ONNXValue] {
    let (x, rois) = (try call.tensor(0), try call.tensor(1))
    let shape = try call.ints("pooled_shape") ?? []
    guard x.rank == 4, rois.rank == 2, rois.shape[1] == 5, shape.count == 2,
        shape.allSatisfy({ $0 > 0 && $0 < 1 << 20 })
    else { throw Problem("an input of shape \(x.shape) and regions of shape \(rois.shape)") }
    let scale = try call.float("spatial_scale", 1)
    let corners = rois.detach().to(.float64).toArray(Double.self)
    try call.check(shape: [rois.shape[0], x.shape[1]] + shape)
    var results: [Tensor] = []
    for index in 0..<rois.shape[0] {
        let row = Array(corners[(5 * index)..<(5 * index + 5)])
        let box = row[1...].map { Int(saturating: ($0 * scale).rounded()) }
        let batch = Int(saturating: row[0])
        guard (0..<x.shape[0]).contains(batch) else { throw Problem("a region of batch \(row[0])") }
        func bounds(_ low: Int, _ bin: Int, _ count: Int, _ size: Int) -> (Int, Int) {
            let extent = Double(max(box[low + 2] -| box[low] +| 1, 1)) / Double(count)
            let start = Int(saturating: (Double(bin) * extent).rounded(.down)) +| box[low]
            let end = Int(saturating: (Double(bin + 1) * extent).rounded(.up)) +| box[low]
            return (min(max(start, 0), size), min(max(end, 0), size))
        }
        let image = x.select(0, batch)
        var cells: [Tensor] = []
        for bin in 0..<(shape[0] * shape[1]) {
            let (top, bottom) = bounds(1, bin / shape[1], shape[0], x.shape[2])
            let (left, right) = bounds(0, bin % shape[1], shape[1], x.shape[3])
            if top >= bottom || left >= right {
                cells.append(Tensor.zeros([x.shape[1]], dtype: x.dtype))
            } else {
                let part = image.narrow(1, start: top, length: bottom - top)
                cells.append(part.narrow(2, start: left, length: right - left).amax(dim: [1, 2]))
            }
        }
        results.append(stack(cells, dim: 1).reshape([x.shape[1]] + shape))
    }
    if results.isEmpty { return one(Tensor.zeros([0, x.shape[1]] + shape, dtype: x.dtype)) }
    return try call.like(0, stack(results))
}
