//! Amazon Bedrock's guardrails, asked on their own (`ApplyGuardrail`): what they block is refused, and what they mask
//! goes on as they wrote it.

use serde_json::{Value, json};

use super::ways::{MOST_QUESTIONS, class};
use super::{Question, Said, Text};

type Result<T> = std::result::Result<T, String>;

/// Policies of an assessment, the lists that they have, what names a find, and what it is called that has no name.
const POLICIES: [(&str, &str, &str, &str); 7] = [
    ("topicPolicy", "topics", "name", "topic"),
    ("contentPolicy", "filters", "type", "content"),
    ("wordPolicy", "customWords", "", "word"),
    ("wordPolicy", "managedWordLists", "type", "word"),
    ("sensitiveInformationPolicy", "piiEntities", "type", "pii"),
    ("sensitiveInformationPolicy", "regexes", "name", "regex"),
    ("contextualGroundingPolicy", "filters", "type", "grounding"),
];

/// What a guardrail says of some texts.
enum Told {
    Fine,
    Blocked(Vec<(String, u32)>),
    /// So it would have them.
    Masked(Vec<String>),
}

impl Question<'_> {
    /// Asks about all texts at once, and about each by itself if what is masked cannot be told apart.
    pub(super) async fn bedrock(&self, texts: &[Text], path: &str) -> Result<Said> {
        // It takes no text without a word.
        let asked: Vec<usize> = (0..texts.len()).filter(|at| !texts[*at].text.trim().is_empty()).collect();
        let all: Vec<&str> = asked.iter().map(|at| &*texts[*at].text).collect();
        let masked = match self.apply(&all, path).await? {
            Told::Fine => return Ok(Said::Fine),
            Told::Blocked(classes) => return Ok(Said::Blocked(classes)),
            Told::Masked(masked) if masked.len() == all.len() => masked,
            Told::Masked(_) if all.len() > MOST_QUESTIONS => return Err("there are too many texts for it".to_owned()),
            Told::Masked(_) => {
                let mut masked = Vec::with_capacity(all.len());
                for text in all {
                    masked.push(match self.apply(&[text], path).await? {
                        Told::Fine => text.to_owned(),
                        Told::Blocked(classes) => return Ok(Said::Blocked(classes)),
                        Told::Masked(own) => own.concat(),
                    });
                }
                masked
            }
        };
        let mut instead: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
        asked.into_iter().zip(masked).for_each(|(at, masked)| instead[at] = masked);
        Ok(Said::Instead(instead))
    }

    async fn apply(&self, texts: &[&str], path: &str) -> Result<Told> {
        let content: Vec<Value> = texts.iter().map(|text| json!({"text": {"text": text}})).collect();
        let source = if self.what == "answer" { "OUTPUT" } else { "INPUT" };
        told(&self.post(path, json!({"source": source, "content": content})).await?)
    }
}

fn told(said: &Value) -> Result<Told> {
    match said["action"].as_str() {
        Some("NONE") => return Ok(Told::Fine),
        Some("GUARDRAIL_INTERVENED") => {}
        _ => return Err("it answered with no known action".to_owned()),
    }
    let (mut blocked, mut masks) = (Vec::<(String, u32)>::new(), false);
    for assessment in said["assessments"].as_array().into_iter().flatten() {
        for (policy, list, named_by, otherwise) in POLICIES {
            for find in assessment[policy][list].as_array().into_iter().flatten() {
                match find["action"].as_str() {
                    Some("BLOCKED") => {
                        let name = class(find[named_by].as_str().unwrap_or(otherwise));
                        match blocked.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, count)) => *count += 1,
                            None => blocked.push((name, 1)),
                        }
                    }
                    Some("ANONYMIZED") => masks = true,
                    _ => {}
                }
            }
        }
    }
    if !blocked.is_empty() || !masks {
        return Ok(Told::Blocked(blocked));
    }
    let outputs = said["outputs"].as_array().ok_or("it masked something and does not show it")?;
    let texts: Option<Vec<String>> = outputs.iter().map(|output| output["text"].as_str().map(str::to_owned)).collect();
    let texts = texts.filter(|texts| !texts.is_empty());
    texts.map(Told::Masked).ok_or_else(|| "one of its texts is none".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is understood of an answer, in short.
    fn check(said: Value, expected: &str) {
        let told = match told(&said) {
            Ok(Told::Fine) => "fine".to_owned(),
            Ok(Told::Blocked(classes)) => format!("blocked {classes:?}"),
            Ok(Told::Masked(texts)) => format!("masked {texts:?}"),
            Err(why) => why,
        };
        assert_eq!(told, expected, "{said}");
    }

    #[test]
    fn what_is_blocked_is_refused_even_if_something_else_is_masked() {
        let masked = json!([{"match": "canary", "type": "EMAIL", "action": "ANONYMIZED"}]);
        let policy = json!({"sensitiveInformationPolicy": {"piiEntities": masked}});
        let outputs = json!([{"text": "to {EMAIL}"}]);
        check(json!({"action": "NONE", "assessments": [policy]}), "fine");
        let mut said = json!({"action": "GUARDRAIL_INTERVENED", "outputs": outputs, "assessments": [policy]});
        check(said.clone(), r#"masked ["to {EMAIL}"]"#);
        said["assessments"][0]["wordPolicy"] = json!({"customWords": [{"match": "canary", "action": "BLOCKED"}]});
        said["assessments"][0]["contentPolicy"] =
            json!({"filters": [{"type": "HATE", "action": "BLOCKED"}, {"type": "HATE", "action": "BLOCKED"}]});
        check(said, r#"blocked [("HATE", 2), ("word", 1)]"#);
        check(json!({"action": "GUARDRAIL_INTERVENED"}), "blocked []");
    }

    #[test]
    fn what_makes_no_sense_is_no_answer() {
        check(json!({"action": "PERHAPS"}), "it answered with no known action");
        let policy = json!({"sensitiveInformationPolicy": {"regexes": [{"name": "x", "action": "ANONYMIZED"}]}});
        let said =
            |outputs: Value| json!({"action": "GUARDRAIL_INTERVENED", "outputs": outputs, "assessments": [policy]});
        check(said(json!(null)), "it masked something and does not show it");
        check(said(json!([])), "one of its texts is none");
        check(said(json!([{"text": 1}])), "one of its texts is none");
    }
}
