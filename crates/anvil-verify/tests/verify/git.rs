//! `git apply --check` is asked whether thousands of patches can be read, and [`diff::check`] must say the same.
//!
//! The patches are made by `git diff` and by Python's `difflib` out of pairs of files, and then broken by chance. Only the form
//! is compared: what git says of files that are missing or of lines that do not match is not about the form. Everything
//! follows from a seed; `DIFF_SEED` and `DIFF_CASES` ask for others and more.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anvil_verify::diff;

/// What git says where a patch cannot be read.
const FORM: [&str; 15] = [
    "No valid patches in input",
    "corrupt patch at line",
    "patch fragment without header",
    "patch with only garbage",
    "git diff header lacks filename information",
    "inconsistent header lines",
    "inconsistent new filename",
    "inconsistent old filename",
    "expected /dev/null",
    "invalid mode on line",
    "unable to find filename in patch",
    "depends on old contents",
    "still has contents",
    "corrupt binary patch",
    "unrecognized binary patch",
];

/// What git says where a patch can be read and does not fit the files.
const FIT: [&str; 20] = [
    "Not a directory",
    // Git itself aborts on a new file that is also renamed by hand; it had read the patch.
    "check_preimage: Assertion",
    "does not apply",
    "patch failed",
    "No such file or directory",
    "already exists",
    "does not exist",
    "becomes empty but is not deleted",
    "invalid path",
    "does not match old mode",
    "wrong type",
    "without full index line",
    "binary patch does not apply",
    "has been renamed/deleted",
    "affected file",
    "beyond a symbolic link",
    "has type",
    "trailing whitespace",
    "whitespace error",
    "creates incorrect result",
];

struct Chance(u64);

impl Chance {
    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count.max(1)).unwrap()).unwrap()
    }

    fn of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// A folder that goes when its owner does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("LC_ALL", "C");
    command.env_remove("GIT_DIR").args(["-c", "user.name=n", "-c", "user.email=e@example.org"]);
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What git says of a patch: nothing, or why it cannot be read. One process a patch, about 2 ms.
fn git_says(folder: &Path, patch: &str) -> Option<String> {
    let mut child = git(folder)
        .args(["apply", "--check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(patch.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_form = FORM.iter().any(|form| words.contains(form));
    let is_known = words.is_empty() || is_form || FIT.iter().any(|fit| words.contains(fit));
    assert!(is_known, "git says something unknown: {words}\nof\n{patch}");
    is_form.then_some(words)
}

const WORDS: [&str; 12] = [
    "",
    "fn main() {",
    "}",
    "-- a rule",
    "++ a sum",
    "    return 1",
    "@@ decorated",
    "\\ a path",
    "héllo wörld",
    "diff them",
    "index 1..2",
    "x = \"...\"",
];

fn content(chance: &mut Chance, lines: usize) -> Vec<String> {
    (0..lines).map(|line| format!("{}{}", chance.of(&WORDS), if chance.below(2) == 0 { line } else { 7 })).collect()
}

fn changed(chance: &mut Chance, lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    for _ in 0..=chance.below(5) {
        let at = chance.below(lines.len());
        match chance.below(4) {
            0 if !lines.is_empty() => drop(lines.remove(at)),
            1 if !lines.is_empty() => lines[at] = format!("{} changed", chance.of(&WORDS)),
            2 if !lines.is_empty() => lines[at].clear(),
            _ => lines.insert(at, chance.of(&WORDS).to_string()),
        }
    }
    lines
}

fn write(path: &Path, lines: &[String], ends: bool) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let end = if ends && !lines.is_empty() { "\n" } else { "" };
    fs::write(path, lines.join("\n") + end).unwrap();
}

/// Two states of a folder of files with every kind of change between them.
fn make_pairs(chance: &mut Chance, old: &Path, new: &Path) {
    let names = ["f.txt", "src/main.rs", "a b.txt", "ü.txt", "quo\"te.txt", "tab\there.txt", "deep/er/x", "d /x"];
    for pair in 0..48 {
        let name = format!("{pair}{}", names[pair % names.len()]);
        let length = *chance.of(&[0, 1, 2, 8, 40]);
        let before = content(chance, length);
        let after = changed(chance, &before);
        let (old, new) = (old.join(&name), new.join(&name));
        match pair % 12 {
            0 => write(&new, &after, true),
            1 => write(&old, &before, true),
            2 => {
                write(&old, &content(chance, 30), true);
                write(&new.with_file_name(format!("{pair}moved ü")), &[], true);
                fs::copy(&old, new.with_file_name(format!("{pair}moved ü"))).unwrap();
            }
            3 => {
                write(&old, &before, true);
                write(&new, &before, true);
                set_executable(&new);
            }
            4 => {
                let bytes: Vec<u8> = (0..length * 9).map(|_| chance.next().to_le_bytes()[0]).chain([0]).collect();
                write(&old, &before, true);
                write(&new, &[], true);
                fs::write(&new, bytes).unwrap();
            }
            5 => {
                let long = content(chance, 60);
                let moved = new.with_file_name(format!("{pair}changed"));
                write(&old, &long, true);
                write(&moved, &changed(chance, &long), true);
                set_executable(&moved);
            }
            _ => {
                write(&old, &before, chance.below(3) > 0);
                write(&new, &after, chance.below(3) > 0);
            }
        }
    }
}

fn set_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}

