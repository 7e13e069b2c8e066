//! Server-sent events: an incremental decoder that keeps every event's bytes as they came.
//!
//! Follows the event stream format of the WHATWG HTML standard, section 9.2, as far as model APIs use it: lines end in
//! LF, CRLF or CR, an empty line ends an event, several `data` lines are joined by LF.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

/// The longest event that is accepted; what is longer is not an event of a chat stream.
pub const MAX_EVENT: usize = 4 * 1024 * 1024;

/// An event, its terminating empty line included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The bytes as they came.
    pub raw: &'a [u8],
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on as it came.
    Pass,
    /// It goes no further.
    Drop,
    /// These bytes go on in its place.
    Replace(Bytes),
    /// It goes no further, and what follows it is not looked at.
    Stop,
}

/// The upstream sent more than [`MAX_EVENT`] bytes without ending an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT} bytes")]
pub struct TooLong;

impl<'a> Event<'a> {
    /// What the `data` lines say; `None` for a comment or an event without data.
    #[must_use]
    pub fn data(self) -> Option<Cow<'a, [u8]>> {
        // Nearly every event of a chat stream is one line of data.
        if let Some(rest) = self.raw.strip_prefix(b"data:")
            && let Some(end) = memchr::memchr2(b'\n', b'\r', rest)
            && rest.get(end..).is_some_and(|rest| matches!(rest, b"\n\n" | b"\n" | b"\r\n\r\n"))
        {
            return rest.get(..end).map(|line| Cow::Borrowed(line.strip_prefix(b" ").unwrap_or(line)));
        }
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
    pub fn name(self) -> Option<&'a [u8]> {
        self.values(b"event").last()
    }

    fn values(self, field: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.raw.split(|byte| matches!(byte, b'\n' | b'\r')).filter_map(move |line| {
            let value = line.strip_prefix(field)?.strip_prefix(b":")?;
            Some(value.strip_prefix(b" ").unwrap_or(value))
        })
    }
}

/// The decoder: bytes in at any boundary, whole events out. Events that go on one after another come out as one piece
/// of the bytes that came in, without copying.
#[derive(Debug, Default)]
pub struct Events {
    /// What came last and is not looked at yet.
    whole: Bytes,
    /// The beginning of an event whose end has not come.
    rest: BytesMut,
    /// Bytes at the beginning of `rest` that hold no end of an event.
    searched: usize,
}

impl Events {
    /// Takes in what the upstream sent. What was taken in before must have been taken out by [`Self::take`].
    ///
    /// # Errors
    /// When an unfinished event has grown over [`MAX_EVENT`]; nothing more is taken in then.
    pub fn push(&mut self, bytes: Bytes) -> Result<(), TooLong> {
        if self.rest.len() > MAX_EVENT {
            return Err(TooLong);
        }
        if self.rest.is_empty() && self.whole.is_empty() {
            self.whole = bytes;
            return Ok(());
        }
        self.rest.extend_from_slice(&bytes);
        if end_of_event(&self.rest, self.searched).is_some() {
            self.whole = self.rest.split().freeze();
        }
        // A terminator of up to four bytes can straddle the next push.
        self.searched = self.rest.len().saturating_sub(3);
        Ok(())
    }

    /// Looks at every whole event that has come, and hands out what goes on; the pieces are in order.
    pub fn take(&mut self, mut look: impl FnMut(Event<'_>) -> Fate, mut hand_out: impl FnMut(Bytes)) {
        let whole = std::mem::take(&mut self.whole);
        let (mut begin, mut at) = (0, 0);
        let run = |from: usize, to: usize, hand_out: &mut dyn FnMut(Bytes)| {
            if from < to {
                hand_out(whole.slice(from..to));
            }
        };
        while let Some(end) = end_of_event(&whole, at) {
            let fate = look(Event { raw: whole.get(at..end).unwrap_or_default() });
            if fate != Fate::Pass {
                run(begin, at, &mut hand_out);
                begin = end;
            }
            at = end;
            match fate {
                Fate::Pass | Fate::Drop => {}
                Fate::Replace(bytes) => hand_out(bytes),
                Fate::Stop => return,
            }
        }
        run(begin, at, &mut hand_out);
        self.rest.extend_from_slice(whole.get(at..).unwrap_or_default());
        self.searched = self.rest.len().saturating_sub(3);
    }

    /// When the stream ends: what is left is an event that lacks its empty line, if it says anything.
    pub fn finish(&mut self, look: impl FnMut(Event<'_>) -> Fate, hand_out: impl FnMut(Bytes)) {
        let says_something = self.rest.iter().any(|byte| !byte.is_ascii_whitespace());
        let mut last = self.rest.split();
        if says_something {
            last.extend_from_slice(b"\n\n");
            self.whole = last.freeze();
            self.take(look, hand_out);
            self.rest.clear();
        }
    }

    /// How many bytes wait for the end of their event.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.rest.len() + self.whole.len()
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
        let mut note = |event: Event<'_>| {
            seen.extend(event.data().map(|data| String::from_utf8_lossy(&data).into_owned()));
            Fate::Drop
        };
        for piece in stream.chunks(piece) {
            events.push(Bytes::copy_from_slice(piece)).unwrap();
            events.take(&mut note, |_| ());
        }
        events.finish(&mut note, |_| ());
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
    fn events_are_passed_dropped_replaced_and_stopped_at() {
        let mut events = Events::default();
        events.push(Bytes::from_static(b"data: a\n\ndata: b\n\ndata: c\n\ndata: d\n\ndata: e\n\ndata: f\n\n")).unwrap();
        let mut pieces = Vec::new();
        let fate = |event: Event<'_>| match event.data().unwrap().as_ref() {
            b"c" => Fate::Drop,
            b"d" => Fate::Replace(Bytes::from_static(b"D")),
            b"f" => Fate::Stop,
            _ => Fate::Pass,
        };
        events.take(fate, |piece| pieces.push(piece));
        assert_eq!(pieces, [&b"data: a\n\ndata: b\n\n"[..], b"D", b"data: e\n\n"]);
    }

    #[test]
    fn a_stream_without_line_ends_is_refused_at_a_bound() {
        let mut events = Events::default();
        let piece = Bytes::from(vec![b'x'; 1 << 20]);
        let refused = (0..64).find(|_| {
            let refused = events.push(piece.clone()).is_err();
            events.take(|_| panic!("there is no event"), |_| ());
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
                events.push(Bytes::copy_from_slice(piece)).unwrap();
                events.take(|_| Fate::Pass, |piece| whole.extend_from_slice(&piece));
            }
            prop_assert!(stream.as_bytes().starts_with(&whole));
            prop_assert_eq!(whole.len() + events.waiting(), stream.len());
            prop_assert_eq!(decode(stream.as_bytes(), piece), decode(stream.as_bytes(), 1));
        }
    }
}
