import Glibc

/// A stroke font for raster images.
///
/// A glyph consists of lines and arcs that are drawn with a round pen, so that one table serves every size and weight.
/// In the font's units the baseline is 0, capitals are 14 high and small letters 10; y points upwards.
struct StrokeFont {
    /// A glyph: its strokes and its width.
    struct Glyph {
        var strokes: [[Point]]
        var width: Double
    }

    static let capHeight = 14.0
    /// The space between two glyphs.
    static let spacing = 3.4
    static let space = 4.5

    private static let glyphs: [Character: Glyph] = table.mapValues { Glyph($0) }
    private static let missing = Glyph("8|M0 0L0 14L8 14L8 0L0 0")

    /// The strokes of a text that starts at x = 0 on the baseline, and its width, in the font's units.
    static func layout(_ text: String) -> Glyph {
        var result = Glyph(strokes: [], width: 0)
        for character in text {
            if result.width > 0 { result.width += spacing }
            if character == " " {
                result.width += space
                continue
            }
            let glyph = glyphs[character] ?? missing
            let start = Point(x: result.width, y: 0)
            result.strokes += glyph.strokes.map { stroke in stroke.map { $0 + start } }
            result.width += glyph.width
        }
        return result
    }

    /// Width, then a path: `M x y` starts a stroke, `L x y` draws a line, `A cx cy rx ry from to` draws an arc of an
    /// ellipse between angles in degrees (counter-clockwise if `to` is larger), `O` starts a stroke with such an arc.
    private static let table: [Character: String] = [
        "A": "10|M0 0L5 14L10 0M1.8 5L8.2 5",
        "B": "8.9|M0 0L0 14L5 14A5 10.6 3.4 3.4 90 -90L0 7.2M5 7.2A5 3.6 3.9 3.6 90 -90L0 0",
        "C": "9.4|O5.5 7 5.5 7 48 312",
        "D": "10|M0 0L0 14L4 14A4 7 6 7 90 -90L0 0",
        "E": "8|M8 14L0 14L0 0L8 0M0 7.3L7 7.3",
        "F": "7.6|M7.6 14L0 14L0 0M0 7.1L6.6 7.1",
        "G": "10.2|O5.5 7 5.5 7 48 325L10 6.6L6.2 6.6",
        "H": "9.6|M0 0L0 14M9.6 0L9.6 14M0 7.2L9.6 7.2",
        "I": "0|M0 0L0 14",
        "J": "6|M6 14L6 4A3 4 3 4 0 -160",
        "K": "9.2|M0 0L0 14M9 14L0 5.2M3.2 8.3L9.2 0",
        "L": "7.5|M0 14L0 0L7.5 0",
        "M": "12|M0 0L0 14L6 4L12 14L12 0",
        "N": "10|M0 0L0 14L10 0L10 14",
        "O": "12|O6 7 6 7 0 360",
        "P": "8.8|M0 0L0 14L5 14A5 10.2 3.8 3.8 90 -90L0 6.4",
        "Q": "12|O6 7 6 7 0 360M7.5 4L11.5 -0.8",
        "R": "9|M0 0L0 14L5 14A5 10.2 3.8 3.8 90 -90L0 6.4M4.8 6.4L9 0",
        "S": "9|O4.5 10.5 4 3.5 30 270A4.5 3.5 4.5 3.5 90 -150",
        "T": "10|M0 14L10 14M5 14L5 0",
        "U": "10|M0 14L0 5A5 5 5 5 180 360L10 14",
        "V": "10|M0 14L5 0L10 14",
        "W": "14.4|M0 14L3.6 0L7.2 14L10.8 0L14.4 14",
        "X": "9.5|M0 0L9.5 14M0 14L9.5 0",
        "Y": "10|M0 14L5 7L10 14M5 7L5 0",
        "Z": "9.2|M0.4 14L9 14L0 0L9.2 0",
        "a": "8.4|O4.2 5 4.2 5 0 360M8.4 10L8.4 0",
        "b": "8.4|M0 14.5L0 0O4.2 5 4.2 5 0 360",
        "c": "7.6|O4.4 5 4.4 5 45 315",
        "d": "8.4|O4.2 5 4.2 5 0 360M8.4 14.5L8.4 0",
        "e": "8.5|M0.2 5.2L8.5 5.2A4.3 5 4.2 5 2 312",
        "f": "5|O5 11.7 2.8 2.8 75 180L2.2 0M0 10L5 10",
        "g": "8.4|O4.2 5 4.2 5 0 360M8.4 10L8.4 0A4.4 0 4 4.2 0 -150",
        "h": "8|M0 14.5L0 0M0 5.8A4 5.8 4 4.2 180 0L8 0",
        "i": "0|M0 10L0 0M0 13.7L0 14",
        "j": "2|M2 10L2 -1.6A-0.4 -1.6 2.4 2.6 0 -100M2 13.7L2 14",
        "k": "7.4|M0 14.5L0 0M7 10L0 3.8M2.6 6.1L7.4 0",
        "l": "0|M0 14.5L0 0",
        "m": "12.8|M0 10L0 0M0 6.4A3.2 6.4 3.2 3.6 180 0L6.4 0M6.4 6.4A9.6 6.4 3.2 3.6 180 0L12.8 0",
        "n": "8|M0 10L0 0M0 5.8A4 5.8 4 4.2 180 0L8 0",
        "o": "8.8|O4.4 5 4.4 5 0 360",
        "p": "8.4|M0 10L0 -4.2O4.2 5 4.2 5 0 360",
        "q": "8.4|O4.2 5 4.2 5 0 360M8.4 10L8.4 -4.2",
        "r": "4.6|M0 10L0 0M0 5.6A3.8 5.6 3.8 4.4 180 78",
        "s": "7.2|O3.6 7.5 3.2 2.5 30 270A3.6 2.5 3.6 2.5 90 -150",
        "t": "5.4|M2.2 13.5L2.2 2.8A4.8 2.8 2.6 2.8 180 285M0 10L5.2 10",
        "u": "8|M0 10L0 4.2A4 4.2 4 4.2 180 360M8 10L8 0",
        "v": "8|M0 10L4 0L8 10",
        "w": "12|M0 10L3 0L6 10L9 0L12 10",
        "x": "7.6|M0 0L7.6 10M0 10L7.6 0",
        "y": "8.2|M0 10L4.1 0M8.2 10L2.5 -4.2",
        "z": "7.4|M0.3 10L7.2 10L0 0L7.4 0",
        "0": "9|O4.5 7 4.5 7 0 360",
        "1": "9|M1.6 11.2L5.2 14L5.2 0",
        "2": "9|O4.5 9.8 4.2 4.2 160 -35L0.2 0L9 0",
        "3": "9|O4.4 10.6 3.8 3.4 150 -90M4.4 7.2A4.4 3.6 4.4 3.6 90 -150",
        "4": "9|M6.8 0L6.8 14L0 4L9 4",
        "5": "9|M8 14L1.5 14L0.85 7.6A4.3 4.6 4.5 4.6 140 -150",
        "6": "9|O4.5 4.5 4.5 4.5 0 360M0 4.5A9 4.5 9 9.8 180 105",
        "7": "9|M0 14L9 14L3.4 0",
        "8": "9|O4.5 10.6 3.7 3.4 0 360O4.5 3.6 4.4 3.6 0 360",
        "9": "9|O4.5 9.5 4.5 4.5 0 360M9 9.5A0 9.5 9 9.8 0 -75",
        ".": "0|M0 0L0 0.3", ",": "0.8|M0.8 0.3L0 -2.6", ":": "0|M0 0L0 0.3M0 8.4L0 8.7",
        ";": "0.8|M0.8 0.3L0 -2.6M0.8 8.4L0.8 8.7", "!": "0|M0 14L0 4M0 0L0 0.3",
        "?": "7.4|O3.7 10.4 3.7 3.6 165 -55L3.7 5.6L3.7 4.2M3.7 0L3.7 0.3",
        "-": "5|M0 5.4L5 5.4", "–": "8|M0 5.4L8 5.4", "—": "12|M0 5.4L12 5.4", "+": "8|M0 6L8 6M4 10L4 2",
        "=": "8|M0 4L8 4M0 8L8 8", "_": "9|M0 -2L9 -2", "/": "6|M0 -2L6 15", "\\": "6|M0 15L6 -2",
        "(": "3|O7 6 7 11.5 125 235", ")": "3|O-4 6 7 11.5 55 -55", "[": "3|M3 16L0 16L0 -3.5L3 -3.5",
        "]": "3|M0 16L3 16L3 -3.5L0 -3.5", "{": "3.4|M3.4 16L1.8 15L1.8 8L0 6.3L1.8 4.6L1.8 -2.5L3.4 -3.5",
        "}": "3.4|M0 16L1.6 15L1.6 8L3.4 6.3L1.6 4.6L1.6 -2.5L0 -3.5",
        "%": "14|O2.7 10.9 2.7 3.1 0 360O11.3 3.1 2.7 3.1 0 360M11.6 14L2.4 0",
        "#": "12|M3.2 0L5.2 14M8 0L10 14M0.6 9.4L12 9.4M0 4.8L11.4 4.8",
        "$": "9|O4.5 10.4 4 3.3 30 270A4.5 3.6 4.5 3.5 90 -150M4.5 15.8L4.5 -1.8",
        "&": "10|M10 0L2.6 9.4A4.4 11.3 2.6 2.7 225 -45L1.6 6.5A4.2 3.8 4.2 3.8 140 330L9.8 7",
        "*": "5.2|M2.6 13.8L2.6 7.8M0 12.3L5.2 9.3M0 9.3L5.2 12.3", "'": "0|M0 14L0 11",
        "\"": "2.6|M0 14L0 11M2.6 14L2.6 11",
        "`": "1.8|M0 14.5L1.8 12.3", "<": "8|M8 11L0 6L8 1", ">": "8|M0 11L8 6L0 1", "|": "0|M0 16L0 -3.5",
        "~": "8|O2 5.6 2 1.6 180 0A6 5.6 2 1.6 180 360", "^": "6.4|M0 9L3.2 14L6.4 9",
        "@": "13|O6.4 6 2.9 3.3 0 360M9.3 9.3L9.3 4.6A11.1 4.6 1.8 1.9 180 360L12.9 6.4A6.5 6.4 6.4 7.2 0 300",
        "·": "0|M0 6L0 6.3", "×": "7|M0 2.5L7 9.5M0 9.5L7 2.5", "°": "5|O2.5 11.8 2.3 2.3 0 360",
    ]
}

extension StrokeFont.Glyph {
    /// Parses an entry of the font's table.
    fileprivate init(_ entry: String) {
        let parts = entry.split(separator: "|", maxSplits: 1)
        self.init(strokes: [], width: Double(parts[0])!)
        var rest = parts[1]
        while let command = rest.popFirst() {
            let end = rest.firstIndex(where: \.isLetter) ?? rest.endIndex
            let numbers = rest[..<end].split(separator: " ").map { Double($0)! }
            rest = rest[end...]
            if command == "M" || command == "O" { strokes.append([]) }
            if command == "M" || command == "L" {
                strokes[strokes.count - 1].append(Point(x: numbers[0], y: numbers[1]))
                continue
            }
            // One segment for ten degrees: the error is below a tenth of a unit.
            let steps = max(1, Int(abs(numbers[5] - numbers[4]) / 10))
            for step in 0...steps {
                let angle = (numbers[4] + (numbers[5] - numbers[4]) * Double(step) / Double(steps)) * .pi / 180
                strokes[strokes.count - 1].append(
                    Point(x: numbers[0] + numbers[2] * cos(angle), y: numbers[1] + numbers[3] * sin(angle)))
            }
        }
    }
}
