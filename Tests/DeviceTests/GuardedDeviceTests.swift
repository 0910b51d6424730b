import CGuardedDevice
import CKernels
import Testing
import TorchlightCore

/// Memory that only kernels and copies may touch.
@Suite("Guarded device")
struct GuardedDeviceTests {
    static let device = Int32(TL_DEVICE_EXTERNAL)

    init() {
        #expect(tl_guarded_register() == 0)
    }

    /// A block on the device with the values in it.
    private static func block(_ values: [Float]) -> UnsafeMutableRawPointer {
        let block = tl_device_allocate(device, values.count * 4)!
        #expect(tl_device_copy_from_host(device, block, values, values.count * 4) == 0)
        return block
    }

    private static func values(_ block: UnsafeMutableRawPointer, _ count: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        #expect(tl_device_copy_to_host(device, &values, block, count * 4) == 0)
        return values
    }

    /// Vectors of the device, as kernels take them.
    private static func withVectors(
        _ blocks: [UnsafeMutableRawPointer], count: Int, _ body: ([tl_tensor]) -> Void
    ) {
        let (shape, strides) = ([Int64(count)], [Int64(1)])
        shape.withUnsafeBufferPointer { shape in
            strides.withUnsafeBufferPointer { strides in
                body(
                    blocks.map {
                        tl_tensor(
                            data: $0, shape: shape.baseAddress, strides: strides.baseAddress, rank: 1,
                            dtype: DType.float32.rawValue, device: device)
                    })
            }
        }
    }

    @Test("A kernel of the table computes on memory that the host cannot touch")
    func kernelsCompute() {
        let a = Self.block([1, 2, 3])
        let b = Self.block([10, 20, 30])
        let out = tl_device_allocate(Self.device, 12)!
        Self.withVectors([a, b, out], count: 3) { x in
            var x = x
            tl_binary(Int32(TL_BINARY_ADD.rawValue), DType.float32.rawValue, &x[0], [x[1]], [x[2]])
        }
        #expect(Self.values(out, 3) == [11, 22, 33])
        #expect(tl_device_copy_within(Self.device, a, out, 12) == 0)
        #expect(Self.values(a, 3) == [11, 22, 33])
        for block in [a, b, out] { tl_device_deallocate(Self.device, block, 12) }
    }

    @Test("Arrays of operands, optimiser entries and results in 0-dimensional tensors are reached")
    func structuresAreTranslated() {
        let gradient = Self.block([3, 4])
        let norm = tl_device_allocate(Self.device, 8)!
        var entry = tl_optim_entry()
        entry.gradient = UnsafeRawPointer(gradient)
        entry.count = 2
        entry.dtype = DType.float32.rawValue
        entry.device = Self.device
        var out = tl_tensor(
            data: norm, shape: nil, strides: nil, rank: 0, dtype: DType.float64.rawValue, device: Self.device)
        tl_optim_joint_norm(&entry, 1, &out)
        var value = 0.0
        #expect(tl_device_copy_to_host(Self.device, &value, norm, 8) == 0)
        #expect(value == 5)
        tl_optim_scale_gradients(&entry, 1, &out)
        #expect(Self.values(gradient, 2) == [15, 20])
        tl_device_deallocate(Self.device, gradient, 8)
        tl_device_deallocate(Self.device, norm, 8)
    }

    @Test("New and released blocks hold NaN, lie apart, and are used again")
    func blocks() {
        let first = tl_device_allocate(Self.device, 100)!
        let second = tl_device_allocate(Self.device, 100)!
        #expect(UInt(bitPattern: first) % 64 == 0)
        #expect(abs(second - first) >= 164)
        #expect(Self.values(first, 25).allSatisfy { $0.isNaN })
        tl_device_deallocate(Self.device, first, 100)
        tl_device_deallocate(Self.device, second, 100)
        #expect(tl_device_allocate(Self.device, Int.max / 2) == nil)
    }

    #if os(Linux)
        @Test("The process ends where the host reads or writes device memory, and says after which operation")
        func hostAccess() async throws {
            let reading = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                #expect(tl_guarded_register() == 0)
                let block = GuardedDeviceTests.block([1, 2])
                print(block.load(as: Float.self))
            }
            let text = String(decoding: try #require(reading).standardErrorContent, as: UTF8.self)
            #expect(text.contains("the host accessed device memory (last operation: copy from host)"), "\(text)")
            await #expect(processExitsWith: .failure) {
                #expect(tl_guarded_register() == 0)
                GuardedDeviceTests.block([1, 2]).storeBytes(of: 1, as: Float.self)
            }
        }

        @Test("The process ends where a kernel is given memory of the host as that of the device")
        func hostMemory() async throws {
            let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                #expect(tl_guarded_register() == 0)
                var number: Float = 1
                withUnsafeMutablePointer(to: &number) { number in
                    GuardedDeviceTests.withVectors([UnsafeMutableRawPointer(number)], count: 1) { x in
                        tl_fill([x[0]], 0, 0)
                    }
                }
            }
            let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
            #expect(text.contains("an operand lies in memory of the host (last operation: fill)"), "\(text)")
        }
    #endif
}
