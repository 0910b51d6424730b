// Coding of primitive attributes in recorded graphs and files: names and numbers that do not depend on the memory
// layout.

extension DType: Codable {
    /// Decodes the dtype from its name, such as "float32".
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let dtype = Self.allCases.first(where: { $0.description == name }) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(name) is not the name of a dtype")
        }
        self = dtype
    }

    /// Encodes the dtype as its name, such as "float32".
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Dims: Codable {
    /// Decodes sizes, strides or numbers of dimensions: at most as many as a tensor has dimensions.
    package init(from decoder: any Decoder) throws {
        let numbers = try [Int](from: decoder)
        guard numbers.count <= maximumRank else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "there are more than \(maximumRank) numbers"))
        }
        self.init(numbers)
    }
    package func encode(to encoder: any Encoder) throws { try Array(self).encode(to: encoder) }
}

extension Layout: Codable {
    private enum CodingKeys: CodingKey { case shape, strides, offset }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let shape = try container.decode(Dims.self, forKey: .shape)
        let strides = try container.decode(Dims.self, forKey: .strides)
        guard shape.count == strides.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .strides, in: container, debugDescription: "there is not one stride for each size")
        }
        do throws(TensorError) { try checkShape(shape, in: "layout") } catch {
            throw DecodingError.dataCorruptedError(
                forKey: .shape, in: container, debugDescription: error.problem)
        }
        self.init(shape: shape, strides: strides, offset: try container.decode(Int.self, forKey: .offset))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(shape, forKey: .shape)
        try container.encode(strides, forKey: .strides)
        try container.encode(offset, forKey: .offset)
    }
}
