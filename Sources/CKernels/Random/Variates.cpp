// Random numbers of distributions that are sampled by rejection. The number of words per element is not known in
// advance, so that every element has its own sequence of words: element i uses the groups of four words from i * 2^20,
// whichever thread computes it.
#include "Scalar/Philox.h"
#include "Support/Convert.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_random.h"
#include <cmath>
#include <limits>

using namespace tl;

namespace {

constexpr int64_t block = 64, grain = 8; // elements, blocks
constexpr double pi = 3.14159265358979323846;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The random words of one element.
class Words {
  public:
    Words(tl_philox key, int64_t element) : key(key), group(static_cast<uint64_t>(element) << 20) {}

    uint32_t word() {
        if (used == 4) {
            words = tl_philox_4x32(key.seed, key.call, group++);
            used = 0;
        }
        return words.word[used++];
    }
    /// Uniform in (0, 1), without the ends, so that logarithms are finite.
    double unit() {
        const uint32_t high = word(), low = word();
        return tl_unit_f64(high, low) + 0x1p-54;
    }
    double normal() {
        if (has_normal) {
            has_normal = false;
            return second;
        }
        const double u = unit(), v = unit();
        const tl_pair_f64 pair = tl_normal_pair_f64(u, v);
        second = pair.second;
        has_normal = true;
        return pair.first;
    }

  private:
    tl_philox key;
    uint64_t group;
    tl_philox_block words;
    uint32_t used = 4;
    double second = 0;
    bool has_normal = false;
};

double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

/// log x of a gamma variate of scale 1 (Marsaglia and Tsang 2000, "A simple method for generating gamma variables").
/// The logarithm is returned because variates of small shapes underflow.
double log_gamma_variate(Words& words, double shape) {
    if (!(shape > 0)) return shape == 0 ? -INFINITY : not_a_number;
    if (std::isinf(shape)) return INFINITY;
    // A variate of shape a is a variate of shape a + 1 times u^(1/a).
    const double boost = shape < 1 ? std::log(words.unit()) / shape : 0;
    const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
        const double x = words.normal(), root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root, log_v = 3 * std::log(root);
        if (std::log(words.unit()) < 0.5 * x * x + d * (1 - v + log_v)) return std::log(d) + log_v + boost;
    }
}

/// log(k!) - (k + 1/2) log k + k - log(2 pi) / 2: the error of Stirling's formula.
double stirling_error(double k) {
    if (k < 16) return log_gamma(k + 1) - (k + 0.5) * std::log(k) + k - 0.91893853320467274178;
    const double square = k * k;
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / k;
}

/// The logarithm of the probability of k under a Poisson distribution, accurate for large rates.
double log_poisson(double k, double rate) {
    if (k == 0) return -rate;
    const double excess = (k - rate) / rate;
    const double deviance = rate * ((1 + excess) * std::log1p(excess) - excess);
    return -deviance - 0.5 * std::log(2 * pi * k) - stirling_error(k);
}

/// Multiplication of uniform numbers for small rates; otherwise transformed rejection with squeeze (Hörmann 1993, "The
/// transformed rejection method for generating Poisson random variables", algorithm PTRS).
double poisson_variate(Words& words, double rate) {
    if (!(rate >= 0)) return not_a_number;
    if (std::isinf(rate)) return INFINITY;
    if (rate < 10) {
        const double limit = std::exp(-rate);
        double count = 0;
        for (double product = words.unit(); product > limit; product *= words.unit()) ++count;
        return count;
    }
    const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), squeeze = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = words.unit() - 0.5, v = words.unit(), s = 0.5 - std::fabs(u);
        const double k = std::floor((2 * a / s + b) * u + rate + 0.43);
        if (s >= 0.07 && v <= squeeze) return k;
        if (k < 0 || (s < 0.013 && v > s)) continue;
        if (std::log(v * inverse_alpha / (a / (s * s) + b)) <= log_poisson(k, rate)) return k;
    }
}

