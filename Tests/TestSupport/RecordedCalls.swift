import TorchlightCore

/// The calls of primitives that a piece of code makes.
package final class RecordedCalls: CallRecorder {
    package struct Call {
        package let primitive: any Primitive
        /// Copies of the operands and of the results, as they were after the call: what the code does with them later
        /// does not show. The operands of an in-place call are not kept.
        package let inputs: Few<Tensor>
        package let outputs: Few<Tensor>
        /// The descriptions at the time of the call.
        package let inputSpecs: [TensorSpec]
        package let outputSpecs: [TensorSpec]
        package let kind: CallKind
    }

    package private(set) var calls: [Call] = []

    package func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
        calls.append(
            Call(
                primitive: primitive, inputs: Few(inputs.map(Self.copy)), outputs: Few(outputs.map(Self.copy)),
                inputSpecs: inputs.map { TensorSpec($0) },
                outputSpecs: outputs.map { TensorSpec($0) }, kind: kind))
    }

    private static func copy(_ tensor: Tensor) -> Tensor {
        tensor.isWrappedScalar ? tensor : noGrad { (try? tensor.detach().cloneKeepingStrides()) ?? tensor }
    }

    /// Runs the body and gives what it called.
    package static func of(_ body: () -> Void) -> [Call] {
        let recorder = RecordedCalls()
        recordingCalls(with: recorder, body)
        return recorder.calls
    }
}
