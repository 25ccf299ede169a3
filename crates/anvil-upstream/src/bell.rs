//! One file descriptor that says "something is ready".

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A file descriptor that becomes readable when rung and stays so until silenced. An eventfd where there is one, a socket pair
/// elsewhere.
#[derive(Debug)]
pub(crate) struct Bell {
    reads: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    writes: std::os::unix::net::UnixStream,
}

#[cfg(target_os = "linux")]
impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self { reads: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    pub(crate) fn ring(&self) {
        // The counter can only be full if nobody has listened for 2⁶⁴−2 rings; then it is readable anyway.
        let _ = rustix::io::write(&self.reads, &1_u64.to_ne_bytes());
    }

    pub(crate) fn silence(&self) {
        let mut counter = [0_u8; 8];
        let _ = rustix::io::read(&self.reads, &mut counter);
    }
}

#[cfg(not(target_os = "linux"))]
impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let (reads, writes) = std::os::unix::net::UnixStream::pair()?;
        reads.set_nonblocking(true)?;
        writes.set_nonblocking(true)?;
        Ok(Self { reads: reads.into(), writes })
    }

    pub(crate) fn ring(&self) {
        use std::io::Write;
        // A full pipe is readable already.
        let _ = (&self.writes).write(&[1]);
    }

    pub(crate) fn silence(&self) {
        use std::io::Read;
        let Ok(clone) = self.reads.try_clone() else { return };
        let mut stream = std::os::unix::net::UnixStream::from(clone);
        let mut rings = [0_u8; 64];
        while matches!(stream.read(&mut rings), Ok(64)) {}
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reads.as_fd()
    }
}
