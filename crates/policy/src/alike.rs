//! What two questions must have in common, word for word and in the same order, for one to be answered like the other,
//! however alike their vectors are: numbers, negations, contrasts, names, and whatever is spelled like a name of
//! something. Vectors hardly tell "with 5" from "with 6", or "enable" from "disable". When in doubt they differ: an answer
//! that is not given again costs what it costs, a wrong one costs trust.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What all negations are written as.
const NOT: &str = "!";

/// Words that negate, in the languages that are told apart, without apostrophes.
const NEGATIONS: &str = " no not never none nothing nobody nowhere neither nor cannot cant wont dont doesnt didnt isnt \
     arent wasnt werent hasnt havent hadnt shouldnt wouldnt couldnt mustnt without except unless unable impossible non \
     avoid refuse prevent fail fails failed lack missing \
     nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne weder außer \
     pas jamais rien aucun aucune sans ni personne sauf \
     nunca nada nadie ningún ninguna ninguno sin tampoco excepto \
     non mai niente nessuno nessuna senza né tranne \
     não nem ninguém nenhum nenhuma sem jamais exceto \
     niet geen nooit niets niemand zonder noch behalve \
     nie nigdy nic nikt bez żaden żadna ani oprócz \
     не нет ни никогда ничего никто без кроме ні немає ніколи \
     inte ingen inget aldrig utan ikke ingen aldri uden uten ej \
     değil yok hiç olmadan asla \
     لا ليس لم لن بدون غير नहीं मत बिना ";

/// Numbers that are written out, and what is said of how many or how often, without words that are articles too.
const COUNTS: &str = " zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
     sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million \
     billion half quarter double triple once twice both single first second third fourth fifth last next previous all \
     every each only \
     null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig hundert tausend erste zweite dritte letzte \
     alle jeder jede jedes nur beide \
     deux trois quatre cinq sept huit neuf dix vingt cent mille premier première deuxième dernier dernière tous toutes \
     dos tres cuatro cinco seis siete ocho nueve diez veinte cien mil primero primera segundo último última todos todas \
     due tre quattro cinque sei sette otto nove dieci primo ultimo tutti dois duas três quatro oito dez cem primeiro \
     twee drie vijf zes zeven negen tien eerste laatste один два три четыре пять первый последний все ";

/// Words that have an opposite, or stand in a row of others, and would be answered otherwise if they were another one.
const CONTRASTS: &str = " enable disable enabled disabled activate deactivate on off up down left right before \
     after above below over under more less fewer most least max min maximum minimum increase decrease raise lower \
     reduce open close start stop begin end add remove delete create insert buy sell import export encrypt decrypt \
     encode decode upload download install uninstall allow deny block unblock accept reject grant revoke lock unlock \
     true false yes north south east west hot cold high low inside outside ascending descending today tomorrow yesterday \
     now later morning evening day night week month year monday tuesday wednesday thursday friday saturday sunday january \
     february march april june july august september october november december spring summer autumn winter pros \
     cons advantages disadvantages advantage disadvantage benefits drawbacks cheap cheapest expensive best worst good bad \
     better worse fast slow faster slower large small larger smaller largest smallest longest shortest long short old new \
     older newer oldest newest male female legal illegal safe unsafe valid invalid same different public private read \
     write push pull send receive win lose positive negative plus minus multiply divide input output \
     aktivieren deaktivieren ein aus vor nach mehr weniger öffnen schließen hinzufügen entfernen löschen kaufen \
     verkaufen heute morgen gestern größte kleinste beste schlechteste vorteile nachteile \
     activer désactiver avant après plus moins ouvrir fermer ajouter supprimer acheter vendre demain hier aujourdhui \
     activar desactivar antes después más menos abrir cerrar añadir eliminar comprar vender hoy mañana ayer ";

/// What a word does to a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Negates,
    Matters,
}

/// All of these words.
static WORDS: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| {
    let lists = [(COUNTS, Kind::Matters), (CONTRASTS, Kind::Matters), (NEGATIONS, Kind::Negates)];
    lists.into_iter().flat_map(|(list, kind)| list.split_ascii_whitespace().map(move |word| (word, kind))).collect()
});

