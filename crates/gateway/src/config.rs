//! temp
#![allow(missing_docs)]
use engine::{Roll, Setup};
use std::path::Path;
#[derive(Clone, Default)]
pub struct Report {
    pub findings: Vec<String>,
}
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.findings.join("\n"))
    }
}
pub struct Loaded {
    pub setup: Option<Setup>,
    pub report: Report,
    pub found: Vec<String>,
}
pub struct Quick {
    pub model: Option<String>,
    pub alias: Option<String>,
    pub api_base: Option<String>,
    pub temperature: Option<f64>,
    pub max_tokens: Option<u64>,
    pub request_timeout: Option<f64>,
    pub drop_params: bool,
}
pub fn load(_: &Path, _: &dyn Fn(&str) -> Option<String>, _: &Roll) -> Loaded {
    panic!()
}
pub fn discover(_: &Quick, _: &dyn Fn(&str) -> Option<String>, _: &Roll) -> Loaded {
    panic!()
}
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
