//! What two questions must have in common for one to be answered like the other, however alike their vectors are. Vectors
//! hardly tell "with 5" from "with 6", or "enable" from "disable": numbers, negations, contrasts, names, and whatever is
//! spelled like a name of something must be the same, in the same order ([`marks`]). And where two texts are the same but
//! for a small part, that part is what matters ([`Wording`]). When in doubt they differ: an answer that is not given again costs
//! what it costs, a wrong one costs trust.

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

/// Words that say little of what is asked, however a sentence begins.
const FILLERS: &str = " a an the this that these those it its there here i im ive id me my mine we us our you your he she they \
     them their who whom whose what whats which when where wheres why how hows is are was were be been being am do does did \
     done can could would should will shall might must may has have had having get got if whether then so and or but as of \
     in at by for with about into to from than just also please tell give show explain describe let lets know want need \
     like help hello hi hey thanks thank ok okay any some way possible exactly really actually \
     der die das den dem des ein eine einen einem einer ich du er sie es wir ihr mich mir dich dir uns mein meine meinen \
     dein deine unser ist sind war waren sein bin bist hat haben habe hatte werden wird wurde kann können könnte könntest \
     kannst soll sollte muss müssen darf dürfen was wer wen wem wie wo wann warum wieso weshalb welche welcher welches und \
     oder aber wenn ob dass als im am an auf zu zum zur von vom für mit bei über bitte sag sage zeig zeige gib erkläre hallo \
     danke man denn mal doch \
     le la les un une des du de au aux ce cette ces je tu il elle on nous vous ils mon ma mes ton ta tes votre notre est \
     sont était être suis ai as avez ont peux peut pouvez pourrais dois faut quoi que qui quel quelle quels où quand comment \
     pourquoi et ou mais si en dans par pour avec sur moi dis donne montre explique bonjour merci quest cest jai puisje \
     el los las una uno al yo tú él ella nosotros mi mis tu tus su sus es son era ser estoy está están puedo puede puedes \
     debo qué quién cuál cuáles dónde cuándo cómo por para y o pero si en de con sobre dime dame muestra explica hola gracias \
     lo gli i uno della del nel al io lui lei noi voi mio mia tuo tua è sono era essere sto posso puoi può devo che chi quale \
     dove quando come perché e ma se di a da per su dimmi dammi mostra spiega ciao grazie \
     os as um uma eu ele ela meu minha seu sua é são está estão posso pode como onde quando porque por que e mas se em no na \
     het een ik jij je hij zij wij mijn jouw ons zijn ben bent was heb hebt heeft kan kun kunt moet wat wie welke waar \
     wanneer waarom hoe en of maar als op te naar van voor met vertel geef \
     я ты мы вы он она мой моя это что как где когда почему кто какой и или но если в на с для мне ";

/// What a word does to a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Negates,
    Matters,
    /// It says little.
    Fills,
}

/// All of these words.
static WORDS: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| {
    let lists =
        [(FILLERS, Kind::Fills), (COUNTS, Kind::Matters), (CONTRASTS, Kind::Matters), (NEGATIONS, Kind::Negates)];
    lists.into_iter().flat_map(|(list, kind)| list.split_ascii_whitespace().map(move |word| (word, kind))).collect()
});

/// Characters that negate in scripts without blanks between words.
const NEGATING: &str = "不没沒无無非别別未勿否莫";
/// Syllables that do.
const NEGATING_SYLLABLES: [&str; 8] = ["ない", "なし", "ません", "なく", "ไม่", "없", "않", "못"];
/// Characters that count there.
const COUNTING: &str = "零〇一二三四五六七八九十百千万萬億两兩半第全每毎";

/// Characters that say little there.
const FILLING: &str = "的了吗呢吧啊是我你您他她它们这那个请在和与就也都はがをにのでともかすねよ";

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
        let fills = || kind(&bare(&lower)).is_some();
        if word.starts_with(char::is_uppercase) && !is_i(&lower) && !(begins && fills()) {
            return self.add(word);
        }
        for part in lower.split(['-', '‐', '‑']) {
            self.word(part);
        }
    }

    /// A word in small letters.
    fn word(&mut self, word: &str) {
        let bare = bare(word);
        match kind(&bare) {
            Some(Kind::Negates) => self.add(NOT),
            _ if word.ends_with("n't") || word.ends_with("n’t") => self.add(NOT),
            Some(Kind::Matters) => self.add(&bare),
            Some(Kind::Fills) | None => {}
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

/// A word without its apostrophes.
fn bare(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '\'' | '’')).collect()
}

fn kind(bare: &str) -> Option<Kind> {
    WORDS.get(bare).copied()
}

/// The words of a text that say something, whatever their order: digests of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording(Box<[u32]>);

/// So many times as many words must be the same as differ for what differs to be a small part.
const SMALL_PART: usize = 4;

impl Wording {
    /// Those of `text`.
    pub fn of(text: &str) -> Self {
        let mut words = Vec::new();
        let mut add = |word: &str| {
            // FNV: what hashes alike by chance is taken for the same word, and then the vectors decide.
            let digest =
                word.bytes().fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            words.push(digest);
        };
        for word in text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’') && !is_mark_of_letters(c)) {
            if word.chars().any(is_unspaced) {
                word.chars().filter(|c| !FILLING.contains(*c)).for_each(|c| add(c.encode_utf8(&mut [0; 4])));
                continue;
            }
            let bare = bare(&word.to_lowercase());
            if !bare.is_empty() && kind(&bare) != Some(Kind::Fills) {
                add(&bare);
            }
        }
        words.sort_unstable();
        words.dedup();
        Wording(words.into())
    }

    /// Bytes of memory that it takes.
    pub fn weight(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// Whether the other text is the same but for a small part. Vectors of such texts are alike whatever that part says.
    pub fn differs_in_a_small_part(&self, other: &Wording) -> bool {
        let shared = self.0.iter().filter(|word| other.0.binary_search(word).is_ok()).count();
        let different = (self.0.len() - shared).max(other.0.len() - shared);
        different > 0 && shared >= SMALL_PART * different
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
