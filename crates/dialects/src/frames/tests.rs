use bytes::Bytes;
use proptest::prelude::*;
use types::FaultKind;

use super::*;
use crate::Framing;
use crate::sse::{Splitter, events};

/// The frame with an empty payload and no headers that Amazon's SDKs are tested with, and one with a payload.
const EMPTY: [u8; 16] = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
const PAYLOAD: &[u8] = b"\x00\x00\x00\x1d\x00\x00\x00\x00\xfdR\x8cZ{'foo':'bar'}\xc3e9\x36";

#[test]
fn frames_of_amazons_own_tests_are_read() {
    assert_eq!(read(&EMPTY), Ok(Frame::Event("", b"")));
    assert_eq!(read(PAYLOAD), Ok(Frame::Event("", b"{'foo':'bar'}")));
    assert_eq!(frame(&[], b"{'foo':'bar'}"), PAYLOAD);
}

#[test]
fn headers_say_what_a_frame_is_and_others_are_passed_over() {
    let event =
        frame(&[(":event-type", "x"), (":content-type", "application/json"), (":message-type", "event")], b"{}");
    assert_eq!(read(&event), Ok(Frame::Event("x", b"{}")));
    let exception = frame(&[(":message-type", "exception"), (":exception-type", "throttlingException")], b"{}");
    assert_eq!(read(&exception), Ok(Frame::Exception("throttlingException", b"{}")));
    let error = frame(&[(":message-type", "error"), (":error-code", "c"), (":error-message", "m")], b"");
    assert_eq!(read(&error), Ok(Frame::Error("c", "m")));
    // A flag, a number of four bytes, an id.
    let odd = b"\x01a\x00\x01b\x04\0\0\0\x07\x01c\x091234567890123456";
    assert_eq!(
        header(odd).map(|(name, value, rest)| (name, value, rest.len())),
        Some((&b"a"[..], None, odd.len() - 3))
    );
    let (_, _, rest) = header(&odd[3..]).unwrap();
    assert_eq!(header(rest).map(|(name, _, rest)| (name, rest.len())), Some((&b"c"[..], 0)));
}

#[test]
fn frames_are_found_wherever_the_network_cut_them() {
    let frames = [frame(&[(":event-type", "a")], b"{\n\n}"), EMPTY.to_vec(), frame(&[(":event-type", "b")], b"2")];
    let whole = frames.concat();
    let cut = |pieces: &[&[u8]]| {
        let mut splitter = Splitter::new(Framing::Frames);
        let mut found = Vec::new();
        for piece in pieces {
            splitter.feed(Bytes::copy_from_slice(piece));
            let batch = splitter.next_batch().unwrap().unwrap_or_default();
            found.extend(events(Framing::Frames, &batch).map(<[u8]>::to_vec));
        }
        (found, splitter.leftover())
    };
    for at in 0..=whole.len() {
        let (left, right) = whole.split_at(at);
        assert_eq!(cut(&[left, right]), (frames.to_vec(), Bytes::new()), "cut at {at}");
    }
    let single: Vec<&[u8]> = whole.chunks(1).collect();
    assert_eq!(cut(&single).0, frames);
    assert_eq!(cut(&[&whole[..whole.len() - 1]]).0.len(), 2, "half a frame is none");
}

#[test]
fn what_is_no_frame_is_refused_at_once() {
    let good = frame(&[(":event-type", "a")], b"payload");
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let fault = read(&bad).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{at}");
        // A length that is wrong is noticed with the lengths.
        assert!(at >= PRELUDE || end(&bad) == Some(bad.len()), "{at}");
    }
    let mut huge = u32::MAX.to_be_bytes().to_vec();
    huge.extend_from_slice(&[0; 4]);
    huge.extend_from_slice(&crc(&huge).to_be_bytes());
    assert_eq!(end(&huge), Some(PRELUDE), "nobody waits for four gigabytes");
    assert!(read(&huge).is_err() && read(b"").is_err() && read(b"{\"message\":\"html\"}").is_err());
    let many: Vec<(&str, &str)> = (0..MAX_HEADERS + 1).map(|_| ("x", "y")).collect();
    assert!(read(&frame(&many, b"")).is_err());
    assert!(read(&frame(&[(":message-type", "other")], b"")).is_err());
}

proptest! {
    #[test]
    fn noise_is_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = (end(&bytes), read(&bytes), header(&bytes));
    }

    #[test]
    fn damaged_headers_are_no_reason_to_panic(at in 0usize..40, byte in any::<u8>()) {
        let mut headers = frame(&[(":event-type", "abc"), (":message-type", "event")], b"{}");
        let at = PRELUDE + at % (headers.len() - PRELUDE - TAIL);
        headers[at] = byte;
        let length = headers.len() - TAIL;
        let sum = crc(&headers[..length]).to_be_bytes();
        headers[length..].copy_from_slice(&sum);
        let _ = read(&headers);
    }
}
