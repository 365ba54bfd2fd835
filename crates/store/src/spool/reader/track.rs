//! The files of one pen, read one after the other.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use foldhash::{HashMap, HashMapExt};

use super::super::line::{self, Flaw, Said};
use super::super::page;
use super::Batch;
use crate::{Entry, Status};

/// Bytes that are read at once.
const READ_AHEAD: usize = 128 << 10;

/// The files of one pen.
pub(super) struct Track {
    folder: PathBuf,
    pen: u32,
    /// Files that are not removed, oldest first; the last one is being read.
    sheets: VecDeque<Sheet>,
    /// Files that are still to be read.
    next: BTreeSet<u64>,
    /// Attempts that are open, by id.
    open: HashMap<String, Place>,
    input: Option<BufReader<File>>,
    /// Where the next line begins.
    offset: u64,
    /// Room for it, and the beginning of it if nobody will write the rest.
    line: Vec<u8>,
}

struct Sheet {
    number: u64,
    /// How many of its entries are open, or handed out.
    pending: usize,
}

/// Where a line is.
#[derive(Clone, Copy)]
struct Place {
    number: u64,
    offset: u64,
    length: usize,
}

impl Track {
    pub fn new(folder: PathBuf, pen: u32) -> Self {
        Track {
            folder,
            pen,
            sheets: VecDeque::new(),
            next: BTreeSet::new(),
            open: HashMap::new(),
            input: None,
            offset: 0,
            line: Vec::new(),
        }
    }

    /// A file is there; how many of its bytes were not read yet, at most: what is prepared beyond what is written counts.
    pub fn found(&mut self, number: u64, bytes: u64) -> u64 {
        match self.sheets.back().map(|sheet| number.cmp(&sheet.number)) {
            Some(Ordering::Less) => 0,
            Some(Ordering::Equal) if self.is_at_end() => 0,
            Some(Ordering::Equal) => bytes.saturating_sub(self.offset),
            Some(Ordering::Greater) | None => {
                self.next.insert(number);
                bytes
            }
        }
    }

    /// Whether there is no file any more.
    pub fn is_empty(&self) -> bool {
        self.sheets.is_empty() && self.next.is_empty()
    }

    /// Reads up to `most` lines; says whether there are more.
    pub fn read(&mut self, most: usize, batch: &mut Batch) -> io::Result<bool> {
        if let Some(input) = &mut self.input {
            // What was read ahead of it may be zeros over which something was written since.
            input.seek(SeekFrom::Start(self.offset))?;
        }
        for _ in 0..most {
            let Some((place, mut text)) = self.line(batch)? else { return Ok(false) };
            match line::glance(&text) {
                Ok(Said::Open(id)) => {
                    self.hold(place.number);
                    if let Some(earlier) = self.open.insert(id, place) {
                        self.release(earlier.number);
                    }
                }
                Ok(Said::Entry(entry)) => self.hand_out(place.number, *entry, Some(&text), batch),
                // A torn line is ended before the next one is written, which may leave an empty one.
                Err(Flaw::Torn) => batch.torn += usize::from(!text.is_empty()),
                Err(Flaw::Unreadable(why)) => {
                    batch.unreadable.push((text, why));
                    continue;
                }
            }
            // Its room serves the next line.
            text.clear();
            self.line = text;
        }
        Ok(true)
    }

    /// The next line, and where it is.
    fn line(&mut self, batch: &mut Batch) -> io::Result<Option<(Place, Vec<u8>)>> {
        loop {
            if let (Some(input), Some(sheet)) = (&mut self.input, self.sheets.back()) {
                self.line.clear();
                if read_line(input, &mut self.line)? {
                    let text = std::mem::take(&mut self.line);
                    let place = Place { number: sheet.number, offset: self.offset, length: text.len() };
                    self.offset += text.len() as u64 + 1;
                    return Ok(Some((place, text)));
                }
            }
            // A file with another one behind it is not written any more.
            let Some(number) = self.next.first().copied() else { return Ok(None) };
            self.give_up_line(batch)?;
            self.input = Some(BufReader::with_capacity(READ_AHEAD, File::open(self.path(number))?));
            self.next.remove(&number);
            self.sheets.push_back(Sheet { number, pending: 0 });
            self.offset = 0;
        }
    }

