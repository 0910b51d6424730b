// One direction of a recurrent layer over a whole sequence.
#include "Sequence/Panels.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_sequence.h"
#include <algorithm>
#include <cstring>

namespace tl {

/// The number of rows that are multiplied before their cells are computed; their products fit in the L2 cache.
constexpr int64_t recurrence_rows = 60;

/// The arrays of `tl_recurrence` with their type, and the offsets of steps and rows.
template <class T>
struct Recurrence {
    int32_t cell;
    int64_t hidden, out, gate_count, steps, batch, row_step;
    const int64_t *starts, *sizes;
    bool reverse;
    const T *inputs, *weight, *bias, *project, *h0, *c0;
    T *y, *hn, *cn, *gates, *cells;
    T *packed, *packed_out;
    T* products;    // [gate_count, recurrence_rows, H], divided by units between the shares; by rows, one per share
    T* state[2];    // [batch, state_row] with P elements used, read and written alternately
    T* full_state;  // [batch, H] before the projection
    int64_t state_row, gate_row;
    const T* grad_y;
    T *grad_inputs, *grad_hidden, *previous, *grad_h, *grad_c, *full, *grad_projected;
    T* grad_gates[2];  // [gate_count, batch, gate_row] with H elements used, alternately by step

    /// The time index of the t-th step.
    int64_t step(int64_t t) const { return reverse ? steps - 1 - t : t; }
    int64_t rows(int64_t t) const { return sizes[step(t)]; }
    int64_t row_index(int64_t t, int64_t row) const { return starts[step(t)] + row * row_step; }
    /// Whether step t is the last one of the sequence of a row.
    bool is_last(int64_t t, int64_t row) const { return t + 1 == steps || row >= rows(t + 1); }
    const T* hidden_before(int64_t t, int64_t row) const {
        return t > 0 && row < rows(t - 1) ? y + row_index(t - 1, row) * out : h0 + row * out;
    }
    const T* cell_before(int64_t t, int64_t row) const {
        return t > 0 && row < rows(t - 1) ? cells + row_index(t - 1, row) * hidden : c0 + row * hidden;
    }
};

/// A share of a recurrence: all units of some rows, or some units of all rows.
struct RecurrenceShare {
    struct Range {
        int64_t begin, end;
    };
    bool by_rows;
    int64_t number, count;
    Range own_rows;  // by rows

    /// An equal part of `things` that are done once.
    Range part(int64_t things) const { return {things * number / count, things * (number + 1) / count}; }
    /// The range of `count` panels of units in each step.
    Range units(int64_t count) const { return by_rows ? Range{0, count} : part(count); }
    /// The range of the first `count` rows, which a step has.
    Range rows(int64_t count) const {
        if (!by_rows) return {0, count};
        return {std::min(own_rows.begin, count), std::min(own_rows.end, count)};
    }
};

} // namespace tl

#define TL_KERNEL_BODY "Sequence/Recurrence.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

template <class T>
static Recurrence<T> describe(const tl_recurrence_params& p, const tl_recurrence_arrays& a) {
    Recurrence<T> s{};
    s.cell = p.cell;
    s.hidden = p.hidden;
    s.out = p.projected ? p.projected : p.hidden;
    s.gate_count = p.cell == TL_CELL_LSTM ? 4 : p.cell == TL_CELL_GRU ? 3 : 1;
    s.steps = p.steps;
    s.batch = p.batch;
    s.row_step = p.row_step;
    s.starts = p.starts;
    s.sizes = p.sizes;
    s.reverse = p.reverse;
    s.inputs = static_cast<const T*>(a.inputs);
    s.weight = static_cast<const T*>(a.weight);
    s.bias = static_cast<const T*>(a.bias);
    s.project = static_cast<const T*>(a.project);
    s.h0 = static_cast<const T*>(a.h0);
    s.c0 = static_cast<const T*>(a.c0);
    s.y = static_cast<T*>(a.y);
    s.hn = static_cast<T*>(a.hn);
    s.cn = static_cast<T*>(a.cn);
    s.gates = static_cast<T*>(a.gates);
    s.cells = static_cast<T*>(a.cells);
    return s;
}

