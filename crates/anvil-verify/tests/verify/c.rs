//! C: what is broken whatever the macros are, and what only looks so.

use anvil_verify::code::{Language, check};

/// Broken in each file that it may stand in.
const BROKEN: &[&str] = &[
    // Parameters without their commas or types.
    "int f(const a *b const char *c);\nint g(void);\nint h(void);\n",
    "int f(A_B *b FILE *c);\nint g(void);\nint h(void);\n",
    "int f(a *b, c d\n      const char *e);\nint g(void);\nint h(void);\n",
    "int f(const char * char **);\nint g(void);\nint h(void);\n",
    "int f(a b, void (*c)(d *) void *e);\nint g(void);\nint h(void);\n",
    "int f(* a, int b);\nint g(void);\nint h(void);\n",
    "A_B int f(int a, * b);\nint g(void);\nint h(void);\n",
    "int f((*a)(void));\nint g(void);\nint h(void);\n",
    "int f(const char a*);\nint g(void);\nint h(void);\n",
    "int f(const *a);\nint g(void);\nint h(void);\n",
    "void __f(const char *a int b) {\n    g();\n    h();\n}\n",
    // Members.
    "struct a {\n    b (*c)(int d)\n    b (*e)(int d);\n};\n",
    "struct a {\n    b c\n    const b *d;\n};\n",
    "struct a {\n    b c\n    b d;\n};\n",
    "struct a {\n    __u16 b, c d;\n    int e;\n};\n",
    "struct a {\n    b, c d;\n    int e;\n};\n",
    "struct a {\n    b c\n    ; d;\n    int e;\n};\n",
    "struct a {\n    *b;\n    int c;\n};\n",
    "struct a {\n    (b *c)(int d);\n    int e;\n};\n",
    "struct a {\n    void (*b)(*);\n    int c;\n};\n",
    "struct a {\n    b int;\n    int c;\n};\n",
    "struct a {\n    struct * b;\n    int c;\n};\n",
    "struct static a {\n    int b;\n    int c;\n};\n",
    "enum a {\n    B_C = 1\n    B_D = 2,\n    B_E,\n};\n",
    "f int(char a, b *c) {\n    g();\n    return a;\n}\n",
    // Declarations without their ends.
    "typedef struct a B_C\ntypedef struct d E_F;\nint g;\n",
    "struct a {\n    int b;\n}\n\nextern int c(void);\n",
    "struct a {\n    int b;\n} __attribute__((packed))\n\nstruct c {\n    int d;\n};\n",
    // Statements without their ends.
    "int f(void) {\n    int a = B_C\n    if (a)\n        g();\n    return a;\n}\n",
    "int f(void) {\n    int a;\n    a = B_C\n}\n",
    "int f(void) {\n    __builtin_trap()\n}\nint a;\n",
    "int f(void) {\n    __m128i a _mm_set(1);\n    return g(a);\n}\n",
    "int f(void *a) {\n    return ((b *))a - 1;\n}\nint c;\n",
    "int f(int a) {\n    ((0 < a && a < 9)) { g(); }\n    return a;\n}\n",
    // A side of a condition that nothing goes on from, whatever the other says.
    "int f(int a) {\n#ifdef B\n    a = g(a)\n#endif\n    a = h(a);\n    return a;\n}\n",
    "int f(int a) {\n#ifdef B\n    char *c = d(a);\n#else\n    char c[a]\n#endif\n\n    return g(c);\n}\n",
    // Directives.
    "#ifndef A\n#define A\n#define b(c\n#endif\n",
    "#ifndef A\n#define A\n#define b((c) d(c)\n#endif\n",
    "#ifndef A\n#define A\n#define b(, c) d \\\n    e\n#endif\n",
    "#ifndef A\n#define A\n#define b(c \\\n    d(c)\n#endif\n",
    "#ifndef A\n#define A\n]\n#endif\n",
    "#ifndef A\n#define A\nint b(int c));\n#endif\n",
    "#ifndef A\n#define A\n#ifdef B\n#include <c.h>\n",
    "#ifndef A\n#define A\n#ifdef B\n#define C\n#endif\n",
    "#ifndef A\n#define A\nint b(void);\nint c[d\n",
];

