import CZlib
import TorchlightCore

/// Writes images in the PNG format (ISO/IEC 15948), with 8 bits a channel.
public enum PNGFile {
    /// Writes an image: `[H, W]` or `[1, H, W]` in shades of grey, `[3, H, W]` in red, green and blue. The file is created
    /// complete or not at all.
    ///
    /// Floating-point values from 0 to 1 become 0 to 255, rounded; values outside are limited. Integers are the bytes
    /// themselves.
    ///
    ///     try PNGFile.save(image, to: "digit.png")
    ///
    /// - Throws: `IOError` if the tensor is not an image or the file cannot be written.
    public static func save(_ image: Tensor, to path: String) throws(IOError) {
        let shape = image.shape
        guard !image.isPlaceholder, image.count > 0,
            shape.count == 2 || (shape.count == 3 && [1, 3].contains(shape[0]))
        else {
            throw IOError(
                .unsupported, "png", file: path, "a tensor of shape \(shape) is not an image",
                expected: "[height, width], [1, height, width] or [3, height, width]")
        }
        let channels = shape.count == 3 ? shape[0] : 1
        let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
        let pixels = noGrad {
            let planes = image.detach().reshape([channels, height, width]).permute(1, 2, 0)
            return planes.dtype.isFloatingPoint
                ? (planes.nanToNum() * 255).clamp(min: 0, max: 255).round() : planes.clamp(min: 0, max: 255)
        }.to(.uint8).toArray(UInt8.self)
        var lines: [UInt8] = []
        for row in 0..<height {
            lines.append(0)  // no filter
            lines += pixels[row * width * channels..<(row + 1) * width * channels]
        }
        var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let colour: UInt8 = channels == 3 ? 2 : 0
        append("IHDR", bigEndian(width) + bigEndian(height) + [8, colour, 0, 0, 0], to: &bytes)
        append("IDAT", try compressed(lines, path), to: &bytes)
        append("IEND", [], to: &bytes)
        try AtomicFile.write(bytes, to: path)
    }

    /// Appends a chunk: length, type, data, and the checksum of type and data.
    private static func append(_ type: String, _ data: [UInt8], to bytes: inout [UInt8]) {
        let content = Array(type.utf8) + data
        bytes += bigEndian(data.count) + content
        bytes += bigEndian(Int(content.withUnsafeBytes { CRC32.of($0) }))
    }

    /// The bytes in the zlib format.
    private static func compressed(_ bytes: [UInt8], _ path: String) throws(IOError) -> [UInt8] {
        var size = compressBound(UInt(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(size))
        guard compress2(&output, &size, bytes, UInt(bytes.count), 6) == Z_OK else {
            throw IOError(.unsupported, "png", file: path, "zlib could not compress \(quantity(bytes.count, "byte"))")
        }
        return Array(output.prefix(Int(size)))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
