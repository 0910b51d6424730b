import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// The machine for pickles, on pickles written out by hand.
@Suite struct PickleTests {
    /// Runs a pickle given as parts of text and bytes.
    func run(_ parts: Any..., legacy: Bool = false, limit: Int? = nil) throws -> TorchValue {
        var bytes: [UInt8] = []
        for part in parts {
            switch part {
            case let text as String: bytes += Array(text.utf8)
            case let byte as Int: bytes.append(UInt8(byte))
            case let more as [UInt8]: bytes += more
            default: Issue.record("\(part)")
            }
        }
        let limit = limit ?? PickleMachine.limit(pickleSize: bytes.count)
        return try bytes.withUnsafeBytes { bytes in
            var machine = PickleMachine(
                bytes, file: "a.pth", start: 100, layout: legacy ? .legacy : .zip,
                limit: limit)
            let pickle = try machine.run()
            #expect(pickle.end == bytes.count)
            let storages = try pickle.storages.map { storage in
                let memory = try Storage(byteCount: storage.byteCount, device: .cpu)
                memory.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
                return Dictionary(uniqueKeysWithValues: DType.allCases.map { ("\($0)", memory) })
            }
            var builder = TorchValueBuilder(
                pickle, storages: storages, file: "a.pth", offset: 100, limit: limit)
            return try builder.build()
        }
    }

    func text(_ text: String) -> [UInt8] { [UInt8(ascii: "X"), UInt8(text.utf8.count), 0, 0, 0] + text.utf8 }

    @Test func readsValues() throws {
        #expect("\(try run("N."))" == "None")
        #expect(
            "\(try run("(K", 1, "M", 0, 1, "J", [UInt8](repeating: 255, count: 4), 0x88, 0x89, "Nt."))"
                == "(1, 256, -1, True, False, None)")
        #expect("\(try run("(", 0x8a, 0, 0x8a, 1, 0x80, 0x8a, 2, 0xff, 0, "l."))" == "[0, -128, 255]")
        #expect("\(try run(0x8a, 9, [UInt8](repeating: 0, count: 8), 1, "."))" == "18446744073709551616")
        #expect(try run(0x8a, 9, [UInt8](repeating: 0, count: 8), 0, ".").int == 0)
        #expect(try run("G", 0x40, 4, [UInt8](repeating: 0, count: 6), ".").double == 2.5)
        #expect(try run("U", 2, "hiT", 1, 0, 0, 0, "!", 0x86, ".").items?.map(\.string) == ["hi", "!"])
        #expect("\(try run(0x8f, "(K", 1, "K", 2, "K", 1, 0x90, "."))" == "{1, 2}")
        #expect("\(try run("(K", 1, "K", 2, "K", 3, "K", 4, "d."))" == "{1: 2, 3: 4}")
    }

    /// What Python writes with protocols 0 and 1.
    @Test func readsOperandsInLines() throws {
        let values = try run(
            "(dp0\nVepoch\np1\nI7\nsVbig\np2\nL1099511627776L\nsVhuge\np3\nL-1180591620717411303424L\nsVrate\np4\nF0.25\n",
            "sVname\np5\nVgr", 0xf6, 0xdf, "e \\U0001f600 \\u000a\\u005c x\np6\nsVok\np7\nI01\nsVno\np8\nI00\ns",
            "Vt\np9\n(I-1\nI2\ntp10\nsVl\np11\n(lp12\nNag10\nas.")
        #expect(values["epoch"]?.int == 7 && values["big"]?.int == 1 << 40 && values["rate"]?.double == 0.25)
        #expect(values["huge"].map { "\($0)" } == "-1180591620717411303424")
        #expect(values["name"]?.string == "größe 😀 \n\\ x")
        #expect(values["ok"]?.bool == true && values["no"]?.bool == false)
        #expect(values["l"].map { "\($0)" } == "[None, (-1, 2)]")
        #expect(try run("S'it\\'s\\x41\\n'\n.").string == "it's" + "A\n")
        #expect(
            "\(try run("(L-1L\nL18446744073709551616L\nL-9223372036854775809L\nFinf\nF-1e+300\nt."))"
                == "(-1, 18446744073709551616, -9223372036854775809, inf, -1e+300)")
        let tensor = try run(
            "ctorch._utils\n_rebuild_tensor_v2\n((", text("storage"), "ctorch\nFloatStorage\n", text("0"), text("cpu"),
            "I6\ntQI0\n(I2\nI3\nt(L3L\nI1\ntI00\nNtR."
        ).tensor
        #expect(tensor?.shape == [2, 3])
        for wrong in [
            "I\n.", "I1x\n.", "L1.5L\n.", "L--1L\n.", "Fone\n.", "Sabc\n.", "S'\n.", "S'\\xg0'\n.", "V\\u12\n.", "Vabc",
            "g5\n.", "p-1\n.",
        ] {
            #expect(throws: IOError.self, "\(wrong)") { try run("N" + wrong) }
        }
    }

