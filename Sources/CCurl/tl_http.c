#include "tl_http.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// From libcurl's documented interface. The thousands of an option's number say the type of its argument:
// 0 long, 10000 pointer, 20000 function.
enum {
    CURLE_OK = 0,
    CURLE_ABORTED_BY_CALLBACK = 42,
    CURLE_WRITE_ERROR = 23,
    CURL_GLOBAL_DEFAULT = 3,
    CURLOPT_WRITEDATA = 10001,
    CURLOPT_URL = 10002,
    CURLOPT_ERRORBUFFER = 10010,
    CURLOPT_USERAGENT = 10018,
    CURLOPT_HTTPHEADER = 10023,
    CURLOPT_HEADERDATA = 10029,
    CURLOPT_XFERINFODATA = 10057,
    CURLOPT_WRITEFUNCTION = 20011,
    CURLOPT_HEADERFUNCTION = 20079,
    CURLOPT_XFERINFOFUNCTION = 20219,
    CURLOPT_LOW_SPEED_LIMIT = 19,
    CURLOPT_LOW_SPEED_TIME = 20,
    CURLOPT_NOPROGRESS = 43,
    CURLOPT_NOBODY = 44,
    CURLOPT_FAILONERROR = 45,
    CURLOPT_FOLLOWLOCATION = 52,
    CURLOPT_MAXREDIRS = 68,
    CURLOPT_NOSIGNAL = 99,
    CURLOPT_CONNECTTIMEOUT_MS = 156,
    CURLOPT_PROTOCOLS = 181,
    CURLOPT_REDIR_PROTOCOLS = 182,
    CURLPROTO_HTTP_AND_HTTPS = 1 | 2,
    CURLINFO_RESPONSE_CODE = 0x200002,
};

static struct {
    void* (*init)(void);
    int (*setopt)(void*, int, ...);
    int (*perform)(void*);
    int (*getinfo)(void*, int, ...);
    void (*cleanup)(void*);
    const char* (*strerror)(int);
    void* (*append)(void*, const char*);
    void (*free_list)(void*);
    int ready;
} curl;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void) {
    // Debian also packages the library built on GnuTLS, with the same interface.
    static const char* const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"};
    void* library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    int (*global_init)(long) = (int (*)(long))dlsym(library, "curl_global_init");
    curl.init = (void* (*)(void))dlsym(library, "curl_easy_init");
    curl.setopt = (int (*)(void*, int, ...))dlsym(library, "curl_easy_setopt");
    curl.perform = (int (*)(void*))dlsym(library, "curl_easy_perform");
    curl.getinfo = (int (*)(void*, int, ...))dlsym(library, "curl_easy_getinfo");
    curl.cleanup = (void (*)(void*))dlsym(library, "curl_easy_cleanup");
    curl.strerror = (const char* (*)(int))dlsym(library, "curl_easy_strerror");
    curl.append = (void* (*)(void*, const char*))dlsym(library, "curl_slist_append");
    curl.free_list = (void (*)(void*))dlsym(library, "curl_slist_free_all");
    curl.ready = global_init && curl.init && curl.setopt && curl.perform && curl.getinfo && curl.cleanup &&
                 curl.strerror && curl.append && curl.free_list && global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

typedef struct {
    tl_http_write write;
    tl_http_progress progress;
    tl_http_header header;
    void* context;
} callbacks;

static size_t on_write(const char* bytes, size_t size, size_t count, void* data) {
    callbacks* to = data;
    // Any count but the one received makes libcurl fail the transfer.
    return to->write(to->context, bytes, size * count) == 0 ? size * count : (size_t)-1;
}

static size_t on_header(const char* bytes, size_t size, size_t count, void* data) {
    callbacks* to = data;
    to->header(to->context, bytes, size * count);
    return size * count;
}

static int on_progress(void* data, int64_t total, int64_t done, int64_t upload_total, int64_t uploaded) {
    (void)upload_total, (void)uploaded;
    callbacks* to = data;
    return to->progress ? to->progress(to->context, done, total) : 0;
}

tl_http_result tl_http_exchange(const char* url, const tl_http_request* request, tl_http_write write,
                                tl_http_progress progress, void* context, long* status, char message[256]) {
    const tl_http_options* options = &request->options;
    *status = 0;
    message[0] = 0;
    pthread_once(&loaded, load);
    void* handle = curl.ready ? curl.init() : NULL;
    if (!handle) {
        snprintf(message, 256, "libcurl.so.4 was not found");
        return TL_HTTP_NO_LIBRARY;
    }
    callbacks to = {write, progress, request->header, context};
    curl.setopt(handle, CURLOPT_URL, url);
    curl.setopt(handle, CURLOPT_ERRORBUFFER, message);
    curl.setopt(handle, CURLOPT_USERAGENT, "torchlight");
    curl.setopt(handle, CURLOPT_WRITEFUNCTION, on_write);
    curl.setopt(handle, CURLOPT_WRITEDATA, &to);
    curl.setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl.setopt(handle, CURLOPT_XFERINFODATA, &to);
    curl.setopt(handle, CURLOPT_NOPROGRESS, 0L);
    if (request->header) {
        curl.setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
        curl.setopt(handle, CURLOPT_HEADERDATA, &to);
    }
    if (request->head) curl.setopt(handle, CURLOPT_NOBODY, 1L);
    void* headers = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        void* longer = curl.append(headers, request->headers[i]);
        if (longer) headers = longer;
    }
    if (headers) curl.setopt(handle, CURLOPT_HTTPHEADER, headers);
    // No alarm signals: they would hit whatever thread the program has.
    curl.setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl.setopt(handle, CURLOPT_FOLLOWLOCATION, options->max_redirects > 0 ? 1L : 0L);
    curl.setopt(handle, CURLOPT_MAXREDIRS, options->max_redirects);
    // Nobody who answers may send us to a local file or another protocol.
    curl.setopt(handle, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTP_AND_HTTPS);
    curl.setopt(handle, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTP_AND_HTTPS);
    curl.setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, options->connect_timeout_ms);
    curl.setopt(handle, CURLOPT_LOW_SPEED_LIMIT, options->stall_bytes_per_second);
    curl.setopt(handle, CURLOPT_LOW_SPEED_TIME, options->stall_seconds);
    int code = curl.perform(handle);
    curl.getinfo(handle, CURLINFO_RESPONSE_CODE, status);
    if (code != CURLE_OK && !message[0]) snprintf(message, 256, "%s", curl.strerror(code));
    curl.cleanup(handle);
    if (headers) curl.free_list(headers);
    if (code == CURLE_OK) return TL_HTTP_OK;
    return code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_WRITE_ERROR ? TL_HTTP_STOPPED : TL_HTTP_FAILED;
}

tl_http_result tl_http_get(const char* url, const tl_http_options* options, tl_http_write write,
                           tl_http_progress progress, void* context, long* status, char message[256]) {
    tl_http_request request = {*options, NULL, 0, 0, NULL};
    return tl_http_exchange(url, &request, write, progress, context, status, message);
}
