//! Frames of `application/vnd.amazon.eventstream`: lengths, headers, a payload, and checksums over them.

/// Appends an event.
pub(crate) fn event(name: &str, payload: &[u8], out: &mut Vec<u8>) {
    put(&[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")], payload, out);
}

/// Appends a failure.
pub(crate) fn exception(name: &str, payload: &[u8], out: &mut Vec<u8>) {
    let headers = [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    put(&headers, payload, out);
}

fn put(headers: &[(&str, &str)], payload: &[u8], out: &mut Vec<u8>) {
    let mut written = Vec::with_capacity(96);
    for (name, value) in headers {
        // Names and values are those of this file, and short.
        written.push(name.len() as u8);
        written.extend_from_slice(name.as_bytes());
        written.push(7);
        written.extend_from_slice(&(value.len() as u16).to_be_bytes());
        written.extend_from_slice(value.as_bytes());
    }
    let start = out.len();
    let total = 12 + written.len() + payload.len() + 4;
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(written.len() as u32).to_be_bytes());
    let sum = crc(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
    out.extend_from_slice(&written);
    out.extend_from_slice(payload);
    let sum = crc(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// CRC-32, bit by bit: frames are short.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
