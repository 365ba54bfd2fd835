//! Conditions that a question has or has not.

use super::Value;

/// The conditions of a statement, all of which must hold.
#[derive(Default)]
pub(crate) struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    /// One more: `condition` has `{}` where the value goes.
    pub fn and(&mut self, condition: &str, value: impl Into<Value>) {
        let value = self.value(value);
        self.and_plain(&condition.replace("{}", &value));
    }

    /// One more, if there is a value.
    pub fn and_if<V: Into<Value>>(&mut self, condition: &str, value: Option<V>) {
        if let Some(value) = value {
            self.and(condition, value);
        }
    }

    /// `column` is one of these; without a list it may be anything.
    pub fn and_any(&mut self, column: &str, list: Option<&[String]>) {
        let Some(list) = list else { return };
        let values: Vec<String> = list.iter().map(|value| self.value(&**value)).collect();
        match values.is_empty() {
            true => self.and_plain("1 = 0"),
            false => self.and_plain(&format!("{column} IN ({})", values.join(", "))),
        }
    }

    /// Adds a value, and says how it is named in the text.
    pub fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// One more that has no value.
    pub fn and_plain(&mut self, condition: &str) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.sql.extend(["(", condition, ")"]);
    }

    /// The text, beginning with `WHERE` if there is any condition.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_and_values_numbered() {
        let mut filter = Filter::default();
        assert_eq!(filter.sql(), "");
        filter.and("a = {}", "x");
        filter.and_if("b = {} OR c = {}", Some(1));
        filter.and_if::<i64>("d = {}", None);
        filter.and_any("e", Some(&["y".to_owned(), "z".to_owned()]));
        filter.and_any("f", None);
        filter.and_any("g", Some(&[]));
        assert_eq!(filter.sql(), " WHERE (a = $1) AND (b = $2 OR c = $2) AND (e IN ($3, $4)) AND (1 = 0)");
        assert_eq!(filter.into_values().len(), 4);
    }
}
