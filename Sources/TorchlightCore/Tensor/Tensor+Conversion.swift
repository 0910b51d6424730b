import CKernels

extension Tensor {
    /// A tensor of the numbers in a (nested) Swift array, or a 0-dimensional tensor of one number.
    ///
    ///     Tensor([[1, 2], [3, 4]])        // int64
    ///     Tensor([1.5, 2])                // float32: Swift's Double literals become the default dtype
    ///     Tensor([1.5, 2], dtype: .float64)
    ///
    /// - Parameters:
    ///   - dtype: the dtype of the tensor. Default: that of the Swift type, and float32 for Double. A number outside
    ///     its range is an error.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor; floating-point dtypes only. Default: false.
    public convenience init<Data: TensorData>(
        _ data: Data, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) {
        let shape = data.tensorShape
        var elements: [Data.Leaf] = []
        // Nested arrays of unequal lengths may have fewer elements than the shape.
        elements.reserveCapacity(Swift.min(Dims(shape).product, 1 << 16))
        guard data.appendElements(to: &elements, shape: shape[...]) else {
            self.init(
                placeholderFor: TensorError(
                    .shape, in: "Tensor", "the nested arrays have different lengths",
                    got: "first elements of shape \(shape)", expected: "rows of equal lengths"))
            return
        }
        self.init(elements, shape: shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the numbers of a flat array in row-major order. The product of `shape` must be the number of
    /// elements.
    public convenience init<Element: TensorElement>(
        _ elements: [Element], shape: [Int], dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) {
        let natural: DType =
            Element.self == Double.self
            ? .default : Element.self == Complex<Double>.self ? DType.default.toComplex : Element.dtype
        let target = dtype ?? natural
        // Numbers of the program are constants of a function that is being recorded.
        let device = device.represented ?? device
        let dims = Dims(shape)
        guard shape.allSatisfy({ $0 >= 0 }), dims.product == elements.count else {
            self.init(
                placeholderFor: TensorError(
                    .shape, in: "Tensor", "the number of elements is not that of the shape \(shape)",
                    got: quantity(elements.count, "element"), expected: "as many elements as the product of the sizes"))
            return
        }
        do throws(TensorError) {
            try checkShape(dims, in: "Tensor")
            guard device.isAvailable else { throw TensorError.unavailable(device, in: "Tensor") }
            guard !requiresGrad || target.isDifferentiable else {
                throw TensorError(
                    .dtype, in: "Tensor", "only floating-point and complex tensors can require gradients",
                    got: "\(target)",
                    fix: "write the numbers with a decimal point, or pass dtype: .float32")
            }
            let layout = Layout(shape: dims)
            // Converted on the CPU first. A device without elements gets none.
            let first = device.hasValues ? Device.cpu : device
            var storage = try Storage(byteCount: elements.count * target.byteSize, device: first)
            if !target.representsAllValues(Element.dtype) {
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
            if let recorder = activeRecorder, device.hasValues { recorder.made(constant: self) }
        } catch {
            self.init(placeholderFor: error)
        }
    }

    /// Converts elements to the dtype and writes them to host memory.
    private static func convert(
        _ bytes: UnsafeRawBufferPointer, _ dtype: DType, to host: Storage, _ target: DType, _ layout: Layout
    ) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        if target == dtype { return host.bytes.copyMemory(from: start, byteCount: bytes.count) }
        withKernelArguments { tl_copy($0(host: start, layout, dtype), $0(host: host.bytes, layout, target)) }
    }

    /// A tensor for an error in an initialiser: ends the process, or returns the placeholder inside `checked`.
    package convenience init(placeholderFor error: TensorError) {
        let placeholder = fail(error)
        self.init(
            storage: placeholder.storage, layout: placeholder.layout, dtype: placeholder.dtype, isPlaceholder: true)
    }

    /// The elements in row-major order as a flat Swift array. Fractions are truncated for an integer type. A number
    /// outside the range of the type is an error.
    ///
    ///     x.toArray(Float.self)
    public func toArray<Element: TensorElement>(_ type: Element.Type = Element.self) -> [Element] {
        elements(type, "toArray")
    }

    /// The elements as a Swift array; `operation` is named in errors.
    private func elements<Element: TensorElement>(_ type: Element.Type, _ operation: String) -> [Element] {
        if isPlaceholder || count == 0 { return [] }
        if device != .cpu { return onHost(operation).elements(type, operation) }
        noteHostRead(operation)
        do throws(TensorError) {
            try checkListSize(count, bytesEach: MemoryLayout<Element>.stride, in: operation)
            if !Element.dtype.representsAllValues(dtype) {
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
            withKernelArguments { tl_copy($0(self), $0(host: buffer.baseAddress!, dense, Element.dtype)) }
            initialized = count
        }
    }

    /// The tensor in host memory: this tensor if it is on the CPU, else a copy. Every read of elements by the host uses
    /// this function.
    package func onHost(_ operation: String) -> Tensor {
        noteHostRead(operation)
        if device == .cpu { return self }
        guard device.hasValues else {
            if device.isRecording { return fail(.hostRead(of: self, in: operation), like: self) }
            return fail(
                TensorError(
                    .device, in: operation, "a tensor on the device meta has no values",
                    expected: "a tensor with values", operands: [self]), like: self)
        }
        return noGrad { detach().to(.cpu) }
    }

    /// Tells the recorder of a compiled function that the host reads elements.
    @inline(__always)
    private func noteHostRead(_ operation: String) {
        if threadState.pointee.recording > 0 && device.hasValues { activeRecorder?.hostRead(self, in: operation) }
    }

    /// The rows of a matrix as an array of arrays: `[N, M] -> N` arrays of `M` elements. An error if the tensor is not
    /// 2-dimensional.
    public func toNestedArray<Element: TensorElement>(_ type: Element.Type = Element.self) -> [[Element]] {
        guard rank == 2 else {
            reportFailure(
                TensorError(
                    .shape, in: "toNestedArray", "the tensor is not a matrix", fix: "use toArray(_:) with shape",
                    operands: [self]))
            return []
        }
        let flat = toArray(type)
        // After a recorded error there are no elements.
        guard flat.count == count else { return [] }
        let width = layout.shape[1]
        return (0..<layout.shape[0]).map { Array(flat[($0 * width)..<(($0 + 1) * width)]) }
    }

    /// Whether the element of a one-element tensor is not 0. An error if there is not exactly one element.
    public func isNonzero() -> Bool { onlyElement("isNonzero").map { $0.asComplex != 0 } ?? false }

    /// The element of a one-element tensor as a Double. An error if there is not exactly one element, or if it is a complex
    /// number with an imaginary part other than 0; `item(Complex<Double>.self)` returns both parts.
    public func item() -> Double {
        if dtype.isComplex { return item(Double.self) }
        guard let scalar = onlyElement("item") else { return .nan }
        return scalar.asDouble
    }

    /// The element of a one-element tensor as a Swift type. An error if there is not exactly one element, or if it is
    /// outside the range of the type.
    ///
    ///     let n = x.sum().item(Int.self)
    public func item<Element: TensorElement>(_ type: Element.Type) -> Element {
        guard onlyElement("item") != nil, let first = elements(type, "item").first else {
            return withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { bytes in
                bytes.initializeMemory(as: UInt8.self, repeating: 0)
                return bytes.load(as: Element.self)
            }
        }
        return first
    }

    /// The element of a one-element tensor as a scalar of its category: bool, integer or floating point.
    package func onlyElement(_ operation: String) -> Scalar? {
        if isPlaceholder { return nil }
        guard count == 1 else {
            reportFailure(
                TensorError(
                    .shape, in: operation, "the tensor does not have exactly one element",
                    fix: "index or reduce it first, or use toArray(_:)", operands: [self]))
            return nil
        }
        let host = onHost(operation)
        if host.isPlaceholder { return nil }
        switch dtype.category {
        case .bool: return .bool(host.toArray(Bool.self)[0])
        case .integer: return .int(host.toArray(Int.self)[0])
        case .floatingPoint: return .double(host.toArray(Double.self)[0])
        case .complex: return .complex(host.toArray(Complex<Double>.self)[0])
        }
    }

    /// Calls the body with the bytes of the elements in row-major order, read-only. A contiguous tensor on the CPU is
    /// not copied. The pointer is valid inside the closure only.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let dense = onHost("withUnsafeBytes").contiguous()
        // The placeholder of a failed operation has the shape of a tensor and no elements.
        if dense.isPlaceholder { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try body(UnsafeRawBufferPointer(start: dense.data, count: dense.count * dtype.byteSize))
    }

    /// Calls the body with the bytes of a contiguous tensor to be written in place. Counts as an in-place operation.
    ///
    /// An error if the tensor is not contiguous, is not on the CPU, is read-only, or requires a gradient while
    /// gradients are recorded. Inside `checked` the body then gets an empty buffer.
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
        activeRecorder?.hostWrite("the elements of a tensor", self)
        storage.bumpVersion(by: "withUnsafeMutableBytes")
        return try body(UnsafeMutableRawBufferPointer(start: data, count: count * dtype.byteSize))
    }

    private func checkHostMayWrite() throws(TensorError) {
        if isPlaceholder { return }
        guard device == .cpu else {
            throw TensorError(
                .device, in: "withUnsafeMutableBytes", "the host can write to tensors on the CPU only",
                expected: "a tensor on the CPU", fix: "write to x.to(.cpu) and copy_ it back", operands: [self])
        }
        guard isContiguous else {
            throw TensorError(
                .shape, in: "withUnsafeMutableBytes", "the tensor is not contiguous",
                fix: "write to x.contiguous() and copy_ it back", operands: [self])
        }
        try checkWritable(self, name: "withUnsafeMutableBytes", needsGradient: false)
        // Autograd does not see the write, so the gradient would be that of the old elements.
        guard threadState.pointee.grad_disabled > 0 || !requiresGrad else {
            throw TensorError(
                .autograd, in: "withUnsafeMutableBytes",
                "the tensor requires a gradient, and autograd does not record writes to its bytes",
                fix: "write under noGrad { }, or to x.detach()", operands: [self])
        }
    }

    /// Calls the body with the elements in row-major order, read-only. A contiguous tensor on the CPU is not copied. An
    /// error if the Swift type is not that of the dtype.
    public func withUnsafeElements<Element: TensorElement, R, E: Error>(
        as type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        if Element.dtype != dtype {
            reportFailure(
                TensorError(
                    .dtype, in: "withUnsafeElements", "the Swift type does not match the dtype",
                    got: "\(type)", expected: "the type of \(dtype)", operands: [self]))
            return try body(UnsafeBufferPointer(start: nil, count: 0))
        }
        let dense = onHost("withUnsafeElements").contiguous()
        if dense.isPlaceholder { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
        return try body(
            UnsafeBufferPointer(start: dense.data.assumingMemoryBound(to: Element.self), count: dense.count))
    }

    /// Whether both tensors have the same shape, dtype and elements. NaN is not equal to NaN.
    public func equal(_ other: Tensor) -> Bool {
        guard layout.shape == other.layout.shape, dtype == other.dtype, !isPlaceholder, !other.isPlaceholder else {
            return false
        }
        return noGrad { (self .== other).all().item() != 0 }
    }
}
