import GuardedDevice
import TestSupport
import Testing
@testable import TorchlightCore

/// The laws, for every primitive.
@Suite struct LawTests {
    @Test(arguments: AllRecords.all)
    func equalsReference(_ record: PrimitiveRecord) { Laws.equalsReference(record) }

    @Test(arguments: AllRecords.all)
    func layoutDoesNotMatter(_ record: PrimitiveRecord) { Laws.layoutDoesNotMatter(record) }

    @Test(arguments: AllRecords.all)
    func gradientsAgree(_ record: PrimitiveRecord) { Laws.gradientsAgree(record) }

    @Test(arguments: AllRecords.all)
    func graphsAreFreed(_ record: PrimitiveRecord) { Laws.graphsAreFreed(record) }

    @Test(arguments: AllRecords.all)
    func gradientFlagDoesNotMatter(_ record: PrimitiveRecord) { Laws.gradientFlagDoesNotMatter(record) }

    @Test(arguments: AllRecords.all)
    func refusesOtherDTypes(_ record: PrimitiveRecord) { Laws.refusesOtherDTypes(record) }

    @Test(arguments: AllRecords.all)
    func coversEmptyAndScalar(_ record: PrimitiveRecord) { Laws.coversEmptyAndScalar(record) }

    @Test(arguments: AllRecords.all)
    func inPlaceAgrees(_ record: PrimitiveRecord) { Laws.inPlaceAgrees(record) }

    @Test(arguments: AllRecords.all)
    func convertsInAutocastAsItsClassSays(_ record: PrimitiveRecord) { Laws.convertsInAutocast(record) }

    @Test(arguments: AllRecords.all)
    func inferenceAgreesWithTheCall(_ record: PrimitiveRecord) { DescriptionLaws.inferenceAgrees(record) }

    @Test(arguments: AllRecords.all)
    func runsOnMeta(_ record: PrimitiveRecord) { DescriptionLaws.runsOnMeta(record) }

    @Test(arguments: AllRecords.all)
    func survivesCoding(_ record: PrimitiveRecord) { DescriptionLaws.survivesCoding(record) }

    @Test(arguments: AllRecords.all)
    func decodingIsChecked(_ record: PrimitiveRecord) { DescriptionLaws.decodingIsChecked(record) }

    @Test(arguments: AllRecords.all)
    func effectsAreTrue(_ record: PrimitiveRecord) { DescriptionLaws.effectsAreTrue(record) }

    @Test(arguments: AllRecords.all)
    func decompositionAgrees(_ record: PrimitiveRecord) { DescriptionLaws.decompositionAgrees(record) }

    @Test(arguments: AllRecords.all)
    func algebraIsTrue(_ record: PrimitiveRecord) { AlgebraLaws.algebraIsTrue(record) }

    @Test(arguments: AllRecords.all)
    func fusionIsTrue(_ record: PrimitiveRecord) { AlgebraLaws.fusionIsTrue(record) }

    @Test(arguments: AllRecords.all)
    func batchedEqualsLoop(_ record: PrimitiveRecord) { BatchingLaws.batchedEqualsLoop(record) }

    @Test(arguments: AllRecords.all)
    func nestedMapEqualsLoop(_ record: PrimitiveRecord) { TransformationLaws.nestedMapEqualsLoop(record) }

    @Test(arguments: AllRecords.all)
    func derivativesAgree(_ record: PrimitiveRecord) { TransformationLaws.derivativesAgree(record) }

    /// The primitives without a batching rule; whoever adds one says why here, and in the article.
    @Test func primitivesByBatchingRule() throws {
        let rules = Dictionary(grouping: AllRecords.all, by: BatchingLaws.rule).mapValues { Set($0.map(\.name)) }
        let loops: Set<String> = [
            // Each example has its own number of results, or positions that depend on its values.
            MaskedSelect.name, MaskedScatter.name, NonZero.name,
            // Each example draws its own random numbers.
            BernoulliDraw.name, DropoutForward.name, RandomVariates.name, UniformFill.name, NormalFill.name,
            IntegerFill.name, Permutation.name,
            // The kernels take one example.
            RowOrder.name, CondensedDistance.name, CondensedDistanceBackward.name, Recurrence.name,
            RecurrenceBackward.name,
            // A packed weight for each example; one weight for all examples is one call.
            QuantizedLinear.name,
        ]
        #expect(rules[.loop]?.sorted() == loops.sorted())
        let article = try SourceTree.text("Docs/Torchlight.docc/FunctionTransformations.md")
        for rule in BatchingLaws.Rule.allCases {
            let count = rules[rule]?.count ?? 0
            #expect(article.contains("| \(rule.rawValue) | \(count) |"), "\(rule.rawValue): \(count)")
        }
    }

    @Test(arguments: AllRecords.all)
    func equalsTheCPUOnAnotherDevice(_ record: PrimitiveRecord) throws {
        DeviceLaws.equalsTheCPU(record, on: try #require(Device.guarded))
    }

    @Test(arguments: AllRecords.all.filter { $0.primitive.supportsComplex })
    func realNumbersAreComplexOnes(_ record: PrimitiveRecord) { ComplexLaws.agreesOnRealNumbers(record) }

    @Test(arguments: AllRecords.all.filter { $0.primitive.supportsComplex })
    func complexGradientsAgree(_ record: PrimitiveRecord) { ComplexLaws.gradientsAgree(record) }

    @Test(arguments: AllRecords.all.filter { $0.primitive.supportsComplex })
    func complexNumbersOnOtherDevices(_ record: PrimitiveRecord) throws {
        ComplexLaws.equalsTheCPU(record, on: try #require(Device.guarded))
    }

    @Test func everyPrimitiveHasARecord() {
        let recorded = Set(AllRecords.all.map { ObjectIdentifier($0.primitive) })
        for primitive in AllPrimitives.all {
            #expect(recorded.contains(ObjectIdentifier(primitive)), "\(primitive) has no record")
        }
        #expect(AllRecords.all.count >= AllPrimitives.all.count)
    }
}