/// Right, or right for all that the block says.
const RIGHT: &[&str] = &[
    // A macro takes statements, or a keyword.
    "void f(void) {\n    send(a, b,\n        C d = e;\n        g(d);\n        if (d) {\n            h(d);\n        } else {\n            i();\n        }\n    ,\n        j = d;\n    );\n}\n",
    "void f(void) {\n    a(default);\n    b = &c(default);\n    d(e, return);\n}\n",
    // What a file that is included says goes on here.
    "static const a b[] = {\n#include C_D\n    0\n};\nint e;\n",
    "enum a {\n    B_A,\n#include \"b.h\"\n    B_MAX\n};\n",
    // Macros that are no whole text, and are not used or used in pairs.
    "#define a(b) ((c b)/(d (e))\nint f;\nint g;\n",
    "#define a(b, \\\n          c, d ...) b\n#define e( ) f\n#define g(h...) h\n#define i(...) j\nint k;\n",
    "#define A_LEFT (\n\nint f;\nint g;\n",
    // What is written as macros are, and is none; what is not, and is one.
    "struct a ToTM(b c) {\n    int d;\n    if (c)\n        e();\n}\n",
    "static const char *a =\n    STR_a STR_b STR_c\n    STR_d;\nint e;\n",
    "int f(int a) NOT_REACHED\nvoid g(int b) NOT_REACHED\nstatic int h(int b) NOT_REACHED\nint c;\n",
    "enum a {\n    B_C = 1\n    B_OLD(d)\n    B_E,\n    B_F\n    B_DEPRECATED(\"g\"),\n};\n",
    "enum a {\n    BCD_E,\n    BCD_PRIVATE\n    BCD_MAX\n};\nint (*f)(char a, b *c), (g)(int, int);\n",
    "struct a {\n    Array(b) c;\n    _Atomic(d *) e;\n    A_T b\n    c;\n};\n",
    "if (__builtin_available(macOS 10.12, iOS 10, *)) {\n    a();\n    b();\n}\n",
    "void f(void) {\n    if (a)\n        b();\n    else if A_B (c) else if A_B (d) else {\n        e();\n    }\n    if MAYBE(g)\n        h();\n    else\n        i();\n}\n",
    // Attributes.
    "int a __attribute__((b)) = 1, *c __attribute__((d(\"e)\")));\n__attribute__((f)) static int g(void)\n    __attribute__((h));\nint i;\n",
    "struct __attribute__((packed)) a {\n    int b;\n} __attribute__((aligned(4))) c;\nint d;\n",
    "static int __must_check f(struct a __user *b, c_t __iomem *d) __acquires(&b->c);\nvoid __printf(1, 2) g(const char *a, ...);\nint __init h(void)\n{\n    return 0;\n}\n",
    "int __acquires(&a->b) f(struct a *a, int (*b)(void __user *c)) {\n    wait_for_it(&a->b);\n    return 0;\n}\n",
    // Types in the order that few write.
    "struct a {\n    const b c, *d;\n    B_T const *e;\n    struct f\n        g;\n    unsigned\n        h : 1;\n};\n",
    "void (*f(int a, void (*g)(int)))(int);\nint (*h)(void), (*i[2])(const char *b, ...);\nint j(k);\n",
    "typedef unsigned char _Bool;\ntypedef struct a *(*b)(c *const, int (*)(void));\nint d;\n",
    "void f(void) {\n    *a = 1;\n    *b++ = *c++;\n    (*d)(*e);\n    a * b;\n    return;\n}\n",
    // Conditions whose sides are bound to each other, are written to fail, or end the compiling.
    "int f(void) {\n#ifdef A\n    a = g()\n#endif\n#ifndef A\n    a = h()\n#endif\n        ;\n    return a;\n}\n",
    "int a =\n#ifdef B\n    1\n#elif C\n    2\n#else\n#error \"d\"\n#endif\n    ;\nint e;\n",
    "int a;\n#ifndef A\n  choke me\n#endif\nint b;\n",
    "int f(int a) {\n    a =\n#if B\n    1\n#else\n#error\n#if C\n#endif\n#endif\n    ;\n    return a;\n}\n",
    "#ifdef A\ntypedef 64BIT_T b;\n#else\ntypedef int b;\n#endif\nint c;\n",
    // The head of a file, and that of a function.
    "#ifndef A_H // once\n#define A_H\n\n#include <b.h>\nstruct c;\n",
    "#if !defined(A_H)\n#define A_H 1\n\nint b(void);\nint c(void);\n",
    "#include <a.h>\n\nint main(int b,\n         char *c[])\n",
];

#[test]
fn what_is_broken_whatever_the_macros_are_is_caught() {
    let passed: Vec<_> = BROKEN.iter().filter(|code| check(Language::C, code).is_ok()).collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn what_may_be_right_passes() {
    let rejected: Vec<_> = RIGHT.iter().filter(|code| check(Language::C, code).is_err()).collect();
    assert!(rejected.is_empty(), "{rejected:#?}");
}

#[test]
fn each_side_of_a_condition_is_asked_for_however_many_there_are() {
    let sides = |last: &str| {
        let sides = "#elif C\n    a = 1;\n".repeat(20);
        format!("void f(int a) {{\n#if B\n    a = 1;\n{sides}#else\n{last}#endif\n    b = a;\n}}\n")
    };
    assert!(check(Language::C, &sides("    a = 2;\n")).is_ok());
    assert!(check(Language::C, &sides("#error\n")).is_ok());
    let few = "void f(int a) {\n#if B\n    a = 1;\n#elif C\n    a = 2\n#else\n    a = 3;\n#endif\n    b = a;\n}\n";
    assert!(check(Language::C, few).is_err());
}
