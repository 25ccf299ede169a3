//! What is wrong with a text, in words.

pub(super) const NOTHING: &str = "there is nothing";
pub(super) const UNFINISHED: &str = "it ends before it is finished";
pub(super) const NOT_AN_OBJECT: &str = "the top level is not an object";
pub(super) const TRAILING: &str = "something follows the end";
pub(super) const TOO_DEEP: &str = "it is nested too deeply";
pub(super) const DUPLICATE: &str = "a name comes twice in an object";
pub(super) const CONTROL: &str = "a control character stands in a string";
pub(super) const ESCAPE: &str = "an escape does not exist";
pub(super) const COMMA_AT_END: &str = "a comma stands before the end of an array or object";
pub(super) const NO_VALUE: &str = "a value was expected";
pub(super) const NO_NAME: &str = "a name in quotes was expected";
pub(super) const NO_COLON: &str = "a colon was expected";
pub(super) const NO_COMMA: &str = "a comma or the end of the array or object was expected";
pub(super) const NOT_FINITE: &str = "NaN, Infinity and None are not JSON";
pub(super) const NUMBER: &str = "a number is not in the form of JSON";
pub(super) const WORD: &str = "a word is neither true, false nor null";
