import CDLPack
import Glibc
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

@Suite struct DLPackTests {
    @Test(arguments: [DLPack.Version.v0, .v1]) func sharesMemoryAndHoldsIt(version: DLPack.Version) throws {
        for dtype in DType.allCases {
            var tensor: Tensor? = Tensor([[1, 0, 1], [0, 1, 1]], dtype: dtype).transpose(0, 1)
            let expected = tensor!.toArray(Double.self)
            weak let storage = tensor!.storage
            var shared: Tensor? = try DLPack.adopt(try DLPack.export(tensor!, version: version), version: version)
            #expect(shared!.shape == [3, 2] && shared!.strides == [1, 3] && shared!.dtype == dtype)
            #expect(shared!.data == tensor!.data)
            tensor = nil
            #expect(storage != nil)
            #expect(shared!.toArray(Double.self) == expected)
            shared!.fill_(1)
            shared = nil
            #expect(storage == nil, "\(dtype)")
        }
    }

    @Test func singleNumbersEmptyTensorsAndSteps() throws {
        for tensor in [
            Tensor(2.5), Tensor.zeros([2, 0, 3]),
            Tensor((0..<6).map(Float.init), shape: [6])[stride(from: 1, to: 6, by: 2)],
        ] {
            let shared = try DLPack.adopt(DLPack.export(tensor))
            #expect(shared.shape == tensor.shape && shared.equal(tensor))
        }
    }

    @Test func whatCannotBeSharedIsRefused() throws {
        let trained = Tensor.ones([2], requiresGrad: true)
        #expect(throws: TensorError.self) { try DLPack.export(trained) }
        #expect(try DLPack.adopt(DLPack.export(trained.detach())).equal(trained.detach()))
        let storage = Tensor.ones(2).storage
        let constant = Tensor(
            storage: Storage(
                bytes: storage.bytes, byteCount: 8, device: .cpu, owner: storage, isReadOnly: true),
            layout: Layout(shape: Dims([2])), dtype: .float32)
        #expect(throws: TensorError.self) { try DLPack.export(constant, version: .v0) }
        let shared = try DLPack.adopt(DLPack.export(constant))
        #expect(throws: TensorError.self) { try checked { shared.fill_(2) } }
    }

    /// Makes a structure of version 0.8 as another library would, changes it, and counts the calls of its deleter.
    private func adopt(
        shape: [Int64] = [2], strides: [Int64]? = [1], change: (inout tl_dl_tensor) -> Void
    ) throws -> (Tensor, () -> Int) {
        let deletions = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        deletions.initialize(to: 0)
        let data = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 64)
        data.initializeMemory(as: Float.self, from: (0..<64).map(Float.init), count: 64)
        let sizes = UnsafeMutablePointer<Int64>.allocate(capacity: 16)
        sizes.update(from: shape, count: shape.count)
        if let strides { (sizes + 8).update(from: strides, count: strides.count) }
        let managed = UnsafeMutablePointer<tl_dl_managed_tensor>.allocate(capacity: 1)
        managed.initialize(
            to: tl_dl_managed_tensor(
                tensor: tl_dl_tensor(
                    data: data, device: tl_dl_device(device_type: 1, device_id: 0), ndim: Int32(shape.count),
                    dtype: tl_dl_data_type(code: 2, bits: 32, lanes: 1), shape: sizes,
                    strides: strides == nil ? nil : sizes + 8, byte_offset: 0),
                manager_context: deletions,
                deleter: { $0!.pointee.manager_context.assumingMemoryBound(to: Int.self).pointee += 1 }))
        change(&managed.pointee.tensor)
        do { return (try DLPack.adopt(managed, version: .v0), { deletions.pointee }) } catch {
            #expect(deletions.pointee == 1, "\(error)")
            throw error
        }
    }

    @Test func readsOffsetsMissingAndNegativeStrides() throws {
        #expect(try adopt(shape: [2, 2], strides: nil) { $0.byte_offset = 8 }.0.toArray(Float.self) == [2, 3, 4, 5])
        #expect(try adopt(shape: [3], strides: [-2]) { $0.byte_offset = 16 }.0.toArray(Float.self) == [4, 2, 0])
        #expect(try adopt(shape: [2, 3], strides: [0, 1]) { _ in }.0.toArray(Float.self) == [0, 1, 2, 0, 1, 2])
        var (tensor, deletions): (Tensor?, () -> Int) = try adopt { _ in }
        #expect(deletions() == 0)
        tensor = nil
        #expect(deletions() == 1 && tensor == nil)
    }

    @Test func senselessStructuresAreRefusedAndGivenBack() {
        func refused(
            shape: [Int64] = [2], strides: [Int64]? = [1], _ what: String, _ change: (inout tl_dl_tensor) -> Void
        ) {
            #expect(throws: TensorError.self, "\(what)") { try adopt(shape: shape, strides: strides, change: change) }
        }
        refused("cuda") { $0.device.device_type = 2 }
        refused("complex of half precision") { $0.dtype = tl_dl_data_type(code: 5, bits: 32, lanes: 1) }
        refused("uint16") { $0.dtype = tl_dl_data_type(code: 1, bits: 16, lanes: 1) }
        refused("vectors") { $0.dtype.lanes = 4 }
        refused("rank") { $0.ndim = -1 }
        let ones = UnsafeMutablePointer<Int64>.allocate(capacity: 65)
        ones.initialize(repeating: 1, count: 65)
        defer { ones.deallocate() }
        refused("65 dimensions") { ($0.ndim, $0.shape, $0.strides) = (65, ones, nil) }
        refused("no shape") { $0.shape = nil }
        refused("no data") { $0.data = nil }
        refused("alignment") { $0.byte_offset = 2 }
        refused(shape: [-1], "negative") { _ in }
        refused(shape: [1 << 62, 4], strides: [1, 1], "overflow") { _ in }
        refused(shape: [2], strides: [.min], "stride") { _ in }
    }
}
