//! What is held against the rules of patches.

/// How a text is read: as a patch from its first byte to its last, or as what an answer shows in a fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The text is a patch, whatever it looks like: what `git apply` would be given.
    Patch,
    /// The text is a fenced block, which may well be an illustration. It is held to the rules from where it claims to be a
    /// patch (a line `diff --git`, or `---` and `+++` followed by a numbered `@@`) up to where it leaves something out
    /// (`...`), and its last line may lack its end.
    Block,
}