/// Sums of geometric waiting times for few expected successes; otherwise transformed rejection (Hörmann 1993, "The
/// generation of binomial random variates", algorithm BTRS).
double binomial_variate(Words& words, double count, double probability) {
    if (!(count >= 0) || !(probability >= 0) || !(probability <= 1) || std::isinf(count)) return not_a_number;
    count = std::floor(count);
    if (count == 0 || probability == 0) return 0;
    if (probability == 1) return count;
    const bool is_flipped = probability > 0.5;
    const double p = is_flipped ? 1 - probability : probability, q = 1 - p;
    double successes = 0;
    if (count * p < 10) {
        const double log_failure = std::log1p(-p);
        for (double trials = 0;; ++successes) {
            trials += std::fmax(1, std::ceil(std::log(words.unit()) / log_failure));
            if (!(trials <= count)) break;
        }
    } else {
        const double deviation = std::sqrt(count * p * q), b = 1.15 + 2.53 * deviation;
        const double a = -0.0873 + 0.0248 * b + 0.01 * p, center = count * p + 0.5;
        const double squeeze = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * deviation;
        const double log_odds = std::log(p / q), mode = std::floor((count + 1) * p);
        const double at_mode = log_gamma(mode + 1) + log_gamma(count - mode + 1);
        for (;;) {
            const double u = words.unit() - 0.5, v = words.unit(), s = 0.5 - std::fabs(u);
            const double k = std::floor((2 * a / s + b) * u + center);
            if (k < 0 || k > count) continue;
            successes = k;
            if (s >= 0.07 && v <= squeeze) break;
            const double ratio =
                at_mode - log_gamma(k + 1) - log_gamma(count - k + 1) + (k - mode) * log_odds;
            if (std::log(v * alpha / (a / (s * s) + b)) <= ratio) break;
        }
    }
    return is_flipped ? count - successes : successes;
}

/// An angle in [-pi, pi] around 0: rejection from a wrapped Cauchy distribution (Best and Fisher 1979, "Efficient simulation
/// of the von Mises distribution").
double von_mises_variate(Words& words, double concentration) {
    if (!(concentration >= 0)) return not_a_number;
    if (concentration < 1e-8) return pi * (2 * words.unit() - 1);
    // Equals the normal distribution to the precision of a cosine.
    if (concentration > 1e6) return words.normal() / std::sqrt(concentration);
    const double tau = 1 + std::sqrt(1 + 4 * concentration * concentration);
    const double rho = (tau - std::sqrt(2 * tau)) / (2 * concentration);
    // The difference in rho cancels for small concentrations, where 1 / concentration + concentration is its limit.
    const double r = concentration < 1e-5 ? 1 / concentration + concentration : (1 + rho * rho) / (2 * rho);
    for (;;) {
        const double z = std::cos(pi * words.unit()), f = (1 + r * z) / (r + z), c = concentration * (r - f);
        const double u = words.unit();
        if (!(c * (2 - c) > u || std::log(c / u) + 1 - c >= 0)) continue;
        const double angle = std::acos(std::fmin(1, std::fmax(-1, f)));
        return words.unit() < 0.5 ? -angle : angle;
    }
}

double digamma(double x) {
    double sum = 0;
    for (; x < 10; ++x) sum -= 1 / x;
    const double s = 1 / (x * x);
    const double tail = s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132)))));
    return sum + std::log(x) - 0.5 / x - tail;
}

/// The series of the lower incomplete gamma function, differentiated term by term: the sum over n >= 0 of t_n
/// (digamma(a + n + 1) - log x) with t_n = x^n / (a (a + 1) ... (a + n)). For x up to about a + 1.
double derivative_by_series(double a, double log_x) {
    const double x = std::exp(log_x);
    double term = 1 / a, psi = digamma(a + 1) - log_x, sum = 0;
    for (int n = 0; n < 100000; ++n) {
        const double part = term * psi;
        sum += part;
        if (n > x - a && term * (std::fabs(psi) + 1) < 1e-17 * std::fabs(sum)) break;
        psi += 1 / (a + n + 1);
        term *= x / (a + n + 1);
    }
    return sum;
}

/// The integral over s > 0 of (log x + log(1 + s) - digamma(a)) (1 + s)^(a - 1) exp(-x s): the upper incomplete gamma
/// function, differentiated under the integral. Computed by the trapezoidal rule after the substitution s = scale *
/// exp(v - exp(-v)), which converges exponentially. For x above a.
double derivative_by_integral(double a, double log_x) {
    const double x = std::exp(log_x), offset = log_x - digamma(a);
    const double scale = 1 / (std::fmax(x - a + 1, 0) + std::sqrt(a)), step = 0.05;
    double sum = 0;
    for (int i = -80; i <= 130; ++i) {
        const double v = i * step, inner = std::exp(-v), s = scale * std::exp(v - inner);
        sum += (offset + std::log1p(s)) * std::exp((a - 1) * std::log1p(s) - x * s) * s * (1 + inner);
    }
    return sum * step;
}

