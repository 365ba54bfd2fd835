//! Where the price map is: a file, or an address that is asked now and then. What an address answered last is kept on
//! disk, so that a start never waits for it, and needs it not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use providers::http::Endpoint;

use crate::config::environ::Env;
use crate::config::include::MOST_BYTES;
use crate::config::report::Notes;
use crate::config::section::Section;

/// The variable that names a map if the file does not, and the one that forbids it.
const URL: &str = "LITELLM_MODEL_COST_MAP_URL";
const LOCAL: &str = "LITELLM_LOCAL_MODEL_COST_MAP";

/// The key that names a map.
pub const KEY: &str = "model_cost_map_url";

/// Where the price map is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, read whenever the configuration is.
    File(PathBuf),
    /// An address.
    Remote(Remote),
}

/// An address of a price map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// As it was written.
    pub url: String,
    /// The server.
    pub endpoint: Endpoint,
    /// Path and query on it.
    pub path: String,
    /// The file that keeps what it answered last.
    pub copy: PathBuf,
}

impl Source {
    /// What the configuration in `config` says. Copies are kept in `dir`, or else beside the configuration.
    pub fn find(library: &Section, env: &Env, config: &Path, dir: Option<&Path>, notes: &mut Notes) -> Option<Self> {
        let own = library.text(KEY).map(str::to_owned);
        let only_built_in = env.get(LOCAL).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let text = own.or_else(|| env.get(URL).filter(|_| !only_built_in))?;
        let beside = config.parent().unwrap_or(Path::new(""));
        let source = match text.split_once("://") {
            None => Ok(Source::File(beside.join(&text))),
            Some(("file", path)) => Ok(Source::File(beside.join(path))),
            Some(_) => Remote::parse(&text, dir.unwrap_or(beside)).map(Source::Remote),
        };
        let remedy = "write an address that begins with https://, or the path of a file";
        source.map_err(|why| notes.error(library.place(KEY), &library.at(KEY), why, remedy)).ok()
    }
}

impl Remote {
    fn parse(url: &str, dir: &Path) -> Result<Self, String> {
        let (endpoint, path) = split(url)?;
        // Another address is another map.
        let copy = dir.join(format!("model_prices-{:08x}.json", fingerprint(url)));
        Ok(Remote { url: url.to_owned(), endpoint, path, copy })
    }
}

/// Where an address leads, and what to ask for there.
pub fn split(url: &str) -> Result<(Endpoint, String), String> {
    url.parse::<http::Uri>().map_err(|error| format!("not an address: {error}"))?;
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let endpoint = Endpoint::parse(base)?;
    let path = match (&*endpoint.base_path, query) {
        ("", None) => "/".to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(query)) => format!("{path}?{query}"),
    };
    Ok((endpoint, path))
}

/// FNV-1a, folded.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// What addresses of price maps answered last: in memory, and on disk where that can be written.
#[derive(Debug, Default)]
pub struct Copies(Mutex<Option<(String, Arc<[u8]>)>>);

impl Copies {
    /// What `remote` answered last.
    pub fn get(&self, remote: &Remote) -> Option<Arc<[u8]>> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = latest.as_ref().filter(|(url, _)| *url == remote.url).map(|(_, text)| text.clone());
        kept.or_else(|| read(&remote.copy).ok().map(Arc::from))
    }

    /// Keeps what `remote` answered. The error says why it is in memory only.
    pub fn put(&self, remote: &Remote, text: Vec<u8>) -> io::Result<()> {
        let text: Arc<[u8]> = text.into();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((remote.url.clone(), text.clone()));
        // Nobody ever sees half a file.
        let unfinished = remote.copy.with_extension(format!("{}.part", std::process::id()));
        fs::write(&unfinished, &text).and_then(|()| fs::rename(&unfinished, &remote.copy))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut text = Vec::new();
    fs::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}
