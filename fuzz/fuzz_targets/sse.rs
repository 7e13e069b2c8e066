//! A stream in pieces of any size gives the same events as at once, and loses no byte.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wire::{Chunk, Event, Events, Fate, Reader};

fn decode(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, usize) {
    let (mut events, mut seen, mut passed) = (Events::default(), Vec::new(), 0);
    let mut reader = Reader::default();
    for piece in stream.chunks(piece) {
        events.push(Bytes::copy_from_slice(piece)).unwrap();
        let look = |event: Event<'_>| {
            let data = event.data();
            assert_eq!(reader.read(data.as_deref()), Chunk::read(data.as_deref()));
            seen.push(event.raw.to_vec());
            Fate::Pass
        };
        events.take(look, |piece| passed += piece.len());
    }
    (seen, passed + events.waiting())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, stream) = input;
    let whole = decode(stream, stream.len().max(1));
    assert_eq!(whole.1, stream.len());
    let in_pieces = decode(stream, usize::from(piece).max(1));
    assert_eq!(in_pieces.1, stream.len());
    // A lone CR at the end of a piece waits for what follows, so only the joined bytes must agree.
    let joined = |events: &[Vec<u8>]| events.concat();
    let (a, b) = (joined(&whole.0), joined(&in_pieces.0));
    assert!(a.starts_with(&b) || b.starts_with(&a));
});
