import Glibc
import Synchronization

/// A small HTTP/1.1 server on the loopback interface: each path has a scripted answer.
package final class LoopbackServer: Sendable {
    package enum Answer: Sendable {
        case body([UInt8])
        /// Another path of this server, or an address.
        case redirect(String)
        case status(Int)
        /// Promises more bytes than it sends, then hangs up.
        case broken([UInt8], promised: Int)
        /// Promises bytes, sends none and waits for the client to lose patience.
        case silent
        /// What a closure answers.
        case computed(@Sendable (Request) -> Response)
    }

    /// A request: its method, path and header lines with names in lower case.
    package struct Request: Sendable {
        package let method: String
        package let path: String
        package let headers: [String: String]
    }

    /// A status with its text, header lines and a body.
    package struct Response: Sendable {
        package var status: String
        package var headers: [String]
        package var body: [UInt8]
        /// The number of bytes that the header promises, if it is another one.
        package var promised: Int?

        package init(_ status: String, headers: [String] = [], body: [UInt8] = [], promised: Int? = nil) {
            self.status = status
            self.headers = headers
            self.body = body
            self.promised = promised
        }
    }

    package let port: Int
    private let listener: Int32
    private let answers: [String: Answer]
    private let log = Mutex<[String]>([])
    private let other: Answer?

    /// The paths that were asked for, in order.
    package var requests: [String] { log.withLock { $0 } }

    /// - Parameter other: The answer for all other paths. Default: status 404.
    package init(_ answers: [String: Answer], other: Answer? = nil) {
        self.answers = answers
        self.other = other
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, size) == 0 && listen(listener, 8) == 0, "no loopback socket")
                getsockname(listener, $0, &size)
            }
            return Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<LoopbackServer>.fromOpaque(context!).takeRetainedValue().serve()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    /// Stops accepting and ends the server's thread.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    package func address(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// A port on which nobody listens.
    package static func deadPort() -> Int {
        let server = LoopbackServer([:])
        server.stop()
        return server.port
    }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 { break }
            answer(connection)
            close(connection)
        }
        close(listener)
    }

    private func answer(_ connection: Int32) {
        var request: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
            let count = read(connection, &chunk, chunk.count)
            if count <= 0 { return }
            request += chunk[..<count]
        }
        let lines = String(decoding: request, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        let path = words[1]
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingPrefix { $0 == " " }.description }
        }
        log.withLock { $0.append(path) }
        func send(_ status: String, _ headers: String = "", length: Int, _ body: [UInt8] = []) {
            let head = "HTTP/1.1 \(status)\r\nContent-Length: \(length)\r\nConnection: close\r\n\(headers)\r\n"
            let bytes = Array(head.utf8) + body
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(connection, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
        switch answers[path] ?? other {
        case .body(let body): send("200 OK", length: body.count, body)
        case .redirect(let target): send("302 Found", "Location: \(target)\r\n", length: 0)
        case .status(let status): send("\(status) Refused", length: 3, Array("no\n".utf8))
        case .broken(let body, let promised): send("200 OK", length: promised, body)
        case .silent:
            send("200 OK", length: 100)
            _ = read(connection, &chunk, chunk.count)
        case .computed(let answer):
            let response = answer(Request(method: words[0], path: path, headers: headers))
            let fields = response.headers.map { $0 + "\r\n" }.joined()
            let body = words[0] == "HEAD" ? [] : response.body
            send(response.status, fields, length: response.promised ?? response.body.count, body)
        case nil: send("404 Not Found", length: 0)
        }
    }
}
