import TorchlightIO

// Functions of torchvision.utils.

/// Arranges images in rows: `[N, C, H, W] -> [C, rows (H + padding) + padding, nrow (W + padding) + padding]`.
///
/// - Parameters:
///   - images: the images; an image `[C, H, W]` is returned as it is.
///   - nrow: the number of images in a row. Default: 8.
///   - padding: the width of the lines between images, which have the value 0. Default: 2.
public func makeGrid(_ images: Tensor, nrow: Int = 8, padding: Int = 2) -> Tensor {
    if images.rank == 3 { return images }
    guard images.rank == 4, images.count > 0, nrow > 0, padding >= 0 else {
        return fail(
            TensorError(
                .shape, in: "makeGrid", "these are not images in rows", got: "nrow \(nrow), padding \(padding)",
                expected: "[N, C, H, W], nrow of at least 1 and padding of at least 0", operands: [images]))
    }
    let (count, channels, height, width) = (images.size(0), images.size(1), images.size(2), images.size(3))
    let columns = min(nrow, count)
    let rows = (count + columns - 1) / columns
    let grid = images.newZeros(
        channels, rows * (height + padding) + padding, columns * (width + padding) + padding)
    noGrad {
        for index in 0..<count {
            let top = index / columns * (height + padding) + padding
            let left = index % columns * (width + padding) + padding
            grid.narrow(1, start: top, length: height).narrow(2, start: left, length: width).copy_(images[index])
        }
    }
    return grid
}

/// Writes an image `[C, H, W]`, or images `[N, C, H, W]` in a grid, with values from 0 to 1, to a PNG file:
/// `PNGFile.save(makeGrid(images, nrow: nrow), to: path)`.
///
/// - Throws: `IOError` if the tensor is not an image or the file cannot be written.
public func saveImage(_ images: Tensor, _ path: String, nrow: Int = 8, padding: Int = 2) throws {
    try PNGFile.save(images.rank == 2 ? images : makeGrid(images.detach(), nrow: nrow, padding: padding), to: path)
}