/// What `difflib.unified_diff` makes of every pair, each ended by a NUL; with and without dates.
const DIFFLIB: &str = r#"
import difflib, pathlib, sys
old, new = map(pathlib.Path, sys.argv[1:])
names = sorted({p.relative_to(r) for r in (old, new) for p in r.rglob("*") if p.is_file() and ".git" not in p.parts})
for name in names:
    try:
        a, b = ((r / name).read_text(encoding="utf-8").splitlines(keepends=True) if (r / name).exists() else [] for r in (old, new))
    except UnicodeDecodeError:
        continue
    date = "2024-03-01 10:00:00.000000000 +0000" if len(name.name) % 2 else ""
    for prefix in ("a/", "b/"), ("", ""):
        text = "".join(difflib.unified_diff(a, b, f"{prefix[0]}{name}", f"{prefix[1]}{name}", date, date, n=len(a) % 4))
        sys.stdout.write(text + "\0")
"#;

/// Patches as the tools make them, one file each.
fn make_patches(chance: &mut Chance, old: &Folder, new: &Folder) -> Vec<String> {
    let repository = Folder::new("diff-repository");
    make_pairs(chance, &old.0, &new.0);
    copy(&old.0, &repository.0);
    for arguments in [
        &["init", "-q"] as &[&str],
        &["add", "-A"],
        &["commit", "-q", "-m", "old", "--allow-empty"],
        &["rm", "-rq", "."],
    ] {
        output(git(&repository.0).args(arguments));
    }
    copy(&new.0, &repository.0);
    output(git(&repository.0).args(["add", "-A"]));
    let mut patches = Vec::new();
    for options in [
        &["-U3"] as &[&str],
        &["-U0", "--binary"],
        &["-U1", "-M", "-C", "--full-index", "--binary"],
        &["--no-prefix", "-B"],
    ] {
        let all = output(git(&repository.0).args(["diff", "--cached"]).args(options).arg("HEAD"));
        let texts = all.split_inclusive('\n').fold(Vec::<String>::new(), |mut texts, line| {
            if line.starts_with("diff --git ") || texts.is_empty() {
                texts.push(String::new());
            }
            texts.last_mut().unwrap().push_str(line);
            texts
        });
        let plain: Vec<String> = texts.iter().filter_map(|text| Some(text[text.find("--- ")?..].to_owned())).collect();
        patches.extend(texts.into_iter().chain(plain));
    }
    let difflib = output(Command::new("python3").args(["-c", DIFFLIB]).arg(&old.0).arg(&new.0).env("PYTHONUTF8", "1"));
    patches.extend(difflib.split('\0').filter(|text| !text.is_empty()).map(str::to_owned));
    patches
}

const GARBAGE: [&str; 21] = [
    "Some words.\n",
    "\n",
    "-- \n2.39.5\n",
    "--- a rule\n",
    "@@ -1 +1 @@\n",
    "@@ -1,0 +1,0 @@\n",
    "@@ ... @@\n",
    "\\ No newline at end of file\n",
    "+more\n",
    "-less\n",
    " context\n",
    "diff --git a/f b/f\n",
    "+++ b/x\n",
    "--- /dev/null\n",
    "index 1..2 100644\n",
    "new file mode 100644\n",
    "old mode 100644\n",
    "rename from a\n",
    "Binary files a and b differ\n",
    "GIT binary patch\n",
    "\r\n",
];

