import CPNG
import TorchlightIO

extension Raster {
    /// Returns the image as the bytes of a PNG file.
    func png() throws(IOError) -> [UInt8] {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(width)
        image.height = png_uint_32(height)
        image.format = png_uint_32(PNG_FORMAT_RGB)
        defer { png_image_free(&image) }
        // Called for the size first, then for the bytes, so that libpng does not write beyond the buffer.
        var size: png_alloc_size_t = 0
        var bytes: [UInt8] = []
        var done = png_image_write_to_memory(&image, nil, &size, 0, pixels, 0, nil)
        if done != 0 {
            bytes = [UInt8](repeating: 0, count: Int(size))
            done = png_image_write_to_memory(&image, &bytes, &size, 0, pixels, 0, nil)
        }
        guard done != 0 else {
            let reason = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw IOError(.unsupported, "png", file: "picture", reason)
        }
        return bytes
    }
}
