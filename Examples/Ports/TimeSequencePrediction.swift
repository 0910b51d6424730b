// pytorch/examples: time_sequence_prediction. Two LSTM cells learn sine waves with L-BFGS, and continue them.
//
// What differs: the waves are generated here, in place of a file. There is no plot.
import Torchlight

private final class Sequence: Module, Forward2 {
    let lstm1 = LSTMCell(1, 51)
    let lstm2 = LSTMCell(51, 51)
    let linear = Linear(51, 1)

    /// Predicts the next value at each time, and `future` values after the last.
    func forward(_ input: Tensor, _ future: Int) -> Tensor {
        var outputs: [Tensor] = []
        var (h1, c1) = (zeros(input.size(0), 51, dtype: .double), zeros(input.size(0), 51, dtype: .double))
        var (h2, c2) = (h1, c1)
        var output = input
        for time in 0..<input.size(1) + future {
            let value = time < input.size(1) ? input.narrow(1, time, 1) : output
            (h1, c1) = lstm1(value, (h1, c1))
            (h2, c2) = lstm2(h1, (h2, c2))
            output = linear(h2)
            outputs.append(output)
        }
        return cat(outputs, dim: 1)
    }
}

func timeSequencePrediction(_ scale: Scale) throws {
    manualSeed(0)
    let (count, length) = scale.pick(small: (6, 30), full: (100, 1000))
    // Sine waves of one frequency with random phases.
    let phase = randint(-4 * 20, 4 * 20, [count, 1]).double()
    let data = sin((arange(0.0, Double(length), dtype: .double) + phase) / 20.0)
    let (input, target) = (data[3..., ..<(length - 1)], data[3..., 1...])
    let (testInput, testTarget) = (data[..<3, ..<(length - 1)], data[..<3, 1...])
    let sequence = Sequence().double()
    let criterion = MSELoss()
    let optimizer = LBFGS(sequence.parameters(), lr: 0.8)
    let future = length
    var loss = 0.0
    for step in 0..<scale.pick(small: 3, full: 15) {
        optimizer.step {
            optimizer.zeroGrad()
            let loss = criterion(sequence(input, 0), target)
            loss.backward()
            return loss
        }
        noGrad {
            let prediction = sequence(testInput, future)
            loss = criterion(prediction[.all, ..<(length - 1)], testTarget).item()
            let last = Double(prediction[0, -1])
            print("step \(step): test loss \(text(loss, 6)), value \(future) steps later \(text(last))")
        }
    }
    print("test loss \(text(loss, 6))")
}
