import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let exponential: [PrimitiveRecord] = [
        .unary(Exp.self, inPlace: { $0.exp_() }, run: { $0.exp() }, reference: { Glibc.exp($0) })
    ]
}
