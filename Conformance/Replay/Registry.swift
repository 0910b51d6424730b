import Torchlight

/// The operators by their recorded names: how each one's arguments map to the public interface.
public struct Registry {
    /// Makes a call and gives back what it returned.
    public typealias Operation = (Call) throws -> Answer

    var operations: [String: Operation] = [:]

    /// Every operator of every family.
    public init() {
        registerUnary()
        registerBinary()
        registerQuotients()
        registerNumbers()
        registerPointwise()
        registerReductions()
        registerScans()
        registerMasked()
        registerShapes()
        registerShapesInPlace()
        registerComposites()
        registerViews()
        registerJoining()
        registerIndexing()
        registerIndexUpdates()
        registerSorting()
        registerCreation()
        registerNewLike()
        registerWindows()
        registerInitializers()
        registerTypes()
        registerProducts()
        registerActivations()
        registerLinearAlgebra()
        registerConvolutions()
        registerPooling()
        registerResampling()
        registerLosses()
        registerNormalizations()
        registerAttention()
        registerSpecial()
        registerComplex()
        registerFourier()
        registerRandom()
        registerOtherNames()
        registerUtilities()
        registerAudio()
    }

    /// The operator of that name that returns a tensor.
    mutating func register(_ names: String..., tensor operation: @escaping (Call) throws -> Tensor) {
        for name in names { operations[name] = { call in .tensor(try operation(call)) } }
    }

    /// The operator of that name that returns several tensors.
    mutating func register(_ names: String..., tensors operation: @escaping (Call) throws -> [Tensor]) {
        for name in names { operations[name] = { call in .tensors(try operation(call)) } }
    }

    /// The operator of that name that returns something else.
    mutating func register(_ names: String..., answer operation: @escaping Operation) {
        for name in names { operations[name] = operation }
    }

    /// A function of one tensor.
    mutating func unary(_ names: String..., function: @escaping (Tensor) -> Tensor) {
        for name in names { operations[name] = { call in .tensor(function(try call.tensor(0))) } }
    }

    /// A function of two operands, either of which may be a number where the interface takes one.
    ///
    /// Two numbers are no call of ours. Where `numbers` says so PyTorch takes them, the first as a tensor without
    /// dimensions, and so the call is made with one.
    mutating func binary(
        _ names: String..., tensors: @escaping (Tensor, Tensor) -> Tensor,
        number: ((Tensor, any TensorScalar) -> Tensor)? = nil,
        numberFirst: ((any TensorScalar, Tensor) -> Tensor)? = nil, numbers: Bool = false
    ) {
        for name in names {
            operations[name] = { call in
                if numbers, let number, !call.isTensor(1, "other") {
                    return .tensor(number(try call.operand(0, "input"), try call.number(1, "other")))
                }
                return .tensor(try Self.combine(call, 0, 1, tensors, number, numberFirst))
            }
        }
    }

    /// The same with the operands exchanged, as Python's reflected operators have them.
    mutating func reflected(
        _ name: String, tensors: @escaping (Tensor, Tensor) -> Tensor,
        number: ((Tensor, any TensorScalar) -> Tensor)? = nil,
        numberFirst: ((any TensorScalar, Tensor) -> Tensor)? = nil
    ) {
        operations[name] = { call in .tensor(try Self.combine(call, 1, 0, tensors, number, numberFirst)) }
    }

    private static func combine(
        _ call: Call, _ a: Int, _ b: Int, _ tensors: (Tensor, Tensor) -> Tensor,
        _ number: ((Tensor, any TensorScalar) -> Tensor)?, _ numberFirst: ((any TensorScalar, Tensor) -> Tensor)?
    ) throws -> Tensor {
        switch (call.isTensor(a, a == 0 ? "input" : "other"), call.isTensor(b, b == 0 ? "input" : "other")) {
        case (true, true): return tensors(try call.tensor(a), try call.tensor(b, "other"))
        case (true, false):
            guard let number else { throw NotSupported("takes no number") }
            return number(try call.tensor(a), try call.number(b, "other"))
        case (false, true):
            guard let numberFirst else { throw NotSupported("takes no number first") }
            return numberFirst(try call.number(a, "input"), try call.tensor(b, "other"))
        default: throw NotSupported("needs a tensor")
        }
    }
}
