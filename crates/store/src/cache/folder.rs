//! Answers in a folder: a file for each, whose time of change says until when it may be given. Nobody but the owner of the
//! process may read them, and together they take no more bytes than there is room for.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// The folder within the one that was named: what else lies there is not ours.
const NAME: &str = "lockgate-answers";
/// What a file is called before it is whole.
const DRAFT: &str = "draft";
/// What is looked for to see whether the disk answers.
const PROBE: &str = "probe";

/// A folder of answers, as one thread sees it.
pub(super) struct Folder {
    path: PathBuf,
    /// Bytes that all of them may take.
    room: u64,
    /// Bytes that they take, as far as is known.
    used: u64,
}

/// A file that is an answer.
struct Lying {
    path: PathBuf,
    bytes: u64,
    until: SystemTime,
}

impl Folder {
    /// Opens it, and makes it if it is not there.
    pub fn open(path: &Path, room: u64) -> io::Result<Self> {
        let path = path.join(NAME);
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        let mut folder = Folder { path, room, used: 0 };
        folder.sweep()?;
        Ok(folder)
    }

    /// Whether it is there, and can be written to.
    pub fn look(&self) -> io::Result<()> {
        self.write(&self.path.join(PROBE), &[])
    }

    /// What is kept under a key, if that is not over.
    pub fn get(&self, key: &str) -> Option<Bytes> {
        let path = self.place(key);
        let file = File::open(&path).ok()?;
        if file.metadata().ok()?.modified().ok()? <= SystemTime::now() {
            let _ = fs::remove_file(path);
            return None;
        }
        fs::read(path).ok().map(Bytes::from)
    }

    /// Keeps something for so long.
    pub fn put(&mut self, key: &str, pieces: &[Bytes], ttl: Duration) -> io::Result<()> {
        let bytes: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        if bytes > self.room / 2 {
            return Ok(());
        }
        if self.used + bytes > self.room {
            self.sweep()?;
        }
        let (path, draft) = (self.place(key), self.path.join(DRAFT));
        if let Some(shard) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(shard)?;
        }
        self.write(&draft, pieces)?;
        let until = SystemTime::now().checked_add(ttl).unwrap_or_else(SystemTime::now);
        OpenOptions::new().write(true).open(&draft)?.set_modified(until)?;
        fs::rename(draft, path)?;
        self.used += bytes;
        Ok(())
    }

    /// Takes something away; whether it was there.
    pub fn delete(&mut self, key: &str) -> bool {
        fs::remove_file(self.place(key)).is_ok()
    }

    /// Takes everything away; how many there were.
    pub fn flush(&mut self) -> io::Result<u64> {
        let all = self.all()?;
        let gone = all.iter().filter(|one| fs::remove_file(&one.path).is_ok()).count();
        self.used = 0;
        Ok(gone as u64)
    }

    fn write(&self, path: &Path, pieces: &[Bytes]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        pieces.iter().try_for_each(|piece| file.write_all(piece))
    }

    /// Where the answer to a key lies. Keys end in hexadecimal digits; what stands before them may be anything.
    fn place(&self, key: &str) -> PathBuf {
        let (space, digits) = key.rsplit_once(':').map_or(("", key), |(space, digits)| (space, digits));
        let plain = |byte: u8| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        };
        let name = |text: &str| text.bytes().map(plain).collect::<String>();
        let digits = name(digits);
        let shard = digits.get(..2).unwrap_or("00").to_owned();
        self.path.join(shard).join(if space.is_empty() { digits } else { format!("{digits}_{}", name(space)) })
    }

    /// All answers.
    fn all(&self) -> io::Result<Vec<Lying>> {
        let mut all = Vec::new();
        for shard in fs::read_dir(&self.path)?.flatten().filter(|entry| entry.path().is_dir()) {
            for entry in fs::read_dir(shard.path())?.flatten() {
                // One that is gone meanwhile needs no room.
                if let Ok(known) = entry.metadata()
                    && let Ok(until) = known.modified()
                {
                    all.push(Lying { path: entry.path(), bytes: known.len(), until });
                }
            }
        }
        Ok(all)
    }

    /// Takes away what is over, and, if there is no room left, what would be over soonest.
    fn sweep(&mut self) -> io::Result<()> {
        let mut all = self.all()?;
        all.sort_by_key(|one| one.until);
        let now = SystemTime::now();
        let target = self.room / 10 * 9;
        self.used = all.iter().map(|one| one.bytes).sum();
        for one in all {
            if one.until > now && self.used <= target {
                break;
            }
            if fs::remove_file(&one.path).is_ok() {
                self.used = self.used.saturating_sub(one.bytes);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of a test's own, gone when dropped.
    struct Own(PathBuf);

    impl Own {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lockgate-folder-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Own(path)
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn pieces(text: &str) -> Vec<Bytes> {
        vec![Bytes::from(text.to_owned()), Bytes::from_static(b"!")]
    }

    #[test]
    fn what_is_put_there_is_there_until_it_is_over_or_taken_away() {
        let own = Own::new("put");
        let mut folder = Folder::open(&own.0, 1 << 20).unwrap();
        folder.look().unwrap();
        for key in ["ab12", "../../etc:ab12", "n/s:ab12"] {
            assert_eq!(folder.get(key), None);
            folder.put(key, &pieces(key), HOUR).unwrap();
            assert_eq!(folder.get(key).unwrap(), format!("{key}!").as_bytes());
        }
        folder.put("ab12", &pieces("newer"), HOUR).unwrap();
        folder.put("cd", &pieces("over"), Duration::ZERO).unwrap();
        assert_eq!((folder.get("ab12").unwrap(), folder.get("cd")), (Bytes::from_static(b"newer!"), None));
        assert!(folder.delete("ab12") && !folder.delete("ab12"));
        let mut again = Folder::open(&own.0, 1 << 20).unwrap();
        assert!(again.get("n/s:ab12").is_some(), "it outlives the process");
        assert_eq!(again.flush().unwrap(), 2);
        assert_eq!(again.get("n/s:ab12"), None);
    }

    #[test]
    fn there_is_never_more_than_there_is_room_for() {
        let own = Own::new("room");
        let mut folder = Folder::open(&own.0, 10_000).unwrap();
        for number in 0..200_u64 {
            folder.put(&format!("{number:02x}"), &pieces(&"x".repeat(999)), HOUR * number as u32).unwrap();
            let bytes: u64 = folder.all().unwrap().iter().map(|one| one.bytes).sum();
            assert!(bytes <= 10_000, "{bytes}");
        }
        assert!(folder.get("c7").is_some() && folder.get("01").is_none(), "what is over soonest goes first");
        folder.put("ee", &pieces(&"x".repeat(6_000)), HOUR).unwrap();
        assert_eq!(folder.get("ee"), None, "what takes most of the room is not kept");
    }

    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let own = Own::new("mode");
        let mut folder = Folder::open(&own.0, 1 << 20).unwrap();
        folder.put("ab", &pieces("x"), HOUR).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.path), mode(&folder.place("ab"))), (0o700, 0o600));
    }
}
