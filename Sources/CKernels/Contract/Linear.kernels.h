namespace tl::TL_ISA {

template <class Activation>
static void linear_rows(const Epilogue& e, int64_t begin, int64_t end, Activation activation) {
    for (int64_t i = begin; i < end; i++) {
        float* row = e.data + i * e.row_stride;
        if (!e.bias)
            for (int64_t j = 0; j < e.columns; j++) row[j] = activation(row[j]);
        else if (e.bias_stride == 1)
            for (int64_t j = 0; j < e.columns; j++) row[j] = activation(row[j] + e.bias[j]);
        else
            for (int64_t j = 0; j < e.columns; j++) row[j] = activation(row[j] + e.bias[j * e.bias_stride]);
    }
}

static void linear_epilogue(const Epilogue& e, int64_t begin, int64_t end) {
    switch (e.activation) {
    case TL_ACTIVATION_RELU:
        // NaN stays NaN.
        return linear_rows(e, begin, end, [](float v) { return v < 0 ? 0.0f : v; });
    case TL_ACTIVATION_GELU_TANH:
        return linear_rows(e, begin, end, [](float v) { return tl_gelu_tanh_f32(v); });
    default: return linear_rows(e, begin, end, [](float v) { return v; });
    }
}

} // namespace tl::TL_ISA
