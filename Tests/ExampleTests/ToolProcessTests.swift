import Glibc
import Synchronization
import TestSupport
import Testing
import Torchlight
import TorchlightCore
import TorchlightIO

/// The tool as a process: signals, limits, full devices and what a run says against what it wrote.
@Suite("torchlight as a process", .serialized)
struct ToolProcessTests {
    private let folder: TemporaryFolder
    private let tool: String

    init() throws {
        folder = TemporaryFolder()
        tool = try program("torchlight")
        try folder.writeDigits(as: "data/mnist")
        try Safetensors.save(["w": Tensor.zeros([4096])], to: folder("a.safetensors"))
    }

    /// Runs a line of shell in the folder; `$T` is the tool.
    private func shell(_ line: String) throws -> (status: Int32, output: String, errors: String) {
        try runAny("/bin/bash", ["-c", line], in: folder.path, environment: ["T": tool])
    }

    @Test(
        "Output that cannot be written is an error",
        arguments: [
            "inspect a.safetensors", "inspect --json a.safetensors", "diff a.safetensors a.safetensors",
            "convert a.safetensors b.npz", "--help", "train mnist --data data --epochs 1 --save q.safetensors --quiet",
        ])
    func fullDevice(command: String) throws {
        let result = try shell("\"$T\" \(command) > /dev/full")
        #expect(result.status == 1 && result.errors.contains("cannot write to standard output"), "\(result)")
        let closed = try shell("\"$T\" \(command) >&-")
        #expect(closed.status == 1 && FileSystem.isFile(folder("a.safetensors")), "\(closed)")
    }

    private static let areSignalsOver = Atomic(false)

