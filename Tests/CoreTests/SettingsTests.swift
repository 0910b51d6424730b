import TestSupport
import Testing
import TorchlightCore

@Suite("Settings")
struct SettingsTests {
    @Test("The default dtype holds inside of its body, on its thread")
    func defaultDType() {
        #expect(getDefaultDType() == .float32)
        withDefaultDType(.float64) {
            #expect(Tensor([1.5]).dtype == .float64 && Tensor.zeros(2).dtype == .float64)
            #expect((Tensor([1, 2]) / 2).dtype == .float64 && (Tensor([1, 2]) * 1.5).dtype == .float64)
            #expect(Tensor([1]).exp().dtype == .float64 && Tensor.arange(0.0, 1.0, step: 0.5).dtype == .float64)
            #expect(Tensor([Complex(1.0, 2.0)]).dtype == .complex128)
            #expect("\(Tensor([1.5]))" == "tensor([1.5000])")
            #expect(Tensor([Float(1.5)]).dtype == .float32)
            withDefaultDType(.bfloat16) { #expect(Tensor.ones(1).dtype == .bfloat16) }
            #expect(DType.default == .float64)
        }
        #expect(Tensor([1.5]).dtype == .float32)
        expectRefusal(by: "withDefaultDType", .dtype) { withDefaultDType(.int64) { Tensor([1]) } }
        expectRefusal(by: "setDefaultDType", .dtype) {
            setDefaultDType(.complex64)
            return Tensor([1])
        }
    }

    @Test("The default device is that of the thread")
    func defaultDevice() {
        withDevice(.cpu) {
            setDefaultDevice(.meta)
            #expect(getDefaultDevice() == .meta && Tensor.zeros(2).device == .meta)
        }
        #expect(Device.current == .cpu)
        expectRefusal(by: "setDefaultDevice", .device) {
            setDefaultDevice(.cuda(99))
            return Tensor([1])
        }
    }

    @Test("Limits of dtypes")
    func limits() {
        let single = finfo(.float32)
        #expect(single.eps == Double(Float.ulpOfOne) && single.max == Double(Float.greatestFiniteMagnitude))
        #expect(single.tiny == Double(Float.leastNormalMagnitude) && single.min == -single.max && single.bits == 32)
        #expect(single.smallestSubnormal == Double(Float.leastNonzeroMagnitude) && single.resolution == 1e-6)
        let double = finfo(.complex128)
        #expect(double.eps == Double.ulpOfOne && double.max == Double.greatestFiniteMagnitude && double.bits == 64)
        #expect(double.smallestSubnormal == Double.leastNonzeroMagnitude && double.tiny == Double.leastNormalMagnitude)
        #expect(finfo(.float16).max == 65504 && finfo(.float16).eps == 0x1p-10)
        #expect(finfo(.bfloat16).eps == 0x1p-7 && finfo(.bfloat16).bits == 16 && finfo().dtype == .float32)
        #expect(finfo(.bfloat16).max == 0x1.fep127)
        #expect(iinfo(.uint8).max == 255 && iinfo(.uint8).min == 0 && iinfo(.int64).max == .max)
        #expect(iinfo(.int16).min == -32768 && iinfo(.int16).bits == 16)
        expectRefusal(by: "finfo", .dtype) { Tensor([finfo(.int64).eps]) }
        expectRefusal(by: "iinfo", .dtype) { Tensor([iinfo(.bool).max]) }
    }

    @Test("Promotion by functions")
    func promotion() {
        #expect(promoteTypes(.int64, .float16) == .float16 && promoteTypes(.uint8, .int8) == .int16)
        #expect(canCast(.int64, .float32) && !canCast(.float32, .int64))
    }

    @Test("Options of printing start from a profile")
    func printing() {
        let short = PrintOptions(profile: .short)
        #expect(short.precision == 2 && short.edgeItems == 2 && short.threshold == 1000)
        #expect(PrintOptions(profile: .full).threshold == .max && PrintOptions(profile: .default) == PrintOptions())
        expectRefusal(by: "setPrintOptions", .value) {
            setPrintOptions(lineWidth: -1)
            return Tensor([1])
        }
        var options = PrintOptions()
        options.precision = .max
        #expect(Tensor([0.5]).text(options).hasPrefix("tensor([0.5000"))
    }

    @Test("Denormal numbers are 0 where that is set")
    func denormals() {
        let tiny = Tensor.full([1], 1e-39, dtype: .float32)
        #expect((tiny * 1).item() != 0)
        guard setFlushDenormal(true) else { return }
        let flushed = (tiny * 1).item()
        #expect(setFlushDenormal(false))
        #expect(flushed == 0 && (tiny * 1).item() != 0)
    }

    @Test("Settings that are kept")
    func kept() {
        #expect(getNumThreads() == numThreads && getNumThreads() > 0)
        #expect(getFloat32MatmulPrecision() == .highest)
        #expect(!isDeterministicAlgorithmsWarnOnlyEnabled && fillUninitializedMemory)
    }
}

/// In a process of its own, because the mode changes the elements of new tensors in all threads.
@Suite("Deterministic algorithms")
struct DeterminismTests {
    @Test("New elements are NaN or the largest number")
    func uninitializedElements() async {
        await #expect(processExitsWith: .success) {
            useDeterministicAlgorithms(true, warnOnly: true)
            precondition(areDeterministicAlgorithmsEnabled && isDeterministicAlgorithmsWarnOnlyEnabled)
            precondition(Tensor.empty([3]).isnan().all().item() == 1)
            precondition(Tensor.empty([2], dtype: .uint8).toArray(Int.self) == [255, 255])
            precondition(Tensor.empty([1], dtype: .bool).toArray(Bool.self) == [true])
            precondition(Tensor.emptyStrided([2, 2], [1, 4]).isnan().all().item() == 1)
            precondition(Tensor.empty([2], device: .meta).shape == [2])
            fillUninitializedMemory = false
            precondition(areDeterministicAlgorithmsEnabled)
            useDeterministicAlgorithms(false)
            precondition(!isDeterministicAlgorithmsWarnOnlyEnabled)
        }
    }

    @Test("Settings of the process")
    func process() async {
        await #expect(processExitsWith: .success) {
            setDefaultDType(.float64)
            precondition(Tensor([1.5]).dtype == .float64 && Tensor.zeros(1).dtype == .float64)
            withDefaultDType(.float16) { precondition(Tensor.zeros(1).dtype == .float16) }
            setPrintOptions(precision: 2, sciMode: true)
            precondition("\(Tensor([0.5]))" == "tensor([5.00e-01])")
            setPrintOptions(profile: .default)
            precondition(getPrintOptions() == PrintOptions())
            setNumThreads(1)
            precondition(getNumThreads() == 1)
            setFloat32MatmulPrecision(.medium)
            precondition(getFloat32MatmulPrecision() == .medium)
        }
    }
}
