/// The numbers of a window that slides over one to three dimensions.
package struct Window: Sendable, Hashable, Codable {
    package var kernel: Dims
    package var stride: Dims
    package var padding: Dims
    package var dilation: Dims

    package var spatial: Int { kernel.count }

    init(kernel: Dims, stride: Dims, padding: Dims, dilation: Dims) {
        (self.kernel, self.stride, self.padding, self.dilation) = (kernel, stride, padding, dilation)
    }

    /// A window with this kernel size, which is also the default of the stride.
    init<Size: SpatialSize>(_ kernel: Size, stride: Size?, padding: Size = 0, dilation: Size = 1) {
        self.init(
            kernel: kernel.dims, stride: (stride ?? kernel).dims, padding: padding.dims, dilation: dilation.dims)
    }

    /// The last dimensions as errors name them.
    static func spatialNames(_ spatial: Int) -> String {
        switch spatial {
        case 1: "length"
        case 2: "height, width"
        default: "depth, height, width"
        }
    }

    /// The error for an input of another rank than pooling takes: `[N, C, *]`, or also `[C, *]`.
    static func rankError(
        _ spatial: Int, takesOneImage: Bool = false, in operation: String, _ x: any Described
    ) -> TensorError {
        TensorError(
            .shape, in: operation, "the input has the wrong number of dimensions for \(spatial)d pooling",
            expected: "[N, C, \(spatialNames(spatial))]\(takesOneImage ? ", or the same without N" : "")", operands: [x]
        )
    }

    /// Refuses numbers that no window has.
    func check(in operation: String, _ x: some Described) throws(TensorError) {
        func refuse(_ what: String, _ got: Dims, _ rule: String) -> TensorError {
            TensorError(.value, in: operation, "\(what) is out of range", got: "\(got)", expected: rule, operands: [x])
        }
        // Numbers beyond 32 bits would overflow in the sums below, and no window needs them.
        let limit = Int(Int32.max)
        func holds(_ numbers: Dims, from low: Int) -> Bool { numbers.allSatisfy { $0 >= low && $0 <= limit } }
        guard holds(kernel, from: 1) else { throw refuse("the kernel size", kernel, "1 ... \(limit)") }
        guard holds(stride, from: 1) else { throw refuse("the stride", stride, "1 ... \(limit)") }
        guard holds(dilation, from: 1) else { throw refuse("the dilation", dilation, "1 ... \(limit)") }
        guard holds(padding, from: 0) else { throw refuse("the padding", padding, "0 ... \(limit)") }
    }

    /// The number of positions of the window over `x`, whose last dimensions it slides over.
    func positions(over x: some Described, ceilMode: Bool = false, in operation: String) throws(TensorError) -> Dims {
        var result = Dims()
        let lead = x.rank - spatial
        for i in 0..<spatial {
            let size = x.layout.shape[lead + i]
            let reach = dilation[i] * (kernel[i] - 1) + 1
            let free = size + 2 * padding[i] - reach
            guard free >= 0 && size > 0 else {
                throw TensorError(
                    .shape, in: operation, "the window is larger than the padded input in dimension \(lead + i)",
                    got: "a window that reaches over \(reach) of \(size + 2 * padding[i])",
                    expected: "a smaller kernel or more padding", operands: [x])
            }
            var count = free / stride[i] + 1
            if ceilMode {
                count = (free + stride[i] - 1) / stride[i] + 1
                // The last window must start inside the input or the padding before it.
                if (count - 1) * stride[i] >= size + padding[i] { count -= 1 }
            }
            result.append(count)
        }
        return result
    }
}

/// Up to three numbers as C has them.
func triple(_ dims: Dims) -> (Int64, Int64, Int64) {
    (
        Int64(dims.count > 0 ? dims[0] : 1), Int64(dims.count > 1 ? dims[1] : 1), Int64(dims.count > 2 ? dims[2] : 1)
    )
}

extension Window {
    private enum CodingKeys: CodingKey { case kernel, stride, padding, dilation }

    /// Decodes a window, which has each number for each of its one to three dimensions.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            kernel: try container.decode(Dims.self, forKey: .kernel),
            stride: try container.decode(Dims.self, forKey: .stride),
            padding: try container.decode(Dims.self, forKey: .padding),
            dilation: try container.decode(Dims.self, forKey: .dilation))
        try checkOneForEachDimension([kernel, stride, padding, dilation], .kernel, in: container)
    }
}

/// Throws if lists that were decoded do not have one number for each of one to three dimensions.
func checkOneForEachDimension<Key>(
    _ lists: [Dims], _ key: Key, in container: KeyedDecodingContainer<Key>
) throws(DecodingError) {
    guard (1...3).contains(lists[0].count), lists.allSatisfy({ $0.count == lists[0].count }) else {
        throw DecodingError.dataCorruptedError(
            forKey: key, in: container, debugDescription: "there is not one number for each of 1 to 3 dimensions")
    }
}
