import Testing

@testable import TorchlightTokenizers

/// The language of chat templates behaves as Jinja does.
@Suite struct JinjaTests {
    private func render(_ source: String, _ variables: [String: TemplateValue] = [:]) throws -> String {
        try ChatTemplate(source).render(messages: [], variables: variables).text
    }

    /// Templates with their output, as recorded with Jinja 3.1 and the options of transformers.
    private static let cases: [(String, String)] = [
        ("{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }}", "7 3 -4 2 3.5 1024"),
        ("{{ 'a' ~ 1 ~ none ~ true }}", "a1NoneTrue"),
        (
            "{{ [1, 'a', none, 1.0, true] }} {{ {'a': 1, 'b': [2]} }} {{ (1,) }}",
            "[1, 'a', None, 1.0, True] {'a': 1, 'b': [2]} (1,)"
        ),
        ("{{ \"it's\" }} {{ [\"it's\"] }} {{ ['a\\n'] }}", "it's [\"it's\"] ['a\\n']"),
        ("{{ 1 if true else 2 }} {{ 1 if false }}|", "1 |"),
        ("{{ not false and true or x }}", "True"),
        ("{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'b' in 'abc' }} {{ 'x' not in ['a'] }}", "True False True True"),
        ("{{ x is defined }} {{ x is not defined }} {{ not x is defined }} {{ none is none }}", "False True True True"),
        (
            "{{ 4 is divisibleby 2 }} {{ 3 is odd }} {{ 'a' is string }} {{ {} is mapping }} {{ 1 is number }}",
            "True True True True True"
        ),
        (
            "{{ [1,2,3][1] }} {{ [1,2,3][-1] }} {{ [1,2,3][1:] }} {{ 'abcdef'[::2] }} {{ 'abc'[::-1] }} {{ [1,2,3][:-1] }}",
            "2 3 [2, 3] ace cba [1, 2]"
        ),
        ("{{ {'a': {'b': 5}}.a.b }} {{ {'a': 1}['a'] }} {{ {'a': 1}.get('z', 9) }}", "5 1 9"),
        (
            "{{ ' a b '|trim }}|{{ 'abc'|upper }}|{{ 'ABC'|lower }}|{{ 'hello world'|title }}|{{ 'hELLO'|capitalize }}",
            "a b|ABC|abc|Hello World|Hello"
        ),
        (
            "{{ [3,1,2]|sort }} {{ [3,1,2]|sort(reverse=true) }} {{ ['b','A']|sort }} {{ [1,2,3]|sum }} {{ [1,5,2]|max }}",
            "[1, 2, 3] [3, 2, 1] ['A', 'b'] 6 5"
        ),
        (
            "{{ [1,2,3]|first }} {{ [1,2,3]|last }} {{ [1,2]|join('-') }} {{ 'abc'|length }} {{ 'abc'|reverse }}",
            "1 3 1-2 3 cba"
        ),
        (
            "{{ x|default('d') }} {{ ''|default('d', true) }} {{ 'a,b'.split(',') }} {{ ' a  b '.split() }}",
            "d d ['a', 'b'] ['a', 'b']"
        ),
        (
            "{{ [{'n': 2}, {'n': 1}]|map(attribute='n')|list }} {{ [{'n': 2}, {'n': 1}]|sort(attribute='n')|map(attribute='n')|join }}",
            "[2, 1] 12"
        ),
        ("{{ [1,2,3,4]|select('even')|list }} {{ [1,2,3]|reject('equalto', 2)|list }}", "[2, 4] [1, 3]"),
        ("{{ [{'a': 1}, {'b': 2}]|selectattr('a', 'defined')|list }}", "[{'a': 1}]"),
        (
            "{{ {'b': 1, 'a': [1.0, none]}|tojson }} {{ 'é<>&\"'|tojson }}",
            "{\"b\": 1, \"a\": [1.0, null]} \"é<>&\\\"\""
        ),
        ("{{ {'a': [1, 2], 'b': {}}|tojson(indent=2) }}", "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}"),
        ("{% for i in [1,2,3] %}{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}", "1,2,3"),
        ("{% for i in [] %}x{% else %}empty{% endfor %}", "empty"),
        ("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}", "a=1;b=2;"),
        ("{% for i in range(10) if i is even %}{{ loop.index0 }}:{{ i }} {% endfor %}", "0:0 1:2 2:4 3:6 4:8 "),
        (
            "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "013"
        ),
        ("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1"),
        ("{% set ns = namespace(x=1) %}{% for i in [1,2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "4"),
        ("{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x }}{{ x|length }}", "a12"),
        (
            "{% macro m(a, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}{{ m(b=4, a=5) }}",
            "[12][13][54]"
        ),
        ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}", "<in>"),
        ("{% filter upper %}abc{% endfilter %}", "ABC"),
        ("{% with a = 1 %}{{ a }}{% endwith %}{{ a is defined }}", "1False"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("a {#- comment -#} b", "ab"),
        ("  {% if true %}\n  x\n  {% endif %}\ny", "  x\ny"),
        ("a\n  {%- if true -%}\n  x\n  {%- endif %}\ny", "axy"),
        ("a {{- ' b' }} c", "a b c"),
        ("a\n\n{{ 'b' -}}\n\n c", "a\n\nbc"),
        ("  {%+ if true %}x{% endif %}", "  x"),
        ("x\n", "x"),
        ("{{ 'a\\tb\\u00e9' }}", "a\tbé"),
        ("{{ 'a' 'b' }}", "ab"),
        ("{{ '%s-%03d-%.2f' % ('a', 7, 1.5) }} {{ '{}-{x}'.format(1, x=2) }}", "a-007-1.50 1-2"),
        (
            "{{ 'abc'.replace('b', 'x') }} {{ 'abc'.startswith('ab') }} {{ 'a-b-c'.rsplit('-', 1) }} {{ 'x'.join(['a', 'b']) }}",
            "axc True ['a-b', 'c'] axb"
        ),
        (
            "{{ 'xxabxx'.strip('x') }} {{ 'abc'.find('c') }} {{ 'a\\nb'.splitlines() }} {{ 'ab'.center(6) }}|",
            "ab 2 ['a', 'b']   ab  |"
        ),
        (
            "{{ 1e16 }} {{ 1.5e-7 }} {{ 0.1 + 0.2 }} {{ 100.0 }} {{ 1e22 }}",
            "1e+16 1.5e-07 0.30000000000000004 100.0 1e+22"
        ),
        (
            "{{ 3.7|int }} {{ '12'|int + 1 }} {{ 'x'|int(5) }} {{ 2.5|round }} {{ 1.25|round(1) }} {{ -3|abs }}",
            "3 13 5 2.0 1.2 3"
        ),
        (
            "{{ 'a b c'|replace(' ', '_') }} {{ 'x\\ny'|indent(2) }} {{ 'x\\ny'|indent(2, true) }}",
            "a_b_c x\n  y   x\n  y"
        ),
        (
            "{{ [1,2,3,4,5]|batch(2)|list }} {{ [1,1,2]|unique|list }} {{ {'b':1,'a':2}|dictsort }}",
            "[[1, 2], [3, 4], [5]] [1, 2] [('a', 2), ('b', 1)]"
        ),
        (
            "{{ [{'k':'a','v':1},{'k':'b','v':2},{'k':'a','v':3}]|groupby('k')|length }} {{ {'a': 1}|items|list }}",
            "2 [('a', 1)]"
        ),
        ("{{ true and 1 == 1.0 and 'a' == 'a' and [1] == [1] and {'a': 1} == {'a': 1} }}", "True"),
        ("{{ (x.y is defined) if x is defined else 'no' }}", "no"),
        ("{% if x %}a{% elif 1 %}b{% else %}c{% endif %}", "b"),
        ("{{ ([1, 2] + [3])|length }} {{ 'ab' * 2 }} {{ [0] * 3 }}", "3 abab [0, 0, 0]"),
        ("{% for i in [1,2] recursive %}{{ i }}{{ loop([]) }}{% endfor %}", "12"),
        ("{% for i in [1,2,3] %}{{ loop.cycle('a','b') }}{{ loop.previtem }}{% endfor %}", "ab1a2"),
        ("{{ 'ß'|upper }} {{ 'naïve café'|title }} {{ 'a1'.isalnum() }}{{ 'A'.isupper() }}", "SS Naïve Café TrueTrue"),
        ("{{ dict(a=1).a }} {{ range(3)|list }} {{ range(5, 0, -2)|list }}", "1 [0, 1, 2] [5, 3, 1]"),
    ]

    @Test func templatesGiveWhatJinjaGives() throws {
        for (source, expected) in Self.cases {
            do {
                let text = try render(source)
                #expect(
                    same(text, expected), "\(source) gives \(text.debugDescription), not \(expected.debugDescription)")
            } catch { Issue.record("\(source): \(error)") }
        }
    }

