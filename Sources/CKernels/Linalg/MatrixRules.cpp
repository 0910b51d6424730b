#include "Support/Forward.h"
#include "include/tl_linalg.h"

int64_t tl_linalg_first_failure(const tl_tensor* info, int32_t* answer) {
    TL_FORWARD(info, linalg_first_failure, (info, answer));
    int64_t count = 1;
    for (int i = 0; i < info->rank; ++i) count *= info->shape[i];
    const auto* answers = static_cast<const int32_t*>(info->data);
    for (int64_t i = 0; i < count; ++i)
        if (answers[i] != 0) {
            *answer = answers[i];
            return i;
        }
    return -1;
}
