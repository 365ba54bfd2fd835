//! Whether an input fits a model's context window, and what is left out of a conversation that does not. What a tool was
//! asked and what it answered stay together or go together, and so do a question and its answer.

/// What becomes of an input that is longer than a group's windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truncation {
    /// It is refused, or goes to a fallback.
    #[default]
    Refuse,
    /// The oldest turns go, as few as possible.
    DropOldest,
    /// All turns before the last question go.
    KeepLast,
    /// Turns in the middle go, as few as possible: the first and the last stay.
    MiddleOut,
}

impl Truncation {
    /// All of them.
    pub const ALL: [Truncation; 4] =
        [Truncation::Refuse, Truncation::DropOldest, Truncation::KeepLast, Truncation::MiddleOut];

    /// Its name in configurations and requests.
    pub fn name(self) -> &'static str {
        ["refuse", "drop_oldest", "keep_last", "middle_out"][self as usize]
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Truncation::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// Whether an input fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does, or nobody knows the window.
    Yes,
    /// It seems too long, but nobody knows for sure: if there is no larger window, the provider shall say.
    Doubtful,
    /// It is too long.
    No,
}

/// How many times a text can be shorter than it is taken for.
const DOUBT: u64 = 2;
/// Models whose tokens are shorter than those that we count in, by a part of their name, and how many there are of them
/// for a hundred of ours.
const DENSER: [(&str, u64); 2] = [("claude", 125), ("llama-2", 125)];

/// Whether an input of about `tokens` fits `window`.
pub fn fit(tokens: u64, window: Option<u64>) -> Fit {
    match window {
        Some(window) if tokens / DOUBT > window => Fit::No,
        Some(window) if tokens > window => Fit::Doubtful,
        _ => Fit::Yes,
    }
}

/// About how many tokens a model makes of what we count as `tokens`.
pub fn tokens_of(model: &str, tokens: u64) -> u64 {
    let denser = DENSER.iter().find(|(part, _)| model.contains(part));
    denser.map_or(tokens, |(_, percent)| tokens.saturating_mul(*percent).div_ceil(100))
}

/// Whose word a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The application's: it stays.
    System,
    /// The user's.
    Question,
    /// The model's.
    Answer,
    /// A tool's, which belongs to the answer that called it.
    Result,
}

/// A message of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whose word it is.
    pub voice: Voice,
    /// How long it is, in any unit.
    pub length: u64,
}

/// Which messages stay if others go by `rule`, so that those that stay are no longer than `most` together; `None` if what
/// must stay is too long already. The last question stays, and the last answer behind it with what its tools said.
pub fn trim(rule: Truncation, parts: &[Part], most: u64) -> Option<Vec<bool>> {
    let mut keep = vec![true; parts.len()];
    let mut left: u64 = parts.iter().map(|part| part.length).sum();
    for unit in order(rule, parts) {
        if left <= most {
            break;
        }
        for &index in &unit {
            keep[index] = false;
            left -= parts[index].length;
        }
    }
    (left <= most).then_some(keep)
}

/// What goes, one after the other, each with all that belongs to it.
fn order(rule: Truncation, parts: &[Part]) -> Vec<Vec<usize>> {
    let mut turns = cut(parts, 0..parts.len(), Voice::Question);
    let Some(last) = turns.pop() else { return Vec::new() };
    // Behind the last question there may be a long way of answers and tools.
    let question = last.iter().position(|index| parts[*index].voice != Voice::Question).unwrap_or(last.len());
    let behind = last.get(question).map_or(parts.len(), |index| *index);
    let mut steps = cut(parts, behind..parts.len(), Voice::Answer);
    steps.pop();
    match rule {
        Truncation::Refuse => Vec::new(),
        Truncation::DropOldest => turns.into_iter().chain(steps).collect(),
        Truncation::KeepLast => [turns.concat()].into_iter().chain(steps).collect(),
        Truncation::MiddleOut => {
            let mut turns = from_the_middle(turns.split_off(turns.len().min(1)));
            turns.extend(from_the_middle(steps));
            turns
        }
    }
}

/// Cuts a range of messages where one of this voice follows one of another; what the application says is left out.
fn cut(parts: &[Part], range: std::ops::Range<usize>, beginning: Voice) -> Vec<Vec<usize>> {
    let mut units: Vec<Vec<usize>> = Vec::new();
    let mut before = None;
    for index in range.filter(|index| parts[*index].voice != Voice::System) {
        let voice = parts[index].voice;
        match units.last_mut() {
            Some(unit) if voice != beginning || before == Some(beginning) => unit.push(index),
            _ => units.push(vec![index]),
        }
        before = Some(voice);
    }
    units
}

fn from_the_middle(units: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let count = units.len();
    let mut units: Vec<_> = units.into_iter().enumerate().collect();
    units.sort_by_key(|(index, _)| (2 * index + 1).abs_diff(count));
    units.into_iter().map(|(_, unit)| unit).collect()
}

#[cfg(test)]
mod tests;
