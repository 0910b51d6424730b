import CKernels

extension Tensor {
    /// A tensor of the numbers in a Swift array, nested to any depth, or of one number.
    ///
    ///     Tensor([[1, 2], [3, 4]])        // int64
    ///     Tensor([1.5, 2])                // float32: Swift's Double literals become the default dtype
    ///     Tensor([1.5, 2], dtype: .float64)
    ///
    /// - Parameter dtype: the dtype to convert to; left out, that of the Swift type, with Double becoming float32. A number
    ///   that it does not hold is an error.
    public convenience init<Data: TensorData>(
        _ data: Data, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) {
        let shape = data.tensorShape
        var elements: [Data.Leaf] = []
        // Rows of other lengths than the first say less than the shape does.
        elements.reserveCapacity(Swift.min(Dims(shape).product, 1 << 16))
        guard data.appendElements(to: &elements, shape: shape[...]) else {
            self.init(
                placeholderFor: TensorError(
                    .shape, in: "Tensor", "the nested arrays have different lengths",
                    got: "a first row that says \(shape)", expected: "rows of equal lengths"))
            return
        }
        self.init(elements, shape: shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the numbers in row-major order.
    public convenience init<Element: TensorElement>(
        _ elements: [Element], shape: [Int], dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) {
        let natural: DType = Element.self == Double.self ? .default : Element.dtype
        let target = dtype ?? natural
        let dims = Dims(shape)
        guard shape.allSatisfy({ $0 >= 0 }), dims.product == elements.count else {
            self.init(
                placeholderFor: TensorError(
                    .shape, in: "Tensor", "the shape \(shape) does not fit the elements",
                    got: quantity(elements.count, "element"), expected: "as many elements as the product of the sizes"))
            return
        }
        do throws(TensorError) {
            try checkShape(dims, in: "Tensor")
            guard device.isAvailable else { throw TensorError.unavailable(device, in: "Tensor") }
            guard !requiresGrad || target.isFloatingPoint else {
                throw TensorError(
                    .dtype, in: "Tensor", "only floating-point tensors can require gradients", got: "\(target)",
                    fix: "write the numbers with a decimal point, or pass dtype: .float32")
            }
            let layout = Layout(shape: dims)
            // Staged on the host, where the elements are; a device without values gets none.
            let first = device.hasValues ? Device.cpu : device
            var storage = try Storage(byteCount: elements.count * target.byteSize, device: first)
            if !target.holdsEvery(Element.dtype) {
                let error = elements.withUnsafeBytes {
                    Self.rangeError(
                        $0, Element.dtype, count: elements.count, fits: target, wraps: true, in: "Tensor")
                }
                if let error { throw error }
            }
            if device.hasValues {
                elements.withUnsafeBytes { Self.convert($0, Element.dtype, to: storage, target, layout) }
            }
            if device != first {
                let staged = Tensor(storage: storage, layout: layout, dtype: target)
                storage = try perform(ToDevice(device: device, source: first), Few(staged))[0].storage
            }
            self.init(storage: storage, layout: layout, dtype: target)
            requiresGradFlag = requiresGrad
        } catch {
            self.init(placeholderFor: error)
        }
    }

    /// Fills memory of the host with elements that are converted to its dtype.
    private static func convert(
        _ bytes: UnsafeRawBufferPointer, _ dtype: DType, to host: Storage, _ target: DType, _ layout: Layout
    ) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        if target == dtype { return host.bytes.copyMemory(from: start, byteCount: bytes.count) }
        layout.shape.withPointer { shape in
            layout.strides.withPointer { strides in
                var source = tl_tensor(
                    data: UnsafeMutableRawPointer(mutating: start), shape: shape, strides: strides,
                    rank: Int32(layout.rank), dtype: dtype.rawValue, device: Int32(TL_DEVICE_CPU))
                withKernel(Tensor(storage: host, layout: layout, dtype: target)) { tl_copy(&source, $0) }
            }
        }
    }

    /// Reports an error where a tensor must be made: a trap, or the placeholder inside `checked`.
    package convenience init(placeholderFor error: TensorError) {
        let placeholder = fail(error)
        self.init(
            storage: placeholder.storage, layout: placeholder.layout, dtype: placeholder.dtype, isPlaceholder: true)
    }

    /// The elements in row-major order, converted to the Swift type: fractions are cut off for an integer type, and a number
    /// that the type does not hold is an error.
    ///
    ///     x.toArray(Float.self)
    public func toArray<Element: TensorElement>(_ type: Element.Type = Element.self) -> [Element] {
        elements(type, "toArray")
    }

    /// The elements for `operation`, which errors name.
    private func elements<Element: TensorElement>(_ type: Element.Type, _ operation: String) -> [Element] {
        if isPlaceholder || count == 0 { return [] }
        if device != .cpu { return onHost(operation).elements(type, operation) }
        do throws(TensorError) {
            try checkListSize(count, bytesEach: MemoryLayout<Element>.stride, in: operation)
            if !Element.dtype.holdsEvery(dtype) {
                let dense = noGrad { detach().contiguous() }
                let error = Self.rangeError(
                    UnsafeRawBufferPointer(start: dense.data, count: dense.count * dtype.byteSize), dtype,
                    count: count, fits: Element.dtype, wraps: false, in: operation)
                if let error { throw error }
            }
        } catch {
            reportFailure(error)
            return []
        }
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            let dense = Layout(shape: layout.shape)
            dense.shape.withPointer { shape in
                dense.strides.withPointer { strides in
                    var target = tl_tensor(
                        data: UnsafeMutableRawPointer(buffer.baseAddress!), shape: shape, strides: strides,
                        rank: Int32(dense.rank), dtype: Element.dtype.rawValue, device: Int32(TL_DEVICE_CPU))
                    withKernel(self) { tl_copy($0, &target) }
                }
            }
            initialized = count
        }
    }