    @Test func mistakesAreErrors() {
        let sources = [
            "{% if %}", "{% for x %}{% endfor %}", "{{ 1 + }}", "{{ 'a", "{% nothing %}", "{{ x.y }}", "{{ 1 + 'a' }}",
            "{{ 1 / 0 }}",
            "{{ x() }}", "{{ 'a'|nothing }}", "{{ 1 is nothing }}", "{{ [1] < 1 }}", "{% endif %}", "{{ (1 }}",
            "{# never",
            "{% if true %}", "{{ raise_exception('no') }}", "{% set x.y = 1 %}", "{{ [].append(1) }}",
            "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 10 ** 30 }}", "{% break %}",
            "{{ ''.join([1]) }}",
        ]
        for source in sources { #expect(throws: TokenizerError.self, "\(source)") { _ = try render(source) } }
    }

    /// Templates that would run or grow without end are errors.
    @Test func boundsHold() {
        let sources = [
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{{ 'a' * 10000000000 }}", "{{ 'a'.center(10000000000) }}", "{{ range(1000000)|list }}",
            "{{ 'x'|indent(100000000) }}",
            "{{ '%99999999999d' % 1 ~ 'a' * 1000000000 }}", "{{ {}|tojson(indent=100000000) }}",
            "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s.replace('a', 'aaaaaaaa') %}{% endfor %}",
            String(repeating: "(", count: 10_000), "{{ " + String(repeating: "[", count: 10_000),
            "{{ " + String(repeating: "not ", count: 100_000) + "1 }}", String(repeating: "{% if 1 %}", count: 10_000),
            "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
        ]
        for source in sources.filter({ $0.contains("{") }) {
            #expect(throws: TokenizerError.self, "\(source.prefix(80))") { _ = try render(source) }
        }
    }

    private static let failing = "{% macro m() %}{% endmacro %}{% set n.m = m %}{{ 1 / 0 }}"

    /// Macros hold the variables around them, which hold the macros; namespaces and loops may hold themselves.
    @Test(arguments: [
        "{% macro m() %}x{% endmacro %}{{ m() }}",
        "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
        "{% macro outer() %}{% macro inner() %}x{% endmacro %}{{ inner() }}{% set n.m = inner %}{% endmacro %}{{ outer() }}",
        "{% macro m() %}{% set n.c = caller %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}",
        "{% macro m() %}{% set k = namespace(c=caller) %}{% set n.k = k %}{% endmacro %}{% call m() %}x{% endcall %}",
        "{% set n.self = n %}{{ n.self.x }}", "{% set n.list = [[n]] %}{% set n.dict = {'n': n} %}",
        "{% set other = namespace(n=n) %}{% set n.other = other %}", "{% set n.f = n.self %}{% set n.m = {}.get %}",
        "{% for i in [[1], [2]] recursive %}{{ loop(i) if i is iterable }}{% set n.l = loop %}{{ loop.changed(loop) }}{% endfor %}",
        "{% for i in [1] %}{% set n.l = loop %}{% endfor %}{{ n.l.changed([n.l]) }}",
        failing,
    ])
    func nothingIsKeptAfterATemplate(_ source: String) throws {
        weak var scope: JinjaScope?
        weak var namespace: JinjaNamespace?
        do {
            let (variables, n) = (JinjaScope(nil), JinjaNamespace(JinjaDict()))
            variables.values["n"] = .namespace(n)
            let interpreter = JinjaInterpreter(now: .now)
            defer { interpreter.finish() }
            if source == Self.failing {
                #expect(throws: TokenizerError.self) { try interpreter.run(JinjaParser.parse(source), variables) }
            } else {
                try interpreter.run(JinjaParser.parse(source), variables)
            }
            scope = variables
            namespace = n
        }
        #expect(scope == nil)
        #expect(namespace == nil)
    }
}
