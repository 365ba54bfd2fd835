//! What an answer must pass, or else the next model is asked.

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It has the form that the caller wants: JSON, or JSON by a schema.
    Schema,
    /// It is no refusal.
    Refusal,
    /// It is not empty.
    Empty,
}

impl Check {
    /// All of them.
    pub const ALL: [Check; 3] = [Check::Empty, Check::Refusal, Check::Schema];

    /// Its name in configurations and explanations.
    pub fn name(self) -> &'static str {
        match self {
            Check::Schema => "schema",
            Check::Refusal => "refusal",
            Check::Empty => "empty",
        }
    }

    /// The check of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Check::ALL.into_iter().find(|check| check.name() == name)
    }

    /// Whether `said` fails it.
    pub fn fails(self, said: &Said) -> bool {
        match self {
            Check::Empty => said.text.trim().is_empty() && !said.calls_tools && !said.refused,
            Check::Refusal => said.refused || !said.calls_tools && refuses(said.text),
            Check::Schema => !said.calls_tools && said.fits_schema == Some(false),
        }
    }
}

/// What an answer says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// Its text, without thoughts.
    pub text: &'a str,
    /// Whether it calls tools.
    pub calls_tools: bool,
    /// Whether the provider itself marks it as a refusal.
    pub refused: bool,
    /// Whether it has the form that the caller wants, if it wants any.
    pub fits_schema: Option<bool>,
}

/// Longest refusal, bytes: longer answers begin with an apology and help all the same.
const LONGEST_REFUSAL: usize = 600;

/// What refusals begin with, in lower case.
const REFUSALS: [&str; 22] = [
    "i can't help",
    "i cannot help",
    "i can't assist",
    "i cannot assist",
    "i can't provide",
    "i cannot provide",
    "i'm unable to",
    "i am unable to",
    "i'm not able to",
    "i am not able to",
    "i can't do",
    "i cannot do",
    "i won't be able",
    "i'm sorry, but i can",
    "i am sorry, but i can",
    "sorry, but i can't",
    "sorry, i can't",
    "as an ai",
    "ich kann dir dabei nicht",
    "ich kann dabei nicht",
    "es tut mir leid, aber",
    "je ne peux pas",
];

/// Whether an answer is a refusal in words: short, and it begins like one.
fn refuses(text: &str) -> bool {
    let text = text.trim_start();
    if text.len() > LONGEST_REFUSAL {
        return false;
    }
    let head = text.to_lowercase().replace('’', "'");
    REFUSALS.iter().any(|refusal| head.starts_with(refusal))
}
