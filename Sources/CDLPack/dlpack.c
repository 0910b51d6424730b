// A target needs a source file; the structures are all there is.
#include "tl_dlpack.h"
