extension Tokenizer {
    /// Returns the text of token ids. Ids without a token are ignored.
    /// - Parameters:
    ///   - ids: the ids.
    ///   - skippingSpecialTokens: whether special tokens are omitted. Default: false.
    /// - Throws: ``TokenizerError`` if a regular expression of the decoder exceeds its step limit.
    public func decode(
        _ ids: some Sequence<Int>, skippingSpecialTokens: Bool = false
    ) throws(TokenizerError) -> String {
        var tokens = TokenDecoder.Tokens()
        for id in ids { append(id, skippingSpecialTokens, to: &tokens) }
        guard let decoder else {
            var text: [UInt8] = []
            for index in 0..<tokens.count {
                if index > 0 { text.append(0x20) }
                text.append(contentsOf: tokens.bytes[tokens.range(index)])
            }
            return String(decoding: text, as: UTF8.self)
        }
        try decoder.apply(to: &tokens)
        return String(decoding: tokens.bytes, as: UTF8.self)
    }

    @inline(__always)
    private func append(_ id: Int, _ skippingSpecialTokens: Bool, to tokens: inout TokenDecoder.Tokens) {
        if !added.isEmpty, let text = added.decodedText(id) {
            if !skippingSpecialTokens || !added.isSpecial(text) { tokens.append(text) }
        } else if model.vocabulary.contains(id: id) {
            model.vocabulary.withBytes(id: id) { tokens.append($0) }
        }
    }

    /// Returns the texts of a batch of lists of ids, on several threads.
    /// - Parameters:
    ///   - batch: the lists.
    ///   - skippingSpecialTokens: whether special tokens are omitted. Default: false.
    ///   - threads: the number of threads. Default: nil, the number of CPUs.
    /// - Throws: ``TokenizerError``, for the first list that fails.
    public func decodeBatch(
        _ batch: [[Int]], skippingSpecialTokens: Bool = false, threads: Int? = nil
    ) throws(TokenizerError) -> [String] {
        try Parallel.map(batch.count, threads: threads) { index, _ throws(TokenizerError) in
            try decode(batch[index], skippingSpecialTokens: skippingSpecialTokens)
        }
    }

    /// Returns a stream that decodes ids one by one.
    /// - Parameter skippingSpecialTokens: whether special tokens are omitted. Default: false.
    public func decodeStream(skippingSpecialTokens: Bool = false) -> DecodeStream {
        DecodeStream(tokenizer: self, skippingSpecialTokens: skippingSpecialTokens)
    }

    /// Decodes ids one by one, as they are generated. The concatenation of the parts is the text.
    ///
    ///     var stream = tokenizer.decodeStream()
    ///     for id in ids {
    ///         if let text = try stream.append(id) { print(text, terminator: "") }
    ///     }
    ///     print(try stream.finish() ?? "")
    ///
    /// A character whose bytes are in several tokens is buffered until it is complete.
    public struct DecodeStream: Sendable {
        private let tokenizer: Tokenizer
        private let skippingSpecialTokens: Bool
        /// The tokens of the last parts, on which the text of the next tokens may depend, and their text.
        private var context: [Int] = []
        private var contextText = ""
        /// The tokens whose text is incomplete, and the part of it that was returned.
        private var pending: [Int] = []
        private var returned = ""

        init(tokenizer: Tokenizer, skippingSpecialTokens: Bool) {
            self.tokenizer = tokenizer
            self.skippingSpecialTokens = skippingSpecialTokens
        }

        private func decode(_ ids: [Int]) throws(TokenizerError) -> String {
            try tokenizer.decode(ids, skippingSpecialTokens: skippingSpecialTokens)
        }

        /// The text of the pending tokens after the context.
        private func pendingText() throws(TokenizerError) -> Substring {
            let text = try decode(context + pending)
            if let rest = Self.rest(of: text, after: contextText) { return rest }
            return try decode(pending)[...]
        }

        private static func rest(of text: String, after prefix: String) -> Substring? {
            let (bytes, start) = (text.utf8, prefix.utf8)
            guard bytes.starts(with: start) else { return nil }
            return text[bytes.index(bytes.startIndex, offsetBy: start.count)...]
        }

        /// Appends the next id.
        /// - Returns: the text that is complete; nil if there is none.
        /// - Throws: ``TokenizerError``, as `decode`.
        public mutating func append(_ id: Int) throws(TokenizerError) -> String? {
            pending.append(id)
            let text = try pendingText()
            // Up to three replacement characters at the end may be an incomplete character.
            let held = min(text.unicodeScalars.reversed().prefix { $0 == "\u{FFFD}" }.count, 3)
            let complete = String(text.unicodeScalars.dropLast(held))
            let part = Self.rest(of: complete, after: returned).map(String.init) ?? ""
            if held > 0 {
                if !part.isEmpty { returned = complete }
            } else if !text.isEmpty {
                context = pending
                contextText = try decode(context)
                pending = []
                returned = ""
            }
            return part.isEmpty ? nil : part
        }

        /// Ends the text.
        /// - Returns: the buffered text, with U+FFFD for bytes that are not a character; nil if there is none.
        /// - Throws: ``TokenizerError``, as `decode`.
        public mutating func finish() throws(TokenizerError) -> String? {
            let text = String(try pendingText())
            let part = Self.rest(of: text, after: returned).map(String.init) ?? ""
            (context, contextText, pending, returned) = ([], "", [], "")
            return part.isEmpty ? nil : part
        }
    }
}