/// The padded row length of the left operand of a product, so that the rows of a tile are not at multiples of 4 KB,
/// which would map to the same sets of the L1 cache.
template <class T>
static int64_t spread_row(int64_t length) {
    const int64_t kilobyte = 1024 / int64_t(sizeof(T));
    return length % (4 * kilobyte) == 0 ? length + kilobyte : length;
}

/// The division of the work into shares.
struct RecurrenceCut {
    int64_t shares;
    bool by_rows;
};

/// By rows if that uses as many threads: the results of a share then stay in the cache of its thread. The rows of a
/// share must fill a tile, because each share reads all panels of weights from the L3 cache. By units, each share must
/// have a panel of units and enough work per step.
template <class T>
static RecurrenceCut cut(const tl_recurrence_params& p, const Recurrence<T>& s, int64_t panel) {
    int64_t total_rows = 0;
    for (int64_t t = 0; t < p.steps; t++) total_rows += p.sizes[t];
    const int64_t row_work = s.gate_count * s.hidden * s.out, most = tl_num_threads();
    const int64_t panels = (std::min(s.hidden, s.out) + panel - 1) / panel;
    const int64_t tiles = total_rows / std::max<int64_t>(p.steps, 1) / TL_DISPATCH(recurrence_tile_rows);
    const int64_t by_units = std::min<int64_t>({most, panels, p.batch * row_work / 65536});
    const int64_t by_rows = std::min<int64_t>({most, tiles, total_rows * row_work / 262144});
    if (by_rows < by_units) return {std::max<int64_t>(by_units, 1), false};
    // More shares than threads if each has a few tiles of rows.
    return {std::max<int64_t>(by_rows * std::clamp<int64_t>(tiles / std::max<int64_t>(4 * by_rows, 1), 1, 4), 1), true};
}

/// By rows, all shares have similar numbers of rows, summed over the steps: the last sequences of a packed batch are
/// the shortest.
template <class T>
static RecurrenceShare share_of(const Recurrence<T>& s, const RecurrenceCut& cut, int64_t number) {
    RecurrenceShare share{cut.by_rows, number, cut.shares, {0, 0}};
    if (!cut.by_rows) return share;
    const auto rows_before = [&](int64_t row) {
        int64_t sum = 0;
        for (int64_t t = 0; t < s.steps; t++) sum += std::min(s.sizes[t], row);
        return sum;
    };
    const int64_t total = rows_before(s.batch);
    const auto first_row = [&](int64_t of_share) {
        int64_t low = 0, high = s.batch;
        while (low < high) {
            const int64_t row = (low + high) / 2;
            if (rows_before(row) * cut.shares >= total * of_share) high = row;
            else low = row + 1;
        }
        return low;
    };
    share.own_rows = {first_row(number), number + 1 == cut.shares ? s.batch : first_row(number + 1)};
    return share;
}

/// Calls run(share, phase) for all shares and phases. A phase may depend on previous phases: by rows only on those of
/// its share, so that one parallel region contains all phases; by units on those of all shares, so that each phase is a
/// region.
template <class T, class Run>
static void each_phase(const Recurrence<T>& s, const RecurrenceCut& cut, int64_t phases, Run&& run) {
    const int64_t regions = cut.by_rows ? 1 : phases;
    for (int64_t region = 0; region < regions; region++)
        run_pieces(cut.shares, tl_num_threads(), [&](int64_t number) {
            const RecurrenceShare share = share_of(s, cut, number);
            if (!cut.by_rows) return run(share, region);
            for (int64_t phase = 0; phase < phases; phase++) run(share, phase);
        });
}