    /// The values where the host can read them: this tensor on the CPU, else a copy there. Every read of values by the host
    /// goes through here.
    package func onHost(_ operation: String) -> Tensor {
        if device == .cpu { return self }
        guard device.hasValues else {
            return fail(
                TensorError(
                    .device, in: operation, "a tensor on the device meta has no values",
                    expected: "a tensor with values", operands: [self]), like: self)
        }
        return noGrad { detach().to(.cpu) }
    }

    /// The rows of a matrix, converted to the Swift type.
    public func toNestedArray<Element: TensorElement>(_ type: Element.Type = Element.self) -> [[Element]] {
        guard rank == 2 else {
            reportFailure(
                TensorError(
                    .shape, in: "toNestedArray", "the tensor is not a matrix", fix: "use toArray(_:) with shape",
                    operands: [self]))
            return []
        }
        let flat = toArray(type)
        // An error that was recorded leaves no values.
        guard flat.count == count else { return [] }
        let width = layout.shape[1]
        return (0..<layout.shape[0]).map { Array(flat[($0 * width)..<(($0 + 1) * width)]) }
    }

    /// Whether the only element of a tensor is not 0.
    public func isNonzero() -> Bool { onlyElement("isNonzero").map { $0.asDouble != 0 } ?? false }

    /// The number in a tensor of one element.
    public func item() -> Double {
        guard let scalar = onlyElement("item") else { return .nan }
        return scalar.asDouble
    }

    /// The number in a tensor of one element, as a Swift type; one that the type does not hold is an error.
    ///
    ///     let n = x.sum().item(Int.self)
    public func item<Element: TensorElement>(_ type: Element.Type) -> Element {
        guard onlyElement("item") != nil, let first = elements(type, "item").first else {
            return withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { bytes in
                bytes.initializeMemory(as: UInt8.self, repeating: 0)
                return bytes.load(as: Element.self)
            }
        }
        return first
    }

