"""Three hundred expressions that want to run code, to escape, or to take for ever."""

from __future__ import annotations

from itertools import product

__all__ = ["HOSTILE"]

_ROOTS = ("event", "profile", "meta", "now", '""', "event.note", "count", "[]", "1")
_DUNDERS = (
    "__class__", "__class__.__mro__", "__class__.__bases__", "__dict__", "__globals__", "__init__.__globals__", "__subclasses__()",
    "__getattribute__('x')", "__reduce__()", "__builtins__",
)  # fmt: skip
_WALKS = [f"{root}.{dunder}" for root, dunder in product(_ROOTS, _DUNDERS)]
_CALLS = [
    "__import__('os').system('touch /tmp/x')", "eval('1')", "exec('import os')", "open('/etc/passwd').read()", "compile('1', '', 'eval')",
    "globals()", "locals()", "vars()", "dir(event)", "getattr(event, 'x')", "setattr(event, 'x', 1)", "type(event)", "print(1)", "input()",
    "help()", "exit()", "quit()", "breakpoint()", "os.system('id')", "sys.exit()", "subprocess.run('id')", "socket.socket()", "import os",
    "from os import system", "del event", "raise Exception", "assert false", "yield 1", "await event", "async event", "return true",
    "print(open('/etc/passwd'))", "str(1)", "int('1')", "range(10)", "sum(range(10**9))", "max([1] * 10**9)", "sorted(event)", "map(f, event)",
    "filter(f, event)", "zip(event, event)", "chr(65)", "bytes(10)", "bytearray(10)", "memoryview(event)", "object()", "super()", "property()",
    "super().x", "process.env", "require('fs')", "constructor.constructor('x')()", "this.x", "window.alert(1)", "$where", "${7*7}", "#{7*7}",
    "{{7*7}}", "<%= 7*7 %>", "`id`", "$(id)", "; id", "| id", "&& id", "' OR '1'='1", "1; DROP TABLE people", '" || "1" == "1', "../../etc/passwd",
    "file:///etc/passwd", "http://169.254.169.254/", "%s%s%s%n", "%(x)s", "{0.__class__}", "\x00true", "true\x00", "tr\u200bue", "event\u200b.note == 'x'",
]  # fmt: skip
_SHAPES = [
    "lambda: 1", "(lambda x: x)(1)", "lambda x: x.y", "[x for x in event]", "{x: 1 for x in event}", "(x for x in event)", "{1, 2}", "{'a': 1}",
    "event[0]", "event['note']", "event[0:1]", "event.items[0]", "event.note if true else 1", "x := 1", "event.note = 'x'", "event.note += 'x'",
    "event.note++", "--event.note", "**event", "*event", "f'{event}'", 'f"{event.note}"', "b'x'", "u'x'", "'''x'''", '"""x"""', "event.note is null",
    "event?.note", "event!.note", "event->note", "event::note", "@event", "event @ event", "~1", "1 << 100", "1 >> 1", "1 ^ 1", "1 | 2", "1 & 2",
    "not true", "true and false", "true or false", "1 <> 2", "1 === 1", "1 !== 1", "1 =~ 'x'", "...", "event...note", "event..note", "event.", ".note",
    "()", "(())", "[", "]", "(", ")", "[[[[", "))))", '"', "'", "\\", "\\x41", "// comment", "/* c */ true", "# comment", "true; false", "true, false",
    "true\ntrue", "goto x", "while(true)", "for(;;)", "if (true) 1", "function(){}", "() => 1", "x => x", "new Date()", "typeof event", "void 0",
    "delete event", "throw 1", "switch(1){}", "try{}", "class A", "def f(): pass", "with event: pass", "global x", "nonlocal x", "pass", "break",
]  # fmt: skip
_POWERS = [
    "9**9**9 > 1", "10**1000000 > 1", "2^99999999 > 1", "1e999 > 1", "1e-999 > 1", "9e99999999999 > 1", "0x" + "f" * 100, "1" * 31 + " > 1", "1_000_000 > 1",
    "1,000,000 > 1", "0777 > 1", "0b11 > 1", "0o7 > 1", "1.5.5 > 1", "1e > 1", ".5 > 1", "5. > 1", "NaN == NaN", "Infinity > 1", "-Infinity > 1", "1/0",
    "1/0 > ", "1 % 0", '"a" * 10', '"a" * 1000000000 == ""', "[1] * 1000000000", "event.note * 9", '"%1000000000d" % 1',
]  # fmt: skip
_PATTERNS = [
    'event.note.matches("(")', 'event.note.matches("[")', 'event.note.matches("*")', 'event.note.matches("(?=a)")', 'event.note.matches("(?<!a)b")',
    r'event.note.matches("(a)\\1")', 'event.note.matches("(?P=x)")', 'event.note.matches("(?(1)a|b)")', 'event.note.matches("a{100000}")',
    'event.note.matches("(((a{100}){100}){100}){100}")', "event.note.matches(event.note)", 'event.note.matches("a" + "b")', "event.note.matches()",
    'event.note.matches("a", "b")', "event.note.matches(1)", 'event.note.matches("a++")', 'event.note.matches("(?>a)")', 'event.note.matches("(?R)")',
]  # fmt: skip
_ALIKE = [
    "еvent.note == 'x'", "evеnt.note == 'x'", "ｅvent.note == 'x'", "event․note == 'x'", "event.note ＝＝ 'x'", "event.note == ‘x’", "event.note == “x”",
    "ｔrue", "truе", "event.note ≠ 'x'", "1 ≤ 2", "１ > 0", "٣ > 1", "½ > 0", "event.note == 'x'\u202e", "\u202etrue", "tru\u0435 == true", "cоunt('a', '1d') > 0",
    "event .note＞1", "true\u00a0&& true", "true\u3000&& true", "true\u2028", "\ufefftrue", "𝐭𝐫𝐮𝐞", "ⅷ > 1",
]  # fmt: skip
_LONG = [
    "a" * 1_000_000, "(" * 1_000_000, "!" * 1_000_000 + "true", "-" * 1_000_000 + "1 > 0", "1+" * 500_000 + "1 > 0", "true && " * 100_000 + "true", '"' + "a" * 1_000_000,
    '"' + "a" * 1_000_000 + '" == ""', "[" * 1_000_000, "event." * 200_000 + "x", "f(" * 300_000, "a.b" * 300_000, " " * 1_000_000, "\\" * 1_000_000, "9" * 1_000_000 + " > 0",
    "true ? " * 100_000 + "true", "(" * 500 + "true" + ")" * 500, "!" * 500 + "true", "1 + " * 900 + "1 > 0", "true || " * 490 + "5", "[1, " * 300 + "1" + "]" * 300,
    "event.items.exists(i, " * 60 + "true" + ")" * 60, "has(" * 100 + "event.x" + ")" * 100, "true ? 1 : " * 300 + "1", "-" * 3_999 + "1", '"\\' * 1_000, "'" * 3_999,
]  # fmt: skip

HOSTILE = [*_WALKS, *_CALLS, *_SHAPES, *_POWERS, *_PATTERNS, *_ALIKE, *_LONG]
