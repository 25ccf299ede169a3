//! What is right in Go and what is not, from its specification's sections and from answers.

use super::super::Reading;
use super::read;

pub(in super::super) const RIGHT: &[&str] = &[
    // Files.
    "package a\n\nimport \"b\"\nimport (\n\tc \"d/e\"\n\t_ \"f.g/h\"\n\t. \"i\"\n)\n\nvar x = 1\n",
    "package a // why\n\n/* of\nlines */ import \"b\"; var x, y int = 1, 2\n",
    "package a\n\nconst (\n\tA = iota\n\tB\n\tC, D = \"x\", 'y'\n\tE T = 1\n)\n",
    "package a\n\ntype (\n\tA = b.C\n\tD struct {\n\t\tE\n\t\t*f.G\n\t\tH[int]\n\t\ti, j [N]int `k:\"l\"`\n\t}\n\tM []N\n)\n",
    "package a\n\ntype T[K comparable, V int | ~string] map[K]V\ntype S[E []int,] struct{}\ntype A [2 * N]int\n",
    "package a\n\ntype I interface {\n\tF(int) (string, error)\n\tb.J\n\t~int | ~string\n}\n",
    "package a\n\nfunc f(a, b int, c ...string) (d int, err error) { return 0, nil }\nfunc g(int, ...string)\n",
    "package a\n\nfunc (r *R[T]) m() func(int) chan<- int {\n\treturn nil\n}\nfunc h[T any](x T) <-chan T\n",
    // Pieces.
    "func f() {}\n\nx := 1\nf(x)\n",
    "if err != nil {\n\treturn err\n}\n",
    "case A, 1:\n\treturn 1\ncase *T, []int, map[K]V:\n\tf()\ndefault:\n",
    // Statements.
    "for i := 0; i < n; i++ {\n\tcontinue\n}\nfor range 10 {\n}\nfor k, v := range m {\n\t_, _ = k, v\n}\nfor ; ; {\n\tbreak\n}\n",
    "switch x := f(); {\ncase x > 1, x < 0:\n\tfallthrough\ndefault:\n}\n",
    "switch y := x.(type) {\ncase nil, *T, []int, map[string]any:\n\tg(y)\n}\n",
    "select {\ncase v, ok := <-c:\n\tg(v, ok)\ncase d <- 1:\ncase <-e:\ndefault:\n}\n",
    "outer:\n\tfor {\n\t\tgoto outer\n\t}\n",
    "if x, err := f(); err != nil {\n} else if x == (T{1}) {\n} else {\n}\n",
    "go func() { defer mu.Unlock() }()\nch <- <-in\na[i], *p = b.c, 2\nn <<= 1\ni--\n",
    // Expressions.
    "x := []T{{1, 2}, {a: 3}, &U{}}\ny := map[string][]int{\"a\": {1}, \"b\": nil,}\nz := [...]int{2: 1}\n",
    "x := f[int, string](1)\ny := g[int]{a: 1}\nz := a[1:2:3]\nw := b[:]\n",
    "x := []byte(\"a\")\ny := (*T)(nil)\nz := interface{}(1).(int)\nw := struct{}{}\nf := func(a int) int { return -a }\n",
    "x := make(chan struct{}, 1)\ny := append(a, b...)\nz := new(map[string]int)\nw := make([]func(), 0)\n",
    "if f(func() bool { return T{} == t }) && m[T{1}] {\n}\n",
    "x := 0x1F + 0b101 + 0o17 + 1_000 + 1.5e-3 + .5 + 1i + 0x1p-2\ny := '\\'' + '\\x41' + '\\u00e9' + 'é'\nz := `a\nb` + \"\\\"\\n\"\n",
    "größe := a &^ b << 2 % c | ^d\n",
];

pub(in super::super) const WRONG: &[&str] = &[
    "package a\n\nfunc f( {\n}\n",
    "package a\n\nfunc f() {\n",
    "package a\n\nfunc f()\n{\n}\n",
    "package a\n\nvar x = \"a\nb\"\n",
    "package a\n\nvar x = '\\q'\nvar y = 08\n",
    "package a\n\nvar x = 'ab'\n",
    "package a\n\nvar x\n",
    "package a\n\nconst a\n",
    "package a\n\nfunc f(a int, string) {}\n",
    "package a\n\nfunc f(a, b.C int) {}\n",
    "package a\n\nfunc f(a ...int, b int) {}\n",
    "package a\n\nimport \"\"\n",
    "package a\n\nimport b\n",
    "x := a +\n",
    "x := f(a b)\n",
    "x := []int{1 2}\n",
    "x := a[1::2]\n",
    "x, f() := 1, 2\n",
    "a + b\n",
    "[]int\n",
    "f() = 1\n",
    "i++ + 1\n",
    "x = i++\n",
    "if x := 1 {\n}\n",
    "if x == T{1} {\n}\n",
    "if x {\n}\nelse {\n}\n",
    "for i := 0; i < n {\n}\n",
    "for i := 0; i < n; j := 1 {\n}\n",
    "for x = range {\n}\n",
    "switch x {\n\tf()\n}\n",
    "switch x.(type) {\ncase 1:\n}\n",
    "select {\ncase x:\n}\n",
    "case x.(type):\n",
    "package a\n\ncase x:\n",
    "y := x.(type)\n",
    "defer f\n",
    "go (f())\n",
    "break 1\n",
    "x := map[string]{}\n",
    "type A struct {\n\tb, int\n}\n",
    "f(a..., b)\n",
    "a ? b : c\n",
    "$x := 1\n",
];

/// Texts that the grammar has, and what is broken in them.
pub(in super::super) const BROKEN: &[(&str, &str)] = &[
    ("package a\npackage a\n\nvar x = 1\n", "package a\n\nvar"),
    ("package a\n\nconst b = 1\nc = 2\n", "c = 2"),
    ("package a\n\n\"b\"\n\nvar x = 1\n", "\"b\""),
    ("package a\n\nfunc (fx int) {\n}\n", "func (fx"),
    ("package a\n\nvar x = []int{\n\t1\n}\n", "\n}"),
    ("package a\n\nfunc f() {\n\tg(1,\n\t\t2\n\t)\n}\n", "\n\t)"),
];

#[test]
fn a_piece_and_a_second_file_are_not_proven_broken() {
    for code in
        ["c = 2\nvar x = []int{\n\t1\n}\n", "package a\n\nvar x = 1\n\npackage b\n\nc = 2\n", "package a\n\n...\n"]
    {
        assert_eq!(read(code), Reading::Unknown, "{code}");
    }
}
