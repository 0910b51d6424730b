import Glibc
import TorchlightIO

/// Python inside this process, through the C interface of the libpython that belongs to an interpreter with NumPy.
///
/// Any thread may call; each call takes Python's lock and gives it back.
final class Python: @unchecked Sendable {
    typealias Object = UnsafeMutableRawPointer

    struct Failed: Error { let code: String }

    /// `$TORCHLIGHT_PYTHON` or `python3`, if it has NumPy and a shared library.
    static let shared = Python()

    private let library: UnsafeMutableRawPointer
    private let main: Object
    /// Names of capsules must outlive them.
    private var names: [String: UnsafeMutablePointer<CChar>] = [:]

    private init?() {
        let program = FileSystem.environment("TORCHLIGHT_PYTHON") ?? "python3"
        let question = """
            import numpy, sys, sysconfig as s, os
            names = [s.get_config_var(v) for v in ("INSTSONAME", "LDLIBRARY")]
            paths = [os.path.join(s.get_config_var("LIBDIR") or "", n) for n in names if n and ".so" in n]
            print(next(p for p in paths if os.path.exists(p)))
            print(sys.base_prefix)
            print("\\n".join(p for p in sys.path if p))
            """
        guard let answer = Self.output(program, question), answer.count > 2,
            let library = dlopen(answer[0], RTLD_NOW | RTLD_GLOBAL)
        else { return nil }
        self.library = library
        // The library alone would look for the modules of whichever Python comes first in PATH.
        setenv("PYTHONHOME", answer[1], 1)
        defer { unsetenv("PYTHONHOME") }
        typealias Initialize = @convention(c) (CInt) -> Void
        typealias AddModule = @convention(c) (UnsafePointer<CChar>) -> Object?
        guard let initialize = dlsym(library, "Py_InitializeEx"), let addModule = dlsym(library, "PyImport_AddModule")
        else { return nil }
        unsafeBitCast(initialize, to: Initialize.self)(0)
        guard let main = unsafeBitCast(addModule, to: AddModule.self)("__main__") else { return nil }
        self.main = main
        let paths = answer[2...].map { "'\($0)'" }.joined(separator: ", ")
        // Initialising took the lock for this thread; others need it.
        typealias Save = @convention(c) () -> Object?
        _ = function("PyEval_SaveThread", Save.self)()
        guard (try? run("import sys; sys.path = [\(paths)]; import numpy")) != nil else { return nil }
    }

    private static func output(_ program: String, _ code: String) -> [String]? {
        let quoted = code.split(separator: "\n").joined(separator: "; ")
        guard let pipe = popen("exec '\(program)' -c '\(quoted)' 2>/dev/null", "r") else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer[..<count] }
        guard pclose(pipe) == 0 else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func function<Function>(_ name: String, _ type: Function.Type) -> Function {
        unsafeBitCast(dlsym(library, name)!, to: type)
    }

    private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
        typealias Ensure = @convention(c) () -> CInt
        typealias Release = @convention(c) (CInt) -> Void
        let state = function("PyGILState_Ensure", Ensure.self)()
        defer { function("PyGILState_Release", Release.self)(state) }
        return try body()
    }

    /// Runs statements in the main module; a failed `assert` is an error.
    func run(_ code: String) throws {
        typealias Run = @convention(c) (UnsafePointer<CChar>) -> CInt
        let status = locked { function("PyRun_SimpleString", Run.self)(code + "\n") }
        if status != 0 { throw Failed(code: code) }
    }

    /// Gives a variable of the main module a value, which the variable alone holds afterwards.
    func set(_ name: String, _ value: Object) throws {
        typealias SetAttribute = @convention(c) (Object, UnsafePointer<CChar>, Object) -> CInt
        typealias Release = @convention(c) (Object) -> Void
        let status = locked {
            defer { function("Py_DecRef", Release.self)(value) }
            return function("PyObject_SetAttrString", SetAttribute.self)(main, name, value)
        }
        if status != 0 { throw Failed(code: name) }
    }

    /// A capsule around a pointer.
    func capsule(_ pointer: UnsafeMutableRawPointer, name: String) throws -> Object {
        typealias New = @convention(c) (Object, UnsafePointer<CChar>, UnsafeRawPointer?) -> Object?
        guard let capsule = locked({ function("PyCapsule_New", New.self)(pointer, kept(name), nil) }) else {
            throw Failed(code: name)
        }
        return capsule
    }

    /// The pointer in the capsule that a variable holds; the capsule gets another name.
    func pointer(ofCapsule variable: String, name: String, renaming other: String) throws -> UnsafeMutableRawPointer {
        typealias Attribute = @convention(c) (Object, UnsafePointer<CChar>) -> Object?
        typealias Pointer = @convention(c) (Object, UnsafePointer<CChar>) -> Object?
        typealias SetName = @convention(c) (Object, UnsafePointer<CChar>) -> CInt
        typealias Release = @convention(c) (Object) -> Void
        return try locked {
            guard let capsule = function("PyObject_GetAttrString", Attribute.self)(main, variable) else {
                throw Failed(code: variable)
            }
            defer { function("Py_DecRef", Release.self)(capsule) }
            guard let pointer = function("PyCapsule_GetPointer", Pointer.self)(capsule, kept(name)),
                function("PyCapsule_SetName", SetName.self)(capsule, kept(other)) == 0
            else { throw Failed(code: name) }
            return pointer
        }
    }

    private func kept(_ name: String) -> UnsafePointer<CChar> {
        if let known = names[name] { return UnsafePointer(known) }
        let copy = strdup(name)!
        names[name] = copy
        return UnsafePointer(copy)
    }
}
