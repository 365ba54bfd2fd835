use super::*;

fn keeping(url: Option<&str>, dir: Option<&Path>) -> Keeping {
    Keeping { url: url.map(str::to_owned), dir: dir.map(Path::to_owned), ..Keeping::default() }
}

/// A folder of a test's own, gone when dropped.
struct Folder(PathBuf);

fn folder(name: &str) -> Folder {
    let dir = std::env::temp_dir().join(format!("lockgate-place-{}-{name}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    Folder(dir)
}

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn the_database_is_beside_the_configuration() {
    let dir = folder("beside");
    let place = find(&keeping(None, None), Some(&dir.join("config.yaml")), &|_| None).unwrap().unwrap();
    assert_eq!(place.url.path(), Some(&*dir.join("lockgate.db")));
}

#[test]
fn without_a_configuration_it_is_where_the_user_keeps_state() {
    let dir = folder("state");
    let env = |name: &str| (name == "XDG_STATE_HOME").then(|| dir.display().to_string());
    let place = find(&keeping(None, None), None, &env).unwrap().unwrap();
    assert_eq!(place.url.path(), Some(&*dir.join("lockgate/lockgate.db")));
}

#[test]
fn what_was_named_is_taken_or_refused() {
    let dir = folder("named");
    let file = format!("sqlite://{}/mine.db", dir.display());
    let place = find(&keeping(Some(&file), None), None, &|_| None).unwrap().unwrap();
    assert_eq!(place.url.path(), Some(&*dir.join("mine.db")));
    assert!(find(&keeping(Some("none"), None), None, &|_| None).unwrap().is_none());
    assert!(find(&keeping(Some("mysql://db.example/x"), None), None, &|_| None).is_err());
    assert!(find(&keeping(None, Some(Path::new("/proc/nowhere"))), None, &|_| None).is_err());
}
