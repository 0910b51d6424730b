#include "Contract/Unfold.h"
#include "Contract/Gemm.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_create.h"

namespace tl {

namespace {

/// The sizes of one group of one image, always with three spatial dimensions.
struct Geometry {
    int64_t images, groups, channels, outputs;  // channels and outputs per group
    int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, kernel[3] = {1, 1, 1};
    int64_t stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
    int64_t x_stride[3] = {0, 0, 0}, out_stride[3] = {0, 0, 0};  // of the spatial dimensions
    int64_t window, positions;                                   // rows and columns of the unfolded matrix

    explicit Geometry(const Unfolded& u) {
        const int spatial = u.p->spatial;
        images = u.x->shape[0];
        groups = u.p->groups;
        channels = u.x->shape[1] / groups;
        outputs = u.out->shape[1] / groups;
        window = channels;
        positions = 1;
        for (int i = 0; i < spatial; i++) {
            const int to = 3 - spatial + i;
            in[to] = u.x->shape[i + 2], out[to] = u.out->shape[i + 2], kernel[to] = u.w->shape[i + 2];
            stride[to] = u.p->stride[i], padding[to] = u.p->padding[i], dilation[to] = u.p->dilation[i];
            x_stride[to] = u.x->strides[i + 2], out_stride[to] = u.out->strides[i + 2];
            window *= kernel[to];
            positions *= out[to];
        }
    }

