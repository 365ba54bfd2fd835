//! Mail: a text, and the same as a page that looks well in every program, with nothing to be fetched.

use std::fmt::Write;

use super::plain;
use crate::alerts::alert::{Alert, Level, Table};

/// What is sent by mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Its subject, which is also its heading.
    pub subject: String,
    /// What it says, in paragraphs.
    pub paragraphs: Vec<String>,
    /// What is known of it.
    pub facts: Vec<(&'static str, String)>,
    /// Tables.
    pub tables: Vec<Table>,
    /// What to open: what the button says, and where it leads.
    pub link: Option<(&'static str, String)>,
    /// The colour of its heading.
    pub level: Level,
}

impl Letter {
    /// An alert as mail.
    pub(super) fn of(alert: &Alert, home: Option<&str>) -> Self {
        Letter {
            subject: alert.title.clone(),
            paragraphs: vec![alert.message.clone()],
            facts: alert.facts.clone(),
            tables: alert.tables.clone(),
            link: home.map(|home| ("Open Lockgate", format!("{home}/ui/"))),
            level: alert.level,
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut text = self.paragraphs.join("\n\n");
        text.push('\n');
        let facts: Vec<_> = self.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if !facts.is_empty() {
            let _ = write!(text, "\n{}\n", plain(&facts));
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}\n{}\n", table.title, plain(&table.rows));
        }
        if let Some((label, link)) = &self.link {
            let _ = write!(text, "\n{label}: {link}\n");
        }
        text
    }

    /// As a page.
    pub fn html(&self) -> String {
        let mut body = String::new();
        for paragraph in &self.paragraphs {
            let _ = write!(body, "<p style=\"margin:0 0 16px\">{}</p>", safe(paragraph));
        }
        let facts: Vec<_> = self.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        body.push_str(&rows(&facts));
        for table in &self.tables {
            let _ = write!(body, "<h2 style=\"font-size:15px;margin:24px 0 8px\">{}</h2>", safe(table.title));
            body.push_str(&rows(&table.rows));
        }
        if let Some((label, link)) = &self.link {
            let style = "display:inline-block;margin-top:16px;padding:10px 18px;border-radius:6px;background:#1c5fb8;\
                         color:#ffffff;text-decoration:none";
            let _ = write!(body, "<p><a href=\"{}\" style=\"{style}\">{}</a></p>", safe(link), safe(label));
        }
        let (colour, title) = (self.level.colour(), safe(&self.subject));
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
             <body style=\"margin:0;padding:24px;background:#f4f5f7;color:#1f2933;font:15px/1.5 system-ui,sans-serif\">\
             <div style=\"max-width:600px;margin:0 auto;background:#ffffff;border-top:4px solid #{colour:06x};\
             border-radius:8px;padding:24px\"><h1 style=\"font-size:20px;margin:0 0 16px\">{title}</h1>{body}</div>\
             <p style=\"max-width:600px;margin:12px auto;color:#66707a;font-size:12px\">Sent by Lockgate</p></body></html>"
        )
    }
}

fn rows(rows: &[(String, String)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = "<table style=\"border-collapse:collapse;width:100%\">".to_owned();
    for (name, value) in rows {
        let cell = "padding:6px 0;border-bottom:1px solid #e4e7eb";
        let _ = write!(
            table,
            "<tr><td style=\"{cell};color:#52606d\">{}</td><td style=\"{cell};text-align:right\">{}</td></tr>",
            safe(name),
            safe(value)
        );
    }
    table + "</table>"
}

fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
