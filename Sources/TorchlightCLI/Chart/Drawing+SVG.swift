extension Drawing {
    /// Returns the drawing as a standalone SVG document.
    func svg() -> String {
        let size =
            "width=\"\(number(width))\" height=\"\(number(height))\" viewBox=\"0 0 \(number(width)) \(number(height))\""
        let font = "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\""
        var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) \(font)>\n"
        for mark in marks { text += element(mark) + "\n" }
        return text + "</svg>\n"
    }

    private func element(_ mark: Mark) -> String {
        switch mark {
        case .rectangle(let origin, let width, let height, let fill):
            return "<rect x=\"\(number(origin.x))\" y=\"\(number(origin.y))\" width=\"\(number(width))\" "
                + "height=\"\(number(height))\" fill=\"\(fill.hex)\"/>"
        case .line(let points, let width, let color):
            let list = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
            return "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(color.hex)\" "
                + "stroke-width=\"\(number(width))\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
        case .disc(let center, let radius, let fill, let border, let width):
            return "<circle cx=\"\(number(center.x))\" cy=\"\(number(center.y))\" r=\"\(number(radius))\" "
                + "fill=\"\(fill.hex)\" stroke=\"\(border.hex)\" stroke-width=\"\(number(width))\"/>"
        case .text(let text, let at, let size, let color, let anchor, let bold, let upwards):
            let turn = upwards ? " transform=\"rotate(-90 \(number(at.x)) \(number(at.y)))\"" : ""
            return
                "<text x=\"\(number(at.x))\" y=\"\(number(at.y))\" font-size=\"\(number(size))\" fill=\"\(color.hex)\" "
                + "text-anchor=\"\(anchor.rawValue)\"\(bold ? " font-weight=\"600\"" : "")\(turn)>\(escaped(text))</text>"
        }
    }

    /// A number with two decimals, which is precise enough and keeps the file small.
    private func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\u{0}"..<"\u{20}": result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
