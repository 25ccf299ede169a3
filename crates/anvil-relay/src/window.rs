//! The commit window as a typestate.
//!
//! [`Held`] has no method that yields a byte. The only way from it to [`Released`], which has, takes a [`Passed`], and only a
//! check can make one. So "no byte of a rejected answer leaves" is held by the compiler.

use anvil_dialect::{Delta, DeltaWriter, Malformed};
use anvil_verify::{Defect, Passed};

/// What is held back until a check has passed.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    limit: usize,
}

/// What may be seen: the only thing that writes to a client.
#[derive(Debug)]
pub(crate) struct Released {
    held: Vec<u8>,
}

impl Held {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    /// Holds more bytes.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] at the cap.
    pub(crate) fn hold(&mut self, bytes: &[u8]) -> Result<(), Defect> {
        if self.bytes.len().saturating_add(bytes.len()) > self.limit {
            return Err(Defect::TooLarge { limit: self.limit });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Shows what is held to a check. The check's answer is all that comes out.
    pub(crate) fn check<T>(
        &self,
        check: impl FnOnce(&[u8]) -> Result<(T, Passed), Defect>,
    ) -> Result<(T, Passed), Defect> {
        check(&self.bytes)
    }

    /// Opens the window on what a check makes of what is held: the answer said anew.
    pub(crate) fn release_as<T>(
        self,
        check: impl FnOnce(&[u8]) -> Result<(Vec<u8>, T, Passed), Defect>,
    ) -> Result<(Released, T), Defect> {
        let (anew, known, _proof) = check(&self.bytes)?;
        Ok((Released { held: anew }, known))
    }

    /// Opens the window.
    pub(crate) fn release(self, _proof: Passed) -> Released {
        Released { held: self.bytes }
    }
}

impl Released {
    /// Writes what was held when the window opened.
    pub(crate) fn write_held(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>, &[u8])) {
        write(out, &self.held);
    }

    /// Writes an event.
    #[expect(clippy::unused_self, reason = "having one is the proof that the window is open")]
    pub(crate) fn write_event(&self, out: &mut Vec<u8>, name: &str, data: &[u8]) {
        anvil_sse::write_event(out, name, data);
    }

    /// Writes a step of an answer in the client's dialect.
    #[expect(clippy::unused_self, reason = "having one is the proof that the window is open")]
    pub(crate) fn write_delta(
        &self,
        out: &mut Vec<u8>,
        writer: &mut DeltaWriter,
        delta: &Delta<'_>,
    ) -> Result<(), Malformed> {
        writer.write(delta, out)
    }

    /// Writes a comment: a sign of life.
    #[expect(clippy::unused_self, reason = "having one is the proof that the window is open")]
    pub(crate) fn write_comment(&self, out: &mut Vec<u8>, text: &[u8]) {
        anvil_sse::write_comment(out, text);
    }
}

/// The window of a stream.
#[derive(Debug)]
pub(crate) enum Window {
    Held(Held),
    Released(Released),
}

impl Window {
    /// What may be written through, once the window is open.
    pub(crate) fn released(&self) -> Option<&Released> {
        match self {
            Self::Held(_) => None,
            Self::Released(released) => Some(released),
        }
    }

    /// Window `none`: opens at the first event of the answer that is valid.
    pub(crate) fn open(&mut self, proof: Passed) -> Option<&Released> {
        if let Self::Held(held) = self {
            let held = std::mem::replace(held, Held::new(0));
            *self = Self::Released(held.release(proof));
        }
        self.released()
    }
}