template <class T>
static int32_t forward(const tl_recurrence_params& p, const tl_recurrence_arrays& a) {
    Recurrence<T> s = describe<T>(p, a);
    const int64_t width = TL_DISPATCH(recurrence_panel_width<T>), H = s.hidden, P = s.out;
    const auto padded = [&](int64_t n) { return (n + width - 1) / width * width; };
    const int64_t weights = padded(H) * s.gate_count * P, project = s.project ? padded(P) * H : 0;
    const int64_t full = s.project ? p.batch * H : 0;
    s.state_row = spread_row<T>(P);
    const int64_t state = p.batch * s.state_row;
    const RecurrenceCut cut = tl::cut(p, s, width);
    const int64_t products = s.gate_count * recurrence_rows * H * (cut.by_rows ? cut.shares : 1);
    const Scratch memory(size_t(weights + project + full + products + 2 * state) * sizeof(T));
    if (!memory.get()) return 1;
    s.packed = memory.get<T>();
    s.packed_out = s.packed + weights;
    s.full_state = s.packed_out + project;
    s.products = s.full_state + full;
    s.state[0] = s.products + products;
    s.state[1] = s.state[0] + state;
    for (int64_t row = 0; row < p.batch; row++)
        for (T* to : {s.state[0] + row * s.state_row, s.state[1] + row * s.state_row, s.hn + row * P})
            std::memcpy(to, s.h0 + row * P, size_t(P) * sizeof(T));
    if (s.cell == TL_CELL_LSTM) std::memcpy(s.cn, s.c0, size_t(p.batch * H) * sizeof(T));
    run_pieces(cut.shares, tl_num_threads(), [&](int64_t number) {
        TL_DISPATCH(recurrence_forward_pack<T>, s, share_of(s, cut, number));
    });
    each_phase(s, cut, s.project ? 2 * s.steps : s.steps, [&](const RecurrenceShare& share, int64_t phase) {
        TL_DISPATCH(recurrence_forward<T>, s, share, phase);
    });
    return 0;
}

template <class T>
static int32_t backward(const tl_recurrence_params& p, const tl_recurrence_arrays& a,
                        const tl_recurrence_gradients& g) {
    Recurrence<T> s = describe<T>(p, a);
    const int64_t width = TL_DISPATCH(recurrence_panel_width<T>), H = s.hidden, P = s.out;
    const auto padded = [&](int64_t n) { return (n + width - 1) / width * width; };
    const int64_t weights = padded(P) * s.gate_count * H, project = s.project ? padded(H) * P : 0;
    const int64_t full = s.project ? p.batch * H : 0;
    s.gate_row = spread_row<T>(H);
    const int64_t gates = s.gate_count * p.batch * s.gate_row;
    const Scratch memory(size_t(weights + project + full + 2 * gates) * sizeof(T));
    if (!memory.get()) return 1;
    s.packed = memory.get<T>();
    s.packed_out = s.packed + weights;
    s.full_state = s.packed_out + project;
    s.grad_gates[0] = s.full_state + full;
    s.grad_gates[1] = s.grad_gates[0] + gates;
    s.grad_y = static_cast<const T*>(g.grad_y);
    s.grad_inputs = static_cast<T*>(g.inputs);
    s.grad_hidden = static_cast<T*>(g.hidden);
    s.previous = static_cast<T*>(g.previous);
    s.grad_h = static_cast<T*>(g.h0);
    s.grad_c = static_cast<T*>(g.c0);
    s.full = static_cast<T*>(g.full);
    s.grad_projected = static_cast<T*>(g.projected);
    const auto start = [&](T* state, const void* from, int64_t count) {
        if (!state) return;
        if (from) std::memcpy(state, from, size_t(count) * sizeof(T));
        else std::fill_n(state, count, T(0));
    };
    start(s.grad_h, g.grad_hn, p.batch * P);
    start(s.grad_c, g.grad_cn, p.batch * H);
    const RecurrenceCut cut = tl::cut(p, s, width);
    run_pieces(cut.shares, tl_num_threads(), [&](int64_t number) {
        TL_DISPATCH(recurrence_backward_pack<T>, s, share_of(s, cut, number));
    });
    // One more phase, for the gradient of the initial state.
    each_phase(s, cut, s.project ? 2 * s.steps + 1 : s.steps + 1, [&](const RecurrenceShare& share, int64_t phase) {
        TL_DISPATCH(recurrence_backward<T>, s, share, phase);
    });
    return 0;
}

} // namespace tl

int32_t tl_recurrence(const tl_recurrence_params* p, const tl_recurrence_arrays* a) {
    TL_FORWARD(p, recurrence, (p, a));
    return p->dtype == TL_FLOAT64 ? tl::forward<double>(*p, *a) : tl::forward<float>(*p, *a);
}

int32_t tl_recurrence_backward(const tl_recurrence_params* p, const tl_recurrence_arrays* a,
                               const tl_recurrence_gradients* g) {
    TL_FORWARD(p, recurrence_backward, (p, a, g));
    return p->dtype == TL_FLOAT64 ? tl::backward<double>(*p, *a, *g) : tl::backward<float>(*p, *a, *g);
}
