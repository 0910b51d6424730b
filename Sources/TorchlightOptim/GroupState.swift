import CKernels
import TorchlightCore

// The state of a step for each parameter. It does not depend on the optimiser and is outside the generic class, so that
// the loop over the parameters is compiled once.

/// A state tensor of a parameter: its name, shape, dtype and initial value.
struct StateTensor {
    let name: String
    /// The shape; nil for that of the parameter.
    var shape: [Int]? = nil
    /// The dtype; nil for that of the parameter.
    var dtype: DType? = nil
    /// The initial value of every element.
    var start = 0.0

    /// A 0-dimensional float64 state tensor.
    static func number(_ name: String, startingAt start: Double) -> StateTensor {
        StateTensor(name: name, shape: [], dtype: .float64, start: start)
    }

    func make(for parameter: Tensor) -> Tensor {
        noGrad {
            Tensor.full(shape ?? parameter.shape, start, dtype: dtype ?? parameter.dtype, device: parameter.device)
        }
    }

    func fits(_ tensor: Tensor, _ parameter: Tensor) -> Bool {
        tensor.shape == (shape ?? parameter.shape) && tensor.dtype.isFloatingPoint
    }

    /// The tensor converted to the dtype, device and memory layout of this state; the same tensor if no conversion is
    /// needed.
    func adapt(_ tensor: Tensor, to parameter: Tensor) -> Tensor {
        noGrad { tensor.to(dtype ?? parameter.dtype).to(parameter.device).contiguous() }
    }
}

/// The state of one parameter.
struct Slot {
    let parameter: Tensor
    /// Up to three tensors by name, in the kernel's order; nil if the settings need none.
    var states: [(name: String, tensor: Tensor)?] = []
    /// The number of steps.
    var step = 0
    /// The kernel's entry, without the gradient and the step. Its address is nil until the state tensors are created.
    var entry = tl_optim_entry()

    init(parameter: Tensor) { self.parameter = parameter }

    /// Creates missing state tensors, converts those whose parameter was converted, and stores the addresses.
    mutating func rebuild(_ wanted: [StateTensor?]) {
        let (parameter, old) = (parameter, states)
        states = wanted.map { wanted in
            guard let wanted else { return nil }
            if let kept = old.first(where: { $0?.name == wanted.name })??.tensor {
                return (wanted.name, wanted.adapt(kept, to: parameter))
            }
            return (wanted.name, wanted.make(for: parameter))
        }
        entry.parameter = parameter.data
        entry.dtype = parameter.dtype.rawValue
        entry.device = parameter.device.kernelCode
        entry.count = Int64(parameter.count)
        entry.state = (address(0), address(1), address(2))
    }

    private func address(_ i: Int) -> UnsafeMutableRawPointer? { i < states.count ? states[i]?.tensor.data : nil }
}

/// A parameter in a step: its gradient, its state in the order of `stateTensors`, and the number of the step, from 1.
struct TrainedParameter {
    let parameter: Tensor
    let gradient: Tensor
    let states: [Tensor?]
    let step: Int
}

/// The state of one parameter group.
final class GroupState {
    var slots: [Slot] = []
    /// Slots whose stored addresses are outdated, with their indices in the entries.
    var outdated: [(slot: Int, position: Int)] = []
    /// Contiguous copies of gradients, retained until the kernel has run.
    var copies: [Tensor] = []

    /// The parameters that are changed in the current step.
    var changed: [Tensor] = []

    /// The device of the changed parameters; nil, after reporting an error, if there are several devices.
    func device(in name: String) -> Device? {
        guard let first = changed.first else { return nil }
        for parameter in changed where parameter.device != first.device {
            reportFailure(
                TensorError(
                    .device, in: name, "the parameters of a group are on different devices", expected: "one device",
                    fix: "create a parameter group for each device", operands: [first, parameter]))
            return nil
        }
        return first.device
    }

    /// Invalidates the stored addresses of all parameters.
    func invalidate() {
        for i in slots.indices { slots[i].entry.parameter = nil }
    }

    /// Fills the entries of the parameters with a gradient; returns their number.
    func collect(
        into entries: UnsafeMutablePointer<tl_optim_entry>, _ detector: inout ForgottenZeroGradDetector, _ name: String
    ) -> Int {
        var count = 0
        slots.withUnsafeMutableBufferPointer { slots in
            for i in slots.indices {
                let parameter = slots[i].parameter
                guard let gradient = parameter.grad, !parameter.isPlaceholder else { continue }
                if count == 0 { detector.observe(gradient) }
                var source = gradient
                if !gradient.isContiguous {
                    source = noGrad { gradient.contiguous() }
                    copies.append(source)
                }
                slots[i].step += 1
                if slots[i].entry.parameter != parameter.data || slots[i].entry.dtype != parameter.dtype.rawValue {
                    outdated.append((i, count))
                }
                entries[count] = slots[i].entry
                entries[count].gradient = UnsafeRawPointer(source.data)
                entries[count].step = Int64(slots[i].step)
                changed.append(parameter)
                count += 1
            }
        }
        return count
    }
}

/// Detects gradients that are never cleared: backward passes accumulate into the same tensor in several consecutive
/// steps.
struct ForgottenZeroGradDetector {
    private var lastGradient: ObjectIdentifier?
    private var lastVersion = 0
    private var repeats = 0
    private static let stepsToWarn = 10

    @inline(__always)
    mutating func observe(_ gradient: Tensor) {
        let id = ObjectIdentifier(gradient)
        let version = gradient.version
        // Clearing the gradient in place would be a second write between two steps.
        if id == lastGradient && version == lastVersion + 1 {
            repeats += 1
            if repeats == Self.stepsToWarn { TrainingHints.report(.forgottenZeroGrad) }
        } else {
            repeats = 0
        }
        lastGradient = id
        lastVersion = version
    }
}
