//! Embeds the admin UI, where it was built: every file below `ui/dist/app`, as it is and as it was compressed beforehand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Endings of what was compressed beforehand.
const COMPRESSED: [&str; 2] = ["br", "gz"];

fn main() -> io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-changed=build.rs");
    let app = dist.join("app");
    let mut files = Vec::new();
    collect(&app, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files.iter().filter(|file| !is_compressed(file)) {
        let name = file.strip_prefix(&app).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let bytes = |path: &Path| format!("include_bytes!({:?})", path.display().to_string());
        let packed = |ending: &str| {
            let path = PathBuf::from(format!("{}.{ending}", file.display()));
            if path.is_file() { format!("Some({})", bytes(&path)) } else { "None".to_owned() }
        };
        let [brotli, gzip] = COMPRESSED.map(packed);
        table
            .push_str(&format!("File {{ name: {name:?}, plain: {}, brotli: {brotli}, gzip: {gzip} }},\n", bytes(file)));
    }
    table.push(']');
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("ui.rs"), table)
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| COMPRESSED.iter().any(|known| ending == *known))
}

/// All files below a folder; none if it is not there.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
