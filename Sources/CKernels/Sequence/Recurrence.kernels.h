#include "Sequence/Panels.kernels.h"

// The weights are packed once. With enough rows, a share is a range of rows for all units and does not depend on other
// shares. With few rows, a share is a range of hidden units for all gates, and each step is one parallel region (two
// with a projection), because it reads the state of all shares. In both cases a share multiplies, then computes the
// cells row by row.
//
// The bound is the rate of FMAs. With AVX2 (Zen 3, an LSTM of 256 units, 32 rows, 64 steps) a thread reaches 82 % of it
// forward and 77 % backward. By rows two threads are almost as efficient; by units they lose a fifth to the exchange of
// states and to barriers. The products reach 95 %; the cells take 10 % of the time forward and 12 % backward, copies
// for the gradient 3 % backward.
namespace tl::TL_ISA {

template <class T>
static int64_t recurrence_panel_width() { return Panel<T>::width; }
static int64_t recurrence_tile_rows() { return Panel<float>::rows; }

/// to[begin ..< end] = from[begin ..< end]
template <class T>
static inline void copy_units(T* to, const T* from, int64_t begin, int64_t end) {
    __builtin_memcpy(to + begin, from + begin, size_t(end - begin) * sizeof(T));
}

/// to = f(a + b) on [begin, end). `to` is b or overlaps neither, so that no element depends on the result of another.
template <class T, class Function>
static inline void activate(T* to, const T* a, const T* b, int64_t begin, int64_t end, Function f) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t u = begin; u < end; u++) to[u] = f(a[u] + b[u]);
}

/// x P(x^2) / Q(x^2), with coefficients fitted for minimal relative error (1.4e-9) up to 9.02, above which float32 tanh
/// is 1. With rounding errors 0.3 ulp on average and at most 3e-7; less than half the time of `tl_tanh_f32`.
static inline __attribute__((always_inline)) float hyperbolic_tangent(float x) {
    const float square = x * x, z = square > 81.3604f ? 81.3604f : square;
    float p = -1.22087758764e-11f;
    p = p * z + 3.05938598009e-8f;
    p = p * z + 2.80116936218e-5f;
    p = p * z + 3.86855392765e-3f;
    p = p * z + 1.36800998507e-1f;
    p = p * z + 9.99999998818e-1f;
    float q = 1.2876446377e-6f;
    q = q * z + 3.93901825711e-4f;
    q = q * z + 2.72466804395e-2f;
    q = q * z + 4.70134319839e-1f;
    q = q * z + 1.0f;
    const float y = x * p / q, below = y > 1.0f ? 1.0f : y;
    return below < -1.0f ? -1.0f : below;
}
static inline __attribute__((always_inline)) double hyperbolic_tangent(double x) { return tl_tanh_f64(x); }
/// To 2 ulp, except for results below 1e-38, which have no effect in a gate; this takes a third of the operations of an
/// accurate function.
static inline __attribute__((always_inline)) float logistic(float x) {
    return 1.0f / (1.0f + tl_falling_exp_f32(x < -88.0f ? 88.0f : -x));
}
static inline __attribute__((always_inline)) double logistic(double x) { return tl_sigmoid_f64(x); }

