#if __has_include(<png.h>)
#include <png.h>
#else
#error "libpng is missing. On Debian and Ubuntu: sudo apt-get install libpng-dev; elsewhere install libpng with its headers."
#endif
