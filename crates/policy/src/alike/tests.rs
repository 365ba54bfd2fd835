use super::{Wording, marks};

fn same(one: &str, other: &str) {
    assert_eq!(marks(one), marks(other), "{one} | {other}");
}

fn differ(one: &str, other: &str) {
    assert_ne!(marks(one), marks(other), "{one} | {other}");
}

#[test]
fn the_same_question_in_other_words_has_the_same_marks() {
    same("How do I reset my password?", "how can I reset my password");
    same("How do I reset my password?", "What is the way of resetting a password?");
    same("Please tell me what the capital of France is.", "What is the capital of France?");
    same("Why isn't it working?", "Why is it not working");
    same("Why isn’t it working?", "Why does it never work?");
    same("I can't log in", "I cannot log in.");
    same("What does \"idempotent\" mean?", "What is meant by 'idempotent'?");
    same("Wie setze ich mein Passwort zurück?", "Wie kann ich mein Passwort wieder setzen?");
    same("  a\n\n b  ", "a b");
    same("我怎么重置密码?", "如何重置密码");
    same("", "?");
}

#[test]
fn numbers_tell_questions_apart() {
    differ("Convert 5 km to miles", "Convert 6 km to miles");
    differ("What is 2 + 2?", "What is 2 - 2?");
    differ("What is 10% of it?", "What is 10 of it?");
    differ("from 5 to 10", "from 10 to 5");
    differ("Name three of them", "Name four of them");
    differ("Nenne mir drei davon", "Nenne mir vier davon");
    differ("What is version 1.2?", "What is version 1.3?");
    differ("-5 degrees", "5 degrees");
    differ("Is €5 enough?", "Is $5 enough?");
    differ("给我三个例子", "给我四个例子");
    differ("给我3个例子", "给我4个例子");
    differ("What is the first of them?", "What is the last of them?");
}

#[test]
fn negations_tell_questions_apart() {
    for (with, without) in [
        ("Is it not allowed?", "Is it allowed?"),
        ("Why doesn't this work?", "Why does this work?"),
        ("Why doesn’t this work?", "Why does this work?"),
        ("A recipe without nuts", "A recipe with nuts"),
        ("Foods that are non-toxic", "Foods that are toxic"),
        ("Never do it", "Do it"),
        ("Warum geht das nicht?", "Warum geht das?"),
        ("Es gibt keinen Grund", "Es gibt den Grund"),
        ("Pourquoi ça ne marche pas ?", "Pourquoi ça marche ?"),
        ("¿Por qué no funciona?", "¿Por qué funciona?"),
        ("Perché non funziona?", "Perché funziona?"),
        ("Por que não funciona?", "Por que funciona?"),
        ("Waarom werkt het niet?", "Waarom werkt het?"),
        ("Dlaczego to nie działa?", "Dlaczego to działa?"),
        ("Почему это не работает?", "Почему это работает?"),
        ("Bu neden doğru değil?", "Bu neden doğru?"),
        ("为什么不工作?", "为什么工作?"),
        ("なぜ動かないのですか", "なぜ動くのですか"),
        ("왜 작동하지 않나요?", "왜 작동하나요?"),
        ("लेकिन यह क्यों नहीं चलता", "लेकिन यह क्यों चलता"),
        ("ทำไมมันไม่ทำงาน", "ทำไมมันทำงาน"),
        ("Not that it is not so", "That it is not so"),
    ] {
        differ(with, without);
    }
}

#[test]
fn contrasts_tell_questions_apart() {
    for (one, other) in [
        ("How do I enable it?", "How do I disable it?"),
        ("How do I turn it on?", "How do I turn it off?"),
        ("What comes before lunch?", "What comes after lunch?"),
        ("Which is the cheapest one?", "Which is the best one?"),
        ("Is it open on monday?", "Is it open on tuesday?"),
        ("What are its advantages?", "What are its disadvantages?"),
        ("Who can read it?", "Who can write it?"),
        ("Wie kann ich das aktivieren?", "Wie kann ich das deaktivieren?"),
    ] {
        differ(one, other);
    }
}

#[test]
fn names_tell_questions_apart_and_so_does_their_order() {
    differ("What is the capital of France?", "What is the capital of Spain?");
    differ("Flights from Paris to Rome", "Flights from Rome to Paris");
    differ("Was weiß man über Anna?", "Was weiß man über Berta?");
    differ("What does NASA do?", "What does ESA do?");
    differ("How good is gpt-4o?", "How good is gpt-5?");
    differ("Rename user_id", "Rename user_name");
    differ("Open /etc/hosts", "Open /etc/passwd");
    differ("Write to ann@example.org", "Write to bob@example.org");
    differ("Is C++ hard?", "Is C# hard?");
    differ("Is C hard?", "Is R hard?");
    differ("a < b", "a > b");
    differ("用Python写", "用Rust写");
    differ("Berlin hotels?", "Tokyo hotels?");
    differ("Translate it. Thanks", "Summarize it. Thanks");
    same("hotels in Berlin?", "Berlin hotels?");
    // How sentences usually begin says nothing of names.
    same("Can I go? Then where?", "Could I go: where?");
    same("Kannst du mir helfen?", "Könntest du mir helfen?");
}

#[test]
fn nothing_that_differs_is_written_alike() {
    differ("a 12 b", "a 1 2 b");
    differ("a X\nY b", "a XY b");
    differ("no", "! ! !");
    let long = "don't ".repeat(100_000);
    assert_eq!(marks(&long).len(), 200_000);
}

#[test]
fn texts_that_are_the_same_but_for_a_small_part_are_told_apart_by_it() {
    let check = |one: &str, other: &str, expected: bool| {
        let (one, other) = (Wording::of(one), Wording::of(other));
        assert_eq!(one.differs_in_a_small_part(&other), expected, "{one:?} {other:?}");
        assert_eq!(other.differs_in_a_small_part(&one), expected);
    };
    let letter = "dear neighbours on saturday our daughter celebrates her birthday and it might become loud we hope nobody \
                  minds and invite everybody for cake";
    let with = |wish: &str| format!("{wish}: {letter}");
    check(&with("make it formal"), &with("make it friendly"), true);
    check(&with("rewrite this"), &with("rewrite this as a poem"), true);
    check(&with("translate to french"), &with("translate to german"), true);
    check(&with("make it formal"), &with("can you please make it formal"), false);
    check("plan a cheap family trip to berlin by train", "plan a cheap family trip to tokyo by train", true);
    check("明天北京的天气怎么样", "明天东京的天气怎么样", true);
    check("明天北京的天气怎么样", "北京明天天气怎么样呢", false);
    // Of short texts vectors tell them apart, and of those in other words too.
    check("how do I cancel my subscription", "how do I end my subscription", false);
    check("how do I cancel my subscription?", "What is the way to cancel a subscription", false);
    check("I forgot my login, what now?", "how can I reset my password?", false);
    check("the red fox", "The fox: red!", false);
    check("", "", false);
    check("", "fox", false);
    assert_eq!(Wording::of("The fox, the fox").weight(), 4);
}