/// Breaks a patch, or not.
fn mutated(chance: &mut Chance, patch: &str) -> String {
    let mut lines: Vec<String> = patch.split_inclusive('\n').map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let at = chance.below(lines.len());
    let hunks: Vec<usize> = (0..lines.len()).filter(|&line| lines[line].starts_with("@@ -1")).collect();
    let headers: Vec<usize> = (0..lines.len())
        .filter(|&line| {
            !lines[line].starts_with(['+', '-', ' ', '@'])
                || lines[line].starts_with("---")
                || lines[line].starts_with("+++")
        })
        .collect();
    match chance.below(16) {
        0 | 1 if !hunks.is_empty() => {
            let hunk = &mut lines[*chance.of(&hunks)];
            *hunk = renumbered(chance, hunk);
        }
        2 => drop(lines.remove(at)),
        3 => lines.insert(at, lines[at].clone()),
        4 => {
            let first = *chance.of(&["", " ", "+", "-", "\\", "\\ ", "@", "x", "é", "\r", "\t"]);
            lines[at] = format!("{first}{}", lines[at].chars().skip(1).collect::<String>());
        }
        5 => {
            let text = lines.concat();
            let end =
                (0..=text.len()).rev().skip(chance.below(text.len())).find(|&end| text.is_char_boundary(end)).unwrap();
            return text[..end].to_owned();
        }
        6 | 7 if !headers.is_empty() => {
            let header = *chance.of(&headers);
            let line: Vec<char> = lines[header].chars().collect();
            let at = chance.below(line.len());
            let put = *chance.of(&["", "", " ", "/", "8", "x", "\t", "\n", "\"", "a/"]);
            lines[header] = line[..at].iter().collect::<String>() + put + &line[at + 1..].iter().collect::<String>();
        }
        8 => lines.retain(|line| !line.starts_with("\\ ")),
        9 | 10 => lines.insert(at, (*chance.of(&GARBAGE)).to_owned()),
        11 => return patch.replace('\n', "\r\n"),
        12 => return patch.lines().map(|line| line.trim_end().to_owned() + "\n").collect(),
        13 if !headers.is_empty() => drop(lines.remove(*chance.of(&headers))),
        14 => lines.swap(at, chance.below(patch.split_inclusive('\n').count())),
        _ => {}
    }
    lines.concat()
}

fn renumbered(chance: &mut Chance, hunk: &str) -> String {
    let digits: Vec<usize> = hunk.match_indices(|letter: char| letter.is_ascii_digit()).map(|(at, _)| at).collect();
    let at = *chance.of(&digits);
    let number = *chance.of(&["0", "1", "2", "3", "9", "10", "", ",", "x", "-1", "99999999999999999999999"]);
    format!("{}{number}{}", &hunk[..at], &hunk[at + 1..])
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn git_says_the_same_of_every_patch() {
    let mut chance = Chance(setting("DIFF_SEED", 7).try_into().unwrap());
    let (old, new) = (Folder::new("diff-old"), Folder::new("diff-new"));
    let patches = make_patches(&mut chance, &old, &new);
    output(git(&old.0).args(["init", "-q"]));
    let cases: Vec<String> = (0..setting("DIFF_CASES", 4000))
        .map(|_| {
            let mut text = String::new();
            for _ in 0..*chance.of(&[1, 1, 1, 2, 3]) {
                if chance.below(6) == 0 {
                    text.push_str(chance.of::<&str>(&GARBAGE));
                }
                text.push_str(chance.of::<String>(&patches));
            }
            for _ in 0..*chance.of(&[0, 1, 1, 1, 2, 3]) {
                text = mutated(&mut chance, &text);
            }
            text
        })
        .collect();
    let halves: Vec<&[String]> = cases.chunks(cases.len().div_ceil(2)).collect();
    let rejected: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = halves.into_iter().map(|half| scope.spawn(|| compare(&old.0, half))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // Both verdicts are common among the cases, or nothing was compared.
    assert!(rejected > cases.len() / 5 && rejected < cases.len() * 4 / 5, "{rejected} of {}", cases.len());
}

/// Asks git and us about every patch; how many were rejected.
fn compare(folder: &Path, patches: &[String]) -> usize {
    let mut rejected = 0;
    let mut different = Vec::new();
    for patch in patches {
        let theirs = git_says(folder, patch);
        let ours = diff::check(patch).err();
        rejected += usize::from(ours.is_some());
        let is_documented = ours.is_none() && theirs.as_deref().is_some_and(|words| is_documented(words, patch));
        if theirs.is_some() != ours.is_some() && !is_documented {
            different.push(format!("git: {theirs:?}\nwe: {ours:?}\n{patch:?}"));
        }
    }
    assert!(different.is_empty(), "{} differ\n{}", different.len(), different.join("\n\n"));
    rejected
}

/// The table in the documentation of `anvil_verify::diff`, as far as these patches come to it.
fn is_documented(words: &str, patch: &str) -> bool {
    let is_open = |line: &str| {
        let unescaped = line.replace("\\\\", "").replace("\\\"", "");
        unescaped.matches('"').count() % 2 == 1 && NAMED.iter().any(|words| line.starts_with(words))
    };
    words.contains("corrupt binary patch")
        || (words.contains("lacks filename information") && patch.contains("d /x"))
        || patch.lines().any(|line| line.contains(" mode ") && line.trim_end().ends_with(" mode"))
        || patch.lines().any(|line| line.starts_with("index ") && line.ends_with(' '))
        || patch.lines().any(is_open)
}

const NAMED: [&str; 5] = ["diff --git ", "--- ", "+++ ", "rename ", "copy "];
