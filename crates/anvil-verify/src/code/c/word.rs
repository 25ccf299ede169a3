//! What a word of C or C++ is: a keyword, a name, or a name that may be a macro.

use super::token::Kind;

/// The kind of a word, in C++ or else in C.
pub(super) fn kind(word: &[u8], is_cpp: bool) -> Kind {
    let keyword = keyword(word).or_else(|| keyword_of_cpp(word).filter(|_| is_cpp));
    let is_macro = |word| !is_given(word) && (is_loud(word) || is_helper(word));
    keyword.unwrap_or_else(|| if is_macro(word) { Kind::Macro } else { Kind::Name })
}

/// Whether a word with two underscores before it is a type or a function of a compiler's or of Linux's, and no macro.
fn is_given(word: &[u8]) -> bool {
    let Some(rest) = word.strip_prefix(b"__") else { return false };
    let is_numbered = |name: &[u8]| {
        rest.strip_prefix(name).and_then(|rest| rest.first()).is_some_and(|byte| matches!(byte, b'1'..=b'9'))
    };
    // That one takes words: `__builtin_available(macOS 10.12, *)`.
    (rest.starts_with(b"builtin_") && rest != b"builtin_available")
        || [&b"m"[..], b"mmask", b"u", b"s", b"le", b"be"].into_iter().any(is_numbered)
}

/// Whether a word is written as macros are: in capitals, all of it or most, or with an underscore or two before it.
fn is_loud(word: &[u8]) -> bool {
    if matches!(word, b"NULL" | b"TRUE" | b"FALSE" | b"FILE" | b"EOF") {
        return false;
    }
    let capitals = word.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let small = word.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let is_mostly = capitals > 2 && capitals >= small;
    let is_loud_part = |part: &[u8]| part.len() > 2 && !part.iter().any(u8::is_ascii_lowercase);
    let by_parts = match word.iter().rposition(|&byte| byte == b'_') {
        None => is_mostly,
        // `PyObject_HEAD`, `PyException_HEAD`, but not `OBJ_find`; `static_ASN1_SEQUENCE_END_cb`; `STR_a`.
        Some(at) => {
            let last = word.get(at + 1..).unwrap_or_default();
            capitals > 2 && small == 1 && at + 2 == word.len()
                || is_loud_part(last) && (is_mostly || last.len() > 3)
                || word.first().is_some_and(u8::is_ascii_lowercase)
                    && word.split(|&byte| byte == b'_').filter(|part| is_loud_part(part)).count() > 1
        }
    };
    word.starts_with(b"__")
        || (word.len() > 3 && word.starts_with(b"_") && word.ends_with(b"_"))
        || (capitals > 2 && word.ends_with(b"_"))
        || (capitals > 6 && capitals >= 4 * small)
        || (small == 0 && word.len() > 1 && capitals > 0)
        || by_parts
}

/// Whether a word in small letters is named as macros are that stand for an attribute, a loop, a block or an assertion. Found by reading the
/// C of crates, of the system's headers and of Python packages: no other macros in small letters stand where no name can.
fn is_helper(word: &[u8]) -> bool {
    const PARTS: [&[u8]; 11] = [
        b"attribute",
        b"begin",
        b"likely",
        b"inline",
        b"unused",
        b"decl",
        b"noexcept",
        b"nodiscard",
        b"noreturn",
        b"deprecated",
        b"each",
    ];
    matches!(word, b"_" | b"complex" | b"_int64" | b"forever")
        || word.ends_with(b"_end")
        || word.ends_with(b"_done")
        || word.starts_with(b"for_")
        || word.ends_with(b"_for")
        || word.starts_with(b"Assert")
        || word.starts_with(b"assert_")
        || PARTS.iter().any(|part| word.windows(part.len()).any(|window| window == *part))
}

fn keyword(word: &[u8]) -> Option<Kind> {
    Some(match word {
        b"int" | b"char" | b"void" | b"short" | b"long" | b"float" | b"double" | b"signed" | b"unsigned"
        | b"_Complex" => Kind::Type,
        b"const" | b"volatile" | b"restrict" | b"_Atomic" | b"__restrict" | b"__const" | b"__volatile__" => {
            Kind::Qualifier
        }
        b"static" | b"extern" | b"inline" | b"typedef" | b"register" | b"_Noreturn" | b"_Thread_local" => Kind::Storage,
        b"struct" | b"union" => Kind::Struct,
        b"enum" => Kind::Enum,
        b"sizeof" | b"alignas" | b"alignof" | b"static_assert" | b"_Alignof" | b"_Alignas" | b"_Generic"
        | b"_Static_assert" | b"asm" | b"typeof" | b"__attribute__" | b"__asm__" | b"__typeof__" | b"__asm"
        | b"__declspec" | b"_Pragma" | b"__pragma" => Kind::Apply,
        b"if" => Kind::If,
        b"for" => Kind::For,
        b"while" => Kind::While,
        b"switch" => Kind::Switch,
        b"do" => Kind::Do,
        b"else" => Kind::Else,
        b"case" => Kind::Case,
        b"default" => Kind::Default,
        b"return" => Kind::Return,
        b"break" | b"continue" => Kind::Jump,
        b"goto" => Kind::Goto,
        _ => return None,
    })
}

fn keyword_of_cpp(word: &[u8]) -> Option<Kind> {
    Some(match word {
        b"bool" | b"wchar_t" | b"auto" | b"char8_t" | b"char16_t" | b"char32_t" => Kind::Type,
        b"mutable" => Kind::Qualifier,
        b"virtual" | b"friend" | b"constexpr" | b"consteval" | b"constinit" | b"thread_local" => Kind::Storage,
        b"class" => Kind::Struct,
        b"using" => Kind::Using,
        b"template" => Kind::Template,
        b"namespace" => Kind::Namespace,
        b"typename" | b"new" | b"delete" | b"throw" | b"co_await" | b"co_return" | b"co_yield" | b"and" | b"or"
        | b"not" | b"xor" | b"bitand" | b"bitor" | b"compl" | b"concept" => Kind::Lead,
        b"requires" => Kind::Constraint,
        b"decltype" | b"typeid" | b"noexcept" | b"explicit" => Kind::Apply,
        b"public" | b"private" | b"protected" => Kind::Access,
        b"try" => Kind::Try,
        b"catch" => Kind::Catch,
        _ => return None,
    })
}