    /// Calls body(row of the unfolded matrix, first column, offset of that column in x, whether it is inside the image,
    /// count) for every run of positions along the last dimension, for the given channels.
    template <class Body>
    void each_element(int64_t channel_stride, int64_t first, int64_t last, Body&& body) const {
        for (int64_t c = first; c < last; c++)
            for (int64_t a = 0; a < kernel[0]; a++)
                for (int64_t b = 0; b < kernel[1]; b++)
                    for (int64_t d = 0; d < kernel[2]; d++) {
                        const int64_t row = ((c * kernel[0] + a) * kernel[1] + b) * kernel[2] + d;
                        for (int64_t i = 0; i < out[0]; i++) {
                            const int64_t z = i * stride[0] - padding[0] + a * dilation[0];
                            for (int64_t j = 0; j < out[1]; j++) {
                                const int64_t y = j * stride[1] - padding[1] + b * dilation[1];
                                const bool plane = z >= 0 && z < in[0] && y >= 0 && y < in[1];
                                for (int64_t k = 0; k < out[2]; k++) {
                                    const int64_t x = k * stride[2] - padding[2] + d * dilation[2];
                                    const bool inside = plane && x >= 0 && x < in[2];
                                    body(row, (i * out[1] + j) * out[2] + k, inside,
                                         c * channel_stride + z * x_stride[0] + y * x_stride[1] + x * x_stride[2]);
                                }
                            }
                        }
                    }
    }
};

/// Copies one group of one image of `out` to a contiguous [outputs, positions], or the reverse.
template <bool write>
void copy_out(const Geometry& g, double* dense, double* out, int64_t channel_stride) {
    for (int64_t o = 0; o < g.outputs; o++)
        for (int64_t i = 0; i < g.out[0]; i++)
            for (int64_t j = 0; j < g.out[1]; j++)
                for (int64_t k = 0; k < g.out[2]; k++) {
                    double& element =
                        out[o * channel_stride + i * g.out_stride[0] + j * g.out_stride[1] + k * g.out_stride[2]];
                    double& mine = dense[((o * g.out[0] + i) * g.out[1] + j) * g.out[2] + k];
                    if constexpr (write) element = mine;
                    else mine = element;
                }
}

double* at(const tl_tensor& x, int64_t image, int64_t channel) {
    return static_cast<double*>(x.data) + image * x.strides[0] + channel * x.strides[1];
}

void unfold(const Geometry& g, const double* x, int64_t channel_stride, double* matrix) {
    parallel_for(g.channels, 1 + 32768 / (g.window * g.positions / g.channels + 1), [&](int64_t begin, int64_t end) {
        g.each_element(channel_stride, begin, end, [&](int64_t row, int64_t column, bool inside, int64_t offset) {
            matrix[row * g.positions + column] = inside ? x[offset] : 0;
        });
    });
}

} // namespace

bool unfolded_forward(const Unfolded& u) {
    const Geometry g(u);
    const Scratch matrix(size_t(g.window * g.positions) * sizeof(double));
    const Scratch result(size_t(g.outputs * g.positions) * sizeof(double));
    if (!matrix.get() || !result.get()) return false;
    for (int64_t image = 0; image < g.images; image++)
        for (int64_t group = 0; group < g.groups; group++) {
            unfold(g, at(*u.x, image, group * g.channels), u.x->strides[1], matrix.get<double>());
            double* sums = result.get<double>();
            for (int64_t o = 0; o < g.outputs; o++) {
                const double start =
                    u.bias ? static_cast<const double*>(u.bias->data)[group * g.outputs + o] : 0;
                for (int64_t i = 0; i < g.positions; i++) sums[o * g.positions + i] = start;
            }
            const auto* w = static_cast<const double*>(u.w->data) + group * g.outputs * g.window;
            if (!gemm({TL_FLOAT64, g.outputs, g.positions, g.window, w, g.window, 1, matrix.get(), g.positions, 1, sums,
                       g.positions, 1, 1, 1, nullptr}))
                return false;
            copy_out<true>(g, sums, at(*u.out, image, group * g.outputs), u.out->strides[1]);
        }
    return true;
}

bool unfolded_backward_data(const Unfolded& u) {
    const Geometry g(u);
    const Scratch matrix(size_t(g.window * g.positions) * sizeof(double));
    const Scratch incoming(size_t(g.outputs * g.positions) * sizeof(double));
    if (!matrix.get() || !incoming.get()) return false;
    tl_fill(u.x, 0, 0);
    for (int64_t image = 0; image < g.images; image++)
        for (int64_t group = 0; group < g.groups; group++) {
            copy_out<false>(g, incoming.get<double>(), at(*u.out, image, group * g.outputs), u.out->strides[1]);
            const auto* w = static_cast<const double*>(u.w->data) + group * g.outputs * g.window;
            if (!gemm({TL_FLOAT64, g.window, g.positions, g.outputs, w, 1, g.window, incoming.get(), g.positions, 1,
                       matrix.get(), g.positions, 1, 1, 0, nullptr}))
                return false;
            double* x = at(*u.x, image, group * g.channels);
            const double* sums = matrix.get<double>();
            parallel_for(g.channels, 1 + 32768 / (g.window * g.positions / g.channels + 1),
                         [&](int64_t begin, int64_t end) {
                             g.each_element(u.x->strides[1], begin, end,
                                            [&](int64_t row, int64_t column, bool inside, int64_t offset) {
                                                if (inside) x[offset] += sums[row * g.positions + column];
                                            });
                         });
        }
    return true;
}

bool unfolded_backward_weights(const Unfolded& u) {
    const Geometry g(u);
    const Scratch matrix(size_t(g.window * g.positions) * sizeof(double));
    const Scratch incoming(size_t(g.outputs * g.positions) * sizeof(double));
    if (!matrix.get() || !incoming.get()) return false;
    tl_fill(u.w, 0, 0);
    if (u.bias) tl_fill(u.bias, 0, 0);
    for (int64_t image = 0; image < g.images; image++)
        for (int64_t group = 0; group < g.groups; group++) {
            unfold(g, at(*u.x, image, group * g.channels), u.x->strides[1], matrix.get<double>());
            double* gradient = incoming.get<double>();
            copy_out<false>(g, gradient, at(*u.out, image, group * g.outputs), u.out->strides[1]);
            auto* w = static_cast<double*>(u.w->data) + group * g.outputs * g.window;
            if (!gemm({TL_FLOAT64, g.outputs, g.window, g.positions, gradient, g.positions, 1, matrix.get(), 1,
                       g.positions, w, g.window, 1, 1, 1, nullptr}))
                return false;
            if (!u.bias) continue;
            auto* bias = static_cast<double*>(u.bias->data) + group * g.outputs;
            for (int64_t o = 0; o < g.outputs; o++)
                for (int64_t i = 0; i < g.positions; i++) bias[o] += gradient[o * g.positions + i];
        }
    return true;
}

} // namespace tl
