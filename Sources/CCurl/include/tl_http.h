// Fetching a file over HTTP with the libcurl of the system, found when the first download starts.
//
// libcurl is loaded by name at run time: a program that downloads nothing does not load it, and one on
// a machine without libcurl still builds and runs. No header of libcurl is needed. The few numbers that select its
// options are part of its promised binary interface (https://curl.se/libcurl/abi.html: options keep their numbers for
// as long as the library is called libcurl.so.4) and stand in tl_http.c.

#ifndef TL_HTTP_H
#define TL_HTTP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How a transfer ended.
typedef enum {
    TL_HTTP_OK = 0,
    /// No libcurl on this machine.
    TL_HTTP_NO_LIBRARY = 1,
    /// The transfer failed; the text is the reason.
    TL_HTTP_FAILED = 2,
    /// A callback cancelled the transfer.
    TL_HTTP_STOPPED = 3,
} tl_http_result;

/// The bounds of a transfer.
typedef struct {
    long connect_timeout_ms;
    /// The transfer fails when fewer than `stall_bytes_per_second` arrive for this long.
    long stall_seconds;
    long stall_bytes_per_second;
    long max_redirects;
} tl_http_options;

/// Takes the next bytes of the body; anything but 0 stops the transfer.
typedef int (*tl_http_write)(void* context, const void* bytes, size_t count);
/// Receives the number of bytes so far and the total, 0 if the server does not send it; a result other than 0 stops the
/// transfer.
typedef int (*tl_http_progress)(void* context, int64_t done, int64_t total);

/// Receives a line of the headers of a response, of each response if there are redirects.
typedef void (*tl_http_header)(void* context, const char* line, size_t count);

/// The options of a request.
typedef struct {
    tl_http_options options;
    /// Header lines, `Name: value`. `Authorization` is not sent to another host after a redirect.
    const char* const* headers;
    size_t header_count;
    /// Whether only the headers are requested.
    int head;
    /// May be NULL.
    tl_http_header header;
} tl_http_request;

/// As tl_http_get, with the headers of request and answer. Redirects are followed only if `max_redirects` is above 0.
tl_http_result tl_http_exchange(const char* url, const tl_http_request* request, tl_http_write write,
                                tl_http_progress progress, void* context, long* status, char message[256]);

/// Fetches an address over http or https, following redirects. `status` becomes the server's status code, 0 without
/// an answer; `message` a line of text where the result is not TL_HTTP_OK.
tl_http_result tl_http_get(const char* url, const tl_http_options* options, tl_http_write write,
                           tl_http_progress progress, void* context, long* status, char message[256]);

#ifdef __cplusplus
}
#endif

#endif
