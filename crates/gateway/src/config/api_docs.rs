//! What is shown of the API, and where `/` leads: the incumbent's environment variables say so.

use super::environ::Env;
use super::report::Notes;
use super::section::Section;

/// What is shown of the API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiDocs {
    /// Whether there is a page (unless `NO_DOCS`).
    pub page: bool,
    /// Whether there is a description for programs, without which there is no page either (unless `NO_OPENAPI`).
    pub description: bool,
    /// Where `/` leads, if that is elsewhere (`ROOT_REDIRECT_URL`).
    pub root: Option<String>,
}

impl ApiDocs {
    /// As the environment says.
    pub fn read(general: &Section, env: &Env, notes: &mut Notes) -> Self {
        let root = env.get("ROOT_REDIRECT_URL").map(|url| url.trim().to_owned());
        let leads_somewhere = |url: &String| {
            let begins = ["https://", "http://", "/"].iter().any(|begin| url.starts_with(begin));
            begins && url.chars().all(|c| c.is_ascii_graphic())
        };
        if root.as_ref().is_some_and(|url| !leads_somewhere(url)) {
            let message = "ROOT_REDIRECT_URL is no address of a page";
            notes.error(general.place, "environment_variables", message, "write https://... or /...");
        }
        let root = root.filter(leads_somewhere);
        ApiDocs { page: !env.is_on("NO_DOCS"), description: !env.is_on("NO_OPENAPI"), root }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::GENERAL;
    use super::*;

    #[test]
    fn the_environment_says_what_is_shown_and_where_the_root_leads() {
        let read = |name: &str, value: &str| {
            let find = |known: &str| (known == name).then(|| value.to_owned());
            let mut notes = Notes::default();
            let general = Section::read(None, "general_settings", &GENERAL, &mut notes);
            ApiDocs::read(&general, &Env::new(&find), &mut notes)
        };
        let usual = read("", "");
        assert_eq!(usual, ApiDocs { page: true, description: true, root: None });
        assert_eq!(read("NO_DOCS", "True"), ApiDocs { page: false, ..usual.clone() });
        assert_eq!(read("NO_OPENAPI", "1"), ApiDocs { description: false, ..usual.clone() });
        assert_eq!(read("ROOT_REDIRECT_URL", "/ui").root.as_deref(), Some("/ui"));
        assert_eq!(read("ROOT_REDIRECT_URL", "javascript:alert(1)"), usual);
        assert_eq!(read("ROOT_REDIRECT_URL", "https://here\r\nset-cookie: a=b"), usual);
    }
}
