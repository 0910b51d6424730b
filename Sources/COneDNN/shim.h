#if __has_include(<dnnl.h>)
#include <dnnl.h>
#else
#error "oneDNN is missing. On Debian and Ubuntu: sudo apt-get install libdnnl-dev; elsewhere install oneDNN with its headers."
#endif
