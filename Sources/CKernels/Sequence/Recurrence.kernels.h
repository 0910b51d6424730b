#include "Sequence/Panels.kernels.h"

// Every thread owns a range of hidden units for all gates: it packs their weights once, multiplies and applies the cell
// without leaving its caches, and waits for the others once a step (twice with a projection).
namespace tl::TL_ISA {

template <class T>
static int64_t recurrence_panel_width() { return Panel<T>::width; }

/// The units of a panel, in rows of a chunk: gates from the product and the input's share, then the new state.
template <class T, class Count>
static inline __attribute__((always_inline)) void cell_forward(const Recurrence<T>& s, int64_t t, int64_t row,
                                                               const T* const* product, int64_t unit, Count n,
                                                               T* next) {
    const int64_t H = s.hidden, place = s.place(t, row);
    const T* x = s.inputs + place * s.gate_count * H + unit;
    T* full = s.project ? s.full_state + row * H + unit : nullptr;
    T h[Panel<T>::width];
    switch (s.cell) {
    case TL_CELL_TANH:
        for (int u = 0; u < n; u++) h[u] = hyperbolic_tangent(x[u] + product[0][u]);
        break;
    case TL_CELL_RELU:
        for (int u = 0; u < n; u++) {
            const T sum = x[u] + product[0][u];
            h[u] = sum < 0 ? T(0) : sum;
        }
        break;
    case TL_CELL_LSTM: {
        T* c = s.cn + row * H + unit;
        T in[Panel<T>::width], forget[Panel<T>::width], fresh[Panel<T>::width];
        T out[Panel<T>::width], cell[Panel<T>::width];
        for (int u = 0; u < n; u++) in[u] = logistic(x[u] + product[0][u]);
        for (int u = 0; u < n; u++) forget[u] = logistic(x[H + u] + product[1][u]);
        for (int u = 0; u < n; u++) fresh[u] = hyperbolic_tangent(x[2 * H + u] + product[2][u]);
        for (int u = 0; u < n; u++) out[u] = logistic(x[3 * H + u] + product[3][u]);
        for (int u = 0; u < n; u++) {
            cell[u] = forget[u] * c[u] + in[u] * fresh[u];
            h[u] = out[u] * hyperbolic_tangent(cell[u]);
        }
        for (int u = 0; u < n; u++) c[u] = cell[u];
        if (s.gates) {
            T* kept = s.gates + place * 4 * H + unit;
            T* cells = s.cells + place * H + unit;
            for (int u = 0; u < n; u++) kept[u] = in[u], kept[H + u] = forget[u];
            for (int u = 0; u < n; u++) kept[2 * H + u] = fresh[u], kept[3 * H + u] = out[u];
            for (int u = 0; u < n; u++) cells[u] = cell[u];
        }
        break;
    }
    default: {
        const T* previous = s.state[t & 1] + row * H + unit;
        const T* b = s.bias + unit;
        T reset[Panel<T>::width], keep[Panel<T>::width], hidden[Panel<T>::width], fresh[Panel<T>::width];
        for (int u = 0; u < n; u++) reset[u] = logistic(x[u] + product[0][u] + b[u]);
        for (int u = 0; u < n; u++) keep[u] = logistic(x[H + u] + product[1][u] + b[H + u]);
        for (int u = 0; u < n; u++) {
            hidden[u] = product[2][u] + b[2 * H + u];
            fresh[u] = hyperbolic_tangent(x[2 * H + u] + reset[u] * hidden[u]);
            h[u] = fresh[u] + keep[u] * (previous[u] - fresh[u]);
        }
        if (s.gates) {
            T* kept = s.gates + place * 4 * H + unit;
            for (int u = 0; u < n; u++) kept[u] = reset[u], kept[H + u] = keep[u];
            for (int u = 0; u < n; u++) kept[2 * H + u] = fresh[u], kept[3 * H + u] = hidden[u];
        }
    }
    }
    if (full) {
        for (int u = 0; u < n; u++) full[u] = h[u];
        return;
    }
    T *y = s.y + place * H + unit, *last = s.hn + row * H + unit;
    for (int u = 0; u < n; u++) y[u] = h[u], last[u] = h[u], next[u] = h[u];
}

/// One thread's share of all steps. Steps are numbered as they are taken; `Recurrence::place` knows the direction.
template <class T, class Barrier>
static void recurrence_forward(const Recurrence<T>& s, int64_t thread, int64_t threads, Barrier&& wait) {
    constexpr int width = Panel<T>::width;
    constexpr int64_t chunk = 8 * Panel<T>::rows;
    const int64_t H = s.hidden, P = s.out, G = s.gate_count, panels = Panel<T>::count(H);
    const int64_t first = panels * thread / threads, last = panels * (thread + 1) / threads;
    const int64_t out_panels = s.project ? Panel<T>::count(P) : 0;
    const int64_t out_first = out_panels * thread / threads, out_last = out_panels * (thread + 1) / threads;
    for (int64_t j = first; j < last; j++)
        for (int64_t g = 0; g < G; g++)
            pack_panels(s.weight + g * H * P, 1, P, P, H, j, j + 1, s.packed + (j * G + g) * P * width);
    if (s.project) pack_panels(s.project, 1, H, H, P, out_first, out_last, s.packed_out + out_first * H * width);
    alignas(64) T sums[4][chunk * width];
    for (int64_t t = 0; t < s.steps; t++) {
        const int64_t rows = s.rows(t);
        const T* state = s.state[t & 1];
        T* next = s.state[(t + 1) & 1];
        for (int64_t j = first; j < last; j++) {
            const int64_t unit = j * width;
            const int n = int(H - unit < width ? H - unit : width);
            for (int64_t r0 = 0; r0 < rows; r0 += chunk) {
                const int64_t m = rows - r0 < chunk ? rows - r0 : chunk;
                for (int64_t g = 0; g < G; g++)
                    panel_product(m, P, state + r0 * P, P, 1, s.packed + (j * G + g) * P * width, sums[g], width, width,
                                  false);
                for (int64_t r = 0; r < m; r++) {
                    const T* product[4];
                    for (int g = 0; g < 4; g++) product[g] = sums[g] + r * width;
                    T* to = next + (r0 + r) * P + unit;
                    if (n == width)
                        cell_forward<T>(s, t, r0 + r, product, unit, std::integral_constant<int, width>(), to);
                    else cell_forward<T>(s, t, r0 + r, product, unit, n, to);
                }
            }
        }
        wait();
        if (!s.project) continue;
        for (int64_t j = out_first; j < out_last; j++) {
            const int64_t column = j * width;
            const int n = int(P - column < width ? P - column : width);
            panel_product(rows, H, s.full_state, H, 1, s.packed_out + j * H * width, next + column, P, n, false);
            for (int64_t r = 0; r < rows; r++) {
                const T* from = next + r * P + column;
                T *y = s.y + s.place(t, r) * P + column, *hn = s.hn + r * P + column;
                for (int u = 0; u < n; u++) y[u] = from[u], hn[u] = from[u];
            }
        }
        wait();
    }
}

/// Gradients of the gates of one row's units, from that of the hidden state, dh.
template <class T, class Count>
static inline __attribute__((always_inline)) void cell_backward(const Recurrence<T>& s, int64_t t, int64_t row,
                                                                int64_t unit, Count n, const T* dh) {
    const int64_t H = s.hidden, place = s.place(t, row);
    T* dx = s.grad_inputs + place * s.gate_count * H + unit;
    switch (s.cell) {
    case TL_CELL_TANH: {
        const T* y = s.y + place * H + unit;
        for (int u = 0; u < n; u++) dx[u] = dh[u] * (1 - y[u] * y[u]);
        break;
    }
    case TL_CELL_RELU: {
        const T* y = s.y + place * H + unit;
        for (int u = 0; u < n; u++) dx[u] = y[u] > 0 ? dh[u] : T(0);
        break;
    }
    case TL_CELL_LSTM: {
        const T* gate = s.gates + place * 4 * H + unit;
        const T* cell = s.cells + place * H + unit;
        const T* before = s.cell_before(t, row) + unit;
        T* dc = s.grad_c + row * H + unit;
        T* full = s.full ? s.full + place * H + unit : nullptr;
        for (int u = 0; u < n; u++) {
            const T i = gate[u], f = gate[H + u], g = gate[2 * H + u], o = gate[3 * H + u];
            const T bent = hyperbolic_tangent(cell[u]);
            const T d = dc[u] + dh[u] * o * (1 - bent * bent);
            dx[u] = d * g * i * (1 - i);
            dx[H + u] = d * before[u] * f * (1 - f);
            dx[2 * H + u] = d * i * (1 - g * g);
            dx[3 * H + u] = dh[u] * bent * o * (1 - o);
            dc[u] = d * f;
            if (full) full[u] = o * bent;
        }
        break;
    }
    default: {
        const T* gate = s.gates + place * 4 * H + unit;
        const T* before = s.hidden_before(t, row) + unit;
        T* dhidden = s.grad_hidden + place * 3 * H + unit;
        T* direct = s.grad_h + row * H + unit;
        for (int u = 0; u < n; u++) {
            const T r = gate[u], z = gate[H + u], fresh = gate[2 * H + u], hidden = gate[3 * H + u];
            const T dn = dh[u] * (1 - z) * (1 - fresh * fresh);
            const T dr = dn * hidden * r * (1 - r), dz = dh[u] * (before[u] - fresh) * z * (1 - z);
            dx[u] = dr, dx[H + u] = dz, dx[2 * H + u] = dn;
            dhidden[u] = dr, dhidden[H + u] = dz, dhidden[2 * H + u] = dn * r;
            direct[u] = dh[u] * z;
        }
    }
    }
}

template <class T, class Barrier>
static void recurrence_backward(const Recurrence<T>& s, int64_t thread, int64_t threads, Barrier&& wait) {
    constexpr int width = Panel<T>::width;
    const int64_t H = s.hidden, P = s.out, G = s.gate_count;
    const int64_t panels = Panel<T>::count(P), depth = G * H;
    const int64_t first = panels * thread / threads, last = panels * (thread + 1) / threads;
    const int64_t unit_panels = Panel<T>::count(H);
    const int64_t unit_first = unit_panels * thread / threads, unit_last = unit_panels * (thread + 1) / threads;
    pack_panels(s.weight, P, 1, depth, P, first, last, s.packed + first * depth * width);
    if (s.project) pack_panels(s.project, H, 1, P, H, unit_first, unit_last, s.packed_out + unit_first * P * width);
    // What each row started from, for the gradient of the weights.
    for (int64_t t = s.steps * thread / threads; t < s.steps * (thread + 1) / threads; t++)
        for (int64_t r = 0; r < s.rows(t); r++)
            __builtin_memcpy(s.previous + s.place(t, r) * P, s.hidden_before(t, r), size_t(P) * sizeof(T));
    for (int64_t t = s.steps - 1; t >= 0; t--) {
        const int64_t rows = s.rows(t);
        if (s.project) {
            for (int64_t r = 0; r < rows; r++) {
                const int64_t place = s.place(t, r);
                const int64_t end = last * width < P ? last * width : P;
                for (int64_t i = first * width; i < end; i++)
                    s.grad_projected[place * P + i] =
                        s.grad_h[r * P + i] + (s.grad_y ? s.grad_y[place * P + i] : T(0));
            }
            wait();
            const int64_t place = s.place(t, 0), step = s.row_step * P;
            for (int64_t j = unit_first; j < unit_last; j++)
                panel_product(rows, P, s.grad_projected + place * P, step, 1, s.packed_out + j * P * width,
                              s.full_state + j * width, H, int(H - j * width < width ? H - j * width : width), false);
        }
        for (int64_t r = 0; r < rows; r++) {
            const int64_t place = s.place(t, r);
            for (int64_t j = unit_first; j < unit_last; j++) {
                const int64_t unit = j * width;
                const int n = int(H - unit < width ? H - unit : width);
                T dh[width];
                if (s.project) {
                    for (int u = 0; u < n; u++) dh[u] = s.full_state[r * H + unit + u];
                } else {
                    for (int u = 0; u < n; u++) dh[u] = s.grad_h[r * P + unit + u];
                    if (s.grad_y)
                        for (int u = 0; u < n; u++) dh[u] += s.grad_y[place * P + unit + u];
                }
                if (n == width) cell_backward<T>(s, t, r, unit, std::integral_constant<int, width>(), dh);
                else cell_backward<T>(s, t, r, unit, n, dh);
            }
        }
        wait();
        const T* from = (s.grad_hidden ? s.grad_hidden : s.grad_inputs) + s.place(t, 0) * depth;
        for (int64_t j = first; j < last; j++)
            panel_product(rows, depth, from, s.row_step * depth, 1, s.packed + j * depth * width,
                          s.grad_h + j * width, P, int(P - j * width < width ? P - j * width : width),
                          s.cell == TL_CELL_GRU);
    }
}

} // namespace tl::TL_ISA
