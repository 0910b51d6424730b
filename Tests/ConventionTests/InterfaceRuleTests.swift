import Foundation
import TestSupport
import Testing

/// The public interface follows the section "Names of the public interface" of CONTRIBUTING.md.
@Suite struct InterfaceRuleTests {
    /// A public function or initialiser.
    private struct Declaration: Sendable {
        let path: String
        let name: String
        let isStatic: Bool
        let isMember: Bool
        let isDeprecated: Bool
        /// The label, the name inside the function and the type of each parameter.
        let parameters: [(label: String, name: String, type: String)]

        var labels: [String] { parameters.map(\.label) }
        var description: String { "\(path): \(name)(\(labels.map { "\($0):" }.joined()))" }
    }

    private static let modules = [
        "Torchlight", "TorchlightCore", "TorchlightNN", "TorchlightOptim", "TorchlightData", "TorchlightTraining",
    ]

    private static let all = Result {
        try modules.flatMap { module in
            try SourceTree.files(in: "Sources/\(module)", ["swift"]).flatMap { path, text in
                declarations(in: text, "Sources/\(module)/\(path)")
            }
        }
    }

    private static func declarations() throws -> [Declaration] { try all.get() }

    private static func declarations(in text: String, _ path: String) -> [Declaration] {
        let pattern =
            /(?m)^( *)(?:@\w+ )*(?:public|open) ((?:(?:static|final|convenience|override|class) )*)(?:func (`?\w+`?)|init\??)(?:<[^(]*>)?\(/
        return text.matches(of: pattern).map { match in
            let start = match.range.upperBound
            var (end, depth) = (start, 1)
            while depth > 0 {
                if "([".contains(text[end]) { depth += 1 }
                if ")]".contains(text[end]) { depth -= 1 }
                end = text.index(after: end)
            }
            let line = text[..<match.range.lowerBound].dropLast().split(separator: "\n").last ?? ""
            return Declaration(
                path: path, name: match.output.3.map { $0.filter { $0 != "`" } } ?? "init",
                isStatic: match.output.2.contains("static"), isMember: !match.output.1.isEmpty,
                isDeprecated: line.contains("@available"), parameters: parameters(of: text[start..<end].dropLast()))
        }
    }

    private static func parameters(of list: Substring) -> [(label: String, name: String, type: String)] {
        var parts = [""]
        var depth = 0
        for character in list {
            if "([<{".contains(character) { depth += 1 }
            if ")]}".contains(character) || (character == ">" && parts.last?.last != "-") { depth -= 1 }
            if character == "," && depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.compactMap { part in
            guard let colon = part.firstIndex(of: ":") else { return nil }
            let names = part[..<colon].split(whereSeparator: \.isWhitespace).map { $0.filter { $0 != "`" } }
            guard let label = names.first, let name = names.last else { return nil }
            let type = part[part.index(after: colon)...].prefix { $0 != "=" }
            return (label, name, type.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    @Test func declarationsAreFound() throws {
        let found = try Self.declarations()
        #expect(found.count > 1500)
        #expect(found.contains { $0.name == "linspace" && $0.isStatic && $0.labels.contains("device") })
    }

    /// Rule 4: the order of the last arguments.
    @Test func lastArgumentsHaveOneOrder() throws {
        let order = ["dtype", "device", "requiresGrad", "generator"]
        for declaration in try Self.declarations() {
            let positions = declaration.labels.compactMap { order.firstIndex(of: $0) }
            #expect(positions == positions.sorted(), "\(declaration.description): the order is \(order)")
        }
    }

    /// Rule 4: what makes a tensor of numbers, and every layer with parameters, takes a dtype and a device.
    @Test func factoriesTakeADevice() throws {
        for declaration in try Self.declarations() where declaration.labels.contains("dtype") {
            guard declaration.isStatic || declaration.name == "init" else { continue }
            // With a tensor among the arguments the result lies on its device.
            if declaration.parameters.contains(where: { $0.type.hasPrefix("Tensor") && !$0.type.contains("Scalar") }) {
                continue
            }
            #expect(declaration.labels.contains("device"), "\(declaration.description) has no device:")
        }
    }

    /// A module that makes its weight takes a dtype and a device; losses and parametrisations are given theirs.
    @Test func layersWithParametersTakeADTypeAndADevice() throws {
        let parameter = /(?m)^ +(?:@Key(?:\("\w+"\))? )?public (?:final )?var (?:weight|weightIH|inProjWeight): Tensor/
        for (path, text) in try SourceTree.files(in: "Sources/TorchlightNN/Layers", ["swift"]) {
            for type in text.components(separatedBy: "\nextension ")[0].components(separatedBy: " class ").dropFirst() {
                guard type.contains(parameter) else { continue }
                for initialiser in Self.declarations(in: type, "\(path), \(type.prefix { $0 != " " })")
                where initialiser.name == "init" && !initialiser.labels.contains("pretrained") {
                    #expect(
                        initialiser.labels.contains("dtype") && initialiser.labels.contains("device"),
                        "\(initialiser.description)")
                }
            }
        }
    }

    /// Rule 3: a bias has a label; where an older overload has none, there is one that has.
    @Test func biasesHaveALabel() throws {
        let all = try Self.declarations()
        for declaration in all {
            guard declaration.parameters.contains(where: { $0.label == "_" && $0.name == "bias" }) else { continue }
            #expect(
                all.contains { $0.name == declaration.name && $0.labels.contains("bias") },
                "\(declaration.description): an overload needs the label bias:")
        }
    }

    /// Rule 1: labels that once had another name than in PyTorch.
    @Test func labelsAreThoseOfPyTorch() throws {
        let old = [
            "paddingIndex": "paddingIdx", "keepDim": "keepdim", "keepDims": "keepdim", "axis": "dim",
            "learningRate": "lr", "epsilon": "eps", "kernel": "kernelSize", "padIdx": "paddingIdx",
        ]
        for declaration in try Self.declarations() where !declaration.isDeprecated {
            if declaration.path.hasSuffix("PyTorch/Answers.swift") { continue }
            for label in declaration.labels {
                #expect(old[label] == nil, "\(declaration.description): \(label) is \(old[label] ?? "") in PyTorch")
            }
        }
    }

    /// Rule 5: where one form of an operation on two tensors takes a number for the second, all forms do.
    @Test func everyFormTakesNumbers() throws {
        var taking: [String: (tensors: Set<String>, numbers: Set<String>)] = [:]
        for declaration in try Self.declarations() where !declaration.isStatic && !declaration.isDeprecated {
            guard ["Sources/TorchlightCore/", "Sources/Torchlight/"].contains(where: declaration.path.hasPrefix),
                !declaration.path.hasSuffix("PyTorch/Answers.swift")
            else { continue }
            let operands = declaration.isMember ? declaration.parameters[...] : declaration.parameters.dropFirst()
            guard declaration.isMember || declaration.parameters.first?.type == "Tensor", let operand = operands.first,
                operand.label == "_", declaration.name != "where"  // Its first operand is a condition.
            else { continue }
            let isInPlace = declaration.name.hasSuffix("_")
            let form = isInPlace ? "method in place" : declaration.isMember ? "method" : "function"
            let name = isInPlace ? String(declaration.name.dropLast()) : declaration.name
            if operand.type == "Tensor" { taking[name, default: ([], [])].tensors.insert(form) }
            if operand.type == "some TensorScalar" { taking[name, default: ([], [])].numbers.insert(form) }
        }
        #expect(taking.values.count { !$0.numbers.isEmpty } > 25)
        for (name, forms) in taking where !forms.numbers.isEmpty {
            #expect(forms.tensors.subtracting(forms.numbers) == [], "\(name) does not take a number")
        }
    }

    /// Methods of tensors that are no functions, with the reason.
    private static let methodsOnly: [String: String] = [
        "contiguous expand repeat view to item toArray toNestedArray size text broadcast": "methods in PyTorch too",
        "newEmpty newEmptyStrided newFull newOnes newTensor newZeros sumToSize elementSize expandAs reshapeAs typeAs viewAs":
            "methods in PyTorch too",
        "backward registerHook registerPostAccumulateGradHook retainGrad": "methods in PyTorch too",
        "withUnsafeBytes withUnsafeElements withUnsafeMutableBytes hash encode remove": "Swift",
        "float double half bfloat16 long int short char byte bool cpu cuda type dim numpy tolist astype copy":
            "conversions",
        "set makeIterator": "Swift",
    ]

    /// Rule 5: a function of torch is a method and a function.
    @Test func methodsAreFunctionsToo() throws {
        let all = try Self.declarations().filter {
            ["Sources/TorchlightCore", "Sources/Torchlight/"].contains(where: $0.path.hasPrefix)
        }
        let special = try ["Special", "SpecialPolynomials"].map {
            try SourceTree.text("Sources/TorchlightCore/Composites/\($0).swift")
        }.joined()
        let functions = Set(all.filter { !$0.isMember }.map(\.name))
        let exempt = Set(Self.methodsOnly.keys.flatMap { $0.split(separator: " ").map(String.init) })
        var tensorMethods: Set<String> = []
        for (_, text) in try SourceTree.files(in: "Sources/TorchlightCore", ["swift"]) {
            var isTensor = false
            for line in text.split(separator: "\n") {
                if line.hasPrefix("extension ") { isTensor = line.hasPrefix("extension Tensor {") }
                guard isTensor, let match = line.firstMatch(of: /^ {4}(?:@\w+ )*public func `?(\w+)`?[<(]/) else {
                    continue
                }
                tensorMethods.insert(String(match.output.1))
            }
        }
        #expect(tensorMethods.count > 300)
        for name in tensorMethods.sorted() where !name.hasSuffix("_") && !exempt.contains(name) {
            #expect(
                functions.contains(name) || special.contains("func \(name)("),
                "\(name) is a method only; add a function to Sources/Torchlight/PyTorch")
        }
    }
}
