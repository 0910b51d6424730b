import TorchlightFiles

extension Tokenizer {
    /// The side of a text.
    public enum Direction: String, CaseIterable, Sendable {
        /// The start of the text.
        case left = "Left"
        /// The end of the text.
        case right = "Right"
    }

    /// The truncation of encodings to a maximum length.
    public struct Truncation: Equatable, Sendable {
        /// The text of a pair that is truncated.
        public enum Strategy: String, CaseIterable, Sendable {
            /// The longer one, then both alternately.
            case longestFirst = "LongestFirst"
            /// The first one.
            case onlyFirst = "OnlyFirst"
            /// The second one.
            case onlySecond = "OnlySecond"
        }

        /// The maximum number of tokens, including special tokens.
        public var maxLength: Int
        /// The number of tokens that overflowing parts overlap. Default: 0.
        public var stride: Int
        /// The text of a pair that is truncated. Default: the longer one.
        public var strategy: Strategy
        /// The side from which tokens are removed. Default: right.
        public var direction: Direction

        /// Creates truncation settings.
        public init(
            maxLength: Int, stride: Int = 0, strategy: Strategy = .longestFirst, direction: Direction = .right
        ) {
            self.maxLength = maxLength
            self.stride = stride
            self.strategy = strategy
            self.direction = direction
        }

        init(_ config: Config) throws(IOError) {
            let range = 0...Int(Int32.max)
            maxLength = try config.int("max_length", in: range)
            stride = try config.int("stride", in: range, default: 0)
            strategy = try config.option("strategy", default: .longestFirst)
            direction = try config.option("direction", default: .right)
        }

        var json: JSON {
            .object([
                ("direction", .string(direction.rawValue)), ("max_length", .int(maxLength)),
                ("strategy", .string(strategy.rawValue)), ("stride", .int(stride)),
            ])
        }

        /// Truncates a text or a pair to the maximum length minus the number of special tokens.
        func apply(
            to first: inout Encoding, _ second: inout Encoding?, special: Int
        ) throws(TokenizerError) {
            guard maxLength >= special, stride >= 0 else {
                throw TokenizerError(
                    "truncation", "a maximum length of \(maxLength) and a stride of \(stride)",
                    expected: "a length of at least the number of special tokens, and a stride of at least 0")
            }
            let length = maxLength - special
            let isLeft = direction == .left
            if length == 0 {
                try first.truncate(to: 0, stride: stride, fromLeft: isLeft)
                try second?.truncate(to: 0, stride: stride, fromLeft: isLeft)
                return
            }
            let total = first.count + (second?.count ?? 0)
            guard total > length else { return }
            switch strategy {
            case .longestFirst:
                guard second != nil else {
                    return try first.truncate(to: length, stride: stride, fromLeft: isLeft)
                }
                var (short, long) = (min(first.count, second!.count), 0)
                let isSecondShort = first.count > second!.count
                long = short > length ? short : max(short, length - short)
                if short + long > length {
                    short = length / 2
                    long = short + length % 2
                }
                try first.truncate(to: isSecondShort ? long : short, stride: stride, fromLeft: isLeft)
                try second!.truncate(to: isSecondShort ? short : long, stride: stride, fromLeft: isLeft)
            case .onlyFirst, .onlySecond:
                if strategy == .onlySecond, second == nil {
                    throw TokenizerError("truncation", "a single text with the strategy onlySecond", expected: "a pair")
                }
                let count = strategy == .onlyFirst ? first.count : second!.count
                guard count > total - length else {
                    throw TokenizerError(
                        "truncation", "the text has \(count) tokens, and \(total - length) must be removed",
                        expected: "a larger maximum length, or another strategy")
                }
                let left = count - (total - length)
                if strategy == .onlyFirst {
                    try first.truncate(to: left, stride: stride, fromLeft: isLeft)
                } else {
                    try second!.truncate(to: left, stride: stride, fromLeft: isLeft)
                }
            }
        }
    }

    /// The padding of encodings to a common length.
    public struct Padding: Equatable, Sendable {
        /// The length in tokens; nil for the longest encoding of a batch. Default: nil.
        public var length: Int?
        /// The side of the padding. Default: right.
        public var direction: Direction
        /// The number to a multiple of which the length is rounded up; nil for no rounding. Default: nil.
        public var multiple: Int?
        /// The id of the padding token. Default: 0.
        public var id: Int
        /// The type id of the padding token. Default: 0.
        public var typeID: Int
        /// The text of the padding token. Default: `[PAD]`.
        public var token: String

        /// Creates padding settings.
        public init(
            length: Int? = nil, direction: Direction = .right, multiple: Int? = nil, id: Int = 0, typeID: Int = 0,
            token: String = "[PAD]"
        ) {
            self.length = length
            self.direction = direction
            self.multiple = multiple
            self.id = id
            self.typeID = typeID
            self.token = token
        }

        /// The maximum length.
        static let longest = 1 << 24

        init(_ config: Config) throws(IOError) {
            let range = 0...Int(Int32.max)
            if let strategy = config.member("strategy"), strategy.json.string != "BatchLongest" {
                length = try strategy.int("Fixed", in: 0...Self.longest)
            }
            direction = try config.option("direction", default: .right)
            if config.member("pad_to_multiple_of") != nil {
                multiple = try config.int("pad_to_multiple_of", in: 0...Self.longest)
            }
            id = try config.int("pad_id", in: range, default: 0)
            typeID = try config.int("pad_type_id", in: range, default: 0)
            token = try config.string("pad_token", default: "[PAD]")
        }

        var json: JSON {
            .object([
                ("strategy", length.map { .object([("Fixed", .int($0))]) } ?? "BatchLongest"),
                ("direction", .string(direction.rawValue)), ("pad_to_multiple_of", multiple.map { .int($0) } ?? nil),
                ("pad_id", .int(id)), ("pad_type_id", .int(typeID)), ("pad_token", .string(token)),
            ])
        }

        /// Pads encodings to a common length.
        func apply(to encodings: inout [Encoding]) throws(TokenizerError) {
            guard (self.length ?? 0) <= Self.longest, (multiple ?? 0) <= Self.longest else {
                throw TokenizerError(
                    "padding", "a length of \(self.length ?? 0) and a multiple of \(multiple ?? 0)",
                    expected: "at most \(Self.longest)")
            }
            var length = length ?? encodings.lazy.map(\.count).max() ?? 0
            if let multiple, multiple > 0, length % multiple > 0 { length += multiple - length % multiple }
            for index in encodings.indices { encodings[index].pad(to: length, self) }
        }
    }
}
