//! What the form of a text says about it, whatever its words: code, lists of labels, data below an instruction.

/// A name, and whether a text is like that.
type Property = (&'static str, fn(&Shape) -> bool);

/// What holds for every text: it is no reason for anything.
pub(super) const ALWAYS: &str = "@always";

/// What the table of features may ask of a text, by name.
pub(super) const PROPERTIES: [Property; 16] = [
    (ALWAYS, |_| true),
    ("@fence", |shape| shape.fence),
    ("@code_line", |shape| shape.code_lines > 0),
    ("@operator", |shape| shape.operators > 1),
    ("@identifier", |shape| shape.identifiers > 0),
    ("@backtick", |shape| shape.backticks > 1),
    ("@number", |shape| shape.numbers > 1),
    ("@maths", |shape| shape.maths),
    ("@payload", |shape| shape.payload),
    ("@fields", |shape| shape.fields),
    ("@schema", |shape| shape.schema),
    ("@options", |shape| shape.options),
    ("@short", |shape| shape.bytes <= SHORT),
    ("@long", |shape| shape.bytes >= LONG),
    ("@question", |shape| shape.question),
    ("@list_item", |shape| shape.list_items > 1),
];

/// Up to here a text is short, bytes.
const SHORT: usize = 48;
/// From here on a text is long, bytes.
const LONG: usize = 1_500;
/// Most words of an item of a list of labels or fields.
const ITEM_WORDS: usize = 3;

/// What lines of code begin with.
const STARTS: [&str; 17] = [
    "def ",
    "class ",
    "import ",
    "from ",
    "fn ",
    "func ",
    "function ",
    "const ",
    "let ",
    "var ",
    "public ",
    "#include",
    "SELECT ",
    "FROM ",
    "@@ ",
    "if (",
    "for (",
];
/// What lines of code end with.
const ENDS: [&str; 6] = [";", "{", "}", "):", "=>", ");"];
/// What prose does not contain.
const OPERATORS: [&str; 15] =
    ["==", "!=", "=>", "->", "&&", "||", "::", "();", "+=", "</", "/>", "/*", "()", "++", "${"];
/// What formulas contain.
const SIGNS: [char; 14] = ['∑', '∫', '√', '≤', '≥', '≠', 'π', '∞', '∈', '×', '÷', '²', '³', '∀'];

/// The form of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    fence: bool,
    code_lines: usize,
    operators: usize,
    identifiers: usize,
    backticks: usize,
    numbers: usize,
    maths: bool,
    payload: bool,
    fields: bool,
    schema: bool,
    options: bool,
    bytes: usize,
    question: bool,
    list_items: usize,
}

impl Shape {
    /// The form of `text`, which is a part of one that has `bytes`.
    pub fn of(text: &str, bytes: usize) -> Self {
        let text = text.trim();
        let (instruction, data) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut shape = Shape {
            fence: text.contains("```"),
            backticks: text.matches('`').count(),
            operators: OPERATORS.iter().filter(|operator| text.contains(**operator)).count(),
            payload: !data.is_empty() || instruction.contains(":\n") || instruction.contains(": \""),
            schema: instruction.contains("{\"") || instruction.contains("\":"),
            question: instruction.ends_with(['?', '？']),
            bytes,
            ..Shape::default()
        };
        for line in text.lines() {
            shape.code_lines += usize::from(is_code(line));
            shape.list_items += usize::from(line.trim_start().starts_with(['-', '*', '•', '1', '2', '3', '4']));
            shape.add_words(line);
        }
        instruction.lines().for_each(|line| shape.add_lists(line));
        shape
    }

    fn add_words(&mut self, line: &str) {
        for word in line.split_whitespace() {
            let word = word.trim_matches(|c: char| matches!(c, ',' | '.' | '?' | '!' | ':' | '"' | '\''));
            self.identifiers += usize::from(is_identifier(word));
            self.numbers += usize::from(word.starts_with(|c: char| c.is_ascii_digit()));
            self.maths |= is_formula(word);
        }
    }

    /// Lists of short items: with an "or" they are labels, with an "and" fields.
    fn add_lists(&mut self, line: &str) {
        let line = line.trim_end_matches(['.', '?', '!', ':', ' ']);
        let segments: Vec<&str> = line.split([',', '、', ';', '；', '，']).collect();
        let [_, middle @ .., _] = &segments[..] else { return };
        let short = |segment: &&&str| (1..=ITEM_WORDS).contains(&segment.split_whitespace().count());
        if !middle.iter().any(|segment| short(&segment)) {
            let mut words = line.split_whitespace();
            self.options |= words.any(|word| word.contains('/') && word.len() > 3 && !word.contains("//"));
            return;
        }
        let joins = |words: &[&str]| {
            let rest = segments[1..].iter();
            rest.flat_map(|segment| segment.split_whitespace().take(ITEM_WORDS + 1)).any(|word| words.contains(&word))
        };
        let is_told = segments[0].contains([':', '(', '[']);
        if joins(&["or", "oder", "ou", "o", "and/or"]) || is_told && !joins(&["and", "und", "et", "y", "e"]) {
            self.options = true;
        } else {
            self.fields = true;
        }
    }
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    STARTS.iter().any(|start| line.starts_with(start)) && line.contains(['(', '{', ';', '=', '<', '*', '.', ':'])
        || line.len() > 1 && ENDS.iter().any(|end| line.ends_with(end)) && line.contains(['(', '{', '=', '}'])
}

/// `camelCase`, `snake_case`, `call()`, `a.b()`.
fn is_identifier(word: &str) -> bool {
    let bytes = word.as_bytes();
    let plain =
        bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'(' | b')' | b'`'));
    let pairs = || bytes.windows(2);
    plain
        && (word.ends_with("()")
            || pairs().any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
            || bytes
                .windows(3)
                .any(|three| three[0].is_ascii_lowercase() && three[1] == b'_' && three[2].is_ascii_lowercase()))
}

/// `3x^2`, `n^2`, `f(x)`, `P(A)`, `[[1,2]`, `=` and what else formulas are made of.
fn is_formula(word: &str) -> bool {
    let bytes = word.as_bytes();
    let power = bytes.windows(2).any(|pair| pair[0].is_ascii_alphanumeric() && pair[1] == b'^');
    let applied = bytes.len() >= 4 && bytes[0].is_ascii_alphabetic() && bytes[1] == b'(' && bytes[3] == b')';
    let scaled = bytes.windows(2).any(|pair| pair[0].is_ascii_digit() && matches!(pair[1], b'x' | b'y' | b'n'))
        && bytes.len() <= 4;
    power || applied || scaled || word.starts_with("\\frac") || word.contains(SIGNS)
}
