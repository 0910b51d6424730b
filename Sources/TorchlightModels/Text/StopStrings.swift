/// Forwards a text in pieces, up to the first stop string. A suffix that may be the start of a stop string is buffered.
struct StopStrings {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// Whether a stop string was found.
    private(set) var isFound = false

    init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) } }

    /// Appends the next piece of the text.
    ///
    /// - Returns: The text that cannot be part of a stop string.
    mutating func append(_ piece: String) -> String {
        guard !isFound else { return "" }
        held += Array(piece.utf8)
        if let first = stops.compactMap({ Self.index(of: $0, in: held) }).min() {
            isFound = true
            let text = String(decoding: held[..<first], as: UTF8.self)
            held = []
            return text
        }
        let kept = stops.map { Self.overlap(held, $0) }.max() ?? 0
        let end = held.count - kept
        let text = String(decoding: held[..<end], as: UTF8.self)
        held.removeFirst(end)
        return text
    }

    /// Ends the text.
    ///
    /// - Returns: The buffered text.
    mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    private static func index(of stop: [UInt8], in text: [UInt8]) -> Int? {
        guard stop.count <= text.count else { return nil }
        return (0...text.count - stop.count).first { text[$0..<$0 + stop.count].elementsEqual(stop) }
    }

    /// The length of the longest suffix of a text that is a prefix of a stop string.
    private static func overlap(_ text: [UInt8], _ stop: [UInt8]) -> Int {
        for count in stride(from: min(text.count, stop.count - 1), to: 0, by: -1)
        where text.suffix(count).elementsEqual(stop.prefix(count)) { return count }
        return 0
    }
}
