#include "Contract/Direct.kernels.h"
#include "Contract/DirectBatch.kernels.h"