/// Computes the units [begin, end) of one row in a step. `product` is [gate_count][recurrence_rows][H] from the row:
/// the product of state and weights, which may be overwritten. `next` is the row of the next state.
template <class T>
static void cell_forward(const Recurrence<T>& s, int64_t t, int64_t row, int64_t begin, int64_t end, T* product,
                         T* next) {
    const int64_t H = s.hidden, row_index = s.row_index(t, row), apart = recurrence_rows * H;
    const T* __restrict x = s.inputs + row_index * s.gate_count * H;
    const T* __restrict a = product;
    T* __restrict h = s.project ? s.full_state + row * H : s.y + row_index * H;
    // Gates are written to the array for the gradient, or over their product.
    T* const gates = s.gates ? s.gates + row_index * 4 * H : product;
    const int64_t gate = s.gates ? H : apart;
    const auto each = [&](auto&& body) __attribute__((always_inline)) {
        for (int64_t u = begin; u < end; u++) body(u);
    };
    switch (s.cell) {
    case TL_CELL_TANH:
        each([&](int64_t u) { h[u] = hyperbolic_tangent(x[u] + a[u]); });
        break;
    case TL_CELL_RELU:
        each([&](int64_t u) {
            const T sum = x[u] + a[u];
            h[u] = sum < 0 ? T(0) : sum;
        });
        break;
    case TL_CELL_LSTM: {
        T *in = gates, *forget = gates + gate, *fresh = gates + 2 * gate, *out = gates + 3 * gate;
        const auto sigmoid = [](T v) __attribute__((always_inline)) { return logistic(v); };
        const auto tangent = [](T v) __attribute__((always_inline)) { return hyperbolic_tangent(v); };
        activate(in, x, product, begin, end, sigmoid);
        activate(forget, x + H, product + apart, begin, end, sigmoid);
        activate(fresh, x + 2 * H, product + 2 * apart, begin, end, tangent);
        activate(out, x + 3 * H, product + 3 * apart, begin, end, sigmoid);
        T* __restrict c = s.cn + row * H;
        const T *__restrict i = in, *__restrict f = forget, *__restrict g = fresh, *__restrict o = out;
        each([&](int64_t u) {
            c[u] = f[u] * c[u] + i[u] * g[u];
            h[u] = o[u] * hyperbolic_tangent(c[u]);
        });
        if (s.cells) copy_units(s.cells + row_index * H, c, begin, end);
        break;
    }
    default: {
        const T *__restrict b = s.bias, *__restrict previous = s.state[t & 1] + row * s.state_row;
        T *__restrict reset = product, *__restrict update = product + apart, *__restrict hidden = product + 2 * apart;
        each([&](int64_t u) { reset[u] = logistic(x[u] + reset[u] + b[u]); });
        each([&](int64_t u) { update[u] = logistic(x[H + u] + update[u] + b[H + u]); });
        each([&](int64_t u) { hidden[u] += b[2 * H + u]; });
        if (s.gates) {
            copy_units(gates, reset, begin, end);
            copy_units(gates + H, update, begin, end);
            copy_units(gates + 3 * H, hidden, begin, end);
        }
        each([&](int64_t u) {
            const T fresh = hyperbolic_tangent(x[2 * H + u] + reset[u] * hidden[u]);
            hidden[u] = fresh;
            h[u] = fresh + update[u] * (previous[u] - fresh);
        });
        if (s.gates) copy_units(gates + 2 * H, hidden, begin, end);
    }
    }
    if (s.project) return;
    copy_units(next, h, begin, end);
    if (s.is_last(t, row)) copy_units(s.hn + row * H, h, begin, end);
}

/// A share of the weights, packed for the products.
template <class T>
static void recurrence_forward_pack(const Recurrence<T>& s, const RecurrenceShare& share) {
    constexpr int width = Panel<T>::width;
    const int64_t H = s.hidden, P = s.out, G = s.gate_count;
    const auto pack = share.part(Panel<T>::count(H)), out_pack = share.part(s.project ? Panel<T>::count(P) : 0);
    for (int64_t j = pack.begin; j < pack.end; j++)
        for (int64_t g = 0; g < G; g++)
            pack_panels(s.weight + g * H * P, 1, P, P, H, j, j + 1, s.packed + (j * G + g) * P * width);
    if (s.project)
        pack_panels(s.project, 1, H, H, P, out_pack.begin, out_pack.end, s.packed_out + out_pack.begin * H * width);
}

/// One phase of a share. Phases 2 t and 2 t + 1 are the cells of step t and their projection; without a projection,
/// phase t is step t. Steps are in the order of computation; `Recurrence::step` converts to time indices.
template <class T>
static void recurrence_forward(const Recurrence<T>& s, const RecurrenceShare& share, int64_t phase) {
    constexpr int width = Panel<T>::width;
    const int64_t H = s.hidden, P = s.out, G = s.gate_count, L = s.state_row;
    const int64_t t = s.project ? phase / 2 : phase;
    const auto rows = share.rows(s.rows(t));
    const T* state = s.state[t & 1];
    T* next = s.state[(t + 1) & 1];
    if (s.project && phase % 2 == 1) {
        const auto units = share.units(Panel<T>::count(P));
        for (int64_t j = units.begin; j < units.end; j++) {
            const int64_t column = j * width, stop = P - column < width ? P : column + width;
            panel_product(rows.end - rows.begin, H, s.full_state + rows.begin * H, H, 1, s.packed_out + j * H * width,
                          next + rows.begin * L + column, L, int(stop - column), false);
            for (int64_t r = rows.begin; r < rows.end; r++) {
                copy_units(s.y + s.row_index(t, r) * P, next + r * L, column, stop);
                if (s.is_last(t, r)) copy_units(s.hn + r * P, next + r * L, column, stop);
            }
        }
        return;
    }
    const auto units = share.units(Panel<T>::count(H));
    const int64_t begin = units.begin * width, end = units.end * width < H ? units.end * width : H;
    T* const products = s.products + (share.by_rows ? share.number * G * recurrence_rows * H : 0);
    for (int64_t r0 = rows.begin; r0 < rows.end; r0 += recurrence_rows) {
        const int64_t m = rows.end - r0 < recurrence_rows ? rows.end - r0 : recurrence_rows;
        for (int64_t j = units.begin; j < units.end; j++)
            for (int64_t g = 0; g < G; g++) {
                const int64_t unit = j * width;
                panel_product(m, P, state + r0 * L, L, 1, s.packed + (j * G + g) * P * width,
                              products + g * recurrence_rows * H + unit, H, int(H - unit < width ? H - unit : width),
                              false);
            }
        for (int64_t r = 0; r < m; r++)
            cell_forward(s, t, r0 + r, begin, end, products + r * H, next + (r0 + r) * L);
    }
}

