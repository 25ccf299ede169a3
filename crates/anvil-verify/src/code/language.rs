//! The languages that can be checked, and what fences call them.

/// A language whose code can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Python, 2 or 3.
    Python,
    /// JavaScript, with JSX.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JSON, with or without comments.
    Json,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// Java.
    Java,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Bash and the POSIX shell.
    Bash,
    /// HTML.
    Html,
    /// CSS.
    Css,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 15] = [
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Tsx,
        Self::Json,
        Self::Yaml,
        Self::Toml,
        Self::Rust,
        Self::Go,
        Self::Java,
        Self::C,
        Self::Cpp,
        Self::Bash,
        Self::Html,
        Self::Css,
    ];

    /// The language that a fence's info string names with its first word, in any case; `None` where it is not checked.
    ///
    /// The word ends at white space or where attributes begin (`python{3,4}`, `rust,ignore`, `ts:src/a.ts`). Left out on
    /// purpose are names of what is not a program (`console`, `pycon`, `text`, `diff`) and of dialects that these grammars do
    /// not know (`json5`, `zsh`, `fish`, `scss`, `vue`). A Rust block that says it does not compile (`compile_fail`) is not checked.
    pub fn from_info(info: &str) -> Option<Self> {
        let info = info.trim().trim_start_matches(['{', '.']);
        let end = info
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | ':' | ';' | '[' | '('))
            .unwrap_or(info.len());
        let (word, rest) = info.split_at(end);
        if rest.contains("compile_fail") {
            return None;
        }
        let language = match word.to_ascii_lowercase().as_str() {
            "python" | "py" | "python3" | "python2" | "py3" | "py2" | "pyi" => Self::Python,
            "javascript" | "js" | "jsx" | "mjs" | "cjs" | "node" | "nodejs" | "ecmascript" => Self::JavaScript,
            "typescript" | "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "json" | "jsonc" | "jsonl" | "ndjson" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "rust" | "rs" => Self::Rust,
            "go" | "golang" => Self::Go,
            "java" => Self::Java,
            "c" | "h" => Self::C,
            "cpp" | "c++" | "cc" | "cxx" | "hpp" | "hxx" | "hh" | "h++" => Self::Cpp,
            "bash" | "sh" | "shell" => Self::Bash,
            "html" | "htm" | "html5" | "xhtml" => Self::Html,
            "css" => Self::Css,
            _ => return None,
        };
        Some(language)
    }

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Tsx => "tsx",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Toml => "toml",
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Java => "java",
            Self::C => "c",
            Self::Cpp => "c++",
            Self::Bash => "bash",
            Self::Html => "html",
            Self::Css => "css",
        }
    }

    /// The languages that a block under this name may be in, though it does not say so: types in a block of JavaScript, C++ in
    /// a block of C, an object literal in a block of JSON.
    pub(super) const fn siblings(self) -> &'static [Self] {
        match self {
            Self::JavaScript | Self::TypeScript => &[Self::Tsx, Self::TypeScript],
            Self::Tsx => &[Self::TypeScript],
            Self::C => &[Self::Cpp],
            Self::Cpp => &[Self::C],
            _ => &[],
        }
    }

    /// Its grammar for tree-sitter; `None` where the check has a reader of its own.
    pub(super) fn grammar(self) -> Option<tree_sitter::Language> {
        let grammar = match self {
            Self::Python => tree_sitter_python::LANGUAGE,
            Self::JavaScript => tree_sitter_javascript::LANGUAGE,
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
            Self::Json => tree_sitter_json::LANGUAGE,
            Self::Yaml => tree_sitter_yaml::LANGUAGE,
            Self::Toml => tree_sitter_toml_ng::LANGUAGE,
            Self::Rust => tree_sitter_rust::LANGUAGE,
            Self::Go => tree_sitter_go::LANGUAGE,
            Self::Java => tree_sitter_java::LANGUAGE,
            Self::C => tree_sitter_c::LANGUAGE,
            Self::Cpp => tree_sitter_cpp::LANGUAGE,
            Self::Bash | Self::Html | Self::Css => return None,
        };
        Some(grammar.into())
    }
}
