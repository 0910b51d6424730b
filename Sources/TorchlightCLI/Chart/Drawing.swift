/// A point of a drawing, in pixels of its nominal size; x to the right, y down.
struct Point: Equatable {
    var x: Double
    var y: Double

    static func + (a: Point, b: Point) -> Point { Point(x: a.x + b.x, y: a.y + b.y) }
    static func - (a: Point, b: Point) -> Point { Point(x: a.x - b.x, y: a.y - b.y) }
}

/// An opaque colour.
struct Color: Equatable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    /// Creates a colour from `0xrrggbb`.
    init(_ rgb: UInt32) {
        red = UInt8(rgb >> 16 & 255)
        green = UInt8(rgb >> 8 & 255)
        blue = UInt8(rgb & 255)
    }

    /// The colour as `#rrggbb`.
    var hex: String {
        "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The position of a text's anchor point on its baseline.
enum TextAnchor: String {
    case start
    case middle
    case end
}

/// An element of a drawing, for both SVG and PNG.
enum Mark {
    /// A filled rectangle.
    case rectangle(origin: Point, width: Double, height: Double, fill: Color)
    /// An open line with round ends and corners.
    case line([Point], width: Double, color: Color)
    /// A disc with a border.
    case disc(center: Point, radius: Double, fill: Color, border: Color, width: Double)
    /// A text with a font size in pixels; `upwards` rotates it by 90 degrees.
    case text(
        String, at: Point, size: Double, color: Color, anchor: TextAnchor, bold: Bool = false, upwards: Bool = false)
}

/// A drawing with a nominal size.
struct Drawing {
    let width: Double
    let height: Double
    var marks: [Mark] = []
}
