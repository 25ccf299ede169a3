//! What tells a script from other texts that stand in blocks of the shell: sessions, commands with what they print, other languages.

use super::super::language::Language;
use super::super::sketch::is_session;
use super::reserved::Reserved;
use super::{Open, Script, Stop};

/// Words that only other shells and languages have, with forms that look like Bash's.
const FOREIGN: [&str; 9] =
    ["setopt", "autoload", "compdef", "zstyle", "zmodload", "bindkey", "endif", "$env:", "@test "];

/// Whether a text that no shell reads was meant for one to run. Where no first line says so, it is a compound command that is broken, and
/// not a command among others, with what it prints perhaps.
pub(in super::super) fn is_script(code: &str) -> bool {
    // A comment may stand before it.
    let mut head = code.lines().map(str::trim_start).take_while(|line| line.is_empty() || line.starts_with('#'));
    let shebang = head.find_map(|line| line.strip_prefix("#!"));
    let has_prompt = code.lines().any(|line| is_session(Language::Bash, line));
    !has_prompt && shebang.map_or_else(|| breaks_compound(code) && !is_foreign(code), names_shell)
}

/// Whether a line after `#!` names a shell that this reader knows.
fn names_shell(line: &str) -> bool {
    let mut names = line.split_ascii_whitespace().filter_map(|word| word.rsplit(['/', '\\']).next());
    let name = names.find(|name| *name != "env" && *name != "busybox" && !name.starts_with('-') && !name.contains('='));
    matches!(name, Some("sh" | "bash" | "dash" | "ash"))
}

/// Whether the reading of a text fails where nothing else than a broken script does: in a compound command that has come so far as its
/// `then` or `do` and to a body that is further in, or after one.
fn breaks_compound(code: &str) -> bool {
    let mut script = Script::new(code);
    let Err(Stop::Refused(place)) = script.whole() else { return false };
    let is_unclosed = script.open.last().is_some_and(|open| open.at == place.after);
    // Words in parentheses may be said to the reader; empty braces are a body in zsh.
    if !is_unclosed && matches!(code.as_bytes().get(place.after), Some(b'(' | b'{')) {
        return false;
    }
    let is_evident = script.heads > 0 || has_compound(code);
    let is_surely_one = |open: &&Open| open.has_head || is_evident && is_function(code, **open);
    if script.open.iter().filter(is_surely_one).any(|open| has_body(code, *open)) {
        return true;
    }
    match script.open.last() {
        Some(open) => {
            matches!(script.reserved(), Some(Reserved::Fi | Reserved::Done | Reserved::Esac)) && is_worded(code, *open)
        }
        None => is_evident && is_never_printed(code, place.after, script.reserved()),
    }
}

/// Whether a line begins a compound command as scripts do, and another ends one: a string that lost its end may hide both from the reading.
fn has_compound(code: &str) -> bool {
    let begins = |line: &str| {
        let line = line.trim();
        line.ends_with("; then") || line.ends_with("; do") || line.starts_with("case ") && line.ends_with(" in")
    };
    let ends = |line: &str| {
        let line = line.trim_start();
        let end = line.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(line.len());
        matches!(line.get(..end), Some("fi" | "done" | "esac"))
    };
    code.lines().any(begins) && code.lines().any(ends)
}

/// Whether a compound command is the body of a function.
fn is_function(code: &str, open: Open) -> bool {
    code.get(..open.at).is_some_and(|before| before.trim_end().ends_with("()"))
}

/// Whether what stands at `at`, outside of all compound commands, is nothing that a command prints. `word`: the reserved word that it is.
fn is_never_printed(code: &str, at: usize, word: Option<Reserved>) -> bool {
    let rest = code.get(at..).unwrap_or_default();
    match word {
        // What the word closes may stand before the text, if that goes on from further in.
        Some(Reserved::Then | Reserved::Elif | Reserved::Else | Reserved::Fi | Reserved::Esac) => {
            indentation(code, at) >= indentation(code, 0)
        }
        Some(_) => false,
        None => {
            let is_apostrophe = rest.starts_with('\'')
                && code.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric))
                && rest.get(1..).is_some_and(|after| after.starts_with(char::is_alphanumeric));
            !is_apostrophe && rest.starts_with(['"', '\'', '`', '$']) || rest.starts_with(";;")
        }
    }
}

/// Whether a compound command begins with a word, and has a body.
fn is_worded(code: &str, open: Open) -> bool {
    let begins = code.get(open.at..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    begins && has_body(code, open)
}

/// Whether the line after the one that a compound command begins on is further in: in a list of commands, each says something of its own.
fn has_body(code: &str, open: Open) -> bool {
    let mut lines = code.get(open.at..).unwrap_or_default().split_inclusive('\n');
    let first = open.at + lines.next().map_or(0, str::len);
    let blank: usize = lines.take_while(|line| line.trim().is_empty()).map(str::len).sum();
    indentation(code, first + blank) > indentation(code, open.at)
}

/// How far in the line at `at` begins.
fn indentation(code: &str, at: usize) -> usize {
    let start = code.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let line = code.get(start..).unwrap_or_default();
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Whether a text is of another shell or language.
fn is_foreign(code: &str) -> bool {
    let is_of_another = |line: &str| {
        let word = line.trim_start().split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        word.eq_ignore_ascii_case("end") || is_function_of_zsh(line.trim()) || line.starts_with("\t@")
    };
    FOREIGN.iter().any(|word| code.contains(word)) || code.lines().any(is_of_another)
}

/// Whether a function on one line has a body that is empty, or whose last command nothing ends before the brace.
fn is_function_of_zsh(line: &str) -> bool {
    let is_function = line.starts_with("function ") || line.contains("() {") || line.contains("(){");
    let body = line.strip_suffix('}').map(str::trim_end);
    is_function && body.is_some_and(|body| !body.ends_with([';', '&', '}', ')']))
}
