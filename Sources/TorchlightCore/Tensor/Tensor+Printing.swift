import Glibc
import Synchronization

/// Options for printing tensors. The defaults are those of PyTorch.
public struct PrintOptions: Sendable, Hashable {
    /// The number of digits after the decimal point. Default: 4.
    public var precision = 4
    /// The number of elements above which a tensor is summarised: the middle of each dimension is replaced by `...`.
    /// Default: 1000.
    public var threshold = 1000
    /// The number of elements shown at each end of a summarised dimension. Default: 3.
    public var edgeItems = 3
    /// The number of characters per line. Default: 80.
    public var lineWidth = 80
    /// Whether to use scientific notation, as in 1.2346e+05. Default: nil, which decides by the range of the elements.
    public var scientific: Bool?

    /// Creates the default options.
    public init() {}

    /// The options that `print(tensor)` uses.
    public static var current: PrintOptions {
        get { shared.withLock { $0 } }
        set { shared.withLock { $0 = newValue } }
    }
    private static let shared = Mutex(PrintOptions())
}

extension PrintOptions {
    /// Sets of options with a name.
    public enum Profile: Sendable {
        /// The default options.
        case `default`
        /// 2 digits, and 2 elements at each end of a summarised dimension.
        case short
        /// As the default options, but nothing is summarised.
        case full
    }

    /// The options of a profile.
    public init(profile: Profile) {
        switch profile {
        case .default: break
        case .short:
            precision = 2
            edgeItems = 2
        case .full: threshold = .max
        }
    }
}

/// Sets the options that `print(tensor)` uses, ``PrintOptions/current``. Those that are not given stay, or are those of the
/// profile.
///
/// - Parameters:
///   - precision: the number of digits after the decimal point.
///   - threshold: the number of elements above which a tensor is summarised.
///   - edgeItems: the number of elements shown at each end of a summarised dimension.
///   - lineWidth: the number of characters per line.
///   - profile: a set of options to start from, instead of the current ones.
///   - sciMode: whether to use scientific notation. Default: as in the options so far; a profile decides by the range of the elements.
public func setPrintOptions(
    precision: Int? = nil, threshold: Int? = nil, edgeItems: Int? = nil, lineWidth: Int? = nil,
    profile: PrintOptions.Profile? = nil, sciMode: Bool? = nil
) {
    let given = [precision, threshold, edgeItems, lineWidth].compactMap(\.self)
    guard given.allSatisfy({ $0 >= 0 }) else {
        reportFailure(
            TensorError(
                .value, in: "setPrintOptions", "an option is negative", got: "\(given)",
                expected: "numbers that are not negative"))
        return
    }
    var options = profile.map(PrintOptions.init(profile:)) ?? PrintOptions.current
    if let precision { options.precision = precision }
    if let threshold { options.threshold = threshold }
    if let edgeItems { options.edgeItems = edgeItems }
    if let lineWidth { options.lineWidth = lineWidth }
    if let sciMode { options.scientific = sciMode }
    PrintOptions.current = options
}

/// The options that `print(tensor)` uses: ``PrintOptions/current``.
public func getPrintOptions() -> PrintOptions { .current }

extension Tensor: CustomStringConvertible {
    /// The tensor as text, formatted exactly as by PyTorch: `tensor([4., 6.], grad_fn=<AddBackward0>)`.
    public var description: String {
        // Printing is no part of a function that is recorded.
        withoutRecording { (isParameter ? "Parameter containing:\n" : "") + text(PrintOptions.current) }
    }

    /// The tensor as text, formatted with the given options.
    public func text(_ options: PrintOptions) -> String {
        if isPlaceholder { return "tensor(<the result of a failed operation>)" }
        let prefix = "tensor("
        var suffixes: [String] = []
        if device != .cpu { suffixes.append("device='\(device)'") }
        let body: String
        let size = "size=(\(shape.map(String.init).joined(separator: ", "))\(rank == 1 ? "," : ""))"
        if !device.hasValues {
            body = "..."
            suffixes.append(size)
            if dtype != .default { suffixes.append("dtype=torch.\(dtype)") }
        } else if count == 0 {
            body = "[]"
            if rank != 1 { suffixes.append(size) }
            if dtype != .default { suffixes.append("dtype=torch.\(dtype)") }
        } else {
            body = noGrad { TensorText(self, options).render(indent: prefix.count) }
            if ![.default, DType.default.toComplex, .int64, .bool].contains(dtype) {
                suffixes.append("dtype=torch.\(dtype)")
            }
        }
        if let gradFnName {
            suffixes.append("grad_fn=<\(gradFnName)>")
        } else if requiresGrad {
            suffixes.append("requires_grad=True")
        }

        var text = prefix + body
        let lastLine = text.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
        // PyTorch adds 2 to the width of the last line, even without a line break.
        var width = lastLine.count + 2
        for suffix in suffixes {
            if width + suffix.count + 2 > options.lineWidth {
                text += ",\n" + String(repeating: " ", count: prefix.count) + suffix
                width = prefix.count + suffix.count
            } else {
                text += ", " + suffix
                width += suffix.count + 2
            }
        }
        return text + ")"
    }
}

/// A number formatted as by C's printf: "%.4f", "%.4e".
package func formatted(_ value: Double, precision: Int, _ style: Character) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    var buffer = [CChar](repeating: 0, count: 400)
    let length = withVaList([Int32(min(max(precision, 0), 350)), value]) {
        vsnprintf(&buffer, buffer.count, "%.*\(style)", $0)
    }
    return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The format of the numbers of a tensor, or of the real or imaginary parts of complex ones: notation and width.
private struct NumberFormat {
    private(set) var width = 1
    private var isIntegral = true
    private var isScientific = false
    private let precision: Int

