import Foundation
import TestSupport
import Testing

/// Operations compute through the dispatcher, on the device of their operands.
@Suite struct DispatchTests {
    /// Factories that make a tensor where no operand says the device, with the reason.
    private static let withoutOperands = [
        "TorchlightCore/Composites/Stacking.swift": "blockDiag of no blocks"
    ]

    /// A tensor that a rule or a composite makes beside its operands lies on their device.
    @Test func factoriesInsideOperationsNameTheDevice() throws {
        let factory = /\bTensor\.(?:zeros|ones|full|eye|arange|linspace|empty|rand|randn|randint|randperm)\(/
        let folders = ["Primitives", "Composites", "Autograd"].map { "TorchlightCore/\($0)" }
        for folder in folders + ["TorchlightNN/Losses", "TorchlightNN/Layers"] {
            for (path, text) in try SourceTree.files(in: "Sources/\(folder)", ["swift"]) {
                if Self.withoutOperands["\(folder)/\(path)"] != nil { continue }
                for match in text.matches(of: factory) {
                    let start = match.range.upperBound
                    let line = text[..<start].split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
                    if line.drop(while: { $0 == " " }).hasPrefix("//") { continue }
                    let call = Self.arguments(text[start...])
                    #expect(
                        call.contains("device") || call.hasPrefix("like:"),
                        "\(folder)/\(path): \(match.output)\(call)) is made without the device of the operands")
                }
            }
        }
    }

    /// The text up to the parenthesis that ends a call.
    private static func arguments(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    /// The files outside the primitives that hand tensors to kernels, with the reason.
    private static let callers = [
        "TorchlightCore/Backends/KernelArguments.swift": "how tensors are handed to kernels",
        "TorchlightCore/Tensor/Tensor+Conversion.swift": "arrays of the host come in and go out",
        "TorchlightOptim/GradientUpdates.swift": "inside performUpdate",
    ]

    @Test func kernelsAreCalledByPrimitives() throws {
        for (path, text) in try SourceTree.files(in: "Sources", ["swift"]) {
            guard text.contains("withKernelArguments"), !path.hasPrefix("TorchlightCore/Primitives/") else { continue }
            #expect(Self.callers[path] != nil, "\(path) calls a kernel beside the dispatcher")
        }
        for path in Self.callers.keys.sorted() {
            #expect(
                try SourceTree.text("Sources/" + path).contains("withKernelArguments"),
                "\(path) is listed and calls none")
        }
    }

    /// One call makes the arguments of a kernel, however many: a call inside another, and a structure made by hand, are
    /// two ways for one thing.
    @Test func kernelArgumentsAreMadeInOnePlace() throws {
        for (path, text) in try SourceTree.files(in: "Sources", ["swift"]) {
            if path.hasSuffix("Backends/KernelArguments.swift") { continue }
            #expect(!text.contains("tl_tensor("), "\(path) makes a tl_tensor; use withKernelArguments")
            let calls = text.ranges(of: "withKernelArguments")
            for (call, next) in zip(calls, calls.dropFirst()) {
                #expect(
                    next.lowerBound >= Self.endOfClosure(text, after: call.upperBound),
                    "\(path): withKernelArguments inside the body of another; one body takes any number of tensors")
            }
        }
    }

    /// The end of the closure that begins after a position.
    private static func endOfClosure(_ text: String, after start: String.Index) -> String.Index {
        var depth = 0
        for index in text[start...].indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return text.endIndex
    }
}
