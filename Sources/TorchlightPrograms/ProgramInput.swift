import TorchlightCore

/// An input of a program: its name, dtype and shape.
public struct ProgramInput: Sendable, Hashable, CustomStringConvertible {
    /// A dimension of an input.
    public enum Dimension: Sendable, Hashable, CustomStringConvertible {
        /// A fixed size.
        case fixed(Int)
        /// A dynamic size with this name; see ``Program/sizes``.
        case dynamic(String)

        /// The size or its name.
        public var description: String {
            switch self {
            case .fixed(let size): "\(size)"
            case .dynamic(let name): name
            }
        }
    }

    /// The name of the input.
    public let name: String
    /// The dtype of the input.
    public let dtype: DType
    /// The shape of the input.
    public let shape: [Dimension]

    /// The name, the dtype and the shape, such as `x: float32 [batch, 3]`.
    public var description: String { "\(name): \(type)" }

    var type: String { "\(dtype) [" + shape.map(\.description).joined(separator: ", ") + "]" }

    /// The shape for given dynamic sizes.
    func shape(_ names: [String], _ sizes: [Int]) -> [Int] {
        shape.map { dimension in
            switch dimension {
            case .fixed(let size): size
            case .dynamic(let name): names.firstIndex(of: name).map { sizes[$0] } ?? 0
            }
        }
    }
}
