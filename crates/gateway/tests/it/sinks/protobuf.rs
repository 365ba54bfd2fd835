//! Reads protobuf without a schema: fields by their numbers, as the format is laid down. It shares nothing with what the
//! gateway writes with.

/// A message.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<(u64, Field)>);

/// The value of a field.
#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Message {
    /// Reads a message; what is none is a failure.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => Field::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().expect("eight bytes"))),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    Field::Bytes(take(&mut bytes, length).to_vec())
                }
                5 => {
                    let number = u32::from_le_bytes(take(&mut bytes, 4).try_into().expect("four bytes"));
                    Field::Number(u64::from(number))
                }
                other => panic!("there is no wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        Message(fields)
    }

    /// All messages of a field.
    pub fn all(&self, number: u64) -> Vec<Message> {
        self.bytes_of(number).map(Message::read).collect()
    }

    /// The only message of a field.
    pub fn one(&self, number: u64) -> Message {
        let mut all = self.all(number);
        assert_eq!(all.len(), 1, "field {number} of {self:?}");
        all.remove(0)
    }

    /// The text of a field; an empty one if it is not there.
    pub fn text(&self, number: u64) -> String {
        let text = self.bytes_of(number).next().unwrap_or_default();
        String::from_utf8(text.to_vec()).expect("it is text")
    }

    /// The bytes of a field in hexadecimal.
    pub fn hex(&self, number: u64) -> String {
        self.bytes_of(number).next().unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The number of a field.
    pub fn number(&self, number: u64) -> Option<u64> {
        self.0.iter().find_map(|(known, field)| match field {
            Field::Number(value) if *known == number => Some(*value),
            _ => None,
        })
    }

    /// Numbers of 64 bits that are packed into a field.
    pub fn packed(&self, number: u64) -> Vec<u64> {
        let bytes = self.bytes_of(number).next().unwrap_or_default();
        assert_eq!(bytes.len() % 8, 0, "whole numbers");
        bytes.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect()
    }

    fn bytes_of(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter_map(move |(known, field)| match field {
            Field::Bytes(bytes) if *known == number => Some(bytes.as_slice()),
            _ => None,
        })
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
    }
    panic!("a number without an end")
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}
