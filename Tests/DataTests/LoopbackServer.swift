import Glibc
import Synchronization

/// A small HTTP/1.1 server on the loopback interface: each path has a scripted answer.
final class LoopbackServer: Sendable {
    enum Answer: Sendable {
        case body([UInt8])
        /// Another path of this server, or an address.
        case redirect(String)
        case status(Int)
        /// Promises more bytes than it sends, then hangs up.
        case broken([UInt8], promised: Int)
        /// Promises bytes, sends none and waits for the client to lose patience.
        case silent
    }

    let port: Int
    private let listener: Int32
    private let answers: [String: Answer]
    private let log = Mutex<[String]>([])

    /// The paths that were asked for, in order.
    var requests: [String] { log.withLock { $0 } }

    init(_ answers: [String: Answer]) {
        self.answers = answers
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
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    func address(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// A port on which nobody listens.
    static func deadPort() -> Int {
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
        let path = String(String(decoding: request, as: UTF8.self).split(separator: " ")[1])
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
        switch answers[path] {
        case .body(let body): send("200 OK", length: body.count, body)
        case .redirect(let target): send("302 Found", "Location: \(target)\r\n", length: 0)
        case .status(let status): send("\(status) Refused", length: 3, Array("no\n".utf8))
        case .broken(let body, let promised): send("200 OK", length: promised, body)
        case .silent:
            send("200 OK", length: 100)
            _ = read(connection, &chunk, chunk.count)
        case nil: send("404 Not Found", length: 0)
        }
    }
}
