import Foundation
import TestSupport
import Testing

/// Operations compute through the dispatcher, on the device of their operands.
@Suite struct DispatchTests {
    /// Factories that make a tensor where no operand says the device, with the reason.
    private static let withoutOperands = [
        "TorchlightCore/Composites/Stacking.swift": "blockDiag of no blocks",
        "TorchlightCore/Composites/Windows.swift": "windows are made of numbers",
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
        "TorchlightCore/Backends/CPU/KernelArguments.swift": "how tensors are handed to kernels",
        "TorchlightCore/Tensor/Tensor+Conversion.swift": "arrays of the host come in and go out",
        "TorchlightCore/Tensor/Tensor+Creation.swift": "the fill that primitives share",
        "TorchlightCore/Composites/MaxUnpooling.swift": "checks indices before they are made absolute",
        "TorchlightOptim/ClipGrad.swift": "inside performUpdate",
    ]

    @Test func kernelsAreCalledByPrimitives() throws {
        for (path, text) in try SourceTree.files(in: "Sources", ["swift"]) {
            guard text.contains("withKernel"), !path.hasPrefix("TorchlightCore/Primitives/") else { continue }
            #expect(Self.callers[path] != nil, "\(path) calls a kernel beside the dispatcher")
        }
        for path in Self.callers.keys.sorted() {
            #expect(try SourceTree.text("Sources/" + path).contains("withKernel"), "\(path) is listed and calls none")
        }
    }
}
