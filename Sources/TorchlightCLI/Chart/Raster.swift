import Glibc

/// An image of opaque pixels, on which lines and discs are drawn with antialiasing.
///
/// The coverage of a pixel is the distance of its centre from the edge of the pen, clamped to half a pixel on either
/// side. The coverage of a whole line is computed before it is painted, so that its corners are painted once.
struct Raster {
    let width: Int
    let height: Int
    /// Red, green and blue of each pixel, row-major from the top.
    private(set) var pixels: [UInt8]

    /// Creates a white image.
    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 255, count: width * height * 3)
    }

    /// Fills a rectangle of whole pixels.
    mutating func fill(x: Range<Int>, y: Range<Int>, color: Color) {
        for row in y.clamped(to: 0..<height) {
            for column in x.clamped(to: 0..<width) { blend(column, row, color, coverage: 1) }
        }
    }

    /// Draws a line with round ends and corners; a single point becomes a disc.
    mutating func stroke(_ points: [Point], width penWidth: Double, color: Color) {
        guard let first = points.first else { return }
        let reach = penWidth / 2 + 1
        // Pixels far outside the image are never covered; clamping keeps the conversion to integers from overflowing.
        func clamp(_ value: Double, _ count: Int) -> Int { Int(min(max(value, 0), Double(count))) }
        let (xs, ys) = (points.map(\.x), points.map(\.y))
        let columns = clamp(xs.min()! - reach, width)..<clamp(xs.max()! + reach + 1, width)
        let rows = clamp(ys.min()! - reach, height)..<clamp(ys.max()! + reach + 1, height)
        guard !columns.isEmpty, !rows.isEmpty else { return }
        var coverage = [Double](repeating: 0, count: columns.count * rows.count)
        let segments = points.count == 1 ? [(first, first)] : Array(zip(points, points.dropFirst()))
        for (start, end) in segments {
            let direction = end - start
            let length = direction.x * direction.x + direction.y * direction.y
            for row in clamp(min(start.y, end.y) - reach, height)..<clamp(max(start.y, end.y) + reach + 1, height) {
                let near = Self.columns(of: start, direction, within: reach, of: Double(row) + 0.5)
                for column in clamp(near.lowerBound, width)..<clamp(near.upperBound + 1, width) {
                    let offset = Point(x: Double(column) + 0.5, y: Double(row) + 0.5) - start
                    let along = length == 0 ? 0 : (offset.x * direction.x + offset.y * direction.y) / length
                    let t = min(max(along, 0), 1)
                    let distance = hypot(offset.x - t * direction.x, offset.y - t * direction.y)
                    let covered = min(max(penWidth / 2 + 0.5 - distance, 0), min(1, penWidth))
                    let index = (row - rows.lowerBound) * columns.count + column - columns.lowerBound
                    coverage[index] = max(coverage[index], covered)
                }
            }
        }
        for row in rows {
            for column in columns {
                let covered = coverage[(row - rows.lowerBound) * columns.count + column - columns.lowerBound]
                if covered > 0 { blend(column, row, color, coverage: covered) }
            }
        }
    }

    /// The columns of a row that a pen along a segment can cover.
    private static func columns(
        of start: Point, _ direction: Point, within reach: Double, of row: Double
    ) -> ClosedRange<Double> {
        func x(_ y: Double) -> Double {
            let t = direction.y == 0 ? 0 : (y - start.y) / direction.y
            return start.x + min(max(t, 0), 1) * direction.x
        }
        var (from, to) = (x(row - reach), x(row + reach))
        if abs(direction.y) < 1e-9 { (from, to) = (start.x, start.x + direction.x) }
        return min(from, to) - reach...max(from, to) + reach
    }

    private mutating func blend(_ x: Int, _ y: Int, _ color: Color, coverage: Double) {
        let index = 3 * (y * width + x)
        func mix(_ old: UInt8, _ new: UInt8) -> UInt8 {
            UInt8((Double(old) + (Double(new) - Double(old)) * coverage).rounded())
        }
        pixels[index] = mix(pixels[index], color.red)
        pixels[index + 1] = mix(pixels[index + 1], color.green)
        pixels[index + 2] = mix(pixels[index + 2], color.blue)
    }
}

extension Drawing {
    /// Renders the drawing with `scale` pixels for each nominal pixel.
    func raster(scale: Double = 2) -> Raster {
        var raster = Raster(width: Int(width * scale), height: Int(height * scale))
        func scaled(_ point: Point) -> Point { Point(x: point.x * scale, y: point.y * scale) }
        for mark in marks {
            switch mark {
            case .rectangle(let origin, let width, let height, let fill):
                let (start, end) = (scaled(origin), scaled(origin + Point(x: width, y: height)))
                raster.fill(
                    x: Int(start.x.rounded())..<Int(end.x.rounded()), y: Int(start.y.rounded())..<Int(end.y.rounded()),
                    color: fill)
            case .line(let points, let width, let color):
                raster.stroke(points.map(scaled), width: width * scale, color: color)
            case .disc(let center, let radius, let fill, let border, let width):
                raster.stroke([scaled(center)], width: (2 * radius + width) * scale, color: border)
                raster.stroke([scaled(center)], width: (2 * radius - width) * scale, color: fill)
            case .text(let text, let at, let size, let color, let anchor, let bold, let upwards):
                let layout = StrokeFont.layout(text)
                // Capitals are 0.7 of the font size high, as in the fonts that show the SVG.
                let unit = size * scale * 0.7 / StrokeFont.capHeight
                let shift: Double =
                    switch anchor {
                    case .start: 0
                    case .middle: layout.width / 2
                    case .end: layout.width
                    }
                for stroke in layout.strokes {
                    let points = stroke.map { point in
                        let (along, up) = ((point.x - shift) * unit, point.y * unit)
                        return scaled(at) + (upwards ? Point(x: -up, y: -along) : Point(x: along, y: -up))
                    }
                    raster.stroke(points, width: size * scale * (bold ? 0.125 : 0.085), color: color)
                }
            }
        }
        return raster
    }
}