/// Computes the gradients of the gates of the units [begin, end) of one row from that of the hidden state, dh, which is
/// overwritten. They are written to `step`, [gate_count, batch, gate_row] from the row, which the product of this step
/// reads, and to the array of all rows.
template <class T>
static void cell_backward(const Recurrence<T>& s, int64_t t, int64_t row, int64_t begin, int64_t end, T* grad_h,
                          T* step) {
    const int64_t H = s.hidden, G = s.gate_count, row_index = s.row_index(t, row), apart = s.batch * s.gate_row;
    T *__restrict dh = grad_h, *__restrict d = step;
    T* __restrict all = (s.grad_hidden ? s.grad_hidden : s.grad_inputs) + row_index * G * H;
    const T* __restrict gate = s.gates + (s.gates ? row_index * 4 * H : 0);
    const auto each = [&](auto&& body) __attribute__((always_inline)) {
        for (int64_t u = begin; u < end; u++) body(u);
    };
    if (s.grad_y && !s.project) {
        const T* __restrict arrived = s.grad_y + row_index * H;
        each([&](int64_t u) { dh[u] += arrived[u]; });
    }
    switch (s.cell) {
    case TL_CELL_TANH: {
        const T* __restrict y = s.y + row_index * H;
        each([&](int64_t u) { all[u] = d[u] = dh[u] * (1 - y[u] * y[u]); });
        break;
    }
    case TL_CELL_RELU: {
        const T* __restrict y = s.y + row_index * H;
        each([&](int64_t u) { all[u] = d[u] = y[u] > 0 ? dh[u] : T(0); });
        break;
    }
    case TL_CELL_LSTM: {
        const T *__restrict cell = s.cells + row_index * H, *__restrict before = s.cell_before(t, row);
        T *__restrict dc = s.grad_c + row * H, *__restrict full = s.full ? s.full + row_index * H : nullptr;
        T *__restrict d1 = d + apart, *__restrict d2 = d + 2 * apart, *__restrict d3 = d + 3 * apart;
        each([&](int64_t u) {
            const T i = gate[u], f = gate[H + u], g = gate[2 * H + u], o = gate[3 * H + u];
            const T bent = hyperbolic_tangent(cell[u]);
            const T change = dc[u] + dh[u] * o * (1 - bent * bent);
            all[u] = d[u] = change * g * i * (1 - i);
            all[H + u] = d1[u] = change * before[u] * f * (1 - f);
            all[2 * H + u] = d2[u] = change * i * (1 - g * g);
            all[3 * H + u] = d3[u] = dh[u] * bent * o * (1 - o);
            dc[u] = change * f;
        });
        if (full) each([&](int64_t u) { full[u] = gate[3 * H + u] * hyperbolic_tangent(cell[u]); });
        break;
    }
    default: {
        const T* __restrict before = s.hidden_before(t, row);
        T* __restrict dx = s.grad_inputs + row_index * 3 * H;
        T *__restrict d1 = d + apart, *__restrict d2 = d + 2 * apart;
        each([&](int64_t u) {
            const T r = gate[u], z = gate[H + u], fresh = gate[2 * H + u], hidden = gate[3 * H + u];
            const T dn = dh[u] * (1 - z) * (1 - fresh * fresh);
            dx[u] = all[u] = d[u] = dn * hidden * r * (1 - r);
            dx[H + u] = all[H + u] = d1[u] = dh[u] * (before[u] - fresh) * z * (1 - z);
            all[2 * H + u] = d2[u] = dn * r;
            dx[2 * H + u] = dn;
            dh[u] *= z;  // the direct term of the gradient of the previous state
        });
    }
    }
}

