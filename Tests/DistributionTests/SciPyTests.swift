import Foundation
import TestSupport
import Testing
import Torchlight

/// Log probabilities, distribution functions, entropies, moments and divergences beside those of SciPy, which
/// `record_scipy_values.py` wrote.
@Suite struct SciPyTests {
    struct Record: Decodable {
        let univariate: [Univariate]
        let multivariate: [Multivariate]
        let divergences: [Divergence]
    }

    /// A number, or the text of one that is not finite.
    struct Number: Decodable {
        let value: Double
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                value = number
            } else {
                value = Double(try container.decode(String.self)) ?? .nan
            }
        }
    }

    struct Univariate: Decodable {
        let distribution: String
        let parameters: [String: Double]
        let values: [Number]
        let log_prob: [Number]
        let cdf: [Number]?
        let quantiles: [Double]?
        let entropy: Number
        let mean: Number
        let variance: Number
    }

    struct Multivariate: Decodable {
        let distribution: String
        let loc: [Double]?
        let df: Double?
        let matrix: [[Double]]?
        let log_prob: [Double]
        let entropy: Double
    }

    struct Described: Decodable {
        let distribution: String
        let parameters: [String: Double]
    }

    struct Divergence: Decodable {
        let p, q: Described
        let divergence: Double
    }

    static let record: Record = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        // A file that does not decode fails every test.
        let data = try! Data(contentsOf: folder.appending(path: "scipy_values.json"))
        return try! JSONDecoder().decode(Record.self, from: data)
    }()

    private func expectClose(_ got: Tensor, _ expected: [Double], _ label: String, tolerance: Double = 1e-9) {
        let values = got.toArray(Double.self)
        #expect(values.count == expected.count, "\(label)")
        for (a, b) in zip(values, expected) {
            let isClose = a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * (1 + abs(b))
            #expect(isClose, "\(label): \(a) and \(b)")
        }
    }

    @Test(arguments: record.univariate.indices)
    func numbersAreThoseOfSciPy(_ index: Int) throws {
        let entry = Self.record.univariate[index]
        let label = "\(entry.distribution) \(entry.parameters)"
        let distribution = try Families.make(entry.distribution, entry.parameters)
        let values = Tensor(entry.values.map(\.value), dtype: .float64)
        expectClose(distribution.logProb(values), entry.log_prob.map(\.value), "\(label) logProb")
        if let cdf = entry.cdf, Families.hasCDF(entry.distribution) {
            expectClose(distribution.cdf(values), cdf.map(\.value), "\(label) cdf", tolerance: 1e-8)
        }
        if let quantiles = entry.quantiles, Families.hasICDF(entry.distribution) {
            let icdf = distribution.icdf(Tensor(quantiles, dtype: .float64))
            expectClose(icdf, entry.values.map(\.value), "\(label) icdf", tolerance: 1e-8)
        }
        if Families.hasEntropy(entry.distribution) {
            expectClose(distribution.entropy(), [entry.entropy.value], "\(label) entropy", tolerance: 1e-6)
        }
        // SciPy says infinite where there is no mean or variance.
        if entry.mean.value.isFinite { expectClose(distribution.mean, [entry.mean.value], "\(label) mean") }
        if entry.variance.value.isFinite {
            expectClose(distribution.variance, [entry.variance.value], "\(label) variance", tolerance: 1e-8)
        }
    }

    @Test(arguments: record.divergences.indices)
    func divergencesAreThoseOfIntegrals(_ index: Int) throws {
        let entry = Self.record.divergences[index]
        let p = try Families.make(entry.p.distribution, entry.p.parameters)
        let q = try Families.make(entry.q.distribution, entry.q.parameters)
        expectClose(
            klDivergence(p, q), [entry.divergence], "\(entry.p.distribution) from \(entry.q.distribution)",
            tolerance: 1e-5)
    }

    @Test func vectorsAndMatricesAreThoseOfSciPy() throws {
        let points: [String: Tensor] = [
            "MultivariateNormal": Tensor([[0, 0, 0], [1, -1, 0.5], [3, 2, -1.0]], dtype: .float64),
            "Dirichlet": Tensor([[0.2, 0.3, 0.5], [0.01, 0.09, 0.9]], dtype: .float64),
            "Multinomial": Tensor([[1, 3, 2], [0, 6, 0], [2, 2, 2.0]], dtype: .float64),
        ]
        for entry in Self.record.multivariate {
            let loc = Tensor(entry.loc ?? [], dtype: .float64)
            let matrix = entry.matrix.map { Tensor($0, dtype: .float64) }
            let distribution: any Distribution
            var values = points[entry.distribution]
            switch entry.distribution {
            case "MultivariateNormal": distribution = MultivariateNormal(loc: loc, covarianceMatrix: matrix)
            case "Dirichlet": distribution = Dirichlet(concentration: loc)
            case "Multinomial": distribution = Multinomial(totalCount: 6, probs: loc)
            default:
                let covariance = try #require(matrix)
                distribution = Wishart(
                    df: Tensor(try #require(entry.df), dtype: .float64), covarianceMatrix: covariance)
                values = stack([Tensor.eye(3, dtype: .float64) * 4, covariance * 5.5])
            }
            expectClose(distribution.logProb(try #require(values)), entry.log_prob, entry.distribution)
            expectClose(distribution.entropy(), [entry.entropy], entry.distribution)
        }
    }
}