    @Test("Signals to the process that waits do not hide the status of a program")
    func interruptedWait() async {
        await #expect(processExitsWith: .success) {
            var action = sigaction()
            // Without SA_RESTART: system calls that wait return when the signal arrives.
            action.__sigaction_handler.sa_handler = { _ in }
            sigaction(SIGUSR1, &action, nil)
            let waiting = pthread_self()
            let signals = BackgroundThread {
                while !Self.areSignalsOver.load(ordering: .relaxed) {
                    pthread_kill(waiting, SIGUSR1)
                    usleep(20_000)
                }
            }
            let result = try runAny("/bin/sh", ["-c", "sleep 0.3; echo text; exit 3"], in: "/tmp")
            Self.areSignalsOver.store(true, ordering: .relaxed)
            signals?.join()
            #expect(result.status == 3 && result.output == "text\n", "\(result)")
        }
    }

    /// What starts a process as number 1 of its own PID namespace, as in a container; nothing where that is not permitted.
    private static let container =
        (try? runAny("/usr/bin/unshare", ["-rpf", "/bin/true"], in: "/tmp"))?.status == 0 ? "unshare -rpf" : ""

    @Test("Two containers that write one file, both as process 1, leave complete files only")
    func processNumbersOfContainers() throws {
        let values = [1.0, 2].map { Tensor.full([100_000], $0) }
        for (name, tensor) in zip(["x", "y"], values) {
            try Safetensors.save(["w": tensor], to: folder("\(name).safetensors"))
            #expect(try shell("\"$T\" convert \(name).safetensors \(name)2.safetensors").status == 0)
        }
        let result = try shell(
            """
            write() {
                for i in 1 2 3 4 5; do \(Self.container) "$T" convert $1.safetensors same.safetensors >/dev/null || echo failed; done
                touch $1.done
            }
            write x & write y &
            while [ ! -e x.done ] || [ ! -e y.done ]; do
                cp same.safetensors copy 2>/dev/null || continue
                cmp -s copy x2.safetensors || cmp -s copy y2.safetensors || echo broken
            done
            wait
            """)
        #expect(result.status == 0 && result.output.isEmpty, "\(result)")
        #expect(!folder.names.contains { $0.hasSuffix(".tmp") }, "\(folder.names)")
    }

    @Test("Training goes on when the reader of its output goes away")
    func brokenPipe() throws {
        let line =
            "\"$T\" train mnist --data data --epochs 2 --save p.safetensors 2>&1 | head -1; exit ${PIPESTATUS[0]}"
        #expect(try shell(line).status == 0)
        #expect(FileSystem.isFile(folder("p.safetensors")) && FileSystem.isFile(folder("p.checkpoint.safetensors")))
        #expect(try shell("\"$T\" inspect --json a.safetensors | true; exit ${PIPESTATUS[0]}").status == 0)
    }

    @Test(
        "A limit on the size of files is an error and leaves nothing",
        arguments: ["convert a.safetensors b.npz", "convert a.safetensors b.pth"])
    func sizeLimit(command: String) throws {
        let result = try shell("ulimit -f 4; exec \"$T\" \(command)")
        #expect(result.status == 1 && result.errors.contains("File too large"), "\(result)")
        #expect(folder.names == ["a.safetensors", "data"])
    }

    @Test("SIGHUP, SIGTERM and SIGINT finish the step and save; nohup is respected", arguments: ["HUP", "TERM", "INT"])
    func signals(name: String) throws {
        let start = "\"$T\" train mnist --data data --epochs 100000 --save s.safetensors > out 2>&1 & pid=$!"
        // At most a minute, for each of the two that follow.
        let wait =
            "for i in {1..600}; do [ -e s.checkpoint.safetensors ] && break; sleep 0.1; done; rm s.checkpoint.safetensors"
        let end =
            "for i in {1..600}; do kill -0 $pid || break; sleep 0.1; done; kill -KILL $pid; wait $pid; exit $?"
        // A shell without job control starts background processes with SIGINT ignored.
        let result = try shell("set -m; \(start); \(wait); kill -\(name) $pid; \(end)")
        #expect(result.status == 130, "\(result)")
        #expect(FileSystem.isFile(folder("s.checkpoint.safetensors")))
        if name == "HUP" {
            let kept = try shell(
                "trap '' HUP; \(start); \(wait); kill -HUP $pid; \(wait); kill -TERM $pid; \(end)")
            #expect(kept.status == 130, "\(kept)")
        }
    }

    @Test("The best weights are where a resumed run says they are")
    func bestWeights() throws {
        let first = "train mnist --data data --epochs 3 --lr 0.01 --save w.safetensors --quiet"
        #expect(try shell("\"$T\" \(first)").status == 0)
        let best = try Safetensors.open(folder("w.safetensors"))
        try FileSystem.createDirectories(folder("other"))
        // A rate of nearly 0 makes no epoch better: accuracies stay the same.
        for (line, path) in [
            (
                "\"$T\" train mnist --data data --resume w.checkpoint.safetensors --epochs 1 --save x.safetensors",
                "x.safetensors"
            ),
            ("\"$T\" train mnist --data data --resume w.checkpoint.safetensors --epochs 1 --save x.pth", "x.pth"),
            (
                "rm w.safetensors; cd other && \"$T\" train mnist --data ../data --resume ../w.checkpoint.safetensors --epochs 1",
                "w.safetensors"
            ),
        ] {
            let result = try shell(line)
            #expect(result.status == 0 && result.output.contains(path), "\(line): \(result)")
            let file = try TensorFile.open(folder(path))
            #expect((file.format == .torch) == path.hasSuffix(".pth"), "\(line)")
            let names = file.tensors.map(\.name).sorted()
            #expect(names == best.tensors.map(\.name).sorted(), "\(line)")
            if let epoch = best.metadataValue(for: "epoch"), result.output.contains("best weights, of epoch \(epoch):")
            {
                for (name, tensor) in file.tensors { #expect(tensor.equal(best[name]!), "\(line): \(name)") }
            }
        }
        #expect(FileSystem.names(in: folder("other")).isEmpty)
        let refused = try shell("\"$T\" train mnist --data data --epochs 1 --save x.txt")
        #expect(refused.status == 1 && refused.errors.contains(".safetensors"))
    }
}
