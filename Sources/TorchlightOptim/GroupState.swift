import CKernels
import TorchlightCore
import TorchlightNN

// What a step needs of each parameter. It is the same for every kind of optimiser and stands outside the generic class,
// so that the loop over the parameters is compiled once, for the types that it has.

/// A tensor that an optimiser keeps for a parameter: its name, and how it starts.
struct StateTensor {
    let name: String
    /// Nil for the shape of the parameter.
    var shape: [Int]? = nil
    /// Nil for the type of the parameter.
    var dtype: DType? = nil
    /// What every element is at first.
    var start = 0.0

    /// A single number, kept in double precision.
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

    /// A tensor as it is kept for the parameter; itself where it is so already.
    func adapt(_ tensor: Tensor, to parameter: Tensor) -> Tensor {
        noGrad { tensor.to(dtype ?? parameter.dtype).to(parameter.device).contiguous() }
    }
}

/// What an optimiser keeps for one parameter.
struct Slot {
    let parameter: Tensor
    /// Up to three tensors by name, in the kernel's order; nil where the settings need none.
    var states: [(name: String, tensor: Tensor)?] = []
    /// Steps taken.
    var step = 0
    /// The entry as the kernel takes it, but for the gradient and the step. Its address is nil until the state is made.
    var entry = tl_optim_entry()

    init(parameter: Tensor) { self.parameter = parameter }

    /// Makes the state where it is missing, converts it where the parameter was converted, and notes the addresses.
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

/// What an optimiser keeps for a group.
final class GroupState {
    var slots: [Slot] = []
    /// Slots whose addresses are not those of their parameters any more, with their positions in the entries.
    var outdated: [(slot: Int, position: Int)] = []
    /// Copies of gradients that do not lie densely; they live until the kernel has run.
    var copies: [Tensor] = []

    /// Makes the next step look at the state of every parameter again.
    func invalidate() {
        for i in slots.indices { slots[i].entry.parameter = nil }
    }

    /// Fills the entries of the parameters that have a gradient; returns their number.
    func collect(
        into entries: UnsafeMutablePointer<tl_optim_entry>, _ watch: inout GradientWatch, _ name: String
    ) -> Int {
        var count = 0
        slots.withUnsafeMutableBufferPointer { slots in
            for i in slots.indices {
                let parameter = slots[i].parameter
                guard let gradient = parameter.grad, !parameter.isPlaceholder else { continue }
                if count == 0 { watch.observe(gradient) }
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
                parameter.storage.noteWrite(by: name)
                count += 1
            }
        }
        return count
    }
}

/// Notices that gradients of past steps are never dropped: the same tensor is added to, once a step, step after step.
struct GradientWatch {
    private var lastGradient: ObjectIdentifier?
    private var lastVersion = 0
    private var repeats = 0
    private static let stepsToWarn = 10

    @inline(__always)
    mutating func observe(_ gradient: Tensor) {
        let id = ObjectIdentifier(gradient)
        let version = gradient.version
        // Clearing in place would be a second write between two steps.
        if id == lastGradient && version == lastVersion + 1 {
            repeats += 1
            if repeats == Self.stepsToWarn { TrainingDoctor.hint(.forgottenZeroGrad) }
        } else {
            repeats = 0
        }
        lastGradient = id
        lastVersion = version
    }
}
