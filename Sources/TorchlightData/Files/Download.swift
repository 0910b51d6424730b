import CCurl
import TorchlightCore
import TorchlightIO

/// Downloads files over HTTP.
package enum Download {
    /// Called with the number of bytes received and the total number; the total is nil if the server does not send it.
    package typealias Progress = (_ done: Int, _ total: Int?) -> Void

    /// The timeouts of a download.
    package struct Timeouts: Sendable {
        /// The timeout for the connection, in milliseconds.
        package var connect = 10_000
        /// The timeout for a stalled transfer, in seconds.
        package var stall = 20

        package init() {}
    }

    /// Downloads a file from the first address that provides it. The file is created complete or not at all.
    ///
    /// - Parameters:
    ///   - md5: the required MD5 digest, in hexadecimal.
    ///   - limit: the maximum number of bytes.
    /// - Throws: `IOError` of kind `.network`, with the reason for every address, if none provides the file.
    package static func fetch(
        _ addresses: [String], to path: String, md5: String, limit: Int, timeouts: Timeouts = .init(),
        progress: Progress? = nil
    ) throws(IOError) {
        try FileSystem.createDirectories(FileSystem.directory(of: path))
        var reasons: [String] = []
        for address in addresses {
            let file = try AtomicFile(path)
            let transfer = Transfer(file: file, limit: limit, progress: progress)
            let reason = transfer.run(address, timeouts: timeouts)
            // An error while writing, such as a full disk, does not depend on the address.
            if let error = transfer.error { throw error }
            if let reason {
                reasons.append("\(address): \(reason)")
                continue
            }
            let digest = transfer.digest.finish()
            guard digest == md5 else {
                reasons.append("\(address): \(quantity(transfer.count, "byte")) with MD5 \(digest), not \(md5)")
                continue
            }
            try file.commit()
            return
        }
        throw IOError(
            .network, "download", file: FileSystem.name(of: path), reasons.joined(separator: " · "),
            expected: "a network connection, or the file in \(FileSystem.directory(of: path))")
    }
}

/// One transfer: the context of libcurl's callbacks.
private final class Transfer {
    let file: AtomicFile
    let limit: Int
    let progress: Download.Progress?
    var digest = MD5()
    var count = 0
    /// An error while writing the received bytes.
    var error: IOError?
    var isTooLong = false

    init(file: AtomicFile, limit: Int, progress: Download.Progress?) {
        self.file = file
        self.limit = limit
        self.progress = progress
    }

    /// Downloads from an address; returns the reason if it failed.
    func run(_ address: String, timeouts: Download.Timeouts) -> String? {
        var options = tl_http_options(
            connect_timeout_ms: timeouts.connect, stall_seconds: timeouts.stall, stall_bytes_per_second: 100,
            max_redirects: 10)
        var status = 0
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            let result = tl_http_get(
                address, &options,
                { context, bytes, count in
                    Transfer.at(context).write(UnsafeRawBufferPointer(start: bytes, count: count)) ? 0 : 1
                },
                { context, done, total in
                    Transfer.at(context).progress?(Int(done), total > 0 ? Int(total) : nil)
                    return 0
                },
                Unmanaged.passUnretained(self).toOpaque(), &status, message.baseAddress!)
            if result == TL_HTTP_OK { return nil }
            if isTooLong { return "more than \(quantity(limit, "byte"))" }
            let reason = String(cString: message.baseAddress!)
            return result == TL_HTTP_NO_LIBRARY ? reason + " (install libcurl4)" : reason
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        count += bytes.count
        guard count <= limit else {
            isTooLong = true
            return false
        }
        digest.update(bytes)
        do throws(IOError) {
            try file.write(bytes)
            return true
        } catch {
            self.error = error
            return false
        }
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    }
}
