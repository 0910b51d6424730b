// pytorch/examples: reinforcement_learning/reinforce. The REINFORCE algorithm (Williams, 1992) on a cart-pole.
//
// What differs: the cart-pole is simulated here, with the equations of Barto, Sutton and Anderson (1983) as in Gym.
import Foundation
import Torchlight

/// A pole on a cart: push the cart to the left or to the right so that the pole stays up.
private struct CartPole {
    private var (x, velocity, angle, rotation) = (0.0, 0.0, 0.0, 0.0)

    /// Position and speed of the cart, angle and angular speed of the pole.
    var state: [Double] { [x, velocity, angle, rotation] }

    /// Starts near the upright position.
    mutating func reset(using generator: inout some RandomNumberGenerator) -> [Double] {
        let start = (0..<4).map { _ in Double.random(in: -0.05...0.05, using: &generator) }
        (x, velocity, angle, rotation) = (start[0], start[1], start[2], start[3])
        return state
    }

    /// Pushes for 0.02 seconds; false when the pole fell or the cart left the track.
    mutating func step(_ action: Int) -> Bool {
        let (gravity, cart, pole, halfLength, interval) = (9.8, 1.0, 0.1, 0.5, 0.02)
        let force = action == 1 ? 10.0 : -10.0
        let (sine, cosine) = (sin(angle), cos(angle))
        let push = (force + pole * halfLength * rotation * rotation * sine) / (cart + pole)
        let inertia = halfLength * (4.0 / 3.0 - pole * cosine * cosine / (cart + pole))
        let angular = (gravity * sine - cosine * push) / inertia
        let linear = push - pole * halfLength * angular * cosine / (cart + pole)
        x += interval * velocity
        velocity += interval * linear
        angle += interval * rotation
        rotation += interval * angular
        return abs(x) <= 2.4 && abs(angle) <= 12 * Double.pi / 180
    }
}

private final class Policy: Module, Layer {
    let affine1 = Linear(4, 128)
    let dropout = Dropout(p: 0.6)
    let affine2 = Linear(128, 2)

    func forward(_ x: Tensor) -> Tensor { softmax(affine2(relu(dropout(affine1(x)))), dim: 1) }
}

func reinforce(_ scale: Scale) throws {
    manualSeed(543)
    var random = PhiloxGenerator(seed: 543)
    var environment = CartPole()
    let policy = Policy()
    let optimizer = Adam(policy.parameters(), lr: 1e-2)
    let (gamma, eps) = (0.99, 1e-8)
    var (runningReward, best) = (10.0, 0.0)
    for episode in 1...scale.pick(small: 40, full: 1000) {
        var state = environment.reset(using: &random)
        var logProbs: [Tensor] = []
        var rewards: [Double] = []
        for _ in 0..<scale.pick(small: 200, full: 500) {
            let probs = policy(tensor([state], dtype: .float))
            let categorical = Categorical(probs)
            let action = categorical.sample()
            logProbs.append(categorical.logProb(action))
            let isUp = environment.step(action.item())
            state = environment.state
            rewards.append(1)
            if !isUp { break }
        }
        let reward = Double(rewards.count)
        runningReward = 0.05 * reward + 0.95 * runningReward
        best = max(best, runningReward)

        var (discounted, returns) = (0.0, [Double]())
        for reward in rewards.reversed() {
            discounted = reward + gamma * discounted
            returns.insert(discounted, at: 0)
        }
        var weights = tensor(returns)
        weights = (weights - weights.mean()) / (weights.std() + eps)
        let losses = zip(logProbs, weights).map { logProb, weight in -logProb * weight }
        optimizer.zeroGrad()
        let loss = cat(losses).sum()
        loss.backward()
        optimizer.step()
        if episode % 10 == 0 {
            print("episode \(episode): last reward \(text(reward, 0)), average \(text(runningReward, 2))")
        }
        if runningReward > 475 {
            print("solved")
            break
        }
    }
    print("reward \(text(best, 2))")
}
