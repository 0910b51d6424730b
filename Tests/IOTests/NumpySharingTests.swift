import Glibc
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// Shares memory with NumPy itself, inside this process, where there is a Python with NumPy and a library to load.
@Suite struct NumpySharingTests {
    @Test(.enabled(if: Python.shared != nil, "no Python with NumPy and a libpython; TORCHLIGHT_PYTHON names one"))
    func changesOnOneSideAreSeenOnTheOther() throws {
        let python = try #require(Python.shared)
        try python.run(
            """
            import numpy as np, weakref, gc
            class Holder:
                def __init__(self, capsule): self.capsule = capsule
                def __dlpack__(self, **options): return self.capsule
                def __dlpack_device__(self): return (1, 0)
            """)
        for version in [DLPack.Version.v0, .v1] {
            try python.runOurs(version)
            try python.runTheirs(version)
        }
        try python.run("c = np.arange(3.0); c.flags.writeable = False; capsule = c.__dlpack__(max_version=(1, 0))")
        let constant = try DLPack.adopt(try python.takeCapsule("dltensor_versioned"))
        #expect(throws: TensorError.self) { try checked { constant.fill_(1) } }
        #expect(constant.toArray(Double.self) == [0, 1, 2])
    }
}

extension Python {
    /// A tensor of ours, seen by NumPy.
    fileprivate func runOurs(_ version: DLPack.Version) throws {
        var tensor: Tensor? = Tensor((0..<6).map(Float.init), shape: [2, 3])
        weak let storage = tensor!.storage
        let name = version == .v0 ? "dltensor" : "dltensor_versioned"
        try set("capsule", capsule(try DLPack.export(tensor!.transpose(0, 1), version: version), name: name))
        try run(
            """
            a = np.from_dlpack(Holder(capsule)); del capsule
            assert a.shape == (3, 2) and a.dtype == np.float32 and a.tolist() == [[0, 3], [1, 4], [2, 5]], a
            """)
        noGrad { _ = tensor!.fill_(7) }
        try run("assert (a == 7).all(), a")
        if version == .v1 {
            try run("a[2, 1] = 42")
            #expect(tensor!.toArray(Float.self) == [7, 7, 7, 7, 7, 42])
        }
        tensor = nil
        // NumPy alone holds the memory now, until it lets go.
        #expect(storage != nil)
        try run("assert a[0, 0] == 7; del a; gc.collect()")
        #expect(storage == nil)
    }

    /// An array of NumPy's, seen by us.
    fileprivate func runTheirs(_ version: DLPack.Version) throws {
        let name = version == .v0 ? "dltensor" : "dltensor_versioned"
        try run(
            """
            x = np.array([[0, 1, 2], [3, 4, 5]], dtype=np.int64); gone = weakref.ref(x); y = x[:, ::-1]
            capsule = y.__dlpack__(\(version == .v0 ? "" : "max_version=(1, 0)"))
            """)
        var tensor: Tensor? = try DLPack.adopt(try takeCapsule(name), version: version)
        #expect(tensor!.shape == [2, 3] && tensor!.dtype == .int64)
        #expect(tensor!.toArray(Int.self) == [2, 1, 0, 5, 4, 3])
        tensor![0, 0] = 100
        try run("assert x.tolist() == [[0, 1, 100], [3, 4, 5]], x; x[1] = [10, 20, 30]")
        #expect(tensor!.toArray(Int.self) == [100, 1, 0, 30, 20, 10])
        try run("del x, y; gc.collect(); assert gone() is not None")
        #expect(tensor!.toArray(Int.self) == [100, 1, 0, 30, 20, 10])
        tensor = nil
        try run("gc.collect(); assert gone() is None")
    }

    /// The pointer of the capsule in the variable `capsule`, which is marked as used.
    fileprivate func takeCapsule(_ name: String) throws -> UnsafeMutableRawPointer {
        let pointer = try pointer(ofCapsule: "capsule", name: name, renaming: "used_" + name)
        try run("del capsule")
        return pointer
    }
}
