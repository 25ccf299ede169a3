//! A text held against a plan, from its first byte to its last.
//!
//! Each value is met by one part of the plan, once. Only a plan is descended into, so that the text cannot make it deep.

use crate::plain_text;
use crate::plan::{Items, Kinds, Members, Numbers, Plan};

/// `None` of any step: the text is not accepted.
pub(super) struct Walk<'a> {
    text: &'a str,
    at: usize,
}

/// A string as it is written, without its quotes.
struct Written<'a> {
    text: &'a str,
    has_escapes: bool,
}

/// As many digits always fit.
const MAX_DIGITS: usize = 18;

impl<'a> Walk<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The one value and nothing after it.
    pub(super) fn whole(mut self, plan: &Plan) -> Option<()> {
        self.value(plan)?;
        self.next().is_none().then_some(())
    }

    fn value(&mut self, plan: &Plan) -> Option<()> {
        let first = self.next()?;
        match plan {
            Plan::Anything => self.skip(first),
            Plan::Nothing => None,
            Plan::Of(kinds) => self.of_kind(first, kinds),
        }
    }

    fn of_kind(&mut self, first: u8, kinds: &Kinds) -> Option<()> {
        match first {
            b'"' => {
                let allowed = kinds.strings.as_ref()?;
                let Written { text, has_escapes } = self.string()?;
                let is_allowed = if has_escapes { allowed.allow_escaped(text) } else { allowed.allow(text) };
                is_allowed.then_some(())
            }
            b'{' => self.object(kinds.objects.as_deref()?),
            b'[' => self.array(kinds.arrays.as_deref()?),
            b't' => self.word("true", kinds.yes),
            b'f' => self.word("false", kinds.no),
            b'n' => self.word("null", kinds.null),
            _ => self.number(kinds.numbers.as_ref()?),
        }
    }

    fn object(&mut self, members: &Members) -> Option<()> {
        self.at += 1;
        let mut missing = members.required;
        if self.next()? == b'}' {
            self.at += 1;
            return (missing == 0).then_some(());
        }
        loop {
            self.next().filter(|&quote| quote == b'"')?;
            let (plan, bit) = self.name(members)?;
            missing &= !bit;
            self.next().filter(|&colon| colon == b':')?;
            self.at += 1;
            self.value(plan)?;
            if self.is_end(b'}')? {
                return (missing == 0).then_some(());
            }
        }
    }

    /// Past a name, from the quote before it: what its value is held against, and the bit of its member.
    fn name<'p>(&mut self, members: &'p Members) -> Option<(&'p Plan, u64)> {
        let member = match members.at_start(self.text.as_bytes().get(self.at + 1..)?) {
            Some(member) => {
                self.at += member.name.len() + 2;
                Some(member)
            }
            // A name with escapes may be any of those that are listed.
            None => members.member(self.string().filter(|name| !name.has_escapes)?.text),
        };
        let plan = member.and_then(|member| member.plan.as_ref()).unwrap_or(&members.others);
        Some((plan, member.map_or(0, |member| member.bit)))
    }

    fn array(&mut self, items: &Items) -> Option<()> {
        self.at += 1;
        let mut count = 0;
        if self.next()? == b']' {
            self.at += 1;
        } else {
            loop {
                self.value(&items.each)?;
                count += 1;
                if self.is_end(b']')? {
                    break;
                }
            }
        }
        (items.least..=items.most).contains(&count).then_some(())
    }

    /// Past the comma or the end of an array or object: whether it was the end.
    fn is_end(&mut self, end: u8) -> Option<bool> {
        let found = self.next()?;
        self.at += 1;
        if found == end { Some(true) } else { (found == b',').then_some(false) }
    }

    /// Past a string, from the quote before it.
    fn string(&mut self) -> Option<Written<'a>> {
        let start = self.at + 1;
        let (mut end, mut has_escapes) = (start, false);
        loop {
            end += plain_text::length(self.text.as_bytes().get(end..)?);
            match self.text.as_bytes().get(end)? {
                b'"' => break,
                b'\\' => {
                    has_escapes = true;
                    end += 2;
                }
                _ => return None,
            }
        }
        self.at = end + 1;
        Some(Written { text: self.text.get(start..end)?, has_escapes })
    }

    fn word(&mut self, word: &str, is_allowed: bool) -> Option<()> {
        self.at += word.len();
        is_allowed.then_some(())
    }

    fn number(&mut self, allowed: &Numbers) -> Option<()> {
        let start = self.at;
        self.pass(is_of_number);
        let number = self.text.get(start..self.at)?;
        if matches!(allowed, Numbers::Any) {
            return Some(());
        }
        let digits = number.strip_prefix('-').unwrap_or(number);
        let is_plain = digits.len() <= MAX_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) && number != "-0";
        (is_plain && allowed.allow(number.parse().ok()?)).then_some(())
    }

    /// Past any value.
    fn skip(&mut self, first: u8) -> Option<()> {
        let mut depth = 0_usize;
        let mut byte = first;
        loop {
            match byte {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => self.pass(|byte| !is_between(byte)),
            }
            if depth == 0 {
                return Some(());
            }
            byte = self.next()?;
        }
    }

    fn pass(&mut self, is_passed: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| is_passed(**byte)).count();
    }

    /// The next byte that is no space.
    fn next(&mut self) -> Option<u8> {
        loop {
            let &byte = self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

const fn is_between(byte: u8) -> bool {
    matches!(byte, b',' | b':' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
}