/// Characters that negate in scripts without blanks between words.
const NEGATING: &str = "不没沒无無非别別未勿否莫";
/// Syllables that do.
const NEGATING_SYLLABLES: [&str; 8] = ["ない", "なし", "ません", "なく", "ไม่", "없", "않", "못"];
/// Characters that count there.
const COUNTING: &str = "零〇一二三四五六七八九十百千万萬億两兩半第全每毎";

/// Marks that end a sentence.
const ENDS: [char; 7] = ['.', '!', '?', ':', '。', '!', '?'];

/// What must be the same in another text: written so that nothing else is written like it.
pub fn marks(text: &str) -> String {
    let mut marks = Marks(String::new());
    for line in text.lines() {
        let mut begins = true;
        for chunk in line.split_whitespace() {
            marks.chunk(chunk, begins);
            begins = chunk.ends_with(ENDS);
        }
    }
    marks.0
}

struct Marks(String);

impl Marks {
    fn add(&mut self, mark: &str) {
        self.0.push_str(mark);
        self.0.push('\n');
    }

    /// What stands between two blanks.
    fn chunk(&mut self, chunk: &str, begins: bool) {
        if chunk.chars().any(is_unspaced) {
            return self.unspaced(chunk);
        }
        let word = chunk.trim_matches(is_punctuation);
        if word.is_empty() {
            // Operators and the like; of dashes and quotes nothing depends.
            if chunk.chars().any(|c| c.is_ascii_punctuation() && !is_punctuation(c)) {
                self.add(chunk);
            }
            return;
        }
        let joins = |c: char| matches!(c, '\'' | '’' | '-' | '‐' | '‑');
        let is_plain = word.chars().all(|c| c.is_alphabetic() || joins(c) || is_mark_of_letters(c));
        let shouts = word.chars().skip(1).any(char::is_uppercase);
        if !is_plain || shouts {
            return self.add(word);
        }
        let lower = word.to_lowercase();
        let is_name = !begins && word.starts_with(char::is_uppercase) && !is_i(&lower);
        if is_name {
            return self.add(word);
        }
        for part in lower.split(['-', '‐', '‑']) {
            self.word(part);
        }
    }

    /// A word in small letters.
    fn word(&mut self, word: &str) {
        let bare: String = word.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
        let kind = WORDS.get(&*bare);
        if kind == Some(&Kind::Negates) || word.ends_with("n't") || word.ends_with("n’t") {
            self.add(NOT);
        } else if kind.is_some() {
            self.add(&bare);
        }
    }

    /// A text without blanks between words: what negates, what counts, and what is in another script.
    fn unspaced(&mut self, chunk: &str) {
        let mut foreign = String::new();
        for (at, c) in chunk.char_indices() {
            if c.is_numeric() && !COUNTING.contains(c) || c.is_alphabetic() && !is_unspaced(c) {
                foreign.push(c);
                continue;
            }
            if !foreign.is_empty() {
                self.add(&foreign);
                foreign.clear();
            }
            let rest = &chunk[at..];
            if NEGATING.contains(c) || NEGATING_SYLLABLES.iter().any(|syllable| rest.starts_with(syllable)) {
                self.add(NOT);
            } else if COUNTING.contains(c) {
                self.add(c.encode_utf8(&mut [0; 4]));
            }
        }
        if !foreign.is_empty() {
            self.add(&foreign);
        }
    }
}

/// Whether it belongs to a script that has no blanks between words, or ties negations to them.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// Accents that are characters of their own, as in Hindi.
fn is_mark_of_letters(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0900}'..='\u{097f}' | '\u{064b}'..='\u{065f}')
}

/// What may stand around a word without meaning anything.
fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '"'
            | '\''
            | '`'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '«'
            | '»'
            | '“'
            | '”'
            | '‘'
            | '’'
            | '„'
            | '‚'
            | '‹'
            | '›'
            | '–'
            | '—'
            | '…'
            | '¿'
            | '¡'
            | '।'
            | '،'
            | '؟'
    )
}

/// The English word for oneself is no name.
fn is_i(lower: &str) -> bool {
    lower == "i" || lower.strip_prefix('i').is_some_and(|rest| rest.starts_with(['\'', '’']))
}

#[cfg(test)]
mod tests;
