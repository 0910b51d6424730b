// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

// `make fuzz` builds the readers of files with the coverage instrumentation of libFuzzer and the address sanitizer.
let isFuzzing = Context.environment["TORCHLIGHT_FUZZ"] != nil
let sanitize = ["-sanitize=fuzzer,address"]
let readerSettings: [SwiftSetting] = swiftSettings + (isFuzzing ? [.unsafeFlags(sanitize + ["-O"])] : [])

let package = Package(
    name: "Torchlight",
    products: [
        .library(name: "Torchlight", targets: ["Torchlight"]),
        .library(name: "TorchlightONNX", targets: ["TorchlightONNX"]),
        .library(name: "TorchlightModels", targets: ["TorchlightModels"]),
        .library(name: "TorchlightTokenizers", targets: ["TorchlightTokenizers"]),
        .executable(name: "torchlight", targets: ["TorchlightCLI"]),
        .executable(name: "conformance", targets: ["conformance"]),
        .executable(name: "onnx-backend-tests", targets: ["onnx-backend-tests"]),
        .executable(name: "tokenizer-bench", targets: ["TokenizerBench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // System libraries; `make deps` lists why each is needed, and installs it if possible.
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"])]),

        // HTTP with the libcurl of the system, which is loaded when the first download starts.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
        // The structures with which libraries of one process share tensors.
        .target(name: "CDLPack"),
        // Functions of the Swift runtime that Swift cannot name, and the thread-local state of operations.
        .target(name: "CRuntime"),
        // The small dataset that is a part of the library.
        .target(
            name: "CDigits",
            exclude: ["README.md", "digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz"]
        ),

        // Kernels are optimised also in debug builds, so that a user's debug build is fast enough.
        .target(
            name: "CKernels",
            dependencies: ["COneDNN"],
            publicHeadersPath: "include",
            cxxSettings: [
                .unsafeFlags([
                    "-O3", "-fno-exceptions", "-fno-rtti", "-fno-math-errno", "-ftls-model=initial-exec", "-Wall",
                    "-Wextra",
                ]),
                .headerSearchPath("."),
            ],
            linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("dnnl"), .linkedLibrary("m"), .linkedLibrary("dl")]
        ),
        // Checksums, writing without the page cache, and batches of stored samples. Without -fno-cxx-modules, C++20 searches
        // a compiled module for the headers of another target.
        .target(
            name: "CFiles",
            dependencies: ["CKernels"],
            cxxSettings: [
                .unsafeFlags(["-O3", "-fno-cxx-modules", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra"])
            ]
        ),
        // Dynamic exclusivity checks cost a tenth of a small operation.
        .target(
            name: "TorchlightCore",
            dependencies: ["CKernels", "CRuntime"],
            swiftSettings: swiftSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]
        ),
        // Errors of files, JSON and operating system calls, without tensors.
        .target(name: "TorchlightFiles", swiftSettings: readerSettings),
        // Tokenizers do not depend on tensors either, so that programs that only need them build in seconds.
        .target(
            name: "TorchlightTokenizers", dependencies: ["TorchlightFiles"],
            swiftSettings: readerSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]),
        .target(
            name: "TorchlightIO", dependencies: ["TorchlightCore", "TorchlightFiles", "CFiles", "CDLPack", "CZlib"],
            swiftSettings: readerSettings),
        .target(name: "TorchlightDistributions", dependencies: ["TorchlightCore"], swiftSettings: swiftSettings),
        .target(name: "TorchlightNN", dependencies: ["TorchlightCore", "CRuntime"], swiftSettings: swiftSettings),
        .target(
            name: "TorchlightAudio", dependencies: ["TorchlightCore", "TorchlightNN"], swiftSettings: swiftSettings),
        .target(
            name: "TorchlightOptim", dependencies: ["TorchlightCore", "CKernels"], swiftSettings: swiftSettings),
        .target(
            name: "TorchlightSparse", dependencies: ["TorchlightCore", "TorchlightNN", "TorchlightOptim"],
            swiftSettings: swiftSettings),
        .target(
            name: "TorchlightData",
            dependencies: ["TorchlightCore", "TorchlightIO", "CFiles", "CKernels", "CCurl", "CDigits"],
            swiftSettings: readerSettings),
        // Models of other frameworks; a program that does not import it does not link it.
        .target(
            name: "TorchlightONNX", dependencies: ["TorchlightCore", "TorchlightIO", "TorchlightNN"],
            swiftSettings: readerSettings),
        .target(
            name: "TorchlightTraining",
            dependencies: ["TorchlightCore", "TorchlightNN", "TorchlightOptim", "TorchlightData", "TorchlightIO"],
            swiftSettings: swiftSettings),
        // Recorded functions in files.
        .target(
            name: "TorchlightPrograms",
            dependencies: ["TorchlightCore", "TorchlightFiles", "TorchlightIO", "TorchlightNN", "TorchlightOptim"],
            swiftSettings: readerSettings),
        .target(
            name: "TorchlightModels",
            dependencies: [
                "TorchlightCore", "TorchlightIO", "TorchlightNN", "TorchlightTokenizers", "TorchlightAudio", "CCurl",
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "Torchlight",
            dependencies: [
                "TorchlightCore", "TorchlightNN", "TorchlightOptim", "TorchlightData", "TorchlightIO",
                "TorchlightDistributions", "TorchlightTraining", "TorchlightAudio", "TorchlightSparse",
                "TorchlightTokenizers", "TorchlightPrograms",
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "TorchlightCLI",
            dependencies: [
                "Torchlight", "TorchlightIO", "TorchlightModels", "TorchlightONNX", "TorchlightTokenizers", "CPNG",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        // Replays the recorded answers of PyTorch through the public interface; not a part of the library.
        .target(
            name: "ConformanceReplay", dependencies: ["Torchlight", "TorchlightIO"], path: "Conformance/Replay",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "conformance",
            dependencies: ["ConformanceReplay", "Torchlight", "TorchlightIO", "GuardedDevice"],
            path: "Conformance/Runner",
            swiftSettings: swiftSettings),
        // Runs the tests of operators that the onnx package writes.
        .target(
            name: "ONNXBackendTests", dependencies: ["TorchlightONNX", "TorchlightCore", "TorchlightIO"],
            path: "Conformance/ONNXBackendTests", swiftSettings: swiftSettings),
        .executableTarget(
            name: "onnx-backend-tests", dependencies: ["ONNXBackendTests"], path: "Conformance/ONNXBackendRunner",
            swiftSettings: swiftSettings),
        .target(
            name: "TestSupport", dependencies: ["TorchlightCore", "TorchlightIO"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        // Stands before malloc in the test program and counts; in no product.
        .target(name: "CHeapCount", path: "Tests/CHeapCount", cSettings: [.unsafeFlags(["-fno-builtin"])]),
        // A device whose memory the host cannot touch; in no library.
        .target(
            name: "CGuardedDevice", dependencies: ["CKernels"], path: "Tests/CGuardedDevice",
            cxxSettings: [.unsafeFlags(["-fno-cxx-modules", "-Wall", "-Wextra"])]),
        .target(
            name: "GuardedDevice", dependencies: ["TorchlightCore", "CGuardedDevice"], path: "Tests/GuardedDevice",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DeviceTests",
            dependencies: ["Torchlight", "CKernels", "CGuardedDevice", "GuardedDevice", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "PrimitiveTests",
            dependencies: ["TorchlightCore", "TorchlightFiles", "GuardedDevice", "TestSupport"],
            exclude: ["SpecialPoints/special_points.json", "SpecialPoints/record_special_points.py"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ArgumentTests", dependencies: ["Torchlight", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(name: "CoreTests", dependencies: ["TorchlightCore", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "ModelTests",
            dependencies: ["Torchlight", "TorchlightModels", "TorchlightIO", "TorchlightTokenizers", "TestSupport"],
            exclude: [
                "Adapters", "GGUF", "Generation.json", "Models", "record_adapters.py", "record_generation.py",
                "record_gguf.py", "record_models.py", "record_question_answering.py",
            ],
            swiftSettings: swiftSettings),
        .testTarget(name: "NNTests", dependencies: ["Torchlight", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CostTests", dependencies: ["Torchlight", "TorchlightCore", "CHeapCount", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(name: "SparseTests", dependencies: ["Torchlight", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(name: "AudioTests", dependencies: ["Torchlight", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "DistributionTests", dependencies: ["Torchlight", "TestSupport"],
            exclude: ["record_scipy_values.py", "scipy_values.json"],
            swiftSettings: swiftSettings),
        .testTarget(name: "OptimTests", dependencies: ["Torchlight", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "DataTests", dependencies: ["TorchlightCore", "TorchlightData", "TorchlightIO", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "IOTests", dependencies: ["TorchlightCore", "TorchlightIO", "TestSupport", "CDLPack", "CZlib"],
            exclude: ["GGUF"], swiftSettings: swiftSettings),
        .testTarget(
            name: "TokenizerTests",
            dependencies: ["TorchlightTokenizers", "TorchlightFiles", "TestSupport", "CZlib"],
            exclude: ["Fixtures", "record_fixtures.py"],
            swiftSettings: swiftSettings),
        // Times tokenizers beside those of Hugging Face; see Benchmarks/tokenizers.py.
        .executableTarget(
            name: "TokenizerBench", dependencies: ["TorchlightTokenizers", "TorchlightFiles"],
            path: "Benchmarks/TokenizerBench", swiftSettings: swiftSettings),
        .testTarget(
            name: "ONNXTests",
            dependencies: [
                "TorchlightONNX", "ONNXBackendTests", "TorchlightCore", "TorchlightIO", "TorchlightNN", "TestSupport",
                "Torchlight", "TorchlightModels", "TorchlightCLI",
            ],
            exclude: ["BackendSample.zip", "Fixtures", "Proof.txt", "check_exports.py"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CLITests",
            dependencies: [
                "TorchlightCLI", "Torchlight", "TorchlightIO", "TorchlightModels", "TorchlightONNX", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "FirstProgram", dependencies: ["Torchlight"], path: "Examples/FirstProgram",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "ResumableTraining", dependencies: ["Torchlight"], path: "Examples/ResumableTraining",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "SavedActivations", dependencies: ["Torchlight", "TorchlightIO"], path: "Examples/SavedActivations",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "FineTuning", dependencies: ["Torchlight", "TorchlightModels"], path: "Examples/FineTuning",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "Learner", dependencies: ["Torchlight"], path: "Examples/Learner", swiftSettings: swiftSettings),
        .executableTarget(
            name: "LanguageModels", dependencies: ["Torchlight", "TorchlightModels"], path: "Examples/LanguageModels",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "Ports", dependencies: ["Torchlight"], path: "Examples/Ports", swiftSettings: swiftSettings),
        .executableTarget(
            name: "Transformations", dependencies: ["Torchlight"], path: "Examples/Transformations",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "GuessTests", dependencies: ["Torchlight", "TorchlightIO", "TestSupport"], exclude: ["Answered.txt"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ProgramTests", dependencies: ["Torchlight", "TorchlightPrograms", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TrainingTests", dependencies: ["Torchlight", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "ExampleTests",
            dependencies: [
                "Torchlight", "TestSupport", "FineTuning", "FirstProgram", "LanguageModels", "Learner", "Ports",
                "ResumableTraining", "SavedActivations", "Transformations", "TorchlightCLI", "TorchlightModels",
                "TorchlightONNX",
            ],
            exclude: ["LearnerOutput.txt"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ConformanceTests", dependencies: ["ConformanceReplay"], exclude: ["Programs"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ConventionTests", dependencies: ["TorchlightCore", "TestSupport"], swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx20
)

if isFuzzing {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "TorchlightIO", "TorchlightData", "TorchlightNN", "TorchlightONNX", "TorchlightOptim",
                "TorchlightPrograms",
                "TorchlightTokenizers",
            ],
            path: "Fuzz",
            swiftSettings: swiftSettings + [.unsafeFlags(sanitize + ["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(sanitize + ["-use-ld=lld"])]))
}
