namespace tl::TL_ISA {

static void add_bias(const Epilogue& e, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
        float* row = e.data + i * e.row_stride;
        if (e.bias_stride == 1)
            for (int64_t j = 0; j < e.columns; j++) row[j] += e.bias[j];
        else
            for (int64_t j = 0; j < e.columns; j++) row[j] += e.bias[j * e.bias_stride];
    }
}

} // namespace tl::TL_ISA