    /// Nobody will write the rest of the line.
    pub fn give_up_line(&mut self, batch: &mut Batch) -> io::Result<()> {
        batch.torn += usize::from(!self.line.is_empty());
        self.offset += self.line.len() as u64;
        self.line.clear();
        self.input.as_mut().map_or(Ok(0), |input| input.seek(SeekFrom::Start(self.offset))).map(drop)
    }

    /// Hands out what is open, as interrupted; says whether there is more.
    pub fn interrupt(&mut self, most: usize, batch: &mut Batch) -> io::Result<bool> {
        let open: Vec<(String, Place)> = self.open.iter().map(|(id, place)| (id.clone(), *place)).collect();
        for (id, place) in open {
            if batch.entries.len() >= most {
                return Ok(true);
            }
            let mut text = vec![0; place.length];
            let mut file = File::open(self.path(place.number))?;
            file.seek(SeekFrom::Start(place.offset))?;
            file.read_exact(&mut text)?;
            match line::read(&text) {
                Ok(entry) => self.hand_out(place.number, Entry { status: Status::Interrupted, ..entry }, None, batch),
                Err(Flaw::Unreadable(why)) => {
                    self.open.remove(&id);
                    self.release(place.number);
                    batch.unreadable.push((text, why));
                }
                Err(Flaw::Torn) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(false)
    }

    /// An entry that was read from file `number` has been booked.
    pub fn booked(&mut self, entry: &Entry, number: u64) {
        self.release(number);
        if let Some(place) = self.open.remove(&entry.attempt_id) {
            self.release(place.number);
        }
    }

    /// Removes files that are done with, oldest first; the one that is being read only if it is `over`.
    pub fn clear(&mut self, over: bool) -> io::Result<()> {
        while let Some(Sheet { number, pending: 0 }) = self.sheets.front() {
            if self.sheets.len() == 1 {
                if !(over && self.is_at_end() && self.next.is_empty()) {
                    return Ok(());
                }
                self.input = None;
            }
            fs::remove_file(page::path(&self.folder, self.pen, *number))?;
            self.sheets.pop_front();
        }
        Ok(())
    }

    /// Whether nothing is written where the next line would begin.
    fn is_at_end(&self) -> bool {
        let mut next = [0];
        let read = self.input.as_ref().map_or(Ok(0), |input| input.get_ref().read_at(&mut next, self.offset));
        read.is_ok_and(|_| next == [0])
    }

    fn hand_out(&mut self, number: u64, mut entry: Entry, line: Option<&[u8]>, batch: &mut Batch) {
        self.hold(number);
        let unchanged = entry.keep_in_bounds();
        batch.bodies.push(line.filter(|_| unchanged).and_then(line::body));
        batch.entries.push(entry);
        batch.sources.push((self.pen, number));
    }

    fn hold(&mut self, number: u64) {
        self.pending(number).into_iter().for_each(|pending| *pending += 1);
    }

    fn release(&mut self, number: u64) {
        self.pending(number).into_iter().for_each(|pending| *pending -= 1);
    }

    fn pending(&mut self, number: u64) -> Option<&mut usize> {
        self.sheets.iter_mut().find(|sheet| sheet.number == number).map(|sheet| &mut sheet.pending)
    }

    fn path(&self, number: u64) -> PathBuf {
        page::path(&self.folder, self.pen, number)
    }
}

/// Reads a line up to its end, without it; whether it is there. A zero is where nothing was written yet.
fn read_line(input: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let buffer = input.fill_buf()?;
        let end = memchr::memchr2(b'\n', 0, buffer);
        let whole = end.is_some_and(|end| buffer[end] == b'\n');
        let read = end.unwrap_or(buffer.len());
        line.extend_from_slice(&buffer[..read]);
        let over = buffer.is_empty() || end.is_some() && !whole;
        input.consume(read + usize::from(whole));
        if whole || over {
            return Ok(whole);
        }
    }
}
