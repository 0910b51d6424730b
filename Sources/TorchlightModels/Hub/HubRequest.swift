import CCurl
import Glibc
import TorchlightIO

/// A request to the hub, and its response.
final class HubRequest {
    /// The status of the last response; 0 without one.
    private(set) var status = 0
    /// The headers of the last response, with names in lower case.
    private(set) var headers: [String: String] = [:]
    /// The reason that the request failed; nil if it succeeded.
    private(set) var problem: String?
    private let receive: (UnsafeRawBufferPointer) throws(IOError) -> Void
    private var error: IOError?

    /// - Parameter receive: Called with the bytes of the body. Default: ignores them.
    init(_ receive: @escaping (UnsafeRawBufferPointer) throws(IOError) -> Void = { _ in }) { self.receive = receive }

    /// The timeouts of requests.
    struct Timeouts: Sendable {
        /// The timeout of the connection, in milliseconds.
        var connect = 10_000
        /// The timeout of a stalled transfer, in seconds.
        var stall = 30
    }

    /// Sends the request.
    ///
    /// - Parameters:
    ///   - isHead: Whether only the headers are requested; redirects are then not followed.
    ///   - fields: Header lines.
    /// - Throws: Errors of `receive`.
    func send(_ address: String, isHead: Bool, fields: [String], timeouts: Timeouts) throws(IOError) {
        let lines: [UnsafePointer<CChar>?] = fields.map { UnsafePointer(strdup($0)) }
        defer { for line in lines { free(UnsafeMutablePointer(mutating: line)) } }
        var message = [CChar](repeating: 0, count: 256)
        var code = 0
        let result = lines.withUnsafeBufferPointer { lines in
            var request = tl_http_request()
            request.options = tl_http_options(
                connect_timeout_ms: timeouts.connect, stall_seconds: timeouts.stall, stall_bytes_per_second: 100,
                max_redirects: isHead ? 0 : 10)
            request.headers = lines.baseAddress
            request.header_count = lines.count
            request.head = isHead ? 1 : 0
            request.header = { context, line, count in
                HubRequest.at(context).header(UnsafeRawBufferPointer(start: line, count: count))
            }
            return tl_http_exchange(
                address, &request,
                { context, bytes, count in
                    HubRequest.at(context).body(UnsafeRawBufferPointer(start: bytes, count: count)) ? 0 : 1
                }, nil, Unmanaged.passUnretained(self).toOpaque(), &code, &message)
        }
        status = code
        if let error { throw error }
        if result != TL_HTTP_OK {
            let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            problem = result == TL_HTTP_NO_LIBRARY ? reason + " (install libcurl4)" : reason
        }
    }

    private func header(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
        if line.hasPrefix("HTTP/") {
            // The headers of the next response in a chain of redirects.
            headers = [:]
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        headers[line[..<colon].lowercased()] = String(value)
    }

    private func body(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do throws(IOError) { try receive(bytes) } catch {
            self.error = error
            return false
        }
        return true
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> HubRequest {
        Unmanaged<HubRequest>.fromOpaque(context!).takeUnretainedValue()
    }
}
