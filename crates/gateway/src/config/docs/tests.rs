//! Regenerate with `LOCKGATE_WRITE_DOCS=1 cargo test -p gateway docs`.

use super::markdown;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

#[test]
fn the_documentation_shows_the_keys_as_they_are() {
    if std::env::var_os("LOCKGATE_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, markdown()).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        page == markdown(),
        "docs/configuration.md is out of date: LOCKGATE_WRITE_DOCS=1 cargo test -p gateway docs"
    );
}

#[test]
fn every_row_of_a_table_of_keys_has_four_cells() {
    for line in markdown().lines().filter(|line| line.starts_with("| `")) {
        assert_eq!(line.matches('|').count(), 5, "{line}");
    }
}
