//! Which tools may be offered and called: rules in order, the first that fits decides.

use regex::Regex;

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is called in verdicts.
    pub id: String,
    /// Names that it fits: all of them, from the first letter to the last.
    name: Regex,
    /// Whether these may be called.
    pub allows: bool,
}

/// Who may be called.
#[derive(Clone, Debug)]
pub struct Permission {
    /// In order.
    pub rules: Vec<Rule>,
    /// What about tools that no rule fits.
    pub others: bool,
}

/// Longest name that is looked at, bytes.
const LONGEST: usize = 512;

impl Rule {
    /// A rule for names like `pattern`: with `*` for anything, or a regular expression if it begins with `^`.
    pub fn new(id: &str, pattern: &str, allows: bool) -> Result<Self, String> {
        let regex = match pattern.strip_prefix('^') {
            Some(rest) => format!("^(?:{})$", rest.strip_suffix('$').unwrap_or(rest)),
            None => format!("^{}$", regex::escape(pattern).replace("\\*", ".*")),
        };
        let name = regex::RegexBuilder::new(&regex)
            .size_limit(1 << 20)
            .build()
            .map_err(|_| format!("'{pattern}' is no pattern"))?;
        Ok(Rule { id: id.to_owned(), name, allows })
    }
}

impl Permission {
    /// Whether a tool may be called; if not, the rule that says so, if one does.
    pub fn check(&self, name: &str) -> Result<(), Option<&str>> {
        let name = &name[..name.floor_char_boundary(LONGEST)];
        match self.rules.iter().find(|rule| rule.name.is_match(name)) {
            Some(rule) if rule.allows => Ok(()),
            Some(rule) => Err(Some(&rule.id)),
            None if self.others => Ok(()),
            None => Err(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rule = |id: &str, pattern: &str, allows| Rule::new(id, pattern, allows).unwrap();
        let rules = vec![rule("a", "delete_all", false), rule("b", "delete_*", true), rule("c", r"^mcp__\w+$", true)];
        let permission = Permission { rules, others: false };
        assert_eq!(permission.check("delete_all"), Err(Some("a")));
        assert_eq!(permission.check("delete_one"), Ok(()));
        assert_eq!(permission.check("mcp__files"), Ok(()));
        assert_eq!(permission.check("mcp__files; rm"), Err(None));
        assert_eq!(permission.check("undelete_one"), Err(None));
        assert!(Rule::new("d", "^(", true).is_err());
    }
}