    /// The only element as a Swift number of its own category.
    package func onlyElement(_ operation: String) -> Scalar? {
        if isPlaceholder { return nil }
        guard count == 1 else {
            reportFailure(
                TensorError(
                    .shape, in: operation, "the tensor does not hold exactly one element",
                    fix: "index or reduce it first, or use toArray(_:)", operands: [self]))
            return nil
        }
        let host = onHost(operation)
        if host.isPlaceholder { return nil }
        switch dtype.category {
        case .bool: return .bool(host.toArray(Bool.self)[0])
        case .integer: return .int(host.toArray(Int.self)[0])
        case .floatingPoint: return .double(host.toArray(Double.self)[0])
        }
    }

    /// Gives the bytes of a contiguous tensor to read, without a copy. They are valid inside the closure only.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let dense = onHost("withUnsafeBytes").contiguous()
        // What failed inside `checked` has the shape of the tensor and no elements.
        if dense.isPlaceholder { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try body(UnsafeRawBufferPointer(start: dense.data, count: dense.count * dtype.byteSize))
    }

    /// Gives the bytes of a contiguous tensor to write where they lie. Counts as an in-place operation.
    ///
    /// Fails for a tensor that is not contiguous, is not on the CPU, may not be written, or requires a gradient while
    /// gradients are recorded. Inside `checked` the body then gets no bytes.
    public func withUnsafeMutableBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        do throws(TensorError) {
            try checkHostMayWrite()
        } catch {
            reportFailure(error)
            return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
        if isPlaceholder { return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0)) }
        storage.noteWrite(by: "withUnsafeMutableBytes")
        return try body(UnsafeMutableRawBufferPointer(start: data, count: count * dtype.byteSize))
    }

    private func checkHostMayWrite() throws(TensorError) {
        if isPlaceholder { return }
        guard device == .cpu else {
            throw TensorError(
                .device, in: "withUnsafeMutableBytes", "the host cannot write memory of a device",
                expected: "a tensor on the CPU", fix: "write to x.to(.cpu) and copy_ it back", operands: [self])
        }
        guard isContiguous else {
            throw TensorError(
                .shape, in: "withUnsafeMutableBytes", "the elements do not lie in one block",
                fix: "write to x.contiguous() and copy_ it back", operands: [self])
        }
        try checkWritable(self, name: "withUnsafeMutableBytes", needsGradient: false)
        // Autograd does not see what is written, and a result would go on passing the gradient of what was there.
        guard threadState.pointee.grad_disabled > 0 || !requiresGrad else {
            throw TensorError(
                .autograd, in: "withUnsafeMutableBytes",
                "the tensor requires a gradient, and autograd does not see what is written to its bytes",
                fix: "write under noGrad { }, or to x.detach()", operands: [self])
        }
    }

    /// Gives the elements of a contiguous tensor to read, without a copy; the type must be that of the dtype.
    public func withUnsafeElements<Element: TensorElement, R, E: Error>(
        as type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        if Element.dtype != dtype {
            reportFailure(
                TensorError(
                    .dtype, in: "withUnsafeElements", "the Swift type is not that of the elements",
                    got: "\(type)", expected: "the type of \(dtype)", operands: [self]))
            return try body(UnsafeBufferPointer(start: nil, count: 0))
        }
        let dense = onHost("withUnsafeElements").contiguous()
        if dense.isPlaceholder { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
        return try body(
            UnsafeBufferPointer(start: dense.data.assumingMemoryBound(to: Element.self), count: dense.count))
    }

    /// Whether shapes, dtypes and all elements agree; NaN equals nothing.
    public func equal(_ other: Tensor) -> Bool {
        guard layout.shape == other.layout.shape, dtype == other.dtype, !isPlaceholder, !other.isPlaceholder else {
            return false
        }
        return noGrad { (self .== other).all().item() != 0 }
    }
}