/// A share of the weights, packed for the products, and the initial state of each row, for the gradient of the weights.
template <class T>
static void recurrence_backward_pack(const Recurrence<T>& s, const RecurrenceShare& share) {
    constexpr int width = Panel<T>::width;
    const int64_t H = s.hidden, P = s.out, depth = s.gate_count * H;
    const auto pack = share.part(Panel<T>::count(P)), unit_pack = share.part(Panel<T>::count(H));
    pack_panels(s.weight, P, 1, depth, P, pack.begin, pack.end, s.packed + pack.begin * depth * width);
    if (s.project)
        pack_panels(s.project, H, 1, P, H, unit_pack.begin, unit_pack.end, s.packed_out + unit_pack.begin * P * width);
    const auto steps = share.part(s.steps);
    for (int64_t t = steps.begin; t < steps.end; t++)
        for (int64_t r = 0; r < s.rows(t); r++)
            __builtin_memcpy(s.previous + s.row_index(t, r) * P, s.hidden_before(t, r), size_t(P) * sizeof(T));
}

/// Computes the gradient of the state before step t from those of the gates of all units.
template <class T>
static void recurrence_backward_state(const Recurrence<T>& s, const RecurrenceShare& share, int64_t t) {
    constexpr int width = Panel<T>::width;
    const int64_t H = s.hidden, P = s.out, G = s.gate_count, L = s.gate_row;
    const auto rows = share.rows(s.rows(t)), units = share.units(Panel<T>::count(P));
    const T* gates = s.grad_gates[t & 1];
    for (int64_t j = units.begin; j < units.end; j++)
        for (int64_t g = 0; g < G; g++)
            panel_product(rows.end - rows.begin, H, gates + (g * s.batch + rows.begin) * L, L, 1,
                          s.packed + (j * G * H + g * H) * width, s.grad_h + rows.begin * P + j * width, P,
                          int(P - j * width < width ? P - j * width : width), g > 0 || s.cell == TL_CELL_GRU);
}

/// Computes the gradient of the projected state of step t.
template <class T>
static void recurrence_backward_projected(const Recurrence<T>& s, const RecurrenceShare& share, int64_t t) {
    constexpr int width = Panel<T>::width;
    const int64_t P = s.out;
    const auto rows = share.rows(s.rows(t)), units = share.units(Panel<T>::count(P));
    const int64_t stop = units.end * width < P ? units.end * width : P;
    for (int64_t r = rows.begin; r < rows.end; r++) {
        const int64_t row_index = s.row_index(t, r);
        for (int64_t i = units.begin * width; i < stop; i++)
            s.grad_projected[row_index * P + i] = s.grad_h[r * P + i] + (s.grad_y ? s.grad_y[row_index * P + i] : T(0));
    }
}

/// Computes the gradients of the gates of step t.
template <class T>
static void recurrence_backward_cells(const Recurrence<T>& s, const RecurrenceShare& share, int64_t t) {
    constexpr int width = Panel<T>::width;
    const int64_t H = s.hidden, P = s.out;
    const auto rows = share.rows(s.rows(t)), units = share.units(Panel<T>::count(H));
    const int64_t begin = units.begin * width, end = units.end * width < H ? units.end * width : H;
    if (s.project)
        for (int64_t j = units.begin; j < units.end; j++)
            panel_product(rows.end - rows.begin, P, s.grad_projected + s.row_index(t, rows.begin) * P, s.row_step * P, 1,
                          s.packed_out + j * P * width, s.full_state + rows.begin * H + j * width, H,
                          int(H - j * width < width ? H - j * width : width), false);
    // Alternating buffers, because another share may still read the gates of the previous step.
    T* gates = s.grad_gates[t & 1];
    for (int64_t r = rows.begin; r < rows.end; r++)
        cell_backward(s, t, r, begin, end, s.project ? s.full_state + r * H : s.grad_h + r * P, gates + r * s.gate_row);
}

/// One phase of a share. A phase ends where the next computation depends on results of other shares for the same step:
/// with a projection after its gradient and after the cells, otherwise after the cells.
template <class T>
static void recurrence_backward(const Recurrence<T>& s, const RecurrenceShare& share, int64_t phase) {
    const int64_t t = s.steps - 1 - (s.project ? phase / 2 : phase);
    if (s.project && phase % 2 == 1) return recurrence_backward_cells(s, share, t);
    if (t + 1 < s.steps) recurrence_backward_state(s, share, t + 1);
    if (t < 0) return;
    if (s.project) recurrence_backward_projected(s, share, t);
    else recurrence_backward_cells(s, share, t);
}

} // namespace tl::TL_ISA
