extension Tokenizer {
    /// Encodes a text or a pair with the scratch of the calling thread.
    func encode(
        _ input: Input, _ pair: Input?, _ addSpecialTokens: Bool, _ scratch: ModelScratch
    ) throws(TokenizerError) -> Encoding {
        var first = try encodeSequence(input, typeID: 0, scratch)
        var second: Encoding?
        if let pair { second = try encodeSequence(pair, typeID: 1, scratch) }
        if let truncation {
            let special = addSpecialTokens ? postProcessor?.addedCount(isPair: second != nil) ?? 0 : 0
            try truncation.apply(to: &first, &second, special: special)
        }
        var encoding = try join(first, second, addSpecialTokens)
        if let padding {
            var padded = [encoding]
            try padding.apply(to: &padded)
            encoding = padded[0]
        }
        return encoding
    }

    /// Runs the post-processor and concatenates its results.
    private func join(
        _ first: Encoding, _ second: Encoding?, _ addSpecialTokens: Bool
    ) throws(TokenizerError) -> Encoding {
        var encodings = [first]
        if let second { encodings.append(second) }
        guard let postProcessor else {
            guard encodings.count > 1 else { return first }
            for index in encodings.indices { encodings[index].setSequence(index) }
            return joined(encodings)
        }
        for index in encodings.indices {
            encodings[index].setSequence(index)
            for part in encodings[index].overflowing.indices { encodings[index].overflowing[part].setSequence(index) }
        }
        return joined(try postProcessor.apply(to: encodings, addingSpecialTokens: addSpecialTokens))
    }

    private func joined(_ encodings: [Encoding]) -> Encoding {
        guard var result = encodings.first else {
            var empty = Encoding()
            empty.names = names
            return empty
        }
        for encoding in encodings.dropFirst() { result.append(encoding) }
        return result
    }

    /// Encodes one text without special tokens.
    private func encodeSequence(
        _ input: Input, typeID: Int, _ scratch: ModelScratch
    ) throws(TokenizerError) -> Encoding {
        var result = Encoding()
        result.names = names
        switch input {
        case .text(var text):
            try text.withUTF8 { bytes in
                Result { () throws(TokenizerError) in try encodeText(bytes, word: nil, scratch, &result) }
            }.get()
        case .words(let words):
            for (index, word) in words.enumerated() {
                var word = word
                try word.withUTF8 { bytes in
                    Result { () throws(TokenizerError) in try encodeText(bytes, word: index, scratch, &result) }
                }.get()
            }
        }
        let count = result.count
        result.typeIDs = [Int](repeating: typeID, count: count)
        result.attentionMask = [Int](repeating: 1, count: count)
        result.specialTokensMask = [Int](repeating: 0, count: count)
        return result
    }

    /// Runs normaliser and pre-tokenizer; returns whether the pieces are raw bytes instead of characters of the byte
    /// alphabet.
    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, _ text: inout PieceText) throws(TokenizerError) -> Bool {
        text.load(bytes)
        if !added.isEmpty { added.extractPlain(from: &text, ignoringSpecial: readsSpecialTokensAsText) }
        try normalizer?.apply(to: &text)
        if !added.isEmpty { added.extractNormalized(from: &text, ignoringSpecial: readsSpecialTokensAsText) }
        text.resetOrigins()
        guard let preTokenizer else { return false }
        var isRaw = false
        if case .bpe(let bpe) = model, bpe.acceptsRaw, preTokenizer.endsInByteLevel { isRaw = true }
        try preTokenizer.apply(to: &text, keepsBytes: isRaw)
        return isRaw
    }

    /// Appends the tokens of a text, or of one word of a pre-tokenized text.
    private func encodeText(
        _ bytes: UnsafeBufferPointer<UInt8>, word: Int?, _ scratch: ModelScratch, _ result: inout Encoding
    ) throws(TokenizerError) {
        guard bytes.count < 1 << 30 else {
            throw TokenizerError("encode", "a text of \(bytes.count) bytes", expected: "less than 1 GiB")
        }
        let isRaw = try prepare(bytes, &scratch.text)
        let isASCII = UTF8Text.isASCII(bytes)
        if !isASCII { Self.indexScalars(bytes, &scratch.scalarIndices) }
        let pieces = scratch.text.pieces
        for index in pieces.indices {
            let piece = pieces[index]
            scratch.tokens.removeAll(keepingCapacity: true)
            if piece.token >= 0 {
                scratch.tokens.append(ModelToken(id: piece.token, start: 0, end: piece.end - piece.start))
            } else {
                try scratch.text.withBytes(piece) { word throws(TokenizerError) in
                    try model.encode(word, isRaw: isRaw, scratch)
                }
            }
            append(piece, word ?? index, isASCII, scratch, &result)
        }
    }

    /// The index of the scalar of each byte, and the number of scalars at the end.
    private static func indexScalars(_ bytes: UnsafeBufferPointer<UInt8>, _ indices: inout [Int32]) {
        indices.removeAll(keepingCapacity: true)
        indices.reserveCapacity(bytes.count + 1)
        var index: Int32 = -1
        for byte in bytes {
            if byte & 0xC0 != 0x80 { index += 1 }
            indices.append(index)
        }
        indices.append(index + 1)
    }

    /// Appends the tokens of a piece with their offsets in the original text.
    @inline(__always)
    private func append(
        _ piece: PieceText.Piece, _ word: Int, _ isASCII: Bool, _ scratch: ModelScratch, _ result: inout Encoding
    ) {
        let unknownID: Int32 = if case .unigram(let unigram) = model { unigram.unknownID } else { -1 }
        let length = piece.end - piece.start
        for token in scratch.tokens {
            let range: (start: Int, end: Int)
            if token.start < token.end, token.end <= length {
                range = scratch.text.original(Int(piece.start + token.start), Int(piece.start + token.end))
            } else {
                // Tokens that are not in the piece: byte fallback of affixes.
                range = (Int(token.start), Int(token.end))
            }
            if isASCII {
                result.offsets.append(range.start..<range.end)
            } else {
                let last = scratch.scalarIndices.count - 1
                result.offsets.append(
                    Int(
                        scratch.scalarIndices[min(range.start, last)])..<Int(
                            scratch.scalarIndices[min(range.end, last)])
                )
            }
            if piece.token >= 0 || token.id == unknownID {
                // The text, if it differs from the token.
                scratch.text.withBytes(piece) { bytes in
                    let text = UnsafeBufferPointer(rebasing: bytes[Int(token.start)..<Int(token.end)])
                    let isSame = names.withBytes(of: Int(token.id)) { $0.elementsEqual(text) }
                    if isSame != true { result.texts[result.ids.count] = String(decoding: text, as: UTF8.self) }
                }
            }
            result.ids.append(Int(token.id))
            result.wordIDs.append(word)
        }
    }
}
