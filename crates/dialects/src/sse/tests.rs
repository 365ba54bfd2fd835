use super::*;

fn payloads(framing: Framing, pieces: &[&[u8]]) -> Vec<String> {
    let mut splitter = Splitter::new(framing);
    let mut out = Vec::new();
    for piece in pieces {
        splitter.feed(Bytes::copy_from_slice(piece));
        if let Some(batch) = splitter.next_batch().unwrap() {
            out.extend(
                events(framing, &batch).map(|event| String::from_utf8(data(framing, event).into_owned()).unwrap()),
            );
        }
    }
    out
}

#[test]
fn an_event_is_found_wherever_the_network_cut_it() {
    for (framing, text, expected) in [
        (Framing::Sse, "data: {\"a\":\"é\"}\n\ndata: 2\n\n", vec!["{\"a\":\"é\"}", "2"]),
        (Framing::Sse, ": ping\r\n\r\nevent: x\r\ndata: 1\r\ndata:2\r\n\r\n", vec!["", "1\n2"]),
        (Framing::Sse, "event: x\rdata: 1\r\rdata: 2\r\r", vec!["1", "2"]),
        // A CR alone behind an LF ends nothing, whether more has come or not.
        (Framing::Sse, "data: 1\n\rdata: 2\n\n", vec!["1\n2"]),
        (Framing::Lines, "{\"a\":1}\r\n{\"b\":2}\n", vec!["{\"a\":1}", "{\"b\":2}"]),
    ] {
        assert_eq!(payloads(framing, &[text.as_bytes()]), expected, "whole: {text:?}");
        for at in 1..text.len() {
            let (left, right) = text.as_bytes().split_at(at);
            assert_eq!(payloads(framing, &[left, right]), expected, "cut at {at}: {text:?}");
        }
    }
}

#[test]
fn an_event_keeps_its_whole_line_end_wherever_the_network_cut_it() {
    let text = "data: 1\r\n\r\ndata: 2\r\n\r\n";
    for at in 1..text.len() {
        let (left, right) = text.as_bytes().split_at(at);
        let mut splitter = Splitter::new(Framing::Sse);
        let mut got = Vec::new();
        for piece in [left, right] {
            splitter.feed(Bytes::copy_from_slice(piece));
            while let Some(event) = splitter.next_event().unwrap() {
                got.push(event);
            }
        }
        assert_eq!(got, ["data: 1\r\n\r\n", "data: 2\r\n\r\n"], "cut at {at}");
    }
}

#[test]
fn an_endless_event_is_refused() {
    let mut splitter = Splitter::new(Framing::Sse);
    splitter.feed(Bytes::from(vec![b'x'; MAX_EVENT_BYTES + 1]));
    assert_eq!(splitter.next_batch().unwrap_err().kind, FaultKind::Malformed);
}

#[test]
fn an_event_is_found_in_single_bytes() {
    for text in ["data: 1\n\ndata: 2\n\n", "data: 1\r\n\r\ndata: 2\r\n\r\n", ": x\n\ndata: 1\n\n\n\ndata: 2\n\n"] {
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        let got: Vec<_> = payloads(Framing::Sse, &bytes).into_iter().filter(|event| !event.is_empty()).collect();
        assert_eq!(got, ["1", "2"], "{text:?}");
    }
}

#[test]
fn a_long_event_in_many_pieces_is_searched_once() {
    // Searched anew with every piece, this would take minutes.
    let text = [b"data: ", &vec![b'x'; 8 << 20][..], b"\n\n"].concat();
    let pieces: Vec<&[u8]> = text.chunks(512).collect();
    assert_eq!(payloads(Framing::Sse, &pieces)[0].len(), 8 << 20);
}
