//! Server-sent events: an incremental decoder that keeps every event's bytes as they came.
//!
//! Follows the event stream format of the WHATWG HTML standard, section 9.2, as far as model APIs use it: lines end in
//! LF, CRLF or CR, an empty line ends an event, several `data` lines are joined by LF.

use std::borrow::Cow;

use bytes::{Buf, Bytes, BytesMut};

/// The longest event that is accepted; what is longer is not an event of a chat stream.
pub const MAX_EVENT: usize = 4 * 1024 * 1024;

/// An event, its terminating empty line included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The bytes as they came.
    pub raw: Bytes,
}

/// The upstream sent more than [`MAX_EVENT`] bytes without ending an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT} bytes")]
pub struct TooLong;

impl Event {
    /// What the `data` lines say; `None` for a comment or an event without data.
    #[must_use]
    pub fn data(&self) -> Option<Cow<'_, [u8]>> {
        let mut values = self.values(b"data");
        let first = values.next()?;
        let Some(second) = values.next() else {
            return Some(Cow::Borrowed(first));
        };
        let mut whole = first.to_vec();
        for value in std::iter::once(second).chain(values) {
            whole.push(b'\n');
            whole.extend_from_slice(value);
        }
        Some(Cow::Owned(whole))
    }

    /// The value of the last `event` line.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        self.values(b"event").last()
    }

    fn values<'a>(&'a self, field: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.raw.split(|byte| matches!(byte, b'\n' | b'\r')).filter_map(move |line| {
            let value = line.strip_prefix(field)?.strip_prefix(b":")?;
            Some(value.strip_prefix(b" ").unwrap_or(value))
        })
    }
}

/// The decoder: bytes in at any boundary, whole events out.
#[derive(Debug, Default)]
pub struct Events {
    buffer: BytesMut,
    /// Bytes at the beginning of the buffer that hold no end of an event.
    searched: usize,
}

impl Events {
    /// Takes in what the upstream sent.
    ///
    /// # Errors
    /// When an unfinished event has grown over [`MAX_EVENT`]; nothing more is taken in then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.buffer.len().saturating_sub(self.searched).max(self.searched) > MAX_EVENT {
            return Err(TooLong);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole event; `None` until more bytes come.
    pub fn next_event(&mut self) -> Option<Event> {
        match end_of_event(&self.buffer, self.searched) {
            Some(end) => {
                self.searched = 0;
                Some(Event { raw: self.buffer.split_to(end).freeze() })
            }
            None => {
                // A terminator of up to four bytes can straddle the next push.
                self.searched = self.buffer.len().saturating_sub(3);
                None
            }
        }
    }

    /// What is left when the stream ends: an event that lacks its empty line, if it says anything.
    pub fn finish(&mut self) -> Option<Event> {
        let rest = self.buffer.split().freeze();
        self.searched = 0;
        rest.iter().any(|byte| !byte.is_ascii_whitespace()).then_some(Event { raw: rest })
    }

    /// How many bytes wait for the end of their event.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.buffer.remaining()
    }
}

/// Where the first event ends: behind two line ends in a row.
fn end_of_event(buffer: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'\n', b'\r', buffer.get(at..)?)?;
        let second = line_end(buffer, at)?;
        match line_end(buffer, second) {
            // A lone CR at the end of the buffer may be the first half of CRLF: wait, unless it already follows LF.
            Some(end) => return Some(end),
            None => at = second,
        }
    }
}

/// Where the line end at `at` ends; `None` if there is none, or the rest of a CRLF may still come.
fn line_end(buffer: &[u8], at: usize) -> Option<usize> {
    match (buffer.get(at)?, buffer.get(at + 1)) {
        (b'\n', _) => Some(at + 1),
        (b'\r', Some(b'\n')) => Some(at + 2),
        (b'\r', Some(_)) => Some(at + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The data of every event when the stream comes in pieces of the given size.
    fn decode(stream: &[u8], piece: usize) -> Vec<String> {
        let mut events = Events::default();
        let mut seen = Vec::new();
        let mut note = |event: Event| {
            seen.extend(event.data().map(|data| String::from_utf8_lossy(&data).into_owned()));
        };
        for piece in stream.chunks(piece) {
            events.push(piece).unwrap();
            while let Some(event) = events.next_event() {
                note(event);
            }
        }
        events.finish().into_iter().for_each(&mut note);
        seen
    }

    #[test]
    fn every_kind_of_line_end_is_understood() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = ["data: a", "", ": note", "", "event: x", "data:b", "data: c", "", ""].join(end);
            assert_eq!(decode(stream.as_bytes(), 1), ["a", "b\nc"], "{end:?} byte by byte");
            assert_eq!(decode(stream.as_bytes(), 999), ["a", "b\nc"], "{end:?} at once");
        }
    }

    #[test]
    fn the_last_event_may_lack_its_empty_line() {
        assert_eq!(decode(b"data: a\n\ndata: [DONE]", 4), ["a", "[DONE]"]);
        assert_eq!(decode(b"data: a\n\n\n\n", 4), ["a"]);
    }

    #[test]
    fn a_stream_without_line_ends_is_refused_at_a_bound() {
        let mut events = Events::default();
        let piece = vec![b'x'; 1 << 20];
        let refused = (0..64).find(|_| {
            let refused = events.push(&piece).is_err();
            assert_eq!(events.next_event(), None);
            refused
        });
        assert!(refused.is_some_and(|pushes| pushes <= 6));
        assert!(events.waiting() <= MAX_EVENT + 2 * piece.len());
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_events_and_lose_no_byte(
            stream in "(data: ?[a-z]{0,5}(\r\n|\n|\r)|: [a-z]{0,3}\n|\n|\r\n|\r|é){0,30}", piece in 1..9_usize
        ) {
            let mut events = Events::default();
            let mut whole = Vec::new();
            for piece in stream.as_bytes().chunks(piece) {
                events.push(piece).unwrap();
                while let Some(event) = events.next_event() {
                    whole.extend_from_slice(&event.raw);
                }
            }
            let rest = events.waiting();
            prop_assert_eq!(whole.len() + rest, stream.len());
            prop_assert_eq!(decode(stream.as_bytes(), piece), decode(stream.as_bytes(), 1));
        }
    }
}