    /// Determines the column width and the notation from the finite numbers other than 0.
    init(_ values: [Double], _ options: PrintOptions) {
        precision = options.precision
        let numbers = values.filter { $0.isFinite && $0 != 0 }
        guard let largest = numbers.lazy.map(\.magnitude).max(), let smallest = numbers.lazy.map(\.magnitude).min()
        else { return }
        isIntegral = numbers.allSatisfy { $0 == $0.rounded() }
        isScientific =
            options.scientific ?? (largest / smallest > 1000 || largest > 1e8 || (!isIntegral && smallest < 1e-4))
        for number in numbers {
            let length: Int
            if isScientific {
                length = formatted(number, precision: precision, "e").count
            } else if isIntegral {
                length = formatted(number, precision: 0, "f").count + 1
            } else {
                length = formatted(number, precision: precision, "f").count
            }
            width = max(width, length)
        }
    }

    func text(_ value: Double) -> String {
        if isScientific { return formatted(value, precision: precision, "e") }
        if isIntegral { return formatted(value, precision: 0, "f") + (value.isFinite ? "." : "") }
        return formatted(value, precision: precision, "f")
    }
}

/// Lays out the elements of one tensor.
private struct TensorText {
    private enum Elements {
        case whole
        case real(NumberFormat)
        case complex(real: NumberFormat, imag: NumberFormat)
    }

    private let tensor: Tensor
    private let options: PrintOptions
    private let summarizes: Bool
    private let kind: Elements
    /// The columns of an element, which are padded to `padding`.
    private let width: Int
    private let padding: Int

    init(_ tensor: Tensor, _ options: PrintOptions) {
        self.tensor = tensor
        self.options = options
        summarizes = tensor.count > options.threshold
        let shown = summarizes ? Self.edges(of: tensor, options.edgeItems) : [tensor]
        if tensor.dtype.isFloatingPoint {
            let format = NumberFormat(shown.flatMap { $0.toArray(Double.self) }, options)
            kind = .real(format)
            width = format.width
            padding = width
        } else if tensor.dtype.isComplex {
            let numbers = shown.flatMap { $0.toArray(Complex<Double>.self) }
            let real = NumberFormat(numbers.map(\.real), options), imag = NumberFormat(numbers.map(\.imag), options)
            kind = .complex(real: real, imag: imag)
            width = real.width + imag.width + 1
            padding = real.width
        } else {
            kind = .whole
            width = shown.flatMap(Self.integers).map(\.count).reduce(1, max)
            padding = width
        }
    }

    private static func integers(_ tensor: Tensor) -> [String] {
        tensor.dtype == .bool
            ? tensor.toArray(Bool.self).map { $0 ? "True" : "False" } : tensor.toArray(Int.self).map(String.init)
    }

    private func padded(_ text: String) -> String {
        String(repeating: " ", count: max(0, padding - text.count)) + text
    }

    /// The parts of a summarised tensor that are shown.
    private static func edges(of tensor: Tensor, _ items: Int) -> [Tensor] {
        if tensor.rank == 0 { return [tensor] }
        let size = tensor.layout.shape[0]
        let shown = size > 2 * items ? Array(0..<items) + Array((size - items)..<size) : Array(0..<size)
        if tensor.rank == 1 {
            return size > 2 * items
                ? [tensor.narrow(0, start: 0, length: items), tensor.narrow(0, start: size - items, length: items)]
                : [tensor]
        }
        return shown.flatMap { edges(of: tensor.select(0, $0), items) }
    }

    func render(indent: Int) -> String { render(tensor, indent) }

    private func render(_ tensor: Tensor, _ indent: Int) -> String {
        switch tensor.rank {
        case 0: return elements(tensor)[0]
        case 1: return vector(tensor, indent)
        default: break
        }
        let size = tensor.layout.shape[0]
        let items = options.edgeItems
        var slices: [String]
        if summarizes && size > 2 * items {
            slices = (0..<items).map { render(tensor.select(0, $0), indent + 1) }
            slices.append("...")
            slices += ((size - items)..<size).map { render(tensor.select(0, $0), indent + 1) }
        } else {
            slices = (0..<size).map { render(tensor.select(0, $0), indent + 1) }
        }
        let separator =
            "," + String(repeating: "\n", count: tensor.rank - 1) + String(repeating: " ", count: indent + 1)
        return "[" + slices.joined(separator: separator) + "]"
    }

    private func vector(_ tensor: Tensor, _ indent: Int) -> String {
        let perLine = max(1, (options.lineWidth - indent) / (width + 2))
        let size = tensor.layout.shape[0]
        let items = options.edgeItems
        var cells: [String]
        if summarizes && size > 2 * items {
            cells =
                elements(tensor.narrow(0, start: 0, length: items)) + [" ..."]
                + elements(tensor.narrow(0, start: size - items, length: items))
        } else {
            cells = elements(tensor)
        }
        var lines: [String] = []
        while !cells.isEmpty {
            lines.append(cells.prefix(perLine).joined(separator: ", "))
            cells.removeFirst(min(perLine, cells.count))
        }
        return "[" + lines.joined(separator: ",\n" + String(repeating: " ", count: indent + 1)) + "]"
    }

    private func elements(_ tensor: Tensor) -> [String] {
        switch kind {
        case .whole: return Self.integers(tensor).map(padded)
        case .real(let format): return tensor.toArray(Double.self).map { padded(format.text($0)) }
        case .complex(let real, let imag):
            return tensor.toArray(Complex<Double>.self).map { number in
                let text = imag.text(number.imag)
                return padded(real.text(number.real)) + (text.hasPrefix("-") ? "" : "+") + text + "j"
            }
        }
    }
}
