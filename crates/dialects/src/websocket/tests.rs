use super::*;

const MASK: [u8; 4] = [7, 0, 255, 33];

/// What a server makes of these bytes, in pieces of each size.
fn heard(bytes: &[u8]) -> Result<Vec<Message>, Violation> {
    let hear = |piece: usize| {
        let (mut decoder, mut all) = (Decoder::of_client(1 << 20), Vec::new());
        for piece in bytes.chunks(piece) {
            decoder.feed(piece);
            while let Some(message) = decoder.next()? {
                all.push(message);
            }
        }
        Ok(all)
    };
    let whole = hear(bytes.len().max(1));
    for piece in [1, 3, 7] {
        assert_eq!(hear(piece), whole, "in pieces of {piece}");
    }
    whole
}

/// A masked frame with this first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Message::Binary(payload.to_vec().into()).frame(Some(MASK)).to_vec();
    frame[0] = first;
    frame
}

fn text(text: &str) -> Message {
    Message::Text(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn what_is_written_is_heard() {
    for length in [0, 1, 125, 126, 65_535, 65_536, 70_001] {
        let message = text(&"ü".repeat(length / 2));
        assert_eq!(heard(&message.frame(Some(MASK))), Ok(vec![message.clone()]), "{length}");
        let mut client = Decoder::of_server(1 << 20);
        client.feed(&message.frame(None));
        assert_eq!(client.next(), Ok(Some(message)), "{length}");
    }
    let close = Message::Close(Some((4000, "enough".to_owned())));
    let all = vec![Message::Ping("a".into()), Message::Pong(Bytes::new()), Message::Binary("b".into()), close];
    let bytes: Vec<u8> = all.iter().flat_map(|message| message.frame(Some(MASK))).collect();
    assert_eq!(heard(&bytes), Ok(all));
}

#[test]
fn the_examples_of_the_standard_are_understood() {
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(heard(&hello), Ok(vec![text("Hello")]));
    let mut client = Decoder::of_server(64);
    client.feed(&[0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f]);
    assert_eq!(client.next(), Ok(Some(text("Hello"))));
}

#[test]
fn pieces_of_a_message_may_have_pings_between_them() {
    let bytes = [frame(0x01, "h\u{fc}".as_bytes().split_at(2).0), frame(0x89, b"?"), frame(0x80, &[0xbc])].concat();
    assert_eq!(heard(&bytes), Ok(vec![Message::Ping("?".into()), text("hü")]));
}

#[test]
fn whatever_breaks_the_rules_ends_the_connection_with_the_code_for_it() {
    let check = |bytes: &[u8], expected: u16| {
        assert_eq!(heard(bytes).map_err(|violation| violation.code), Err(expected), "{bytes:02x?}");
    };
    check(&text("unmasked").frame(None), code::PROTOCOL);
    check(&frame(0xc1, b"compressed"), code::PROTOCOL);
    check(&frame(0x83, b"unknown"), code::PROTOCOL);
    check(&frame(0x80, b"continues nothing"), code::PROTOCOL);
    check(&[frame(0x01, b"a"), frame(0x81, b"b")].concat(), code::PROTOCOL);
    check(&frame(0x09, b"half a ping"), code::PROTOCOL);
    check(&frame(0x89, &[0; 126]), code::PROTOCOL);
    check(&frame(0x81, &[0xff]), code::INVALID);
    check(&frame(0x88, &[3]), code::PROTOCOL);
    check(&frame(0x88, &1005u16.to_be_bytes()), code::PROTOCOL);
    check(&frame(0x88, &[3, 232, 0xff]), code::INVALID);
    check(&[0x81, 0xfe, 0, 5], code::PROTOCOL);
    check(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 1, 0], code::PROTOCOL);
    check(&[0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0], code::TOO_LARGE);
    check(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1], code::TOO_LARGE);
    let mut server = Decoder::of_server(8);
    server.feed(&frame(0x81, b"masked"));
    assert_eq!(server.next().map_err(|violation| violation.code), Err(code::PROTOCOL));
}

#[test]
fn a_message_in_pieces_is_bounded_as_a_whole() {
    let mut decoder = Decoder::of_client(10);
    decoder.feed(&[frame(0x01, b"12345678"), frame(0x00, b"90")].concat());
    assert_eq!(decoder.next(), Ok(None));
    decoder.feed(&frame(0x80, b"!"));
    assert_eq!(decoder.next().map_err(|violation| violation.code), Err(code::TOO_LARGE));
}

#[test]
fn a_reason_is_cut_to_what_a_frame_may_hold() {
    let close = Message::Close(Some((code::POLICY, "ü".repeat(100))));
    let expected = Message::Close(Some((code::POLICY, "ü".repeat(61))));
    assert_eq!(heard(&close.frame(Some(MASK))), Ok(vec![expected]));
}
