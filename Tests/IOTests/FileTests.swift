import Glibc
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

@Suite struct FileTests {
    let folder = TemporaryFolder()

    @Test func readsAndMapsWhatWasWritten() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try AtomicFile.write(bytes, to: folder("a"))
        #expect(try FileSystem.read(folder("a")) == bytes)
        #expect(try MappedFile(folder("a")).withBytes { Array($0) } == bytes)
        try AtomicFile.write("", to: folder("a"))
        #expect(try FileSystem.read(folder("a")).isEmpty)
        #expect(try MappedFile(folder("a")).withBytes { $0.isEmpty })
        #expect(folder.names == ["a"])
    }

    @Test func aMappedFileOutlivesItsReplacement() throws {
        try AtomicFile.write("old", to: folder("a"))
        let mapped = try MappedFile(folder("a"))
        try AtomicFile.write("newer", to: folder("a"))
        #expect(mapped.withBytes { Array($0) } == Array("old".utf8))
    }

    @Test func readingErrorsNameTheFile() throws {
        let missing = #expect(throws: IOError.self) { try FileSystem.read(folder("none")) }
        #expect(missing?.kind == .notFound)
        #expect(missing?.description == "read: \(folder("none")): No such file or directory")
        #expect(throws: IOError.self) { try FileSystem.read(folder.path) }
        #expect(throws: IOError.self) { try MappedFile(folder.path) }
        #expect(throws: IOError.self) { try FileSystem.read("") }
        try AtomicFile.write("12345", to: folder("a"))
        #expect(throws: IOError.self) { try FileSystem.read(folder("a"), limit: 4) }
        #expect(try FileSystem.read(folder("a"), limit: 5).count == 5)
    }

    @Test func anUnfinishedFileLeavesNothing() throws {
        try AtomicFile.write("old", to: folder("a"))
        do {
            let file = try AtomicFile(folder("a"))
            try file.write(Array("half".utf8))
            #expect(folder.names.count == 2)
        }
        #expect(folder.names == ["a"])
        #expect(try FileSystem.read(folder("a")) == Array("old".utf8))
    }

    @Test func aFullDeviceIsAnError() {
        let error = #expect(throws: IOError.self) { try AtomicFile.write("x", to: "/dev/full") }
        #expect(error?.kind == .system(ENOSPC))
        #expect(error?.description == "write: /dev/full: No space left on device; expected free space on the device")
        #expect(!FileSystem.isFile("/dev/full"))
    }

    @Test func aFullFileSystemKeepsTheOldFile() throws {
        try AtomicFile.write("old", to: folder("a"))
        // A limit on the size of files makes the write fail half-way, as a full disk does. The writer holds its signal back,
        // other tests that make large files do not.
        signal(SIGXFSZ, SIG_IGN)
        var old = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
        var small = rlimit(rlim_cur: 1 << 26, rlim_max: old.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
        let error = #expect(throws: IOError.self) {
            let file = try AtomicFile(folder("a"))
            let block = [UInt8](repeating: 1, count: 1 << 24)
            for _ in 0..<5 { try file.write(block) }
            try file.commit()
        }
        #expect(error?.kind == .system(EFBIG))
        #expect(folder.names == ["a"])
        #expect(try FileSystem.read(folder("a")) == Array("old".utf8))
    }

    /// The signal of the limit would end the program; the library holds it back, whatever the program does with it.
    @Test func aLimitOnTheSizeOfFilesDoesNotEndTheProcess() async {
        await #expect(processExitsWith: .exitCode(7)) {
            signal(SIGXFSZ, SIG_DFL)
            let folder = TemporaryFolder()
            var small = rlimit(rlim_cur: 4096, rlim_max: 4096)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
            let x = Tensor.zeros([10_000])
            do {
                try Safetensors.save(["x": x], to: folder("x.safetensors"))
            } catch {
                // Saved with a reservation of space before, and without.
                let second: Void? = try? AtomicFile.write([UInt8](repeating: 1, count: 10_000), to: folder("y"))
                let isRight = (error as? IOError)?.kind == .system(EFBIG) && second == nil && folder.names.isEmpty
                exit(isRight ? 7 : 1)
            }
        }
    }

    @Test func unwritablePlacesAreErrors() throws {
        for path in [folder("none/a"), folder.path, "/proc/none", ""] {
            #expect(throws: IOError.self, "\(path)") { try AtomicFile.write("x", to: path) }
            #expect(throws: IOError.self, "\(path)") { try AtomicFile.check(path) }
        }
        try AtomicFile.check(folder("fine"))
        #expect(folder.names.isEmpty)
    }

    @Test func linksAndModesStay() throws {
        try AtomicFile.write("old", to: folder("target"))
        chmod(folder("target"), 0o640)
        symlink("target", folder("link"))
        try AtomicFile.write("new", to: folder("link"))
        #expect(try FileSystem.read(folder("target")) == Array("new".utf8))
        var status = stat()
        lstat(folder("link"), &status)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
        stat(folder("target"), &status)
        #expect(status.st_mode & 0o777 == 0o640)
    }

    @Test func aLinkStaysALinkWhereverItLeads() throws {
        try FileSystem.createDirectories(folder("store"))
        symlink("store/new", folder("relative"))
        symlink(folder("store/other"), folder("absolute"))
        symlink("relative", folder("chain"))
        for (link, target, text) in [("relative", "new", "1"), ("absolute", "other", "2"), ("chain", "new", "3")] {
            try AtomicFile.write(text, to: folder(link))
            #expect(try FileSystem.read(folder("store/\(target)")) == Array(text.utf8), "\(link)")
            var status = stat()
            lstat(folder(link), &status)
            #expect(status.st_mode & S_IFMT == S_IFLNK, "\(link)")
        }
        #expect(FileSystem.names(in: folder("store")) == ["new", "other"])
        symlink("loop", folder("loop"))
        #expect(throws: IOError.self) { try AtomicFile.write("x", to: folder("loop")) }
        symlink("none/file", folder("dangling"))
        #expect(throws: IOError.self) { try AtomicFile.write("x", to: folder("dangling")) }
    }

    @Test func longNamesAndOtherNamesOfAFile() throws {
        for name in [String(repeating: "n", count: 255), String(repeating: "\u{e4}", count: 127)] {
            try AtomicFile.write("x", to: folder(name))
            #expect(folder.names == [name])
            unlink(folder(name))
        }
        // Another name of the old file keeps the old contents.
        try AtomicFile.write("old", to: folder("a"))
        link(folder("a"), folder("b"))
        try AtomicFile.write("new", to: folder("a"))
        #expect(try FileSystem.read(folder("b")) == Array("old".utf8))
    }

    /// Whoever removes leftovers, in whichever process, leaves alone what is being written; of two writers of one path each
    /// gives it a whole file.
    @Test func writersAndReadersDoNotDisturbEachOther() throws {
        let path = folder("a")
        let (first, second) = (try AtomicFile(path), try AtomicFile(path))
        #expect(folder.names.count == 2)
        AtomicFile.removeLeftovers(of: path)
        try first.write(Array("first".utf8))
        try second.write(Array("second, longer".utf8))
        try first.flush()
        AtomicFile.removeLeftovers(of: path)
        try second.commit()
        #expect(try FileSystem.read(path) == Array("second, longer".utf8))
        AtomicFile.removeLeftovers(of: path)
        try first.publish()
        #expect(try FileSystem.read(path) == Array("first".utf8) && folder.names == ["a"])
        // A temporary that nobody has locked is a leftover.
        for name in [".a.deadbeef.tmp", ".a.12-1.tmp", ".a.txt"] { try AtomicFile.write("half", to: folder(name)) }
        AtomicFile.removeLeftovers(of: path)
        #expect(folder.names == [".a.txt", "a"])
    }

    @Test func createsFolders() throws {
        try FileSystem.createDirectories(folder("a/b/c"))
        try FileSystem.createDirectories(folder("a/b/c/"))
        #expect(FileSystem.isDirectory(folder("a/b/c")))
        try AtomicFile.write("", to: folder("file"))
        #expect(throws: IOError.self) { try FileSystem.createDirectories(folder("file/x")) }
    }

    @Test(arguments: [
        ("a/b", "a", "b"), ("b", ".", "b"), ("/b", "/", "b"), ("/a/b/", "/a", "b"), ("/", "/", "/"),
        ("a//b", "a/", "b"),
    ])
    func splitsPaths(path: String, folder: String, name: String) {
        #expect(FileSystem.directory(of: path) == folder)
        #expect(FileSystem.name(of: path) == name)
    }
}