    @Test func sharesAndRemembers() throws {
        #expect("\(try run("]", 0x94, "h", 0, "K", 1, "a", 0x86, "."))" == "([1], [1])")
        #expect("\(try run("K", 7, "r", 0, 0, 0, 127, "0j", 0, 0, 0, 127, "."))" == "7")
        #expect("\(try run("K", 1, "2", 0x86, "."))" == "(1, 1)")
    }

    @Test func aKeyThatComesAgainReplacesTheValue() throws {
        // 1, True and 1.0 are one key in Python.
        let value = try run("}(K", 1, "K", 1, "K", 2, "K", 2, 0x88, "K", 3, "u.")
        #expect("\(value)" == "{1: 3, 2: 2}")
    }

    @Test func readsTensorsAndChecksWhereTheyLie() throws {
        func tensor(_ offset: Int, _ size: [Int], _ stride: [Int], count: Int = 6, key: String = "0") throws -> Tensor?
        {
            func tuple(_ values: [Int]) -> [UInt8] {
                [UInt8(ascii: "(")]
                    + values.flatMap { value in
                        [0x8a, 8] + withUnsafeBytes(of: Int64(value).littleEndian, Array.init)
                    } + [UInt8(ascii: "t")]
            }
            return try run(
                "ctorch._utils\n_rebuild_tensor_v2\n((", text("storage"), "ctorch\nFloatStorage\n", text(key),
                text("cpu"),
                Array(tuple([count]).dropFirst().dropLast()), "tQ", Array(tuple([offset]).dropFirst().dropLast()),
                tuple(size), tuple(stride), 0x89, "Nt", "R."
            ).tensor
        }
        #expect(try tensor(0, [2, 3], [3, 1])?.shape == [2, 3])
        #expect(try tensor(5, [], [])?.shape == [])
        #expect(try tensor(5, [4, 1], [0, 77])?.strides == [0, 77])
        #expect(try tensor(99, [0, 3], [3, 1])?.shape == [0, 3])
        #expect(try tensor(0, [2, 3], [1, 2])?.strides == [1, 2])
        let max = Int.max
        for (offset, size, stride) in [
            (1, [2, 3], [3, 1]), (-1, [1], [1]), (0, [7], [1]), (0, [-1], [1]), (0, [2], [-1]), (0, [2], [max]),
            (max, [1], [1]), (0, [max, max], [0, 0]), (0, [0, max, max], [0, 0, 0]), (0, [2], [1, 1]),
            (0, [2, 1], [1]),
            (0, [1 << 40], [0]), (6, [1], [1]), (0, [Int](repeating: 1, count: 65), [Int](repeating: 1, count: 65)),
        ] {
            let error = #expect(throws: IOError.self, "\(size)") { try tensor(offset, size, stride) }
            #expect(error?.offset.map { $0 > 100 } == true)
        }
        for count in [-1, max] {
            #expect(throws: IOError.self) { try tensor(0, [1], [1], count: count) }
        }
        for key in ["../0", "a b", ""] { #expect(throws: IOError.self) { try tensor(0, [1], [1], key: key) } }
    }

    @Test func namesWhatItRefusesAndWhere() {
        let cases: [([Any], String, Int)] = [
            (["N0cos\nsystem\n."], "'os.system'", 102),
            ([0x8c, 5, "posix", 0x8c, 6, "system", 0x93, "."], "'posix.system'", 115),
            (["(K", 1, "ios\nsystem\n."], "'os.system'", 103),
            (["(cos\nsystem\nK", 1, "o."], "'os.system'", 101),
            (["cargparse\nNamespace\n)", 0x81, "."], "'argparse.Namespace'", 100),
            (["ctorch\nQInt8Storage\n."], "qint8", 100),
            (["ctorch._utils\n_rebuild_sparse_tensor\n."], "sparse", 100),
            (["ctorch.nn.modules.linear\nLinear\n."], "'torch.nn.modules.linear.Linear'", 100),
            ([0x82, 1, "."], "copyreg", 100),
        ]
        for (parts, name, offset) in cases {
            let bytes = parts.flatMap { part -> [UInt8] in
                if let text = part as? String { return Array(text.utf8) }
                return [UInt8(part as! Int)]
            }
            let error = #expect(throws: IOError.self) { try run(bytes) }
            #expect(error?.problem.contains(name) == true, "\(error as Any)")
            #expect(error?.offset == offset)
        }
    }

    @Test(arguments: [
        ".", "N", "(.", "N(.", "NN.", "R.", "NR.", "N)R.", "a.", "]a.", "}Na.", "]NNs.", "}]Ns.", "}(Nu.", "}(]Nu.",
        "Nb.",
        "]Nb.", "t.", "e.", "0.", "1.", "2.", "Q.", "NQ.", ")Q.", "h\u{1}.", "X\u{9}\0\0\0abc.", "cos.", "z.", "\u{1}.",
        "(l", "J\0\0.", "G\0\0.", "ccollections\nOrderedDict\nNR.", "ccollections\nOrderedDict\n)RNb.", "I1\n",
        "Pid\n.",
        "cbuiltins\nset\nN\u{1}.", "c_codecs\nencode\n)R.", "ctorch\nSize\n)R.", "ctorch\nfloat32\n)R.",
        "ctorch\nFloatStorage\n.", "ctorch._utils\n_rebuild_parameter\n)R.", "}N(a.",
    ])
    func refusesWhatMakesNoSense(pickle: String) {
        let error = #expect(throws: IOError.self) { try run(pickle) }
        #expect(error.map { !"\($0)".contains("\n") && !$0.rule.isEmpty } == true)
    }

    @Test func boundsNestingSharingAndSize() throws {
        let deep = String(repeating: "]", count: 100) + String(repeating: "a", count: 99) + "."
        #expect("\(try run(deep))".count == 200)
        let tooDeep = String(repeating: "]", count: 100_000) + String(repeating: "a", count: 99_999) + "."
        #expect(
            #expect(throws: IOError.self) { try run(tooDeep) }?.problem.contains("nested in more than 256 levels")
                == true)
        // Each list holds the one before ten times.
        var laughs: [UInt8] = Array("]q\0".utf8)
        for level in 1...20 {
            laughs += Array("](".utf8) + (0..<10).flatMap { _ in [UInt8(ascii: "h"), UInt8(level - 1)] }
            laughs += [UInt8(ascii: "e"), UInt8(ascii: "q"), UInt8(level)]
        }
        // All levels but the last are left on the stack: a tuple of everything.
        laughs = [UInt8(ascii: "(")] + laughs + Array("t.".utf8)
        #expect(#expect(throws: IOError.self) { try run(laughs) }?.problem.contains("shared") == true)
        #expect(#expect(throws: IOError.self) { try run("]q\0h\0a.") }?.problem == "a list that contains itself")
        let many = "(" + String(repeating: "N", count: 1 << 20 + 1) + "t."
        let error = #expect(throws: IOError.self) { try run(many, limit: 1 << 20) }
        #expect(error?.problem.contains("1048576 values") == true)
        #expect(try run(many).items?.count == 1 << 20 + 1)
    }

    @Test func writesLargeIntegersInDecimal() {
        #expect("\(TorchInteger(bytes: [0]))" == "0" && "\(TorchInteger(bytes: []))" == "0")
        #expect("\(TorchInteger(bytes: [0xff]))" == "-1" && "\(TorchInteger(bytes: [0x80]))" == "-128")
        #expect("\(TorchInteger(bytes: [0, 0xca, 0x9a, 0x3b]))" == "1000000000")
        #expect("\(TorchInteger(bytes: [UInt8](repeating: 0, count: 8) + [0x80]))" == "-2361183241434822606848")
        #expect(TorchInteger(bytes: [1, 0, 0]) == TorchInteger(bytes: [1]))
    }
}
