#if __has_include(<zlib.h>)
#include <zlib.h>
#else
#error "zlib is missing. On Debian and Ubuntu: sudo apt-get install zlib1g-dev; elsewhere install zlib with its headers."
#endif
