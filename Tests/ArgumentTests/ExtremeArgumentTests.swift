import Foundation
import TestSupport
import Testing
import Torchlight

/// Arguments at the ends of what their types hold: a call gives a result or a `TensorError`, and never ends the process.
@Suite struct ExtremeArgumentTests {
    static let table: CallTable = {
        var table = CallTable()
        table.addComposites()
        table.addMasked()
        table.addOtherNames()
        table.addFourierTransforms()
        table.addComputations()
        table.addShaping()
        table.addLayers()
        table.addModuleUtilities()
        table.addAudio()
        table.addSparse()
        table.addTransformations()
        table.addTraining()
        table.addData()
        table.addFiles()
        return table
    }()

    /// How often each operation is called. TORCHLIGHT_TEST_CALLS says how often instead; TORCHLIGHT_TEST_NAMES calls only
    /// operations whose names contain it, and names each before it is called.
    private static let environment = ProcessInfo.processInfo.environment
    private static let times = environment["TORCHLIGHT_TEST_CALLS"].flatMap(Int.init) ?? 40
    private static let names = environment["TORCHLIGHT_TEST_NAMES"]

    /// What is in no table, with the reason.
    private static let exempt: [String: String] = [
        "Int.subscript(dimension": "any dimension gives the number itself",
        "Size2.": "holds numbers; the operations that take it are in the table",
        "Size3.": "holds numbers; the operations that take it are in the table",
        "ConvPadding.": "holds numbers; the operations that take it are in the table",
        "AdaptiveSize.": "holds numbers; the operations that take it are in the table",
        "PaddingSize.": "holds numbers; the layers that take it are in the table",
        "TensorIndex.": "holds numbers; the subscripts are in the table",
        "TensorNumber.": "a literal",
        "NormOrder.": "a literal",
        "Complex.": "a literal",
        "PruningAmount.": "a literal",
        "IOError.": "holds a position in a file",
        "TensorData.": "reads a Swift array",
        "Array.": "reads a Swift array",
        "Device.cuda": "a number of a device, which is refused when it is used",
        "Generator.fork": "any number names a generator",
        "setNumThreads": "a setting of the process, which numThreads limits",
        "setPrintOptions": "a setting of the process; PrintingTests has its limits",
        "TorchValue.init": "a literal",
        "DynamicDimensions.init": "holds ranges; the exports that take it check them",
        "IOError.init": "holds a number for the message",
    ]

    static let modules = [
        "TorchlightCore", "TorchlightNN", "TorchlightOptim", "TorchlightData", "TorchlightIO", "TorchlightTraining",
        "TorchlightAudio", "TorchlightSparse",
    ]

    @Test(arguments: modules)
    func everyPublicFunctionThatTakesIntegersIsInTheTable(_ module: String) throws {
        let declared = try PublicDeclarations.takingIntegers(in: module)
        #expect(!declared.isEmpty, "the declarations were not found")
        let known = Set(Self.table.calls.map(\.name))
        let missing = declared.filter { name in
            !known.contains(name) && !Self.exempt.keys.contains { name.hasPrefix($0) }
        }
        #expect(missing.sorted() == [], "add calls of these to the tables of Tests/ArgumentTests")
    }

    @Test func theTableNamesOnlyWhatThereIs() throws {
        var declared: Set<String> = []
        for module in Self.modules {
            declared.formUnion(try PublicDeclarations.takingIntegers(in: module))
        }
        #expect(Self.table.calls.map(\.name).filter { !declared.contains($0) } == [], "take these out of the tables")
    }

    @Test func everyCallGivesAResultOrATensorError() {
        let known = Set(Self.table.calls.map(\.name))
        #expect(known.count == Self.table.calls.count, "an operation stands in the table twice")
        for call in Self.table.calls where Self.names.map({ call.name.contains($0) }) ?? true {
            if Self.names != nil { FileHandle.standardError.write(Data("CALL \(call.name)\n".utf8)) }
            for round in 0..<Self.times {
                let arguments = Arguments("\(call.name) \(round)")
                // What no machine has memory for must be refused, and is, on any machine, above 16 MB.
                Memory.refusingBlocks(above: 16 << 20) {
                    do {
                        try checked { _ = try call.body(arguments) }
                    } catch is TensorError {
                    } catch is IOError {
                    } catch {
                        Issue.record("\(call.name), round \(round), seed \(TestRandom.seed): \(error)")
                    }
                }
            }
        }
    }
}