/// Two terms of the uniform expansion of the quantile in 1 / a (Temme 1979, "The asymptotic expansion of the incomplete gamma
/// functions"): 1/a - (eta^2 + (1 - eta^2 r / m^2) / a) / (2 a m) with r = x / a, m = r - 1 and eta^2 / 2 = m - log r. The
/// relative error is about 1 / a^2.
double derivative_by_expansion(double a, double log_x) {
    const double log_ratio = log_x - std::log(a), m = std::expm1(log_ratio);
    double first, second; // eta^2 / m and (1 - eta^2 r / m^2) / m
    if (std::fabs(m) < 0.1) {
        first = second = 0;
        double power = 1; // (-m)^(k - 1)
        for (int k = 1; k < 20; ++k) {
            first += 2 * m * power / (k + 1);
            second -= 2 * power / ((k + 1.0) * (k + 2.0));
            power *= -m;
        }
    } else {
        const double square = 2 * (m - log_ratio);
        first = square / m;
        second = (1 - square * (1 + m) / (m * m)) / m;
    }
    return 1 / a - (first + second / a) / (2 * a);
}

/// d log x / d a along a gamma variate x of shape a at a constant value of the distribution function, that is
/// -(dF(x; a) / da) / (x p(x; a)) (Figurnov, Mohamed and Mnih 2018, "Implicit reparameterization gradients").
double log_gamma_derivative(double a, double log_x) {
    if (!(a > 0) || std::isnan(log_x)) return not_a_number;
    if (std::isinf(a)) return 0;
    // F(x) is x^a / gamma(a + 1) where x is tiny.
    if (log_x < -60) return (digamma(a + 1) - log_x) / a;
    if (a > 1000) return derivative_by_expansion(a, log_x);
    return std::exp(log_x) <= a + 1 ? derivative_by_series(a, log_x) : derivative_by_integral(a, log_x);
}

char* element(const tl_tensor* tensor, int64_t index) {
    return static_cast<char*>(tensor->data) + index * size_of_dtype(tensor->dtype);
}

/// out[i] = function(i, a[i], b[i]) in double precision, for dense tensors.
template <class Function>
void for_elements(const tl_tensor* a, const tl_tensor* b, const tl_tensor* out, Function&& function) {
    const int64_t count = element_count(*out);
    const ConvertBlock load_a = convert_block(a->dtype, TL_FLOAT64), load_b = convert_block(b->dtype, TL_FLOAT64);
    const ConvertBlock store = convert_block(TL_FLOAT64, out->dtype);
    parallel_for((count + block - 1) / block, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t first = i * block, n = std::min(block, count - first);
            double x[block], y[block], values[block];
            load_a(element(a, first), 1, x, 1, n);
            load_b(element(b, first), 1, y, 1, n);
            for (int64_t k = 0; k < n; ++k) values[k] = function(first + k, x[k], y[k]);
            store(values, 1, element(out, first), 1, n);
        }
    });
}

} // namespace

void tl_random_variates(const tl_tensor* key, int32_t distribution, const tl_tensor* a, const tl_tensor* b,
                        const tl_tensor* out) {
    TL_FORWARD(out, random_variates, (key, distribution, a, b, out));
    const uint64_t* state = static_cast<const uint64_t*>(key->data);
    const tl_philox philox = {state[0], state[1]};
    for_elements(a, b, out, [=](int64_t i, double x, double y) {
        Words words(philox, i);
        switch (distribution) {
        case TL_VARIATE_GAMMA: return std::exp(log_gamma_variate(words, x));
        case TL_VARIATE_LOG_GAMMA: return log_gamma_variate(words, x);
        case TL_VARIATE_POISSON: return poisson_variate(words, x);
        case TL_VARIATE_BINOMIAL: return binomial_variate(words, x, y);
        default: return von_mises_variate(words, x);
        }
    });
}

void tl_log_gamma_derivative(const tl_tensor* shape, const tl_tensor* log_x, const tl_tensor* out) {
    TL_FORWARD(out, log_gamma_derivative, (shape, log_x, out));
    for_elements(shape, log_x, out, [](int64_t, double a, double z) { return log_gamma_derivative(a, z); });
}
