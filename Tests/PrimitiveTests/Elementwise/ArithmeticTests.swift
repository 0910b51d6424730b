import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let arithmetic: [PrimitiveRecord] = [
        .binary(Add.self, inPlace: { $0.add_($1) }, run: { $0 + $1 }, reference: { $0 + $1 }),
        .binary(Sub.self, inPlace: { $0.sub_($1) }, run: { $0 - $1 }, reference: { $0 - $1 }),
        .binary(Mul.self, inPlace: { $0.mul_($1) }, run: { $0 * $1 }, reference: { $0 * $1 }),
        .unary(Neg.self, Operand.real(0...3), inPlace: { $0.neg_() }, run: { -$0 }, reference: { -$0 }),
    ]
}
