import CGuardedDevice
import CKernels
import Foundation
import Testing
import TorchlightCore

/// The list of kernels is complete, and each of them runs on the device of its operands.
@Suite("Kernel table")
struct KernelTableTests {
    /// Declared beside the kernels, but not computing on tensors of a device.
    static let hostFunctions: Set = [
        "binary_contiguous", "matmul_contiguous",  // short cuts for CPU memory
        "philox_word", "winograd", "set_winograd", "first_out_of_range",
        "scalar_function_of", "scalar_source",  // descriptions
    ]

    static let kernels = (0..<tl_guarded_kernel_count()).map { String(cString: tl_guarded_kernel_name($0)) }

    @Test("Every function that is declared in a kernel header is in the list")
    func listIsComplete() throws {
        let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardizedFileURL
        let headers = root.appending(path: "Sources/CKernels/include")
        var declared: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(at: headers, includingPropertiesForKeys: nil)
        where file.pathExtension == "h"
            && !["tl_support.h", "tl_denormals.h", "tl_device.h"].contains(file.lastPathComponent)
        {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: #/TL_API [^;(]*tl_(\w+)\(/#) {
                declared.insert(String(match.1))
            }
        }
        #expect(Set(Self.kernels).count == Self.kernels.count)
        #expect(declared.subtracting(Self.hostFunctions).subtracting(Self.kernels).sorted() == [])
        #expect(Set(Self.kernels).subtracting(declared).sorted() == [])
    }

    @Test("Every kernel asks the device of its operands, and says so where the device does not have it")
    func everyKernelForwards() {
        #expect(tl_guarded_first_unforwarded().map { String(cString: $0) } == nil)
    }

    @Test("The first missing kernel is remembered until it is read")
    func missingKernelIsRemembered() throws {
        // Names live as long as the process.
        for name in ["sort", "copy"] as [StaticString] {
            name.withUTF8Buffer { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    tl_note_missing_kernel(Int32(TL_DEVICE_CUDA), $0.baseAddress)
                }
            }
        }
        let error = try #require(takeMissingKernel(in: "sort"))
        #expect(error.kind == .unsupported)
        #expect(error.operation == "sort")
        #expect(error.description.contains("a call of sort"), "\(error)")
        #expect(takeMissingKernel(in: "sort") == nil)
    }

    @Test("Registering is refused for the CPU, for unknown devices, and a second time")
    func registering() {
        var interface = tl_device_interface()
        for device in [TL_DEVICE_CPU, TL_DEVICE_META, TL_DEVICE_COUNT, -1] {
            #expect(tl_register_device(Int32(device), &interface) == TL_DEVICE_UNKNOWN, "\(device)")
        }
        #expect(tl_register_device(Int32(TL_DEVICE_CUDA), &interface) == TL_DEVICE_INCOMPLETE)
        #expect(!tl_device_is_registered(Int32(TL_DEVICE_CUDA)))
        #expect(tl_device_name(Int32(TL_DEVICE_CUDA)) == nil)
        #expect(tl_device_allocate(Int32(TL_DEVICE_CUDA), 64) == nil)
        #expect(tl_device_is_registered(Int32(TL_DEVICE_CPU)))
        #expect(tl_device_name(Int32(TL_DEVICE_CPU)).map { String(cString: $0) } == "cpu")
        #expect(tl_guarded_register() == 0)
        #expect(tl_guarded_register() == 0)
        #expect(tl_device_name(Int32(TL_DEVICE_EXTERNAL)).map { String(cString: $0) } == "guarded")
    }
}
